"""Where the colors of an attribution end: at its own largest value, or at a change that is the same everywhere."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explorer.core.arrays import Map
    from explorer.core.attribution.attribution_map import AttributionMap
    from explorer.core.attribution.lens import Lens

USUAL = 10.0
"""Percentage points of a probability at which the colors of a window are full: what moves less looks like less."""

OFFERED = (1.0, 2.0, 5.0, USUAL, 25.0, 50.0)
"""Percentage points that a window offers beside the map's own largest value."""

OWN = 0.0
"""Stands for the map's own largest value."""


def in_points(lens: "Lens", target: str) -> bool:
    """Whether the values of a map are changes of a probability, which can be told in percentage points."""
    return lens.of_changes and target.startswith("probability:")


def limit_in_points(lens: "Lens", target: str, points: float) -> float | None:
    """Where the colors of every map of such a target end, whatever it holds; None where its own scale decides."""
    return points / 100 if points > 0 and in_points(lens, target) else None


def color_limit(lens: "Lens", target: str, map: "Map", points: float) -> float:
    """Where the colors of a map (H, W) end on both sides of zero, in its own units.

    At so many percentage `points` where it tells changes of a probability, and `points` is not `OWN`; else where the
    map's own scale ends.
    """
    from explorer.core.drawing.signed_overlay import limit_of

    limit = limit_in_points(lens, target, points)
    return limit_of(map, lens.quantile) if limit is None else limit


def points_text(change: float) -> str:
    """A change of a probability, in [-1, 1], in percentage points."""
    number = f"{100 * abs(change):.3g}"
    return f"{number} point{'s' * (number != '1')}"


def scale_words(attribution: "AttributionMap", lens: "Lens", limit: float) -> str:
    """Where the colors of a map end, for a line of their own under it: "full at 0.12"; "" where there are none."""
    told = range_text(attribution, lens, limit) if attribution.rgb is None else ""
    return f"full at {'±' * (lens.negative is not None)}{told}" if told else ""


def range_text(attribution: "AttributionMap", lens: "Lens", limit: float) -> str:
    """What stands at an end of the color bar of a map whose colors end at `limit`; "" where there are no colors.

    A "+" says that the map goes beyond.
    """
    if not limit > 0:
        return ""
    if not in_points(lens, attribution.target):
        return f"{limit:.3g}"
    from explorer.core.drawing.signed_overlay import limit_of

    number, _, unit = points_text(limit).partition(" ")
    return f"{number}{'+' * (limit_of(attribution.map) > limit)} {unit}"
