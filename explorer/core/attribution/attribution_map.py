"""What a lens answers: for each pixel of the network's input, how much a target leans on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explorer.core.arrays import RGB, Map

Value = bool | int | float | str | tuple[float, ...]
Settings = Mapping[str, Value]
"""A lens's settings by name."""


@dataclass(frozen=True, eq=False)
class AttributionMap:
    """A target's map on one picture.

    `target` as on the command line; `map` (H, W) float32 at the network's input size; `signed` says whether values
    below zero mean the opposite of those above it; `score` is the target's value on the whole picture; `settings` are
    the lens's, all of them; `method` says how it was computed, and `summary` in a sentence what was found.
    `rgb` is the picture (H, W, 3) uint8 that a lens made of nothing, whose map this is and on which the score was
    measured; None where the map lies over a picture that was given.
    """

    target: str
    map: "Map"
    signed: bool
    score: float
    settings: Settings
    method: str
    summary: str = ""
    rgb: "RGB | None" = None
