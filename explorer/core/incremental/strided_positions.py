"""Places that follow each other in equal steps: what lies there can be looked at as one tensor, without copying."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import torch

Starts = tuple[int, ...]
Part = Any
"""An index of a tensor: a tuple of slices."""

PERIODS = 4
"""Up to so many places apart, equal steps are looked for: a stride of 8 patches over a layer of stride 32 needs 4."""


def step(starts: Sequence[int]) -> int | None:
    """The common distance of the starts; None where they have none."""
    steps = {after - before for before, after in pairwise(starts)}
    return 0 if not steps else steps.pop() if len(steps) == 1 else None


def regular(starts: Starts) -> list[slice]:
    """The starts in as few slices as can be found within each of which they follow in equal steps."""
    for period in range(1, PERIODS + 1):
        parts = [slice(first, None, period) for first in range(min(period, len(starts)))]
        if all(step(starts[part]) is not None for part in parts):
            return parts
    # Often it is only the last patch, which ends at the border, that is out of step: run by run, then.
    slices, first = [], 0
    for end in range(1, len(starts) + 1):
        if end == len(starts) or step(starts[first : end + 1]) is None:
            slices.append(slice(first, end))
            first = end
    return slices


def matching(old: Starts, new: Starts) -> list[tuple[slice, int]]:
    """(places, offset) such that `old` begins `offset` after `new` at all of these places."""
    offsets = [before - after for before, after in zip(old, new, strict=True)]
    if len(set(offsets)) == 1:
        return [(slice(None), offsets[0])]
    matches = []
    for offset in sorted(set(offsets)):
        positions = tuple(position for position, value in enumerate(offsets) if value == offset)
        for part in regular(positions):
            chosen = positions[part]
            matches.append((slice(chosen[0], chosen[-1] + 1, step(chosen) or 1), offset))
    return matches


def views(
    cells: torch.Tensor, tops: Starts, lefts: Starts, size: tuple[int, int]
) -> Iterator[tuple[Part, torch.Tensor]]:
    """Parts of a lattice, each with a view (rows, columns, h, w, C) of what `cells` (H, W, C) hold in its windows."""
    line, cell, channel = cells.stride()
    for rows in regular(tops):
        above = tops[rows]
        for columns in regular(lefts):
            before = lefts[columns]
            view = cells.as_strided(
                (len(above), len(before), *size, cells.shape[2]),
                ((step(above) or 0) * line, (step(before) or 0) * cell, line, cell, channel),
                cells.storage_offset() + above[0] * line + before[0] * cell,
            )
            yield (rows, columns), view
