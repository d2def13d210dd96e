"""A map as it is drawn on the screen."""

import math
from typing import TYPE_CHECKING

from explorer.core.drawing.styles import Scale
from explorer.state.session import DisplayStyle

if TYPE_CHECKING:
    from explorer.core.arrays import RGB, RGBA, Map
    from explorer.core.attribution import AttributionMap
    from explorer.core.attribution.lens import Lens
    from trainer.networks.input_spec import Box


def fit(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """(height, width) with the proportions of `size`, its longer side `longest`."""
    height, width = size
    factor = longest / max(height, width)
    return max(1, round(height * factor)), max(1, round(width * factor))


def place_in(frame: "Box | None", x: float, y: float) -> tuple[float, float] | None:
    """(row, column) of the input, as shares of its sides, under a point of the picture; None outside of `frame`."""
    if frame is None or math.isnan(x):
        return None
    row, column = (y - frame.top) / frame.height, (x - frame.left) / frame.width
    return (row, column) if 0 <= row < 1 and 0 <= column < 1 else None


def draw(map: "Map", scale: Scale, style: DisplayStyle, size: tuple[int, int]) -> "RGBA":
    """A map in a style: its overlay at `size` (height, width), with the outline at half of the scale if wanted."""
    from explorer.core.drawing.overlay import outline, overlay

    drawn = overlay(map, size, foot=scale.foot, peak=scale.peak, color_map=style.color_map)
    if style.outline and scale.peak > scale.foot:
        line = outline(map, size, (scale.foot + scale.peak) / 2)
        drawn[line[..., 3] > 0] = line[line[..., 3] > 0]
    return drawn


def drawn_attribution(
    attribution: "AttributionMap", lens: "Lens", points: float, like: "AttributionMap | None" = None
) -> "tuple[RGBA | RGB, float]":
    """What a lens shows, drawn, and the value at which its colors end; a picture that it made as it is.

    `points` as `color_limit` takes them. The colors end where those of another map do that is given as `like`.
    """
    from explorer.core.attribution.color_range import color_limit
    from explorer.core.drawing.signed_overlay import attribution_overlay

    measured = like or attribution
    limit = color_limit(lens, measured.target, measured.map, points)
    return attribution.rgb if attribution.rgb is not None else attribution_overlay(
        attribution.map, attribution.map.shape, limit=limit
    ), limit
