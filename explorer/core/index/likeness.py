"""Which filters answer alike over the pictures of a folder: the correlation (Pearson's r) of their answers.

Filters are read in blocks, so that memory does not grow with their number. A filter that is silent, or answers the
same on every picture, is like no other: its r is NaN.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.core.index.folder_index import FolderIndex
from explorer.core.progress import OnStep, no_step
from explorer.core.tags import FilterKey

Correlations = npt.NDArray[np.float32]
Exact = npt.NDArray[np.float64]

TWINS = 0.9
"""Filters whose |r| is above this are twins."""
CELLS = 8_000_000
"""Answers that are held at once in one block: 32 MB, and as much again twice while they are counted."""


@dataclass(frozen=True)
class Alike:
    """Another filter, and the correlation of its answers with those of the filter in question, in [-1, 1]."""

    key: FilterKey
    r: float


@dataclass(frozen=True)
class Likeness:
    """A filter's correlation `r` (F,) with every filter in the order of `FolderIndex.filters()`; its own is NaN."""

    key: FilterKey
    r: Correlations
    keys: tuple[FilterKey, ...]

    def alike(self, n: int = 5) -> list[Alike]:
        """The `n` filters with the highest r above 0, the highest first."""
        return self._ordered(-self.r, self.r > 0)[:n]

    def opposed(self, n: int = 5) -> list[Alike]:
        """The `n` filters with the lowest r below 0, the lowest first."""
        return self._ordered(self.r, self.r < 0)[:n]

    def twins(self, above: float = TWINS) -> list[Alike]:
        """All filters whose |r| is above this, the highest first."""
        return self._ordered(-np.abs(self.r), np.abs(self.r) > above)

    def _ordered(self, order: Correlations, wanted: npt.NDArray[np.bool_]) -> list[Alike]:
        rows = np.flatnonzero(wanted)
        return [Alike(self.keys[row], float(self.r[row])) for row in rows[np.argsort(order[rows], kind="stable")]]


def likeness(
    index: FolderIndex, key: FilterKey, *, by: str = "peak", layer: int | None = None, on_step: OnStep = no_step
) -> Likeness:
    """How alike a filter's answers `by` (a key of `schema.ANSWERS`) are to those of all filters, or of one layer."""
    own, keys = _standard(index.answers(key, by)[None])[0], _keys(index)
    silent = index.filters()["silent"]
    first, last = _rows(index, layer)
    r = np.full(len(keys), np.nan, np.float32)
    for start, end in _blocks(index, first, last):
        on_step(start - first, last - first)
        r[start:end] = _standard(index.rows_answers(slice(start, end), by)) @ own
    r[index.row(key)] = np.nan
    r[silent | silent[index.row(key)]] = np.nan
    return Likeness(key, np.clip(r, -1, 1), keys)


def layer_correlations(index: FolderIndex, layer: int, *, by: str = "peak", on_step: OnStep = no_step) -> Correlations:
    """The correlations of the filters of a layer with each other, (C, C); to put them into an order.

    The layer is read twice, in blocks of filters for their means and lengths, and of pictures for the products.
    """
    first, last = _rows(index, layer)
    count, done = last - first, 0
    mean, length = np.zeros((count, 1)), np.full((count, 1), np.nan)
    for start, end in _blocks(index, first, last):
        on_step(done, 2 * count)
        values, block_mean = _centred(index.rows_answers(slice(start, end), by))
        mean[start - first : end - first], length[start - first : end - first] = block_mean, _length(values, block_mean)
        done += end - start
    r = np.zeros((count, count))
    width = max(1, CELLS // count)
    for begin in range(0, len(index.pictures), width):
        on_step(count + count * begin // len(index.pictures), 2 * count)
        piece = index.some_answers(layer, slice(begin, begin + width), by)
        standard = ((piece - mean) / length).astype(np.float32)
        r += standard @ standard.T
    silent = index.filters()["silent"][first:last]
    r[silent], r[:, silent] = np.nan, np.nan
    clipped: Correlations = np.clip(r, -1, 1).astype(np.float32)
    return clipped


def correlations(answers: npt.NDArray[np.floating]) -> Correlations:
    """The correlations (F, F) float32 of answers (F, N); NaN where a row is the same everywhere."""
    standard = _standard(answers)
    clipped: Correlations = np.clip(standard @ standard.T, -1, 1)
    return clipped


def _standard(answers: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Rows without their mean and of length 1, so that their products are correlations; NaN for one without spread."""
    values, mean = _centred(answers)
    standard: Correlations = (values / _length(values, mean)).astype(np.float32)
    return standard


def _centred(answers: npt.NDArray[np.floating]) -> tuple[Exact, Exact]:
    """Rows (F, N) without their mean, and it (F, 1)."""
    mean = answers.mean(axis=1, keepdims=True, dtype=np.float64)
    return answers - mean, mean


def _length(centred: Exact, mean: Exact) -> Exact:
    """The length (F, 1) of rows without their mean; NaN for one without spread."""
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    # What is left of a constant by rounding is no spread.
    level = np.abs(centred + mean).max(axis=1, keepdims=True, initial=0) * np.sqrt(centred.shape[1])
    return np.where(length > 1e-6 * level, length, np.nan)


def _keys(index: FolderIndex) -> tuple[FilterKey, ...]:
    counts = index.contents.network.filters
    return tuple(FilterKey(layer, filter) for layer, count in enumerate(counts) for filter in range(count))


def _rows(index: FolderIndex, layer: int | None) -> tuple[int, int]:
    counts = index.contents.network.filters
    if layer is None:
        return 0, sum(counts)
    first = index.row(FilterKey(layer, 0))
    return first, first + counts[layer]


def _blocks(index: FolderIndex, first: int, last: int) -> Iterator[tuple[int, int]]:
    at_once = max(1, CELLS // max(1, len(index.pictures)))
    for start in range(first, last, at_once):
        yield start, min(last, start + at_once)
