"""A sheet of attributions: pictures down, lenses across."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from explorer.core.arrays import RGB
from explorer.core.errors import UserError
from explorer.core.figures.encoding import MATPLOTLIB, describe, encode_pages
from explorer.core.figures.millimetres import MillimetrePage
from explorer.core.figures.sheet_layout import GAP, MARGIN, WIDTH, drawable, shortened
from explorer.core.figures.single import FigureStyle

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CAPTION, HEADER, LINE = 30.0, 5.0, 2.8
"""Millimetres: of what stands before a row, of the titles, and of a line of the captions."""

SIZE, TITLE = 5.5, 7.0
"""Points."""

NARROWEST = 8.0
"""Millimetres of a panel."""

MOST = 60
"""Rows of one sheet."""


@dataclass(frozen=True, eq=False)
class SheetRow:
    """One picture: lines of text before it, and a panel (h, w, 3) uint8 for each column, all of one size.

    `scales` are words under each panel, which say where its colors end; "" where there are none.
    """

    lines: tuple[str, ...]
    panels: tuple[RGB, ...]
    scales: tuple[str, ...]


def lens_sheet(
    titles: Sequence[str], rows: Sequence[SheetRow], format: str, style: FigureStyle, about: Mapping[str, Any]
) -> bytes:
    """The sheet as one page of `style.width_mm` (170), with its description; UserError where it has no room."""
    if not 0 < len(rows) <= MOST:
        raise UserError(f"A sheet holds 1 to {MOST} pictures, not {len(rows):,}; choose fewer.")
    width = style.width_mm or WIDTH
    across = (width - 2 * MARGIN - CAPTION) / len(titles) - GAP
    if across < NARROWEST:
        raise UserError(f"{len(titles)} columns have no room on {width:g} mm; choose a larger width, or fewer lenses.")
    described = describe({"kind": "lens sheet", **about})
    return encode_pages([_page(titles, rows, width, across, style)], format, style.dpi, lambda: described)


def _page(titles: Sequence[str], rows: Sequence[SheetRow], width: float, across: float, style: FigureStyle) -> "Figure":
    down = across * rows[0].panels[0].shape[0] / rows[0].panels[0].shape[1]
    step = down + LINE + GAP
    height = 2 * MARGIN + HEADER + len(rows) * step
    with MATPLOTLIB:
        page = MillimetrePage(width, height, style.dpi)

        def text(x: float, y: float, words: str, size: float, room: float, ha: str) -> None:
            page.text(x, y, shortened(drawable(words), size, room), size, ha=ha, va="center")

        for column, title in enumerate(titles):
            left = MARGIN + CAPTION + column * (across + GAP)
            text(left + across / 2, MARGIN + HEADER / 2, title, TITLE, across, "center")
            for number, row in enumerate(rows):
                top = MARGIN + HEADER + number * step
                page.image(row.panels[column], left, top, across, down)
                text(left + across / 2, top + down + LINE / 2, row.scales[column], SIZE, across, "center")
        for number, row in enumerate(rows):
            middle = MARGIN + HEADER + number * step + down / 2
            for line, words in enumerate(row.lines):
                y = middle + (line - (len(row.lines) - 1) / 2) * LINE
                text(MARGIN + CAPTION - 1.0, y, words, SIZE, CAPTION - 2.0, "right")
    return page.figure
