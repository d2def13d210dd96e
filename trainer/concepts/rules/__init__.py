"""Classical image processing that finds concepts in a picture at the working size (`working_size.py`)."""

import numpy as np
import numpy.typing as npt

from trainer.concepts.rules.colors import of_picture
from trainer.concepts.rules.lesion import lesion
from trainer.concepts.rules.lines import hair, ruler
from trainer.concepts.rules.spots import bubble, reflection
from trainer.concepts.rules.stains import corner, ink, patch

Floats = npt.NDArray[np.float32]


def by_rules(rgb: npt.NDArray[np.uint8]) -> dict[str, Floats]:
    """Lesion and artifacts in a picture (H, W, 3) uint8 at the working size: (H, W) float32 in [0, 1] for each."""
    colors = of_picture(rgb)
    dark_frame = corner(colors)
    spot = lesion(colors, dark_frame)
    sticker = patch(colors, spot)
    maps = {
        "lesion": spot * (1 - sticker),
        "hair": hair(colors),
        "ruler": ruler(colors, spot),
        "reflection": reflection(colors),
        "bubble": bubble(colors),
        "ink": ink(colors, spot) * (1 - sticker),
        "patch": sticker,
        "corner": dark_frame,
    }
    for name in ("hair", "ruler"):
        maps[name] = maps[name] * (dark_frame < 0.5)
    return {name: np.clip(map, 0, 1).astype(np.float32) for name, map in maps.items()}
