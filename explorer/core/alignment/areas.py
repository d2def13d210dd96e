"""How much higher a map lies on some cells than on others: areas under the ROC from one ranking of every filter."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from explorer.core.alignment.grid import CELLS, INNER

Floats = npt.NDArray[np.float32]
Cells = npt.NDArray[np.bool_]
LANES = 8


class Ranked:
    """The cells of F filters in the order of their answers, in `INNER` bins of equally many cells.

    `values` (F, CELLS). Equal answers come in an order of chance, given by `seed`, so that a filter that answers the
    same everywhere is at chance. Bins cost less than a hundredth of an area.
    """

    def __init__(self, values: Floats, seed: int = 0) -> None:
        mixed = np.random.default_rng(seed).permutation(CELLS)
        self._order = mixed[np.argsort(values[:, mixed].astype(np.float64), axis=1)]

    def counts(self, sets: Sequence[Cells] | Cells) -> Floats:
        """How many cells of each set (S, CELLS) lie in each bin, lowest first: (S, F, bins) float32."""
        counts: list[Floats] = []
        for first in range(0, len(sets), LANES):
            block = np.asarray(sets[first : first + LANES], np.uint8)
            lanes = np.zeros((CELLS, LANES), np.uint8)
            lanes[:, : len(block)] = block.T
            # Eight counts are added at once, a byte each: no bin has 256 cells.
            packed = lanes.view(np.uint64)[:, 0]
            sums = packed[self._order].reshape(len(self._order), INNER, -1).sum(axis=2)
            bytes_ = sums[..., None].view(np.uint8)
            counts.append(np.moveaxis(bytes_[..., : len(block)], -1, 0).astype(np.float32))
        return np.concatenate(counts)


def area(high: Floats, low: Floats) -> Floats:
    """The chance that a cell counted in `high` (..., bins) answers more than one in `low`; equal bins count half.

    (Mann & Whitney, 1947.) NaN where one of them has no cell.
    """
    below = np.cumsum(low, axis=-1) - low / 2
    pairs = high.sum(-1) * low.sum(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(pairs > 0, (high * below).sum(-1) / pairs, np.nan).astype(np.float32)


def pooled_area(highs: Sequence[Floats], lows: Sequence[Floats]) -> Floats:
    """The same where only pairs within the same stratum are compared."""
    won = sum((high * (np.cumsum(low, axis=-1) - low / 2)).sum(-1) for high, low in zip(highs, lows, strict=True))
    pairs = sum(high.sum(-1) * low.sum(-1) for high, low in zip(highs, lows, strict=True))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(np.asarray(pairs) > 0, won / np.asarray(pairs), np.nan).astype(np.float32)


def overlap(counted: Floats) -> Floats:
    """Intersection over union of a set with as many of the highest cells, from its counts (..., bins); NaN without it.

    Within the bin where the highest cells begin, the set's cells are taken to lie evenly.
    """
    size = counted.sum(-1, keepdims=True)
    width = CELLS / counted.shape[-1]
    from_top = np.arange(counted.shape[-1], 0, -1) * width  # cells in this bin and all above it
    taken = np.clip((size - from_top + width) / width, 0, 1)
    both = (counted * taken).sum(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(size[..., 0] > 0, both / (2 * size[..., 0] - both), np.nan).astype(np.float32)
