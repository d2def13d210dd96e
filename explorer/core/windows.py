"""How a change in a window of a layer's input becomes a change in a window of its output.

A `Window` holds the differences to the unoccluded pass for a lattice of patch positions at once. Differences have two
virtues: a linear operation needs no surround (it is zero), and where nothing changed nothing has to be known.
Geometry after Nakandala et al. (2019), "Incremental and Approximate Inference for Faster Occlusion-based Deep CNN
Explanations", section 4.2, here for any kernel, stride, padding and dilation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F

Pair = tuple[int, int]
Starts = tuple[int, ...]


@dataclass(frozen=True)
class Window:
    """Changes (rows, columns, C, h, w) of a map (1, C, H, W): position (i, j) begins at (tops[i], lefts[j]).

    A window may reach beyond the map; there its changes are zero.
    """

    delta: torch.Tensor
    tops: Starts
    lefts: Starts
    size: Pair

    @property
    def height(self) -> int:
        """Rows of every window."""
        return self.delta.shape[3]

    @property
    def width(self) -> int:
        """Columns of every window."""
        return self.delta.shape[4]

    @property
    def flat(self) -> torch.Tensor:
        """The changes with all positions in one batch: (rows * columns, C, h, w)."""
        return self.delta.flatten(0, 1)

    def like(self, flat: torch.Tensor) -> "Window":
        """Other changes in the same places, given as one batch."""
        return Window(flat.reshape(*self.delta.shape[:2], *flat.shape[1:]), self.tops, self.lefts, self.size)

    def fills(self, share: float) -> bool:
        """Whether a window is at least this share of the map, so that the whole map may as well be computed."""
        return self.height * self.width >= share * self.size[0] * self.size[1]

    def trimmed(self) -> "Window":
        """The same window with what lies beyond the map set to zero, in place."""
        for axis, starts, length, whole in (
            (0, self.tops, self.height, self.size[0]),
            (1, self.lefts, self.width, self.size[1]),
        ):
            for place, start in enumerate(starts):
                part = self.delta.select(axis, place)
                rows = axis + 2  # one dimension is gone, the other lattice dimension and C stand before
                if start < 0:
                    part.narrow(rows, 0, min(-start, length)).zero_()
                if start + length > whole:
                    beyond = min(start + length - whole, length)
                    part.narrow(rows, length - beyond, beyond).zero_()
        return self

    def base(self, values: torch.Tensor, outside: float = 0.0) -> torch.Tensor:
        """What the unoccluded map (1, C, H, W) holds in every window: (rows * columns, C, h, w)."""
        above, below = max(0, -min(self.tops)), max(0, max(self.tops) + self.height - self.size[0])
        before, after = max(0, -min(self.lefts)), max(0, max(self.lefts) + self.width - self.size[1])
        padded = F.pad(values, (before, after, above, below), value=outside)[0]
        down, across = step(self.tops), step(self.lefts)
        tops, lefts = (tuple(s + shift for s in starts) for starts, shift in ((self.tops, above), (self.lefts, before)))
        if down is not None and across is not None:
            plane, line, cell = padded.stride()
            view = padded.as_strided(
                (len(tops), len(lefts), len(padded), self.height, self.width),
                (down * line, across * cell, plane, line, cell),
                tops[0] * line + lefts[0] * cell,
            )
            return view.flatten(0, 1)
        rows = torch.tensor(tops, device=padded.device)[:, None] + torch.arange(self.height, device=padded.device)
        columns = torch.tensor(lefts, device=padded.device)[:, None] + torch.arange(self.width, device=padded.device)
        found = padded[:, rows[:, None, :, None], columns[None, :, None, :]]
        return found.permute(1, 2, 0, 3, 4).flatten(0, 1)

    def full(self, values: torch.Tensor) -> torch.Tensor:
        """The whole changed maps (rows * columns, C, H, W) on the unoccluded map (1, C, H, W)."""
        rows, columns = len(self.tops), len(self.lefts)
        whole = values.expand(rows * columns, -1, -1, -1).clone().view(rows, columns, *values.shape[1:])
        for i, top in enumerate(self.tops):
            first, last = max(0, top), min(self.size[0], top + self.height)
            for j, left in enumerate(self.lefts):
                start, end = max(0, left), min(self.size[1], left + self.width)
                if first < last and start < end:
                    part = self.delta[i, j, :, first - top : last - top, start - left : end - left]
                    whole[i, j, :, first:last, start:end] += part
        return whole.flatten(0, 1)

    def moved(self, tops: Starts, lefts: Starts, height: int, width: int) -> "Window":
        """The same changes in windows that begin elsewhere and hold the old ones as far as these lie on the map."""
        if (tops, lefts, height, width) == (self.tops, self.lefts, self.height, self.width):
            return self
        delta = self.delta.new_zeros(len(tops), len(lefts), self.delta.shape[2], height, width)
        downs, acrosses = (
            {old - new for old, new in zip(mine, theirs, strict=True)}
            for mine, theirs in ((self.tops, tops), (self.lefts, lefts))
        )
        if len(downs) == len(acrosses) == 1:
            to_rows, from_rows = overlap(downs.pop(), self.height, height)
            to_columns, from_columns = overlap(acrosses.pop(), self.width, width)
            delta[..., to_rows, to_columns] = self.delta[..., from_rows, from_columns]
            return Window(delta, tops, lefts, self.size)
        for rows, down in runs([old - new for old, new in zip(self.tops, tops, strict=True)]):
            to_rows, from_rows = overlap(down, self.height, height)
            for columns, across in runs([old - new for old, new in zip(self.lefts, lefts, strict=True)]):
                to_columns, from_columns = overlap(across, self.width, width)
                part = self.delta[rows][:, columns][..., from_rows, from_columns]
                delta[rows[:, None], columns[None, :], :, to_rows, to_columns] = part
        return Window(delta, tops, lefts, self.size)


def step(starts: Sequence[int]) -> int | None:
    """The common distance of the starts; None where they have none."""
    steps = {after - before for before, after in pairwise(starts)}
    return 0 if not steps else steps.pop() if len(steps) == 1 else None


def runs(offsets: Sequence[int]) -> list[tuple[torch.Tensor, int]]:
    """(places, offset) for every different offset."""
    return [
        (torch.tensor([place for place, value in enumerate(offsets) if value == offset]), offset)
        for offset in sorted(set(offsets))
    ]


def overlap(offset: int, old: int, new: int) -> tuple[slice, slice]:
    """Where `old` cells that begin at `offset` lie among `new` ones: the slice of the new and of the old."""
    first, last = max(0, offset), max(0, min(new, offset + old))
    return slice(first, max(first, last)), slice(first - offset, max(first, last) - offset)


@dataclass(frozen=True)
class Sliding:
    """One dimension of an operation that slides over its input: kernel (with its dilation), stride and padding."""

    reach: int
    stride: int
    padding: int

    def output(self, starts: Starts, length: int) -> tuple[Starts, int]:
        """Where the outputs begin that windows of `length` inputs can change, and how many they are."""
        first = tuple(-((self.reach - 1 - start - self.padding) // self.stride) for start in starts)
        return first, (length + self.reach - 2) // self.stride + 1

    def source(self, starts: Starts, length: int) -> tuple[Starts, int]:
        """Where the inputs begin that windows of `length` outputs look at, and how many they are."""
        first = tuple(start * self.stride - self.padding for start in starts)
        return first, (length - 1) * self.stride + self.reach


def slid(window: Window, down: Sliding, across: Sliding) -> tuple[Window, Starts, Starts]:
    """The window widened to all inputs that the changed outputs look at, and where these outputs begin."""
    tops, height = down.output(window.tops, window.height)
    lefts, width = across.output(window.lefts, window.width)
    source_tops, source_height = down.source(tops, height)
    source_lefts, source_width = across.source(lefts, width)
    return window.moved(source_tops, source_lefts, source_height, source_width), tops, lefts


def union(first: Window, second: Window) -> tuple[Window, Window]:
    """Two windows over the same map, both widened to what either of them holds."""
    tops = tuple(map(min, first.tops, second.tops))
    lefts = tuple(map(min, first.lefts, second.lefts))
    height = max(
        start + window.height - top for window in (first, second) for start, top in zip(window.tops, tops, strict=True)
    )
    width = max(
        start + window.width - left
        for window in (first, second)
        for start, left in zip(window.lefts, lefts, strict=True)
    )
    return first.moved(tops, lefts, height, width), second.moved(tops, lefts, height, width)
