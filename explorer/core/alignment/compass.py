"""On which side of the lesion a filter answers: the direction of its answer around the rim, and its concentration."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.core.alignment.marks import SECTORS

Numbers = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Compass:
    """`angle` (F,) in radians, 0 right, pi / 2 top; `concentration` (F,) 0 to 1, the length of the mean direction.

    The mean is over all that is answered on rims: pictures on which a filter answers more count more. `pointing` and
    `pointing_null` (N, F) complex, which way each picture's answer points on its own rim and on other pictures', as
    long as the answer is strong (NaN where a part of the rim is not to be seen).
    """

    angle: Numbers
    concentration: Numbers
    pointing: npt.NDArray[np.complex128]
    pointing_null: npt.NDArray[np.complex128]

    @property
    def side(self) -> npt.NDArray[np.int64]:
        """The nearest of the eight sides (F,), 0 right, 2 top."""
        nearest: npt.NDArray[np.int64] = np.rint(self.angle / (2 * np.pi / SECTORS)).astype(np.int64) % SECTORS
        return nearest

    def toward(self, side: npt.NDArray[np.int64]) -> tuple[Numbers, Numbers]:
        """How far each picture's answer points to a side (F,) of the eight, on its own rim and on others': (N, F)."""
        turn = np.exp(-2j * np.pi * side / SECTORS)
        return (self.pointing * turn).real, (self.pointing_null * turn).real


def compass(sector: Numbers, sector_null: Numbers) -> Compass:
    """Of mean answers in the sectors of the rim (N, F, SECTORS), own and other pictures'; NaN where there is none.

    Means of sectors, not sums: a sector with more rim does not win. (Mardia & Jupp, Directional Statistics, 2.2.)
    """
    own, null = _pointing(sector), _pointing(sector_null)
    visible = ~np.isnan(own)
    mean = np.where(visible, own, 0).sum(axis=0)
    answered = np.where(visible, sector.sum(axis=2), 0).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        concentration = np.where(answered > 0, np.abs(mean) / answered, 0)
    return Compass(np.angle(mean), concentration, own, null)


def _pointing(sector: Numbers) -> npt.NDArray[np.complex128]:
    around = np.exp(2j * np.pi * np.arange(SECTORS) / SECTORS)
    pointing: npt.NDArray[np.complex128] = (sector * around).sum(axis=2)  # NaN in one sector: half a ring would point
    return pointing
