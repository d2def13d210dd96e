"""A page of a figure on which things are placed in millimetres from its top left corner."""

from typing import Any

from explorer.core.figures.sheet_layout import FONT, drawable
from explorer.core.figures.single import MM_PER_INCH
from explorer.core.images import fitted

LOWEST, TALLEST = 20.0, 3.0
"""The least height of a picture's place in millimetres, and the greatest in widths."""


def place_of(size: tuple[int, int], across: float) -> tuple[float, float, float]:
    """The height of a place that is `across` millimetres wide, and height and width of the picture in its middle.

    A picture of `size` (height, width) fills it, unless its proportions are extreme.
    """
    down = min(max(across * size[0] / size[1], LOWEST), TALLEST * across)
    return down, *fitted(size, (down, across))


class MillimetrePage:
    """A white page of `width` x `height` millimetres; to be drawn on while `encoding.MATPLOTLIB` is held.

    `figure` is the matplotlib figure, `axes` covers all of it in millimetres, downwards from the top.
    """

    def __init__(self, width: float, height: float, dpi: int) -> None:
        from matplotlib.figure import Figure

        self.figure = Figure(figsize=(width / MM_PER_INCH, height / MM_PER_INCH), dpi=dpi, facecolor="white")
        self.axes: Any = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set_axis_off()
        self.axes.set_autoscale_on(False)
        self.axes.set_xlim(0, width)
        self.axes.set_ylim(height, 0)

    def image(self, values: Any, left: float, top: float, wide: float, tall: float) -> None:
        """Pixels (h, w, 3 or 4), stretched over a rectangle."""
        extent = (left, left + wide, top + tall, top)
        self.axes.imshow(values, extent=extent, aspect="auto", interpolation="none", zorder=0)

    def text(self, x: float, y: float, words: str, size: float, **options: Any) -> None:
        """Words of `size` points; names may hold dollar signs, which matplotlib would take for formulas."""
        given = {"fontsize": size, "fontfamily": FONT, "parse_math": False, **options}
        self.axes.text(x, y, drawable(words), **given)

    def frame(self, left: float, top: float, wide: float, tall: float, color: str) -> None:
        """A thin line around a rectangle."""
        right, bottom = left + wide, top + tall
        self.axes.plot([left, right, right, left, left], [top, top, bottom, bottom, top], color=color, linewidth=0.4)
