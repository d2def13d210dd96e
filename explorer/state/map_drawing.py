"""A map as it is drawn on the screen."""

from typing import TYPE_CHECKING

from explorer.core.drawing.styles import Scale
from explorer.state.session import DisplayStyle

if TYPE_CHECKING:
    from explorer.core.arrays import RGB, RGBA, Map
    from explorer.core.attribution import AttributionMap
    from explorer.core.attribution.lens import Lens


def fit(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """(height, width) with the proportions of `size`, its longer side `longest`."""
    height, width = size
    factor = longest / max(height, width)
    return max(1, round(height * factor)), max(1, round(width * factor))


def draw(map: "Map", scale: Scale, style: DisplayStyle, size: tuple[int, int]) -> "RGBA":
    """A map in a style: its overlay at `size` (height, width), with the outline at half of the scale if wanted."""
    from explorer.core.drawing.overlay import outline, overlay

    drawn = overlay(map, size, foot=scale.foot, peak=scale.peak, color_map=style.color_map)
    if style.outline and scale.peak > scale.foot:
        line = outline(map, size, (scale.foot + scale.peak) / 2)
        drawn[line[..., 3] > 0] = line[line[..., 3] > 0]
    return drawn


def drawn_attribution(
    found: "AttributionMap", lens: "Lens", like: "AttributionMap | None" = None
) -> "tuple[RGBA | RGB, float]":
    """What a lens shows, drawn, and the value at which its colors end; a picture that it made as it is.

    The colors end where those of another map do that is given as `like`.
    """
    from explorer.core.drawing.signed_overlay import attribution_overlay, limit_of

    limit = limit_of((like or found).map, lens.quantile)
    return found.rgb if found.rgb is not None else attribution_overlay(found.map, found.map.shape, limit=limit), limit
