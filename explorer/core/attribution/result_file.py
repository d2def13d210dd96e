"""An attribution as a file: arrays that numpy reads, and the settings from which it can be made again."""

import contextlib
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from explorer.core.arrays import RGB, Map
from explorer.core.attribution.attribution_map import AttributionMap, Value
from explorer.core.errors import UserError
from explorer.core.network.opening import Network

Description = dict[str, Any]
"""All that decides what an attribution gives, as JSON can hold it."""
LARGEST = 1 << 30
"""Bytes of all arrays of a file."""


def describe(
    network: Network, target: str, settings: Mapping[str, Value], picture: str, picture_digest: str
) -> Description:
    """The description of a lens's map: its `settings`, the target, the network and the picture's name and digest."""
    return {
        "target": target,
        **{name: list(value) if isinstance(value, tuple) else value for name, value in settings.items()},
        "network_digest": network.digest,
        "network": network.identity,
        "architecture": network.architecture,
        "input": json.loads(json.dumps(network.input.to_dict())),
        "picture": picture,
        "picture_digest": picture_digest,
    }


def packed(attribution: AttributionMap, described: Description) -> bytes:
    """An `.npz` with `map`, `score`, and `settings` as JSON; and `rgb`, where the lens made a picture."""
    columns: dict[str, npt.ArrayLike] = {"map": attribution.map, "score": np.float32(attribution.score)}
    if attribution.rgb is not None:
        columns["rgb"] = attribution.rgb
    return packed_arrays(columns, described | {"method": attribution.method})


def packed_arrays(columns: Mapping[str, npt.ArrayLike], described: Description) -> bytes:
    """An `.npz` of these arrays, with `settings` as JSON beside them."""
    content = io.BytesIO()
    np.savez_compressed(content, **dict(columns), settings=np.array(json.dumps(described)))  # type: ignore[arg-type]
    return content.getvalue()


def kept_description(path: Path) -> Description | None:
    """The settings in such a file; None for a file that is none."""
    try:
        with open_result(path) as archive:
            described = json.loads(str(archive["settings"]))
    except UserError:
        return None
    return described if isinstance(described, dict) else None


def kept_map(path: Path) -> tuple[Map, float, RGB | None]:
    """The map (H, W), the target's value on the whole picture, which a sweep's file calls `unoccluded`, and the
    picture (H, W, 3) that the lens made, if it made one. UserError where the file is damaged."""
    with open_result(path) as archive:
        return map_in(archive)


def map_in(archive: Any, prefix: str = "") -> tuple[Map, float, RGB | None]:
    """What `kept_map` gives, of the arrays whose names begin so; ValueError or KeyError where they are none."""
    map, rgb = archive[f"{prefix}map"], archive.get(f"{prefix}rgb")
    if map.ndim != 2 or map.dtype.kind != "f" or not map.size:
        raise ValueError("its map is none")
    if rgb is not None and (rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or not rgb.size):
        raise ValueError("its picture is none")
    score = f"{prefix}score" if f"{prefix}score" in archive else "unoccluded"
    return map, float(archive[score]), rgb


@contextlib.contextmanager
def open_result(path: Path) -> Iterator[Any]:
    """The arrays of such a file by name, for the block; UserError for whatever is wrong with it there."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            if sum(entry.file_size for entry in archive.zip.infolist()) > LARGEST:
                raise ValueError("it is far too large")
            yield archive
    except UserError:
        raise
    except Exception as error:  # a damaged archive or array may raise anything
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        raise UserError(
            f"{path} is damaged, or no result of a lens ({reason}); add --force to compute it anew, or remove it."
        ) from error
