"""How large figures of two networks will be, from a few that are drawn and thrown away."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from explorer.core.comparison.figures_of_both import draw_both
from explorer.core.figures.side_by_side import WIDTH
from explorer.core.figures.single import FigureStyle
from explorer.core.figures.size import ExportSize, largest_file, size_by_trial, there_already
from explorer.core.network.opening import Network
from explorer.core.tags.book import FilterKey

FILTERS = 6
"""How many filters are drawn."""


def size_of_both(
    first: Network,
    second: Network,
    pairs: Mapping[FilterKey, FilterKey],
    pictures: Sequence[Path],
    out: Path,
    style: FigureStyle,
    *,
    format: str = "png",
    force: bool = False,
    **more: Any,
) -> ExportSize:
    """What `draw_both` would still write with the same arguments."""
    few = dict(list(pairs.items())[:FILTERS])

    def trial(folder: Path, count: int) -> None:
        draw_both(first, second, few, pictures[:count], folder, style, format=format, **more)

    existing = 0 if force else there_already(out, f".A_B.{format}")
    files = max(len(pictures) * len(pairs) - existing, 0)
    return size_by_trial(files, largest_file(style, WIDTH), out, -(-files // max(len(few), 1)), trial)
