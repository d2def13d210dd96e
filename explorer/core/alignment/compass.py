"""On which side of the lesion a filter answers: its mean direction around the rim, and how concentrated it is."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.core.alignment.marks import SECTORS
from explorer.core.alignment.measure import LEAST_SHOWN

Numbers = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Compass:
    """`angle` (F,) in radians, 0 right, pi / 2 top; `concentration` (F,) 0 to 1, the length of the mean direction.

    `toward` and `toward_null` (N, F) how far each picture's answer points in that direction, -1 to 1, in its own rim
    and in other pictures' (NaN where the lesion is cut by the frame or the filter says nothing there).
    """

    angle: Numbers
    concentration: Numbers
    toward: Numbers
    toward_null: Numbers

    @property
    def side(self) -> npt.NDArray[np.int64]:
        """The nearest of the eight sides (F,), 0 right, 2 top."""
        nearest: npt.NDArray[np.int64] = np.rint(self.angle / (2 * np.pi / SECTORS)).astype(np.int64) % SECTORS
        return nearest


def compass(sector: Numbers, sector_null: Numbers, whole: npt.NDArray[np.bool_]) -> Compass:
    """Of mean answers in the sectors of the rim (N, F, SECTORS), own and other pictures'; `whole` (N,) lesions count.

    Means of sectors, not sums: a sector with more rim does not win. (Mardia & Jupp, Directional Statistics, 2.2.)
    """
    own, null = _direction(sector), _direction(sector_null)
    own[~whole] = null[~whole] = np.nan
    there = ~np.isnan(own)
    count = np.maximum(there.sum(axis=0), 1)
    mean = np.where(there, own, 0).sum(axis=0) / count
    turn = np.exp(-1j * np.angle(mean))
    return Compass(np.angle(mean), np.abs(mean), (own * turn).real, (null * turn).real)


def _direction(sector: Numbers) -> npt.NDArray[np.complex128]:
    around = np.exp(2j * np.pi * np.arange(SECTORS) / SECTORS)
    total = sector.sum(axis=2)  # NaN where a sector has no rim: half a ring would point somewhere by itself
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > SECTORS * LEAST_SHOWN / 2, (sector * around).sum(axis=2) / total, np.nan + 0j)
