"""When a filter is silent: what it answers in the map's outermost ring, where padding answers by itself, is none."""

import numpy as np
import numpy.typing as npt


class Silence:
    """Over pictures of which some are added at a time: on which share of them F filters answer to nothing inside.

    An answer is a highest value inside that is above zero: what lies below, or is no number, goes no further.
    """

    def __init__(self, filters: int) -> None:
        self._pictures, self._without = 0, np.zeros(filters)
        self._lowest, self._highest = np.full(filters, np.inf), np.full(filters, -np.inf)

    def add(self, inside: npt.NDArray[np.floating]) -> None:
        """Count the highest values inside (F, n) on some pictures."""
        self._pictures += inside.shape[1]
        self._without += (~(inside > 0)).sum(axis=1)
        self._lowest = np.minimum(self._lowest, inside.min(axis=1, initial=np.inf))
        self._highest = np.maximum(self._highest, inside.max(axis=1, initial=-np.inf))

    @property
    def share(self) -> npt.NDArray[np.float64]:
        """The share (0..1) of the pictures on which each filter has no answer (F,)."""
        return self._without / max(1, self._pictures)

    def silent(self, level: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Which filters (F,) have none on any picture, or the same on all where their maps are `level` (F,)."""
        return np.asarray((self.share == 1) | (level & (self._lowest == self._highest)))
