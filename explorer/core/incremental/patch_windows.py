"""How a change in a window of a layer's input becomes a change in a window of its output.

A `DeltaWindow` holds the differences to the unoccluded pass for a lattice of patch positions at once. Differences have
two virtues: a linear operation needs no surround (it is zero), and where nothing changed nothing has to be known.
Geometry after Nakandala et al. (2019), "Incremental and Approximate Inference for Faster Occlusion-based Deep CNN
Explanations", section 4.2, here for any kernel, stride, padding and dilation.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from explorer.core.incremental import gathered_windows as gathered
from explorer.core.incremental.pace import pace_for
from explorer.core.incremental.strided_positions import Part, Starts, matching, views

Pair = tuple[int, int]


@dataclass(frozen=True)
class DeltaWindow:
    """Changes (rows, columns, C, h, w) of a map (1, C, H, W): position (i, j) begins at (tops[i], lefts[j]).

    A window may reach beyond the map; there its changes are zero. In memory the channels of a cell lie side by side,
    so that a row of a window is one piece.
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
    def count(self) -> int:
        """How many positions there are."""
        return len(self.tops) * len(self.lefts)

    @property
    def flat(self) -> torch.Tensor:
        """The changes with all positions in one batch: (rows * columns, C, h, w)."""
        return self.delta.flatten(0, 1)

    def like(self, flat: torch.Tensor) -> "DeltaWindow":
        """Other changes in the same places, given as one batch."""
        return DeltaWindow(flat.view(*self.delta.shape[:2], *flat.shape[1:]), self.tops, self.lefts, self.size)

    def fills(self, share: float) -> bool:
        """Whether a window is at least this share of the map, so that the whole map may as well be computed."""
        return self.height * self.width >= share * self.size[0] * self.size[1]

    def trimmed(self) -> "DeltaWindow":
        """The same window with what lies beyond the map set to zero, in place."""
        if pace_for(self.delta).gathered:
            gathered.trim(self.delta, self.tops, self.lefts, self.size)
            return self
        for axis, starts, length, whole in (
            (0, self.tops, self.height, self.size[0]),
            (1, self.lefts, self.width, self.size[1]),
        ):
            for position, start in enumerate(starts):
                if start >= 0 and start + length <= whole:
                    continue
                part = self.delta.select(axis, position)
                cells = axis + 2  # one dimension is gone, the other lattice dimension and C stand before
                part.narrow(cells, 0, min(max(-start, 0), length)).zero_()
                beyond = min(max(start + length - whole, 0), length)
                part.narrow(cells, length - beyond, beyond).zero_()
        return self

    def full(self, values: torch.Tensor) -> torch.Tensor:
        """The whole changed maps (rows * columns, C, H, W) on the unoccluded map (1, C, H, W)."""
        if pace_for(self.delta).gathered:
            return gathered.put_on(self.delta, self.tops, self.lefts, values)
        rows, columns = len(self.tops), len(self.lefts)
        whole = values.new_empty(rows, columns, *values.shape[1:])
        whole.copy_(values[None].expand_as(whole))
        for i, top in enumerate(self.tops):
            first, last = max(0, top), min(self.size[0], top + self.height)
            for j, left in enumerate(self.lefts):
                start, end = max(0, left), min(self.size[1], left + self.width)
                if first < last and start < end:
                    part = self.delta[i, j, :, first - top : last - top, start - left : end - left]
                    whole[i, j, :, first:last, start:end] += part
        return whole.flatten(0, 1)

    def moved(self, frame: "WindowGrid") -> "DeltaWindow":
        """The same changes in windows that begin elsewhere and hold the old ones as far as these lie on the map."""
        if frame == WindowGrid(self.tops, self.lefts, self.height, self.width):
            return self
        if pace_for(self.delta).gathered:
            down, across = (
                tuple(new - old for new, old in zip(*starts, strict=True))
                for starts in ((frame.tops, self.tops), (frame.lefts, self.lefts))
            )
            moved_delta = gathered.moved(self.delta, down, across, (frame.height, frame.width))
            return DeltaWindow(moved_delta, frame.tops, frame.lefts, self.size)
        delta = empty_windows(self.delta, self.delta.shape[2], frame).zero_()
        for new, old in self.places(frame):
            delta[new] = self.delta[old]
        return DeltaWindow(delta, frame.tops, frame.lefts, self.size)

    def on(self, around: "PaddedMap", frame: "WindowGrid") -> "DeltaWindow":
        """The changed values, not the changes, in windows that hold the old ones; unchanged values around them."""
        values = around.cut(frame)
        self.add_to(values, frame)
        return DeltaWindow(values, frame.tops, frame.lefts, self.size)

    def add_to(self, values: torch.Tensor, frame: "WindowGrid") -> None:
        """Add the changes to values (rows, columns, C, h, w) in windows that hold these, in place."""
        if pace_for(self.delta).gathered:
            values += self.moved(frame).delta
            return
        for new, old in self.places(frame):
            values[new] += self.delta[old]

    def places(self, frame: "WindowGrid") -> Iterator[tuple[Part, Part]]:
        """Which cells of a tensor of that frame are which cells of this one's."""
        for rows, down in matching(self.tops, frame.tops):
            to_rows, from_rows = overlap(down, self.height, frame.height)
            for columns, across in matching(self.lefts, frame.lefts):
                to_columns, from_columns = overlap(across, self.width, frame.width)
                every = slice(None)
                yield (rows, columns, every, to_rows, to_columns), (rows, columns, every, from_rows, from_columns)

    @property
    def frame(self) -> "WindowGrid":
        """Where the windows lie."""
        return WindowGrid(self.tops, self.lefts, self.height, self.width)


@dataclass(frozen=True)
class WindowGrid:
    """Where windows lie: position (i, j) begins at (tops[i], lefts[j]) and is `height` x `width`."""

    tops: Starts
    lefts: Starts
    height: int
    width: int


def margin(frame: WindowGrid, size: Pair) -> Pair:
    """How wide the `PaddedMap` of a map of this size must be; wide enough for such windows wherever they touch it."""
    down, across = (
        max(length, -min(starts), max(starts) + length - side)
        for starts, length, side in ((frame.tops, frame.height, size[0]), (frame.lefts, frame.width, size[1]))
    )
    return down, across


def empty_windows(like: torch.Tensor, channels: int, frame: WindowGrid) -> torch.Tensor:
    """An unfilled tensor (rows, columns, C, h, w) for windows, the channels of a cell side by side."""
    shape = (len(frame.tops), len(frame.lefts), frame.height, frame.width, channels)
    return like.new_empty(shape).permute(0, 1, 4, 2, 3)


def side_by_side(delta: torch.Tensor) -> torch.Tensor:
    """Changes (rows, columns, C, h, w) with the channels of a cell side by side in memory."""
    return delta.permute(0, 1, 3, 4, 2).contiguous().permute(0, 1, 4, 2, 3)


class PaddedMap:
    """An unoccluded map (1, C, H, W) with `outside` all around it, wide enough for windows of `margin` (rows, columns)
    that touch the map: from it, windows are looked at without copying.
    """

    def __init__(self, values: torch.Tensor, margin: Pair, outside: float) -> None:
        (down, across), (_, channels, height, width) = margin, values.shape
        self.margin = margin
        self._cells = values.new_full((height + 2 * down, width + 2 * across, channels), outside)
        self._cells[down : down + height, across : across + width] = values[0].permute(1, 2, 0)

    def views(self, frame: WindowGrid) -> Iterator[tuple[Part, torch.Tensor]]:
        """Parts of a tensor (rows, columns, C, h, w) with what the map holds there."""
        tops = tuple(start + self.margin[0] for start in frame.tops)
        lefts = tuple(start + self.margin[1] for start in frame.lefts)
        for part, view in views(self._cells, tops, lefts, (frame.height, frame.width)):
            yield part, view.permute(0, 1, 4, 2, 3)

    def take_from(self, values: torch.Tensor, frame: WindowGrid) -> None:
        """Subtract what the map holds from values (rows, columns, C, h, w) in windows of that frame, in place."""
        if pace_for(values).gathered:
            values -= self.cut(frame)
            return
        for part, view in self.views(frame):
            values[part].sub_(view)

    def cut(self, frame: WindowGrid) -> torch.Tensor:
        """A copy of what the map holds in every window: (rows, columns, C, h, w)."""
        if pace_for(self._cells).gathered:
            tops = tuple(start + self.margin[0] for start in frame.tops)
            lefts = tuple(start + self.margin[1] for start in frame.lefts)
            return gathered.cut(self._cells, tops, lefts, (frame.height, frame.width)).permute(0, 1, 4, 2, 3)
        windows = empty_windows(self._cells, self._cells.shape[2], frame)
        for part, view in self.views(frame):
            windows[part] = view
        return windows


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
        """Where the outputs begin that windows of `length` inputs can change, and how many they are at most."""
        first = tuple(-((self.reach - 1 - start - self.padding) // self.stride) for start in starts)
        last = ((start + length - 1 + self.padding) // self.stride for start in starts)
        return first, max(1, *(end - start + 1 for start, end in zip(first, last, strict=True)))

    def source(self, starts: Starts, length: int) -> tuple[Starts, int]:
        """Where the inputs begin that windows of `length` outputs look at, and how many they are."""
        first = tuple(start * self.stride - self.padding for start in starts)
        return first, (length - 1) * self.stride + self.reach


def slid(window: DeltaWindow, down: Sliding, across: Sliding) -> tuple[WindowGrid, WindowGrid]:
    """Where the outputs lie that a window can change, and all inputs that these outputs look at."""
    tops, height = down.output(window.tops, window.height)
    lefts, width = across.output(window.lefts, window.width)
    source_tops, source_height = down.source(tops, height)
    source_lefts, source_width = across.source(lefts, width)
    return WindowGrid(tops, lefts, height, width), WindowGrid(source_tops, source_lefts, source_height, source_width)


def union(windows: Sequence[DeltaWindow]) -> WindowGrid:
    """The frame that holds all of these windows over the same map."""
    tops = tuple(map(min, zip(*(window.tops for window in windows), strict=True)))
    lefts = tuple(map(min, zip(*(window.lefts for window in windows), strict=True)))
    height = max(
        start + window.height - top for window in windows for start, top in zip(window.tops, tops, strict=True)
    )
    width = max(
        start + window.width - left for window in windows for start, left in zip(window.lefts, lefts, strict=True)
    )
    return WindowGrid(tops, lefts, height, width)
