"""A figure of what two networks answer on one picture, and of the difference: panels beside each other, each named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.core.arrays import RGB, RGBA
from explorer.core.drawing.overlay import color_bar, compose, in_picture
from explorer.core.drawing.signed_overlay import attribution_bar
from explorer.core.drawing.styles import Scale
from explorer.core.errors import UserError
from explorer.core.figures.encoding import MATPLOTLIB, describe, encode_pages
from explorer.core.figures.millimetres import MillimetrePage, place_of
from explorer.core.figures.sheet_layout import MARGIN, NARROWEST, drawable, shortened
from explorer.core.figures.single import FigureStyle, fit
from explorer.core.images import fitted
from trainer.networks.input_spec import Box

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KIND = "side by side"
"""What the description of such a figure says that it is."""

WIDTH = 170.0
"""Millimetres of the whole figure where the style names none."""
TITLE, GAP, BAR, NUMBERS, LINE = 3.6, 1.2, 2.2, 13.0, 3.4
"""Millimetres: above a panel, between things, of the color bar and of what stands beside it, and of a line of text."""
SMALL, TINY = 6.5, 5.5
"""Points."""
_GREY = "#555555"


@dataclass(frozen=True)
class SignedEnds:
    """Colors that end at `limit`, on both sides of zero where there is something `below`, in words `above` and `below`.

    `told` says the limit in words, where it is no plain number.
    """

    limit: float
    above: str
    below: str = ""
    told: str = ""


@dataclass(frozen=True, eq=False)
class Panel:
    """One place of the figure: `overlay` (h, w, 4), or a picture that was made (h, w, 3), over `frame` of the picture.

    `title` says which network and filter it is. Without an overlay the picture stands there alone. `picture` (H, W, 3)
    is another than that of the figure.
    """

    title: str
    overlay: RGBA | RGB | None
    frame: Box | None
    bar: Scale | SignedEnds | None = None
    picture: RGB | None = None


def side_by_side(
    rgb: RGB, panels: Sequence[Panel], lines: Sequence[str], about: Mapping[str, Any], format: str, style: FigureStyle
) -> bytes:
    """The panels over one picture (H, W, 3), with `lines` below, as a file of `style.width_mm` (170) that says `about`.

    UserError where that is too narrow.
    """
    width = style.width_mm or WIDTH
    if width < NARROWEST * len(panels):
        least = NARROWEST * len(panels)
        raise UserError(f"A figure of {len(panels)} panels needs at least {least:g} mm, not {width:g} mm.")
    description = describe({"kind": KIND, **about, "style": style.as_dict()})
    return encode_pages([_page(rgb, panels, lines, style, width)], format, style.dpi, lambda: description)


def _page(rgb: RGB, panels: Sequence[Panel], lines: Sequence[str], style: FigureStyle, width: float) -> "Figure":
    slot = (width - 2 * MARGIN + GAP) / len(panels)
    across = slot - 2 * GAP - BAR - NUMBERS
    down, _, _ = place_of(rgb.shape[:2], across)
    with MATPLOTLIB:
        page = MillimetrePage(width, 2 * MARGIN + TITLE + down + GAP + LINE * len(lines), style.dpi)
        for column, panel in enumerate(panels):
            left, top = MARGIN + column * slot, MARGIN + TITLE
            page.text(left, top - 1.0, shortened(drawable(panel.title), SMALL, slot - GAP), SMALL, va="baseline")
            picture = rgb if panel.picture is None else panel.picture
            tall, wide = fitted(picture.shape[:2], (down, across))
            drawn = _drawn(rgb, panel, (style.pixels(tall), style.pixels(wide)), style)
            page.image(drawn, left + (across - wide) / 2, top + (down - tall) / 2, wide, tall)
            _draw_bar(page, panel, (left + across + GAP, top, down), style)
        for line, words in enumerate(lines):
            y = MARGIN + TITLE + down + GAP + (line + 0.75) * LINE
            color = _GREY if line else "black"
            fitting = shortened(drawable(words), SMALL, width - 2 * MARGIN)
            page.text(MARGIN, y, fitting, SMALL, va="baseline", color=color)
    return page.figure


def _drawn(rgb: RGB, panel: Panel, size: tuple[int, int], style: FigureStyle) -> RGB:
    """A panel's picture at `size` (height, width)."""
    rgb = rgb if panel.picture is None else panel.picture
    if panel.overlay is None or panel.frame is None:
        return fit(rgb, Box(0, 0, *rgb.shape[:2]), size).rgb
    canvas, overlay, opacity = fit(rgb, panel.frame, size), panel.overlay, style.opacity
    if overlay.shape[2] == 3:
        overlay, opacity = np.dstack([overlay, np.full(overlay.shape[:2], 255, np.uint8)]), 1.0
    return compose(canvas.rgb, in_picture(overlay, canvas.frame, size), opacity)


def _draw_bar(page: MillimetrePage, panel: Panel, bounds: tuple[float, float, float], style: FigureStyle) -> None:
    bar, (left, top, down), right = panel.bar, bounds, bounds[0] + BAR + 0.8
    if bar is None:
        return
    if isinstance(bar, Scale):
        page.image(color_bar(256, style.color_map), left, top, BAR, down)
        ends = (f"{bar.peak:.3g}" if bar.peak > bar.foot else "nothing", f"{bar.foot:.3g}")
    else:
        signed, limit_text = bool(bar.below), bar.told or f"{bar.limit:.2g}"
        white = np.full((255, 1, 3), 255, np.uint8)
        page.image(compose(white, attribution_bar(255, signed=signed)), left, top, BAR, down)
        ends = (limit_text, limit_text if signed else "0")
        for words, y, va in ((bar.above, top + 2.8, "top"), (bar.below, top + down - 2.8, "bottom")):
            page.text(right, y, shortened(words, TINY, NUMBERS), TINY, va=va, color=_GREY)
        if signed:
            page.text(right, top + down / 2, "0", SMALL, va="center")
    page.text(right, top, ends[0], SMALL, va="top")
    page.text(right, top + down, ends[1], SMALL, va="bottom")
    page.frame(left, top, BAR, down, _GREY)
