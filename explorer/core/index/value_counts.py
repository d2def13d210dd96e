"""How often a filter answers how much: quantiles and histograms of many values, counted in little memory."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from explorer.core.index.schema import BINS, QUANTILES, inside_of

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

    `lowest` and `highest` (C,) are exact; the rest is of the values that were taken. What ends in `_inside` is of the
    maps without their outermost ring.
    """

    quantiles: npt.NDArray[np.float32]
    counts: npt.NDArray[np.int64]
    edges: npt.NDArray[np.float32]
    lowest: npt.NDArray[np.float32]
    highest: npt.NDArray[np.float32]
    quantiles_inside: npt.NDArray[np.float32]
    lowest_inside: npt.NDArray[np.float32]
    highest_inside: npt.NDArray[np.float32]


class ValueCounts:
    """Counts the values of one layer's filters in intervals over each filter's own range.

    First `look` at all pictures, from some of whose values (`of_a_map`) the ranges are laid; then `add` them all.
    (Intervals with equally many values would be finer where it matters; to find a value's own is ten times the work.)
    The outermost ring of the maps is counted apart too, which is little: what is inside is the rest.
    """

    def __init__(self, filters: int, of_a_map: int = 64, cells: int = CELLS) -> None:
        self._of_a_map, self._cells = of_a_map, cells
        self._random = np.random.default_rng(0)
        self._first: list[torch.Tensor] = []
        self._first_inside: list[torch.Tensor] = []
        self._looked, self._looked_inside = torch.zeros(filters, 0), torch.zeros(filters, 0, dtype=torch.bool)
        self._intervals: _Intervals | None = None
        self._counts, self._ring = (torch.zeros(filters, cells, dtype=torch.int32) for _ in range(2))
        self._lowest, self._highest = torch.full((2, filters), torch.inf), torch.full((2, filters), -torch.inf)

    def look(self, maps: torch.Tensor) -> None:
        """Take some values of the maps (N, C, h, w) of one batch to lay intervals from."""
        values, inside = maps.detach().flatten(2), _inside(maps).flatten()
        if values.shape[2] > self._of_a_map:
            drawn = self._random.choice(values.shape[2], self._of_a_map, replace=False)
            chosen = torch.from_numpy(np.sort(drawn))
            values, inside = values[:, :, chosen.to(values.device)], inside[chosen]
        self._first.append(_of_filters(values))
        self._first_inside.append(inside.repeat(len(maps)))

    def add(self, maps: torch.Tensor) -> None:
        """Count the values of the maps (N, C, h, w) of one batch; what is no number counts as 0."""
        maps = maps.detach()
        height, width = maps.shape[2:]
        step = 1
        while -(-height // step) * -(-width // step) > OF_A_MAP:
            step += 1
        self._lowest = torch.minimum(self._lowest, _extremes(maps, torch.amin, torch.minimum))
        self._highest = torch.maximum(self._highest, _extremes(maps, torch.amax, torch.maximum))
        taken, inside = [], []
        is_inside = _inside(maps)
        for picture_maps in maps:
            top, left = self._random.integers(0, step, 2)
            taken.append(_of_filters(picture_maps[None, :, top::step, left::step].flatten(2)))
            inside.append(is_inside[top::step, left::step].flatten())
        self._count(torch.cat(taken, dim=1), torch.cat(inside))

    def distribution(self) -> Distribution:
        """Of all values that were given; zeros where there were none."""
        filters = len(self._counts)
        (lowest, lowest_inside), (highest, highest_inside) = (
            _finite(of_both).numpy() for of_both in (self._lowest, self._highest)
        )
        edges = np.linspace(lowest, np.maximum(highest, np.nextafter(lowest, np.inf)), BINS + 1, axis=1)
        quantiles, quantiles_inside = (np.zeros((filters, len(QUANTILES)), np.float32) for _ in range(2))
        counts = np.zeros((filters, BINS), np.int64)
        ends, ends_inside = self._ends(lowest, highest), self._ends(lowest_inside, highest_inside)
        looked, cells = self._looked.numpy(), self._laid().cells(self._looked.clone()).numpy()
        inside = self._looked_inside.numpy()
        for row in range(filters):
            below, below_ring = (_below(counted[row].numpy()) for counted in (self._counts, self._ring))
            total = below[-1]
            if total:
                quantiles[row] = _quantiles(ends[row], below, looked[row], cells[row])
                reached = np.interp(edges[row], ends[row], below, left=0, right=total)
                reached[0], reached[-1] = 0, total
                counts[row] = np.diff(np.round(reached).astype(np.int64))
            if total > below_ring[-1]:
                chosen = inside[row]
                quantiles_inside[row] = _quantiles(
                    ends_inside[row], below - below_ring, looked[row][chosen], cells[row][chosen]
                )
        return Distribution(
            quantiles,
            counts,
            edges.astype(np.float32),
            lowest,
            highest,
            quantiles_inside,
            lowest_inside,
            highest_inside,
        )

    def _count(self, values: torch.Tensor, inside: torch.Tensor) -> None:
        """Count values (C, n), which are `inside` (n,) or of the ring."""
        cells = self._laid().cells(values)
        cells += self._cells * torch.arange(len(cells))[:, None]
        for counted, of_these in ((self._counts, cells), (self._ring, cells[:, ~inside])):
            counted += torch.bincount(of_these.flatten(), minlength=counted.numel()).view_as(counted)

    def _laid(self) -> "_Intervals":
        if self._intervals is None:
            if not self._first:
                self._first, self._first_inside = [torch.zeros(len(self._counts), 1)], [torch.ones(1, dtype=torch.bool)]
            self._looked, order = torch.cat(self._first, dim=1).sort(dim=1)
            self._looked_inside = torch.cat(self._first_inside)[order]
            self._first, self._first_inside = [], []
            self._intervals = _Intervals.over(self._looked, self._cells)
        return self._intervals

    def _ends(self, lowest: npt.NDArray[np.float32], highest: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Where the cells begin and end (C, cells + 1), from the lowest to the highest value (C,)."""
        low, high = (torch.from_numpy(extreme)[:, None] for extreme in (lowest, highest))
        ends = torch.cat([low, self._laid().edges().clamp(low, high), high], dim=1)
        return ends.numpy().astype(np.float64)


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


def _inside(maps: torch.Tensor) -> torch.Tensor:
    """Which places of maps (N, C, h, w) are not of the outermost ring (h, w)."""
    height, width = maps.shape[2:]
    inside = torch.zeros(height, width, dtype=torch.bool)
    inside[inside_of(height, width)] = True
    return inside


def _extremes(
    maps: torch.Tensor,
    extreme: Callable[..., torch.Tensor],
    of_two: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
) -> torch.Tensor:
    """The lowest or highest values (2, C) of maps (N, C, h, w), of all and of those inside: each is looked at once."""
    rows, columns = inside_of(*maps.shape[2:])
    lines = maps.permute(0, 2, 3, 1)  # rows of a map lie side by side with all channels: over them it is fastest
    inner = extreme(lines[:, rows], 1)
    whole = inner if not rows.start else of_two(inner, of_two(lines[:, 0], lines[:, -1]))
    return _finite(torch.stack([extreme(whole, (0, 1)), extreme(inner[:, columns], (0, 1))])).cpu()


def _below(counted: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """How many values lie below the end of each cell, from none to all of them (cells + 1,)."""
    return np.concatenate([[0], np.cumsum(counted)])


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
