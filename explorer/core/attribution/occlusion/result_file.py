"""The result of a sweep as a file: arrays that numpy reads, and the settings from which it can be made again."""

import io
import json
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from explorer.core.arrays import Map
from explorer.core.attribution.occlusion.occluder import Occluder
from explorer.core.attribution.occlusion.sensitivity import Occlusion
from explorer.core.network.opening import Network

Settings = dict[str, Any]


def settings_of(network: Network, target: str, occluder: Occluder, picture: str, picture_digest: str) -> Settings:
    """All that decides what a sweep gives, as JSON can hold it."""
    return {
        "target": target,
        "size": occluder.size,
        "stride": occluder.stride,
        "fill": list(occluder.fill) if isinstance(occluder.fill, tuple) else occluder.fill,
        "network_digest": network.digest,
        "network": network.identity,
        "architecture": network.architecture,
        "input": json.loads(json.dumps(asdict(network.input))),
        "picture": picture,
        "picture_digest": picture_digest,
    }


def packed(found: Occlusion, settings: Settings) -> bytes:
    """An `.npz` with `drops`, `unoccluded`, `tops`, `lefts`, `map` (not for "all"), and `settings` as JSON."""
    about = {
        **settings,
        "method": found.method,
        "layers": {str(layer): [part.start, part.stop] for layer, part in found.layers.items()},
    }
    columns = {
        "drops": found.drops,
        "unoccluded": found.unoccluded,
        "tops": np.array(found.tops),
        "lefts": np.array(found.lefts),
        "settings": np.array(json.dumps(about)),
    }
    if found.map is not None:
        columns["map"] = found.map
    content = io.BytesIO()
    np.savez_compressed(content, **columns)  # type: ignore[arg-type]
    return content.getvalue()


def kept_settings(path: Path) -> Settings | None:
    """The settings in a file that `packed` made; None for a file that is none."""
    try:
        with np.load(path, allow_pickle=False) as found:
            settings = json.loads(str(found["settings"]))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    return settings if isinstance(settings, dict) else None


def kept_map(path: Path) -> tuple[Map, float]:
    """The map (H, W) and the unoccluded value in a file that `packed` made."""
    with np.load(path, allow_pickle=False) as found:
        return found["map"], float(found["unoccluded"])
