"""One overlay as a finished picture: how it is drawn, at which size, and the figures of its map."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from PIL import Image

from explorer.core.arrays import RGB, Map
from explorer.core.drawing.overlay import compose, in_picture, outline, overlay
from explorer.core.drawing.styles import COLOR_MAPS, SCALES, Scale
from explorer.core.errors import UserError
from explorer.core.images import fitted
from trainer.networks.input_spec import Box
from trainer.pictures.resizing import bounded

MM_PER_INCH = 25.4
MAX_SIDE = 20_000
"""Pixels of the longest side of a figure that is written."""

GAP = 0.02
"""Of the width of a figure, between the untouched picture and the overlay beside it."""


@dataclass(frozen=True)
class FigureStyle:
    """How figures are drawn.

    `scale` is a key of `SCALES`, "fixed" with `fixed`; `color_map` a key of `COLOR_MAPS`; `opacity` within 0 to 1
    multiplies that of the overlay; `outline` draws the line at half of the scale; `beside` puts the untouched
    picture beside the overlay; `raw` takes the convolution's own output instead of its batch norm's answer.
    `width_mm` is the width of the whole figure in millimetres; None keeps the picture's own pixels. `dpi` are
    pixels per inch. `caption` puts a color bar and two lines of words to a single figure, which is 100 mm wide then
    where no width is asked. UserError where a value is outside its range.
    """

    scale: str = "map"
    fixed: Scale | None = None
    color_map: str = "green"
    opacity: float = 1.0
    outline: bool = False
    beside: bool = False
    raw: bool = False
    width_mm: float | None = None
    dpi: int = 300
    caption: bool = False

    def __post_init__(self) -> None:
        problem = self._problem()
        if problem:
            raise UserError(problem)

    def _problem(self) -> str:
        if self.scale not in SCALES:
            return f'"{self.scale}" is no scale; choose one of {", ".join(SCALES)}.'
        if self.color_map not in COLOR_MAPS:
            return f'"{self.color_map}" is no color map; choose one of {", ".join(COLOR_MAPS)}.'
        if (self.scale == "fixed") != (self.fixed is not None):
            return "The scale needs a foot and a peak when it is fixed, and only then."
        if self.fixed and not 0 <= self.fixed.foot < self.fixed.peak < math.inf:
            return f"A fixed scale runs upwards from 0 or more, not from {self.fixed.foot:g} to {self.fixed.peak:g}."
        if not 0 <= self.opacity <= 1:
            return f"The opacity {self.opacity:g} is not within 0 and 1."
        if not 10 <= self.dpi <= 2400:
            return f"{self.dpi} dpi are not within 10 and 2400."
        if self.width_mm is not None and not 5 <= self.width_mm <= 2000:
            return f"A width of {self.width_mm:g} mm is not within 5 and 2000 mm."
        if self.width_mm is not None and self.pixels(self.width_mm) > MAX_SIDE:
            return f"{self.width_mm:g} mm at {self.dpi} dpi are over {MAX_SIDE:,} pixels; choose fewer dpi."
        return ""

    def pixels(self, length_mm: float) -> int:
        """A length in millimetres as whole pixels."""
        return max(1, round(length_mm / MM_PER_INCH * self.dpi))

    def as_dict(self) -> dict[str, Any]:
        """The JSON form; without what older figures do not know where that is not wanted."""
        values = asdict(self)
        return values if self.caption else {name: value for name, value in values.items() if name != "caption"}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "FigureStyle":
        """Read the JSON form; UserError where it is none."""
        try:
            fixed = values.get("fixed")
            return cls(**{**values, "fixed": Scale(**fixed) if fixed else None})
        except TypeError as error:
            raise UserError(f"The description of the figure's style is not usable ({error}).") from error


@dataclass(frozen=True)
class MapStatistics:
    """A map in numbers: of its finite values, in the map's own units.

    `positive` is the share of cells above 0; `row` and `column` are the pixel of the picture under the middle of
    the map's highest cell. nan and -1 where a map has no finite value.
    """

    minimum: float
    maximum: float
    mean: float
    positive: float
    row: int
    column: int


@dataclass(frozen=True)
class Canvas:
    """A picture (H, W, 3) at the size at which it is drawn, and the network's frame in its pixels."""

    rgb: RGB
    frame: Box


def canvas(rgb: RGB, frame: Box, style: FigureStyle) -> Canvas:
    """The picture at the size that the style asks of one figure; UserError where that is too large.

    Its own pixels where no width is asked, fewer only where a side has more than `MAX_SIDE`.
    """
    height, width = rgb.shape[:2]
    if style.width_mm is None:
        if max(height, width) <= MAX_SIDE:
            return Canvas(rgb, frame)
        down, across = fitted((height, width), (MAX_SIDE, MAX_SIDE))
        return fit(rgb, frame, (max(1, round(down)), max(1, round(across))))
    across = panel_width(style.pixels(style.width_mm), style)
    down = max(1, round(height * across / width))
    if down > MAX_SIDE:
        raise UserError(f"The figure would be {across} x {down} pixels; choose a smaller width or fewer dpi.")
    return fit(rgb, frame, (down, across))


def fit(rgb: RGB, frame: Box, size: tuple[int, int]) -> Canvas:
    """The picture and its frame resized to `size` (height, width)."""
    height, width = rgb.shape[:2]
    if size == (height, width):
        return Canvas(rgb, frame)
    resized = Image.fromarray(rgb).resize((size[1], size[0]), Image.Resampling.LANCZOS)
    down, across = size[0] / height, size[1] / width
    moved = Box(frame.top * down, frame.left * across, frame.height * down, frame.width * across)
    return Canvas(np.asarray(resized), moved)


def panel_width(whole: int, style: FigureStyle) -> int:
    """Pixels of one picture in a figure of `whole` pixels across."""
    return max(1, (whole - max(1, round(whole * GAP))) // 2) if style.beside else whole


def draw(canvas: Canvas, map: Map, scale: Scale, style: FigureStyle) -> RGB:
    """The map (h, w) over its picture, exactly in the frame; (H, W, 3) uint8."""
    inside = bounded(round(canvas.frame.height), round(canvas.frame.width))
    whole = canvas.rgb.shape[0], canvas.rgb.shape[1]
    drawn = overlay(map, inside, peak=scale.peak, foot=scale.foot, color_map=style.color_map)
    composed = compose(canvas.rgb, in_picture(drawn, canvas.frame, whole), style.opacity)
    if style.outline and scale.peak > scale.foot:
        line = outline(map, inside, (scale.foot + scale.peak) / 2)
        composed = compose(composed, in_picture(line, canvas.frame, whole))
    return composed


def draw_single(canvas: Canvas, map: Map, scale: Scale, style: FigureStyle) -> RGB:
    """A whole figure of one map: the overlay, with the untouched picture on its left where the style says so."""
    drawn = draw(canvas, map, scale, style)
    if not style.beside:
        return drawn
    panel = drawn.shape[1]
    whole = style.pixels(style.width_mm) if style.width_mm else round(2 * panel * (1 + GAP))
    figure = np.full((drawn.shape[0], max(whole, 2 * panel), 3), 255, np.uint8)
    figure[:, :panel] = canvas.rgb
    figure[:, -panel:] = drawn
    return figure


def statistics(map: Map, frame: Box, size: tuple[int, int]) -> MapStatistics:
    """The figures of a map that lies in `frame` of a picture of `size` (height, width)."""
    values = map[np.isfinite(map)]
    if not values.size:
        return MapStatistics(math.nan, math.nan, math.nan, 0.0, -1, -1)
    cell = int(np.argmax(np.where(np.isfinite(map), map, -np.inf)))
    row, column = divmod(cell, map.shape[1])
    # Where the input is padded, a cell may lie beyond the picture: its nearest pixel is named then.
    down = math.floor(frame.top + (row + 0.5) / map.shape[0] * frame.height)
    across = math.floor(frame.left + (column + 0.5) / map.shape[1] * frame.width)
    return MapStatistics(
        float(values.min()),
        float(values.max()),
        float(values.mean(dtype=np.float64)),
        float((values > 0).sum() / map.size),
        min(max(down, 0), size[0] - 1),
        min(max(across, 0), size[1] - 1),
    )
