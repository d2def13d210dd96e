"""Which pictures of a folder stand for all of them while scales are measured."""

import hashlib
from collections import defaultdict, deque
from collections.abc import Sequence

SAMPLE = 200
"""Pictures whose values give a filter its quantiles, its histogram and its threshold."""


def spread(names: Sequence[str], given: Sequence[str], count: int = SAMPLE) -> list[int]:
    """The positions of up to `count` pictures, spread over folders and classes; the same for the same names.

    Folders and classes take turns, so that a rare class is among them; within each the order is one of chance, drawn
    from the names, because pictures taken after each other are like each other.
    """
    groups: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for position, (name, word) in enumerate(zip(names, given, strict=True)):
        groups[name.rpartition("/")[0], word].append(position)
    waiting = [deque(sorted(groups[group], key=lambda position: _chance(names[position]))) for group in sorted(groups)]
    chosen: list[int] = []
    while waiting and len(chosen) < count:
        chosen += [group.popleft() for group in waiting][: count - len(chosen)]
        waiting = [group for group in waiting if group]
    return chosen


def _chance(name: str) -> bytes:
    return hashlib.sha256(name.encode(errors="surrogateescape")).digest()
