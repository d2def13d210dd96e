"""Lesion and artifacts of a picture, each by what finds it best."""

import numpy as np
import numpy.typing as npt

from trainer.concepts.rules import by_rules

Floats = npt.NDArray[np.float32]


def find(rgb: npt.NDArray[np.uint8]) -> dict[str, Floats]:
    """Lesion and artifacts in a picture (H, W, 3) uint8 at the working size: (H, W) float32 in [0, 1] for each."""
    return by_rules(rgb)
