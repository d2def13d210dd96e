"""Which classes a network takes for which, and the pictures where it does."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class ConfusedRows:
    """Pictures that are `given` as one class and `predicted` as another: their `rows`, the surest mistake first."""

    given: str
    predicted: str
    rows: tuple[int, ...]


def confused_pairs(
    given: Sequence[str], probabilities: npt.NDArray[np.floating], classes: Sequence[str], most: int
) -> list[ConfusedRows]:
    """The `most` frequent pairs of a given and another predicted class, the most frequent first (Mishra et al. 2019).

    `given` names the class of each of N pictures, "" where it is not known, which then counts for nothing;
    `probabilities` (N, K) are those of `classes`. Pairs that are equally frequent stand in the order of their names.
    """
    rows: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    best = probabilities.argmax(axis=1)
    for row, word in enumerate(given):
        predicted = classes[int(best[row])]
        if word and word != predicted:
            rows[word, predicted].append(row)
    order = sorted(rows, key=lambda pair: (-len(rows[pair]), pair))[:most]
    sure = probabilities.max(axis=1)
    return [ConfusedRows(*pair, tuple(sorted(rows[pair], key=lambda row: -sure[row]))) for pair in order]
