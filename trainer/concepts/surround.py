"""The lesion's surround: the part of a picture that a network with a field of view sees."""

import functools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trainer.concepts.working_size import working_size

MARGINS = 0.05, 3.0
"""The least and the largest margin, in shares of the lesion's larger extent."""
LEAST_SHARE = 0.25
"""Side of a surround in shorter sides of the picture at least: a speck is not enlarged without end."""
_REMEMBERED = 128
"""Pictures whose lesion is remembered: a window asks several times for the one on show, and goes back and forth."""


def margin_problem(margin: float) -> str:
    """What is wrong with a field of view of this margin, 0 = none; "" where nothing is."""
    if margin == 0 or MARGINS[0] <= margin <= MARGINS[1]:
        return ""
    least, largest = MARGINS
    return f"a field of view of {margin:g} is not 0 (the whole picture) or a margin within {least:g} to {largest:g}"


class Part(NamedTuple):
    """A part of a picture in whole pixels."""

    top: int
    left: int
    height: int
    width: int

    def of(self, picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """What a picture (H, W, ...) holds there."""
        return picture[self.top : self.top + self.height, self.left : self.left + self.width]


def surround(rgb: npt.NDArray[np.uint8], margin: float) -> Part | None:
    """The square around the lesion of a picture (H, W, 3) uint8, as the concepts find it; None where there is none.

    Its side is that of the lesion's larger extent and `margin` times that on both ends, `LEAST_SHARE` at least. It is
    moved to lie in the picture, and where it is longer than one of the picture's sides, cut there.
    """
    height, width = rgb.shape[:2]
    size = working_size(height, width)
    small = np.ascontiguousarray(size.shrunk(rgb))
    extent = _extent(small.tobytes(), *small.shape[:2])
    if extent is None:
        return None
    (top, bottom), (left, right) = (
        (first * own / work, last * own / work)
        for (first, last), own, work in zip(extent, size.own, size.work, strict=True)
    )
    side = max(max(bottom - top, right - left) * (1 + 2 * margin), LEAST_SHARE * min(height, width))
    begin, length = zip(
        *(_placed((first + last) / 2, side, own) for first, last, own in ((top, bottom, height), (left, right, width))),
        strict=True,
    )
    return Part(begin[0], begin[1], length[0], length[1])


def _placed(middle: float, side: float, own: int) -> tuple[int, int]:
    """Begin and length of a piece of `side` around `middle` that lies within `own` pixels."""
    length = min(max(1, round(side)), own)
    return min(max(0, round(middle - length / 2)), own - length), length


@functools.lru_cache(_REMEMBERED)
def _extent(small: bytes, height: int, width: int) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """The rows and columns, from the first to after the last, of the lesion in a picture of the working size."""
    from trainer.concepts.finding import FLAT, bundled_network, by_network  # here, because it brings torch

    rgb = np.frombuffer(small, np.uint8).reshape(height, width, 3)
    if (np.ptp(rgb.reshape(-1, 3), axis=0) <= FLAT).all():
        return None
    inside = by_network(rgb, bundled_network())["lesion"] >= 0.5
    if not inside.any():
        return None
    rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    return (int(rows[0]), int(rows[-1]) + 1), (int(columns[0]), int(columns[-1]) + 1)
