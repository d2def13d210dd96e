"""The pictures of a report: each filter's map over the pictures that were chosen for it, at the filter's one scale."""

import base64
import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image

from explorer.core.arrays import RGB
from explorer.core.drawing.styles import Scale
from explorer.core.export.folder_tiles import tiles_of
from explorer.core.figures.single import FigureStyle
from explorer.core.progress import OnStep
from explorer.core.report.sources import Sources
from explorer.core.tags.book import FilterKey

STYLE = FigureStyle(scale="folder", width_mm=40, dpi=150)
"""How every picture is drawn; `feature-explorer export` draws the same with these."""
QUALITY = 88
"""Of the JPEG files: a page with some hundred pictures can still be sent."""

Tiles = Mapping[tuple[str, str], str]
"""(filter, picture) -> the drawn picture as a data URI; "" where the file is not the one that was measured."""


def tiles(sources: Sources, filters: Sequence[Mapping[str, Any]], on_step: OnStep) -> Tiles:
    """Draw every picture that the facts of these filters name; each runs through the network once."""
    wanted: defaultdict[str, list[tuple[FilterKey, Scale]]] = defaultdict(list)
    for facts in filters:
        key, scale = FilterKey.parse(facts["filter"]), Scale(**facts["scale"])
        names = {picture["picture"] for chosen in facts["pictures"].values() for picture in chosen}
        for name in sorted(names):
            wanted[name].append((key, scale))
    drawn: dict[tuple[str, str], str] = {}
    rendered = tiles_of(sources.network, sources.index, sources.images, dict(sorted(wanted.items())), STYLE)
    for number, (name, tile) in enumerate(rendered, 1):
        drawn |= {(str(key), name): _uri(tile.drawn[key]) if tile else "" for key, _ in wanted[name]}
        on_step(number, len(wanted))
    return drawn


def _uri(rgb: RGB) -> str:
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
