"""Sheets: filters down, pictures across, as in the figures of Van Molle et al. (2018)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.core.arrays import RGB, RGBA
from explorer.core.drawing.overlay import color_bar
from explorer.core.drawing.styles import Scale
from explorer.core.figures.encoding import MATPLOTLIB
from explorer.core.figures.sheet_layout import (
    BESIDE,
    CAPTION,
    FONT,
    FOOTER,
    GAP,
    GROUP_GAP,
    MARGIN,
    SAID,
    SMALL,
    TINY,
    UNTOUCHED,
    Layout,
    Page,
    caption,
    drawable,
    fitting,
    shortened,
    text_width,
)
from explorer.core.figures.single import MM_PER_INCH, FigureStyle
from explorer.core.tags.book import FilterKey

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BAR = (30.0, 2.2)
_SHORTEST = 8.0
"""Millimetres (wide, high) of the color bar, and its width on a narrow page."""

WITHIN = 0.96
"""Of its room that a text may take: drawn on few pixels, letters are a little wider than they are."""

_GREY = "#555555"

ENDS = {
    "map": ("0", "maximum of each map"),
    "layer": ("0", "maximum of the layer"),
    "seen": ("median", "0.995 quantile of each filter"),
    "folder": ("median", "0.995 quantile of each filter over the folder"),
}
"""What stands beside the color bar, for each scale whose numbers differ from panel to panel."""


@dataclass(frozen=True)
class SheetPanel:
    """What is drawn in one place of a sheet: the overlay, and the scale that it has."""

    rgb: RGB
    scale: Scale


def draw_page(
    layout: Layout,
    page: Page,
    names: Sequence[str],
    panels: Mapping[tuple[FilterKey, int], SheetPanel],
    pictures: Mapping[int, RGB],
    style: FigureStyle,
    note: str = "",
    said: Mapping[int, str] | None = None,
    tags: Mapping[FilterKey, str] | None = None,
    given: Mapping[int, str] | None = None,
) -> "Figure":
    """One page as a matplotlib figure of `layout.width` millimetres; `note` stands at its lower right.

    `names` are those of all pictures; `panels` and the untouched `pictures` are at the size of `panel_pixels`;
    `said` is what the network says of each picture, `given` its given class, and `tags` are the words of each filter's
    tags.
    A picture that is not in `pictures` could not be read: its places stay empty and say so.
    """
    down, across = layout.panel
    rows, columns = page.rows + style.beside, len(page.pictures)
    group = layout.caption + columns * (across + GAP) - GAP
    body = page.groups * (group + GROUP_GAP) - GROUP_GAP
    left = (layout.width - body) / 2
    height = 2 * MARGIN + layout.header + rows * (down + GAP) - GAP + FOOTER
    first = MARGIN + layout.header
    with MATPLOTLIB:
        sheet = _Sheet(layout.width, height, style)
        titles = {picture: drawable(names[picture]) for picture in page.pictures}
        size = fitting([*titles.values()], WITHIN * across, TINY)
        for number in range(page.groups):
            start = left + number * (group + GROUP_GAP) + layout.caption
            for column, picture in enumerate(page.pictures):
                x = start + column * (across + GAP)
                name = shortened(titles[picture], size, WITHIN * across)
                above = 1.2
                for of_each in filter(None, (said, given)):  # from below
                    line = shortened(drawable(of_each.get(picture, "")), TINY, WITHIN * across)
                    sheet.text(x + across / 2, first - above, line, TINY, "center", "baseline", _GREY)
                    above += SAID
                sheet.text(x + across / 2, first - above, name, size, "center", "baseline")
                if style.beside:
                    sheet.panel((first, x), layout.panel, pictures.get(picture))
            if style.beside:
                sheet.text(start - BESIDE, first + down / 2, UNTOUCHED, SMALL, "right", "center")
        for position, key in enumerate(page.filters):
            number, row = divmod(position, page.rows)
            start = left + number * (group + GROUP_GAP) + layout.caption
            top = first + (row + style.beside) * (down + GAP)
            row_panels = [panels.get((key, picture)) for picture in page.pictures]
            for column, panel in enumerate(row_panels):
                sheet.panel((top, start + column * (across + GAP)), layout.panel, panel.rgb if panel else None)
            sheet.text(start - BESIDE, top + down / 2, caption(key), CAPTION, "right", "center")
            scale = next((panel.scale for panel in row_panels if panel), None)
            if style.scale in ("seen", "folder") and scale:
                ends = f"{scale.foot:.2g} – {scale.peak:.2g}"
                small = fitting([ends], layout.caption - BESIDE, 2.0)
                sheet.text(start - BESIDE, top + down / 2 + 2.6, ends, min(small, TINY), "right", "center", _GREY)
            words = shortened(drawable((tags or {}).get(key, "")), TINY, WITHIN * (layout.caption - BESIDE))
            if words:
                sheet.text(start - BESIDE, top + down / 2 - 2.6, words, TINY, "right", "center", _GREY)
        sheet.footer(left + layout.caption, left + body, height - MARGIN - 0.8 - _BAR[1], note)
        return sheet.figure


class _Sheet:
    """A page on which things are placed in millimetres from its top left corner, on whole pixels."""

    def __init__(self, width: float, height: float, style: FigureStyle) -> None:
        from matplotlib.figure import Figure

        self._style, self._width = style, width
        self._scale = style.dpi / MM_PER_INCH
        across, down = style.pixels(width), style.pixels(height)
        self.figure = Figure(figsize=(width / MM_PER_INCH, height / MM_PER_INCH), dpi=style.dpi, facecolor="white")
        self._axes = self.figure.add_axes((0, 0, 1, 1))
        self._axes.set_axis_off()
        self._axes.set_autoscale_on(False)
        self._axes.set_xlim(0, across)
        self._axes.set_ylim(down, 0)

    def text(self, x: float, y: float, words: str, size: float, across: str, down: str, color: str = "black") -> None:
        # Names may hold dollar signs, which matplotlib would take for formulas.
        options: dict[str, Any] = {"ha": across, "va": down, "parse_math": False, "color": color}
        self._axes.text(x * self._scale, y * self._scale, words, fontsize=size, fontfamily=FONT, **options)

    def panel(self, corner: tuple[float, float], room: tuple[float, float], rgb: RGB | None) -> None:
        """A picture in the middle of its room, pixel on pixel; a grey field where there is none."""
        down, across = (round(side * self._scale) for side in room)
        top, left = (round(side * self._scale) for side in corner)
        height, width = down, across
        if rgb is None:
            self.text(
                corner[1] + room[1] / 2,
                corner[0] + room[0] / 2,
                "not readable",
                TINY,
                "center",
                "center",
                _GREY,
            )
            rgb = np.full((1, 1, 3), 238, np.uint8)
        else:
            scale = min(down / rgb.shape[0], across / rgb.shape[1])
            height, width = max(1, round(rgb.shape[0] * scale)), max(1, round(rgb.shape[1] * scale))
        top, left = top + (down - height) // 2, left + (across - width) // 2
        self._image(rgb, left, top, left + width, top + height)

    def footer(self, left: float, right: float, y: float, note: str) -> None:
        """The color scale with its ends named, and the note; a mark on the scale where an outline is drawn."""
        fixed = self._style.fixed
        low, high = (f"{fixed.foot:g}", f"{fixed.peak:g}") if fixed else ENDS[self._style.scale]
        words = sum(text_width(part, SMALL) for part in (low, high, note)) + 5.0
        if words + _BAR[0] > right - left:  # a narrow page: the margins are used too, then a shorter bar
            left, right = MARGIN, self._width - MARGIN
        bar = max(_SHORTEST, min(_BAR[0], right - left - words))
        size = SMALL * min(1.0, (right - left - bar - 5.0) / (words - 5.0))
        x, middle = left + text_width(low, size) + 1.0, y + _BAR[1] / 2
        self._bar(x, y, bar)
        self.text(x - 1.0, middle, low, size, "right", "center")
        self.text(x + bar + 1.0, middle, high, size, "left", "center")
        self.text(right, middle, note, size, "right", "center", _GREY)

    def _bar(self, x: float, y: float, width: float) -> None:
        colors = color_bar(256, self._style.color_map)[::-1].reshape(1, 256, 3)
        left, top, right, bottom = (round(side * self._scale) for side in (x, y, x + width, y + _BAR[1]))
        self._image(colors, left, top, right, bottom)
        self._line([left, right, right, left, left], [top, top, bottom, bottom, top], 0.4, _GREY)
        if self._style.outline:
            half = (left + right) / 2
            self._line([half, half], [top, bottom], 1.5, "black")
            self._line([half, half], [top, bottom], 0.7, "white")

    def _image(self, pixels: RGB | RGBA, left: int, top: int, right: int, bottom: int) -> None:
        self._axes.imshow(pixels, extent=(left, right, bottom, top), aspect="auto", interpolation="none", zorder=0)

    def _line(self, across: Sequence[float], down: Sequence[float], width: float, color: str) -> None:
        self._axes.plot(across, down, color=color, linewidth=width, solid_capstyle="butt")
