"""How often a filter answers how much: quantiles and histograms of many values, counted in little memory."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from explorer.core.index.schema import BINS, QUANTILES

CELLS, COUNTED = 2048, 1 << 24
"""Intervals in which a filter's values are counted, the first and the last for what lies beyond all that was looked at;
and how many those of all filters may be."""
OF_A_MAP = 8192
"""Values that are counted of a map: of a larger one those of a grid, laid anew at random for each picture."""
LOOKED = 1 << 25
"""Values from which the intervals are laid, over all filters and pictures."""
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
    """Counts the values of one layer's filters in intervals over each filter's own range.

    First `look` at all pictures, from some of whose values (`of_a_map`) the ranges are laid; then `add` them all.
    (Intervals with equally many values would be finer where it matters; to find a value's own is ten times the work.)
    """

    def __init__(self, filters: int, of_a_map: int = 64, cells: int = CELLS) -> None:
        self._of_a_map, self._cells = of_a_map, cells
        self._random = np.random.default_rng(0)
        self._first: list[torch.Tensor] = []
        self._looked = torch.zeros(filters, 0)
        self._intervals: _Intervals | None = None
        self._counts = torch.zeros(filters, cells, dtype=torch.int32)
        self._lowest = torch.full((filters,), torch.inf)
        self._highest = torch.full((filters,), -torch.inf)

    def look(self, maps: torch.Tensor) -> None:
        """Take some values of the maps (N, C, h, w) of one batch to lay intervals from."""
        values = maps.detach().flatten(2)
        if values.shape[2] > self._of_a_map:
            chosen = self._random.choice(values.shape[2], self._of_a_map, replace=False)
            values = values[:, :, torch.from_numpy(np.sort(chosen)).to(values.device)]
        self._first.append(_of_filters(values))

    def add(self, maps: torch.Tensor) -> None:
        """Count the values of the maps (N, C, h, w) of one batch; what is no number counts as 0."""
        maps = maps.detach()
        height, width = maps.shape[2:]
        step = 1
        while -(-height // step) * -(-width // step) > OF_A_MAP:
            step += 1
        lowest, highest = (_finite(extreme).cpu() for extreme in (maps.amin((0, 2, 3)), maps.amax((0, 2, 3))))
        self._lowest = torch.minimum(self._lowest, lowest)
        self._highest = torch.maximum(self._highest, highest)
        taken: list[torch.Tensor] = []
        for picture_maps in maps:
            top, left = self._random.integers(0, step, 2)
            taken.append(_of_filters(picture_maps[None, :, top::step, left::step].flatten(2)))
        self._count(torch.cat(taken, dim=1))

    def distribution(self) -> Distribution:
        """Of all values that were given; zeros where there were none."""
        filters = len(self._counts)
        lowest, highest = (
            extreme.nan_to_num(posinf=0.0, neginf=0.0).numpy() for extreme in (self._lowest, self._highest)
        )
        edges = np.linspace(lowest, np.maximum(highest, np.nextafter(lowest, np.inf)), BINS + 1, axis=1)
        quantiles = np.zeros((filters, len(QUANTILES)), np.float32)
        counts = np.zeros((filters, BINS), np.int64)
        ends = self._ends().numpy().astype(np.float64)
        looked, cells = self._looked.numpy(), self._laid().cells(self._looked.clone()).numpy()
        for row in range(filters):
            below = np.concatenate([[0], np.cumsum(self._counts[row].numpy())])
            total = below[-1]
            if total:
                quantiles[row] = _quantiles(ends[row], below, looked[row], cells[row])
                reached = np.interp(edges[row], ends[row], below, left=0, right=total)
                reached[0], reached[-1] = 0, total
                counts[row] = np.diff(np.round(reached).astype(np.int64))
        return Distribution(quantiles, counts, edges.astype(np.float32), lowest, highest)

    def _count(self, values: torch.Tensor) -> None:
        """Count values (C, n)."""
        cells = self._laid().cells(values)
        cells += self._cells * torch.arange(len(cells))[:, None]
        self._counts += torch.bincount(cells.flatten(), minlength=self._counts.numel()).view_as(self._counts)

    def _laid(self) -> "_Intervals":
        if self._intervals is None:
            if not self._first:
                self._first.append(torch.zeros(len(self._counts), 1))
            self._looked, self._first = torch.cat(self._first, dim=1).sort(dim=1).values, []
            self._intervals = _Intervals.over(self._looked, self._cells)
        return self._intervals

    def _ends(self) -> torch.Tensor:
        """Where the cells begin and end (C, cells + 1), from the lowest to the highest value."""
        lowest, highest = _finite(self._lowest)[:, None], _finite(self._highest)[:, None]
        return torch.cat([lowest, self._laid().edges().clamp(lowest, highest), highest], dim=1)


@dataclass(frozen=True)
class _Intervals:
    """Intervals that are narrow around the middle of each filter's values and wide in long tails; all (C, 1)."""

    middle: torch.Tensor
    scale: torch.Tensor
    low: torch.Tensor
    width: torch.Tensor
    count: int

    @classmethod
    def over(cls, values: torch.Tensor, count: int) -> "_Intervals":
        """So many from the lowest to the highest of sorted values (C, n), two of them for what lies beyond."""
        quarter, middle, high_quarter = (values[:, [quarters * (values.shape[1] - 1) // 4]] for quarters in (1, 2, 3))
        low, high = values[:, :1], values[:, -1:]
        least = torch.maximum(torch.maximum(low.abs(), high.abs()) * 1e-6, torch.tensor(1e-30))
        scale = torch.maximum(torch.maximum(high_quarter - quarter, (high - low) / 1000), least)
        laid = cls(middle, scale, low, low, count)
        bent_low, bent_high = laid.bent(low.clone()), laid.bent(high.clone())
        return cls(middle, scale, bent_low, torch.clamp_min(bent_high - bent_low, 1e-6) / (count - 2), count)

    def bent(self, values: torch.Tensor) -> torch.Tensor:
        """Values (C, n) on the scale on which the intervals are equal, in the same memory."""
        return values.sub_(self.middle).div_(self.scale).asinh_()

    def cells(self, values: torch.Tensor) -> torch.Tensor:
        """The cell of each value (C, n), whose memory is used up; the first and the last are those beyond."""
        return self.bent(values).sub_(self.low).div_(self.width).add_(1).clamp_(0, self.count - 1).to(torch.int64)

    def edges(self) -> torch.Tensor:
        """Where they begin and end (C, count - 1)."""
        return self.middle + self.scale * torch.sinh(self.low + self.width * torch.arange(self.count - 1))


def _of_filters(values: torch.Tensor) -> torch.Tensor:
    """Values (N, C, n) as (C, N * n) float32 on the processor, 0 for what is no number."""
    return _finite(values).transpose(0, 1).flatten(1).cpu().contiguous()


def _finite(values: torch.Tensor) -> torch.Tensor:
    return torch.nan_to_num(values.float(), nan=0.0, posinf=0.0, neginf=0.0)


def _quantiles(
    ends: npt.NDArray[np.float64],
    below: npt.NDArray[np.int64],
    looked: npt.NDArray[np.float32],
    cells: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """The values below which the shares QUANTILES lie.

    Straight within a cell, unless many of the values that were `looked` at first (sorted, each with its cell) are the
    same there, as they are where pictures are black or a frame is padded: then as those values lie.
    """
    quantiles = np.zeros(len(QUANTILES))
    for position, rank in enumerate(np.array(QUANTILES) * below[-1]):
        cell = int(np.clip(np.searchsorted(below, rank, side="left") - 1, 0, len(ends) - 2))
        inside = below[cell + 1] - below[cell]
        share = (rank - below[cell]) / inside if inside else 0.0
        cell_values = looked[cells == cell]
        if len(cell_values) > len(np.unique(cell_values)) + ENOUGH:
            quantiles[position] = cell_values[min(int(share * len(cell_values)), len(cell_values) - 1)]
        else:
            quantiles[position] = ends[cell] + share * (ends[cell + 1] - ends[cell])
    return quantiles
