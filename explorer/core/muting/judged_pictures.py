"""The pictures on which muting is judged, and the halves of a folder: what chooses must not judge itself."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from explorer.core.index import FolderIndex
from explorer.core.index.sampling import spread
from trainer.measures.bootstrap import BootstrapResamples
from trainer.measures.metrics import Labels, Ranking


@dataclass(frozen=True)
class JudgedPictures:
    """`rows` (N) of an index, the number of each picture's class and its lesion (or its name where none is known)."""

    index: FolderIndex
    rows: npt.NDArray[np.intp]
    labels: Labels
    lesions: npt.NDArray[Any]

    def some(self, chosen: npt.NDArray[Any]) -> "JudgedPictures":
        """Those at some places, or for which something holds (N,)."""
        return JudgedPictures(self.index, self.rows[chosen], self.labels[chosen], self.lesions[chosen])

    def spread(self, count: int) -> "JudgedPictures":
        """Up to `count` of them, spread over the classes; the same for the same names."""
        names = [self.index.pictures[row].replace("/", " ") for row in self.rows]
        return self.some(np.sort(np.array(spread(names, [str(label) for label in self.labels], count), np.intp)))

    def resamples(self, draws: int, seed: int) -> BootstrapResamples:
        """Bootstrap draws of their lesions."""
        return BootstrapResamples.of(self.lesions.tolist(), draws, seed)


def second_half(names: Iterable[str]) -> npt.NDArray[np.bool_]:
    """Whether each lesion (or picture without one) belongs to a folder's second half (N,).

    By a digest of its name: the halves of a folder stay what they are when pictures are added, and a lesion is never
    in both. What is chosen by its effect is chosen on the first half and judged on the second.
    """
    return np.array([hashlib.sha256(f"half {name}".encode()).digest()[0] % 2 == 1 for name in names], bool)


def threshold_of_half(
    every: JudgedPictures, judged: JudgedPictures, scored: int
) -> tuple[float, npt.NDArray[np.bool_], str]:
    """A threshold set on the first half of `every`, the places of `judged` (N,) that are in the other, and a sentence.

    The one with the highest sensitivity + specificity - 1 (Youden, Cancer 3:32, 1950) of the network as it is. 0.5 for
    all of `judged` where a half lacks a class.
    """
    first, second = every.some(~second_half(every.lesions)), second_half(judged.lesions)
    if any(len(np.unique(labels == scored)) < 2 for labels in (first.labels, judged.labels[second])):
        return 0.5, np.ones(len(judged.rows), bool), "0.5, as a half of these pictures lacks a class"
    scores = every.index.probabilities[first.rows]
    scores = scores[:, scored] if scores.shape[1] > 1 else np.abs(1 - scored - scores[:, 0])
    ranking = Ranking.of(scores, first.labels == scored)
    true, false = (counts[0] for counts in ranking.counts(np.ones((1, len(scores)))))
    best = int((true / true[-1] - false / false[-1])[1:].argmax())
    threshold = float(scores[ranking.order[ranking.ends[best]]])
    return threshold, second, "set on the first half of the folder, applied to the other"
