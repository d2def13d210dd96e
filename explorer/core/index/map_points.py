"""Which points of a map lie within a line, nearest to one, or next to it in a direction."""

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


def nearest(places: npt.NDArray[np.floating], at: int, count: int) -> npt.NDArray[np.intp]:
    """The rows of the `count` points (N, 2) nearest to that of row `at`, itself first; none that has no place."""
    away = _away(places, at)
    order: npt.NDArray[np.intp] = np.argsort(away, kind="stable")
    return order[: min(count, int(np.isfinite(away).sum()))]  # what has no place comes last


def neighbour(places: npt.NDArray[np.floating], at: int, direction: tuple[float, float]) -> int:
    """The row of the nearest point (N, 2) that lies from row `at` within 45 degrees of a direction; -1 where none does.

    Of points in one place the next row is next to the one before, so that none is passed over.
    """
    steps = places - places[at]
    along = steps @ (np.array(direction) / np.hypot(*direction))
    away = _away(places, at)
    ahead = (along > 0) & (along >= away * (np.sqrt(0.5) - 1e-9))
    same = np.flatnonzero(away == 0)
    if len(later := same[same > at]):
        return int(later[0])
    return int(np.flatnonzero(ahead)[away[ahead].argmin()]) if ahead.any() else -1


def _away(places: npt.NDArray[np.floating], at: int) -> npt.NDArray[np.floating]:
    away: npt.NDArray[np.floating] = np.hypot(*(places - places[at]).T)
    return away
