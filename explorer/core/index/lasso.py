"""Which points a line drawn around them holds."""

import numpy as np
import numpy.typing as npt


def inside(places: npt.NDArray[np.floating], corners: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
    """Whether each point (N, 2) lies within the polygon (M, 2), which closes itself; a NaN lies nowhere.

    A ray to the right crosses its sides an odd number of times (Shimrat, CACM 5:434, 1962).
    """
    enclosed = np.zeros(len(places), bool)
    x, y = places[:, 0], places[:, 1]
    for (x1, y1), (x2, y2) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y1 != y2:
            between = (y1 > y) != (y2 > y)
            enclosed ^= between & (x < x1 + (y - y1) * (x2 - x1) / (y2 - y1))
    return enclosed
