"""Where on a picture that is to be seen which a suggestion speaks of."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from explorer.core.concepts.sides import SIDES, border_sides
from explorer.core.suggestions.suggestion import Suggestion

if TYPE_CHECKING:
    from explorer.core.arrays import RGB

AT_THE_EDGE = 3 / 28
"""How far padding reaches from the picture's edge, in parts of its side."""


def concept_map(rgb: "RGB", suggestion: Suggestion) -> npt.NDArray[np.float32] | None:
    """The map (H, W) in [0, 1] of what is suggested, on a picture (H, W, 3); None where it has no place of its own.

    The border as far as it lies on the suggested side; the picture's edge; else the concept. The color of a place is
    everywhere.
    """
    if suggestion.concept == "edge":
        return _edge(*rgb.shape[:2])
    from explorer.core.concepts import concept_maps

    name = "border" if suggestion.concept == "side" else suggestion.concept
    maps = concept_maps(rgb)
    target = maps.get(name)
    if target is None or name != "border" or suggestion.detail not in SIDES:
        return target
    away = border_sides(maps["lesion"]) - SIDES.index(suggestion.detail) * np.pi / 4
    near = np.cos(away) > np.cos(3 * np.pi / 8)  # three of the eight sectors, as the rim is measured
    return np.where(near, target, 0).astype(np.float32)


def has_place(suggestion: Suggestion) -> bool:
    """Whether `concept_map` has one for it."""
    return bool(suggestion.tag) and suggestion.concept not in ("", "color")


def _edge(height: int, width: int) -> npt.NDArray[np.float32]:
    y, x = np.ogrid[:height, :width]
    near = (np.minimum(y, height - 1 - y) < AT_THE_EDGE * height) | (np.minimum(x, width - 1 - x) < AT_THE_EDGE * width)
    return np.asarray(near, np.float32)
