"""The sides of a lesion: for every pixel, in which direction from the lesion's centre it lies."""

import numpy as np
import numpy.typing as npt

SIDES = ("right", "upper right", "top", "upper left", "left", "lower left", "bottom", "lower right")
"""The eight directions as a person sees them, counterclockwise from 0."""


def border_sides(lesion: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """The direction of every pixel from the lesion's centre of mass: (H, W) float32 in radians, in (-pi, pi].

    0 is right, pi / 2 is up (top) as a person sees the picture. NaN everywhere where there is no lesion. `lesion` is
    (H, W), bool or in [0, 1]; only what is at least 0.5 counts.
    """
    inside = np.asarray(lesion, dtype=np.float32) >= 0.5
    if not inside.any():
        return np.full(inside.shape, np.nan, np.float32)
    rows, columns = np.nonzero(inside)
    y, x = np.indices(inside.shape, dtype=np.float32)
    return np.asarray(np.arctan2(np.float32(rows.mean()) - y, x - np.float32(columns.mean())), dtype=np.float32)


def side_of(angle: float) -> str:
    """The one of `SIDES` that an angle in radians is nearest to."""
    return SIDES[round(angle / (np.pi / 4)) % len(SIDES)]
