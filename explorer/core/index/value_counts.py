"""How often a filter answers how much: quantiles and histograms of many values, counted in little memory."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from explorer.core.index.schema import BINS, QUANTILES

CELLS = 2048
"""Intervals in which values are counted, the first and the last for what lies beyond all that was looked at."""
OF_A_MAP = 8192
"""Values that are counted of a map: of a larger one those of a grid, laid anew at random for each picture."""
FIRST_OF_A_MAP = 64
"""Values of a map from which the intervals are laid."""
ENOUGH = 3
"""Equal values in a cell that cannot be chance."""


@dataclass(frozen=True)
class Distribution:
    """Of C filters: `quantiles` (C, len(QUANTILES)), `counts` (C, BINS) and `edges` (C, BINS + 1), all values.

    `lowest` and `highest` (C,) are exact; the rest is of the values that were taken.
    """

    quantiles: npt.NDArray[np.float32]
    counts: npt.NDArray[np.int64]
    edges: npt.NDArray[np.float32]
    lowest: npt.NDArray[np.float32]
    highest: npt.NDArray[np.float32]


class ValueCounts:
    """Counts the values of one layer's filters in equal intervals over each filter's own range.

    First `look` at all pictures, from some of whose values the ranges are laid; then `add` them all. (Intervals with
    equally many values would be finer where it matters, and finding a value's own is ten times the work.)
    """

    def __init__(self, filters: int) -> None:
        self._random = np.random.default_rng(0)
        self._first: list[torch.Tensor] = []
        self._looked = torch.zeros(filters, 0)
        self._range: tuple[torch.Tensor, torch.Tensor] | None = None
        self._counts = torch.zeros(filters, CELLS, dtype=torch.int32)
        self._lowest = torch.full((filters,), torch.inf)
        self._highest = torch.full((filters,), -torch.inf)

    def look(self, maps: torch.Tensor) -> None:
        """Take some values of the maps (N, C, h, w) of one batch to lay intervals from."""
        values = maps.detach().flatten(2)
        if values.shape[2] > FIRST_OF_A_MAP:
            chosen = self._random.choice(values.shape[2], FIRST_OF_A_MAP, replace=False)
            values = values[:, :, torch.from_numpy(np.sort(chosen)).to(values.device)]
        self._first.append(_of_filters(values))

    def add(self, maps: torch.Tensor) -> None:
        """Count the values of the maps (N, C, h, w) of one batch; what is no number counts as 0."""
        maps = maps.detach()
        height, width = maps.shape[2:]
        step = 1
        while -(-height // step) * -(-width // step) > OF_A_MAP:
            step += 1
        lowest, highest = (_finite(one).cpu() for one in (maps.amin((0, 2, 3)), maps.amax((0, 2, 3))))
        self._lowest = torch.minimum(self._lowest, lowest)
        self._highest = torch.maximum(self._highest, highest)
        taken: list[torch.Tensor] = []
        for one in maps:
            top, left = self._random.integers(0, step, 2)
            taken.append(_of_filters(one[None, :, top::step, left::step].flatten(2)))
        self._count(torch.cat(taken, dim=1))

    def distribution(self) -> Distribution:
        """Of all values that were given; zeros where there were none."""
        filters = len(self._counts)
        lowest, highest = (one.nan_to_num(posinf=0.0, neginf=0.0).numpy() for one in (self._lowest, self._highest))
        edges = np.linspace(lowest, np.maximum(highest, np.nextafter(lowest, np.inf)), BINS + 1, axis=1)
        quantiles = np.zeros((filters, len(QUANTILES)), np.float32)
        counts = np.zeros((filters, BINS), np.int64)
        ends = self._ends().numpy().astype(np.float64)
        looked = self._looked.numpy()
        for row in range(filters):
            below = np.concatenate([[0], np.cumsum(self._counts[row].numpy())])
            total = below[-1]
            if total:
                quantiles[row] = _quantiles(ends[row], below, looked[row])
                reached = np.interp(edges[row], ends[row], below, left=0, right=total)
                reached[0], reached[-1] = 0, total
                counts[row] = np.diff(np.round(reached).astype(np.int64))
        return Distribution(quantiles, counts, edges.astype(np.float32), lowest, highest)

    def _count(self, values: torch.Tensor) -> None:
        """Count values (C, n)."""
        low, width = self._laid()
        cells = values.sub_(low[:, None]).div_(width[:, None]).add_(1).clamp_(0, CELLS - 1).to(torch.int64)
        cells += CELLS * torch.arange(len(cells))[:, None]
        self._counts += torch.bincount(cells.flatten(), minlength=self._counts.numel()).view_as(self._counts)

    def _laid(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Where the intervals begin (C,), and how wide each is (C,)."""
        if self._range is None:
            if not self._first:
                self._first.append(torch.zeros(len(self._counts), 1))
            self._looked, self._first = torch.cat(self._first, dim=1).sort(dim=1).values, []
            low, high = self._looked[:, 0], self._looked[:, -1]
            spread = torch.maximum(high - low, torch.finfo(torch.float32).tiny + high.abs() * 1e-6)
            self._range = low, spread / (CELLS - 2)
        return self._range

    def _ends(self) -> torch.Tensor:
        """Where the cells begin and end (C, CELLS + 1), from the lowest to the highest value."""
        low, width = self._laid()
        inner = low[:, None] + width[:, None] * torch.arange(CELLS - 1)
        lowest, highest = _finite(self._lowest)[:, None], _finite(self._highest)[:, None]
        return torch.cat([lowest, inner.clamp(lowest, highest), highest], dim=1)


def _of_filters(values: torch.Tensor) -> torch.Tensor:
    """Values (N, C, n) as (C, N * n) float32 on the processor, 0 for what is no number."""
    return _finite(values).transpose(0, 1).flatten(1).cpu().contiguous()


def _finite(values: torch.Tensor) -> torch.Tensor:
    return torch.nan_to_num(values.float(), nan=0.0, posinf=0.0, neginf=0.0)


def _quantiles(
    ends: npt.NDArray[np.float64], below: npt.NDArray[np.int64], looked: npt.NDArray[np.float32]
) -> npt.NDArray[np.float64]:
    """The values below which the shares QUANTILES lie.

    Straight within a cell, unless many of the values there that were looked at first (sorted) are the same, as they are
    where pictures are black or a frame is padded: then as those values lie.
    """
    found = np.zeros(len(QUANTILES))
    for place, wanted in enumerate(np.array(QUANTILES) * below[-1]):
        cell = int(np.clip(np.searchsorted(below, wanted, side="left") - 1, 0, len(ends) - 2))
        inside = below[cell + 1] - below[cell]
        share = (wanted - below[cell]) / inside if inside else 0.0
        first, last = np.searchsorted(looked, ends[cell], "left"), np.searchsorted(looked, ends[cell + 1], "left")
        there = looked[first:last]
        if len(there) > len(np.unique(there)) + ENOUGH:
            found[place] = there[min(int(share * len(there)), len(there) - 1)]
        else:
            found[place] = ends[cell] + share * (ends[cell + 1] - ends[cell])
    return found
