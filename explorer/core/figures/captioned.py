"""One overlay with what it takes to read it alone: its color bar with numbers, and two lines below."""

from dataclasses import replace
from typing import TYPE_CHECKING

from explorer.core.arrays import RGB
from explorer.core.drawing.overlay import color_bar
from explorer.core.drawing.styles import SCALES, Scale
from explorer.core.errors import UserError
from explorer.core.figures.encoding import MATPLOTLIB
from explorer.core.figures.millimetres import MillimetrePage
from explorer.core.figures.sheet_layout import MARGIN, NARROWEST, drawable, shortened
from explorer.core.figures.single import FigureStyle

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 100.0
"""Millimetres of the whole figure where the style names none."""

GAP, BAR, NUMBERS, LINE = 1.5, 2.5, 12.0, 3.4
"""Millimetres: beside the picture, of the color bar, of the numbers beside that, and of a line of text."""

SMALL = 6.5
"""Points."""

_GREY = "#555555"


def picture_style(style: FigureStyle) -> FigureStyle:
    """The style of the picture alone in a captioned figure; UserError where its width leaves too little for it."""
    width = style.width_mm or WIDTH
    if width < NARROWEST:
        raise UserError(f"A figure with a caption needs at least {NARROWEST:g} mm, not {width:g} mm.")
    return replace(style, width_mm=width - 2 * MARGIN - GAP - BAR - NUMBERS)


def captioned_page(drawn: RGB, scale: Scale, style: FigureStyle, lines: tuple[str, str]) -> "Figure":
    """A finished overlay (H, W, 3) with the bar of its scale at the right and the lines below it."""
    across = picture_style(style).width_mm
    assert across is not None
    width, down = style.width_mm or WIDTH, across * drawn.shape[0] / drawn.shape[1]
    height = 2 * MARGIN + down + GAP + 2 * LINE
    with MATPLOTLIB:
        page = MillimetrePage(width, height, style.dpi)
        page.image(drawn, MARGIN, MARGIN, across, down)
        left = MARGIN + across + GAP
        page.image(color_bar(256, style.color_map), left, MARGIN, BAR, down)
        page.frame(left, MARGIN, BAR, down, _GREY)
        if style.outline and scale.peak > scale.foot:
            half = MARGIN + down / 2
            page.axes.plot([left - 0.4, left + BAR + 0.4], [half, half], color="black", linewidth=0.7)
            page.text(left + BAR + 1.0, half, f"{(scale.foot + scale.peak) / 2:.2g}", SMALL, va="center")
        page.text(
            left + BAR + 1.0, MARGIN, f"{scale.peak:.3g}" if scale.peak > scale.foot else "nothing", SMALL, va="top"
        )
        page.text(left + BAR + 1.0, MARGIN + down, f"{scale.foot:.3g}", SMALL, va="bottom")
        for line, words in enumerate(lines):
            fitting = shortened(drawable(words), SMALL, width - 2 * MARGIN)
            color = _GREY if line else "black"
            page.text(MARGIN, MARGIN + down + GAP + (line + 0.75) * LINE, fitting, SMALL, va="baseline", color=color)
    return page.figure


def caption_lines(
    key: str, layer: str, picture: str, prediction: str, tags: str, scale: str, network: str, given: str = ""
) -> tuple[str, str]:
    """What stands below: which filter on which picture, its given class, what the network says; tags and how."""
    first = (f"{key} ({layer})", picture, given, prediction)
    second = (tags, f"scale: {SCALES[scale]}", network)
    return " · ".join(part for part in first if part), " · ".join(part for part in second if part)
