"""The manifest of figures of two networks: a line for A's map and one for B's, as figures of one network have."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from explorer.core.drawing.styles import Scale
from explorer.core.errors import UserError
from explorer.core.export.manifest import Row, by_file, numbers, read_manifest, write_manifest
from explorer.core.export.reconcile import file_digest
from explorer.core.figures.single import FigureStyle, statistics
from explorer.core.maps.activation_cache import Recorded
from explorer.core.network.opening import Network
from explorer.core.tags.book import FilterKey


def row_of(network: Network, key: FilterKey, recorded: Recorded, scale: Scale, kind: str) -> Row:
    """The line of a network's filter on a picture, on a scale of this kind, without what `BothManifest.add` knows."""
    map_statistics = statistics(recorded.maps[key.layer][key.filter], recorded.frame, recorded.rgb.shape[:2])
    return Row(
        file="",
        page="1",
        layer=str(key.layer),
        layer_name=network.layers[key.layer].name,
        filter=str(key.filter),
        picture="",
        picture_digest="",
        prediction=recorded.prediction,
        probability=f"{recorded.probability:.4f}",
        scale=kind,
        tags="",
        network_digest=network.digest,
        settings="",
        file_digest="",
        **numbers(map_statistics, scale),
    )


class BothManifest:
    """The lines of a folder's manifest while figures are written there; those of other figures in it stay.

    UserError where the folder has a manifest of something else, unless `force` is said.
    """

    def __init__(self, out: Path, *, force: bool = False) -> None:
        self._out, self._new = out, dict[str, list[Row]]()
        try:
            self._old = by_file(read_manifest(out))
        except UserError:
            if not force:
                raise
            self._old = {}

    def add(self, name: str, picture: str, rows: Sequence[Row], about: Mapping[str, Any], style: FigureStyle) -> None:
        """Note a figure that is there, with the maps in it: `name` in the folder, and what its description says."""
        description = json.dumps({**about, "style": style.as_dict()}, sort_keys=True)
        file_values = {
            "file": name,
            "picture": picture,
            "picture_digest": about["pictures"][0]["digest"],
            "settings": hashlib.sha256(description.encode()).hexdigest(),
            "file_digest": file_digest(self._out / name),
        }
        self._new[name] = [replace(row, **file_values) for row in rows]

    def save(self) -> None:
        """Write it, where there is a line; UserError where that cannot be done."""
        existing = {name: rows for name, rows in (self._old | self._new).items() if (self._out / name).exists()}
        if self._new:
            write_manifest(self._out, (row for rows in existing.values() for row in rows))
