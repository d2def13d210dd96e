"""An attribution as a file: arrays that numpy reads, and the settings from which it can be made again."""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from explorer.core.arrays import RGB, Map
from explorer.core.attribution.attribution_map import AttributionMap, Value
from explorer.core.network.opening import Network

Description = dict[str, Any]
"""All that decides what an attribution gives, as JSON can hold it."""


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
        with np.load(path, allow_pickle=False) as archive:
            described = json.loads(str(archive["settings"]))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    return described if isinstance(described, dict) else None


def kept_map(path: Path) -> tuple[Map, float, RGB | None]:
    """The map (H, W), the target's value on the whole picture, which a sweep's file calls `unoccluded`, and the
    picture (H, W, 3) that the lens made, if it made one."""
    with np.load(path, allow_pickle=False) as archive:
        score = float(archive["score" if "score" in archive else "unoccluded"])
        return archive["map"], score, archive.get("rgb")
