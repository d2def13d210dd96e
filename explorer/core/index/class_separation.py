"""How well one filter's answers tell each class from the others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.core.index.folder_index import FolderIndex
from explorer.core.tags import FilterKey
from trainer.measures.bootstrap import Measure
from trainer.measures.delong import delong, midranks

Numbers = npt.NDArray[np.floating]


@dataclass(frozen=True)
class OneClass:
    """A class: its pictures, the mean of their answers, and the AUC of the answer for this class against the rest."""

    name: str
    pictures: int
    mean: float
    auc: Measure


@dataclass(frozen=True)
class ClassSeparation:
    """The classes, the most frequent first.

    `pictures` were counted; of the others, `trained_on` were left out because the network was trained or chosen on
    them, and `unknown` because nobody says their class.
    """

    classes: tuple[OneClass, ...]
    pictures: int
    trained_on: int
    unknown: int

    @property
    def best(self) -> OneClass | None:
        """The class whose AUC is furthest from chance; None where no class has one."""
        known = [one_class for one_class in self.classes if np.isfinite(one_class.auc.value)]
        return max(known, key=lambda one_class: abs(one_class.auc.value - 0.5), default=None)


def class_separation(
    index: FolderIndex,
    key: FilterKey,
    *,
    by: str = "peak",
    given: Sequence[str] | None = None,
    trained_on: bool = False,
) -> ClassSeparation:
    """How well the answers `by` (a key of `schema.ANSWERS`) of a filter tell the classes apart.

    `given` says the class of each picture in other words than the index does, "" where it is not known; pictures
    that the network was trained or chosen on count only where `trained_on`.
    """
    words = np.array(index.given if given is None else given, dtype=object)
    return separation_of(index.answers(key, by), words, None if trained_on else index.trained_on)


def separation_of(
    values: Numbers, given: npt.NDArray[np.object_], left_out: npt.NDArray[np.bool_] | None = None
) -> ClassSeparation:
    """The same of answers (N), the class of each picture (N), and which of them are left out (N)."""
    seen = np.isfinite(values) if left_out is None else np.isfinite(values) & ~left_out
    counted = seen & (given != "")
    answers, words = values[counted].astype(np.float64), given[counted]
    classes = [
        OneClass(str(name), int(positive.sum()), float(answers[positive].mean()), delong(answers, positive))
        for name, positive in ((name, words == name) for name in sorted(set(words)))
    ]
    return ClassSeparation(
        tuple(sorted(classes, key=lambda one_class: -one_class.pictures)),
        pictures=len(answers),
        trained_on=0 if left_out is None else int(left_out.sum()),
        unknown=int((seen & (given == "")).sum()),
    )


def areas(answers: Numbers, positive: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """The AUC of each row of answers (F, N) for pictures of a class or not (N): (F,), NaN where a side is empty.

    To put many filters into an order: without intervals, from the sum of ranks (Hanley & McNeil, Radiology 143:29,
    1982).
    """
    positives, negatives = int(positive.sum()), int((~positive).sum())
    if not positives or not negatives:
        return np.full(len(answers), np.nan)
    sums = np.array([midranks(row)[positive].sum() for row in answers])
    aucs: npt.NDArray[np.float64] = (sums - positives * (positives + 1) / 2) / (positives * negatives)
    return aucs
