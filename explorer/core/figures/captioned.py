"""One overlay with what it takes to read it alone: its color bar with numbers, and two lines below."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from explorer.core.arrays import RGB
from explorer.core.drawing.overlay import color_bar
from explorer.core.drawing.styles import SCALES, Scale
from explorer.core.errors import UserError
from explorer.core.figures.encoding import MATPLOTLIB
from explorer.core.figures.sheet_layout import FONT, MARGIN, NARROWEST, drawable, shortened
from explorer.core.figures.single import MM_PER_INCH, FigureStyle

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
        from matplotlib.figure import Figure

        page = Figure(figsize=(width / MM_PER_INCH, height / MM_PER_INCH), dpi=style.dpi, facecolor="white")
        axes: Any = page.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_autoscale_on(False)
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)

        def image(values: Any, left: float, wide: float) -> None:
            place = (left, left + wide, MARGIN + down, MARGIN)
            axes.imshow(values, extent=place, aspect="auto", interpolation="none", zorder=0)

        def text(x: float, y: float, words: str, **options: Any) -> None:
            # Names may hold dollar signs, which matplotlib would take for formulas.
            axes.text(x, y, drawable(words), **{"fontsize": SMALL, "fontfamily": FONT, "parse_math": False, **options})

        image(drawn, MARGIN, across)
        left = MARGIN + across + GAP
        image(color_bar(256, style.color_map), left, BAR)
        edges = [left, left + BAR, left + BAR, left, left], [MARGIN, MARGIN, MARGIN + down, MARGIN + down, MARGIN]
        axes.plot(*edges, color=_GREY, linewidth=0.4)
        if style.outline and scale.peak > scale.foot:
            half = MARGIN + down / 2
            axes.plot([left - 0.4, left + BAR + 0.4], [half, half], color="black", linewidth=0.7)
            text(left + BAR + 1.0, half, f"{(scale.foot + scale.peak) / 2:.2g}", va="center")
        text(left + BAR + 1.0, MARGIN, f"{scale.peak:.3g}" if scale.peak > scale.foot else "nothing", va="top")
        text(left + BAR + 1.0, MARGIN + down, f"{scale.foot:.3g}", va="bottom")
        for place, words in enumerate(lines):
            fitting = shortened(drawable(words), SMALL, width - 2 * MARGIN)
            color = _GREY if place else "black"
            text(MARGIN, MARGIN + down + GAP + (place + 0.75) * LINE, fitting, va="baseline", color=color)
    return page


def caption_lines(
    key: str, layer: str, picture: str, prediction: str, tags: str, scale: str, network: str
) -> tuple[str, str]:
    """What stands below: which filter on which picture, what the network says of it; tags, scale and network."""
    first = (f"{key} ({layer})", picture, prediction)
    second = (tags, f"scale: {SCALES[scale]}", network)
    return " · ".join(part for part in first if part), " · ".join(part for part in second if part)
