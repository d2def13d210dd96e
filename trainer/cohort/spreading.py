"""Every class into every part, with as few groups moved as it takes."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

_MOST_STEPS = 20_000
"""Choices that are tried where groups hold several classes; else none is taken back."""


def spread(
    labels: npt.NDArray[np.int64], groups: Sequence[str], parts: npt.NDArray[np.str_], required: Sequence[str]
) -> npt.NDArray[np.str_] | None:
    """Parts (N) in which every class (N) stands in all that are `required`, whole groups (N); None if none is found.

    A group for each class and part is chosen, one that is there before others; all others stay where they are.
    """
    part_of = dict(zip(groups, parts.tolist(), strict=True))
    sizes = Counter(groups)
    classes_of: dict[str, set[int]] = defaultdict(set)
    for label, group in zip(labels.tolist(), groups, strict=True):
        classes_of[group].add(label)
    holders: dict[int, list[str]] = defaultdict(list)
    for group, held in sorted(classes_of.items()):
        for label in held:
            holders[label].append(group)
    # The class with the fewest groups chooses first: others can give way to it.
    needs = [(label, part) for label in sorted(holders, key=lambda one: (len(holders[one]), one)) for part in required]
    chosen: dict[str, str] = {}

    def choices(label: int, part: str) -> Iterator[str]:
        """Groups that may stand for a class in a part; "" where a chosen one does."""
        if any(chosen.get(group) == part for group in holders[label]):
            yield ""
            return
        free = [group for group in holders[label] if group not in chosen]
        there = Counter(part_of[group] for group in free)
        yield from sorted(
            free,
            key=lambda group: (
                part_of[group] != part,
                len(classes_of[group]),
                -there[part_of[group]],
                sizes[group],
                group,
            ),
        )

    open_choices: list[tuple[Iterator[str], str]] = []
    for _ in range(_MOST_STEPS + len(needs)):
        if len(open_choices) == len(needs):
            return np.array([chosen.get(group, part_of[group]) for group in groups], dtype=parts.dtype)
        options = choices(*needs[len(open_choices)])
        while (choice := next(options, None)) is None:
            if not open_choices:
                return None
            options, last = open_choices.pop()
            chosen.pop(last, None)
        if choice:
            chosen[choice] = needs[len(open_choices)][1]
        open_choices.append((options, choice))
    return None
