"""Classical image processing that finds concepts in a picture at the working size (`working_size.py`)."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from trainer.concepts.rules.colors import of_picture
from trainer.concepts.rules.lesion import lesion
from trainer.concepts.rules.lines import hair, ruler
from trainer.concepts.rules.spots import bubble, reflection
from trainer.concepts.rules.stains import corner, ink, patch

Floats = npt.NDArray[np.float32]

RULES = ("lesion", "hair", "ruler", "reflection", "bubble", "ink", "patch", "corner")
"""What can be found by a rule."""


def by_rule(rgb: npt.NDArray[np.uint8], wanted: tuple[str, ...] = RULES) -> dict[str, Floats]:
    """Those of `RULES` that are wanted in a picture (H, W, 3) uint8 at the working size: (H, W) float32 in [0, 1]."""
    if not wanted:
        return {}
    colors = of_picture(rgb)
    frame = corner(colors)
    spot = lesion(colors, frame) if {"lesion", "ruler", "ink", "patch"} & {*wanted} else np.zeros_like(frame)
    sticker = patch(colors) if {"lesion", "ink", "patch"} & {*wanted} else np.zeros_like(frame)
    ways: dict[str, Callable[[], Floats]] = {
        "lesion": lambda: spot * (1 - sticker),
        "hair": lambda: hair(colors) * (frame < 0.5),
        "ruler": lambda: ruler(colors, spot) * (frame < 0.5),
        "reflection": lambda: reflection(colors),
        "bubble": lambda: bubble(colors),
        "ink": lambda: ink(colors, spot) * (1 - sticker),
        "patch": lambda: sticker,
        "corner": lambda: frame,
    }
    return {name: np.clip(ways[name](), 0, 1).astype(np.float32) for name in wanted}
