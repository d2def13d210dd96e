"""How well one filter's answers tell each class from the others."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from explorer.core.index.folder_index import FolderIndex
from explorer.core.tags import FilterKey
from trainer.measures.bootstrap import Measure
from trainer.measures.delong import cautious, delong

Numbers = npt.NDArray[np.floating]

FEWEST = 10
"""Pictures of a class, and of the others, from which on filters are put into an order by how they tell them apart."""


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
    them, and `unknown` because nobody says their class. `of_training` of those counted are such pictures.
    """

    classes: tuple[OneClass, ...]
    pictures: int
    trained_on: int
    unknown: int
    of_training: int = 0

    @property
    def surest_first(self) -> tuple[OneClass, ...]:
        """The classes, the one that is most surely told from the others first; those without an AUC last."""

        def distance(one: OneClass) -> float:
            return from_chance(cautious(one.auc, min(one.pictures, self.pictures - one.pictures)))

        return tuple(sorted(self.classes, key=lambda one: -np.nan_to_num(distance(one), nan=-1.0)))

    @property
    def best(self) -> OneClass | None:
        """The class that is most surely told from the others; None where no class has an AUC."""
        return next((one for one in self.surest_first if np.isfinite(one.auc.value)), None)


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
    values = index.answers(key, by)
    if not trained_on:
        return separation_of(values, words, index.trained_on)
    of_training = int((index.trained_on & np.isfinite(values) & (words != "")).sum())
    return replace(separation_of(values, words), of_training=of_training)


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


def from_chance(auc: Measure) -> float:
    """How far the end of an AUC's interval that is nearer to chance lies from it; below 0 where chance is within."""
    return max(auc.low - 0.5, 0.5 - auc.high)


def surely_apart(answers: Numbers, positive: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """How far each row of answers (F, N) surely tells pictures of a class (N) from the others: (F,), up to 0.5.

    That is how far the end of the AUC's 95 % interval that is nearer to chance lies from it; below 0 where chance is
    within. NaN where one of the sides has fewer than `FEWEST` pictures.
    """
    fewer = int(min(positive.sum(), (~positive).sum()))
    if fewer < FEWEST:
        return np.full(len(answers), np.nan)
    aucs = [cautious(delong(row, positive), fewer) for row in answers]
    return np.array([from_chance(auc) for auc in aucs])
