"""What a real artifact goes with, before and after muting: pictures that have it against those that have not."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from explorer.core.errors import UserError
from explorer.core.muting.judged_pictures import JudgedPictures
from trainer.measures.bootstrap import BootstrapResamples, Measure, Numbers
from trainer.measures.odds import common_odds_ratio, odds_pair
from trainer.measures.paired import Compared, Pair, Quantity, compared, weighted_mean

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Presence:
    """Which pictures have an artifact: `found` by the program in rows of an index, 1, 0 or NaN each; `said` by people.

    What a person said of a picture (by its name) wins. Where it was not `asked_for` by anybody, nothing is said of it
    if no class has pictures both with it and without it.
    """

    artifact: str
    found: Callable[[Sequence[int]], Numbers]
    said: Mapping[str, bool]
    asked_for: bool = True


@dataclass(frozen=True)
class DetectorErrors:
    """How often the program was wrong about pictures of a class of which a person said whether the artifact is there.

    `missed` of `with_it` pictures, and `invented` in pictures of `without_it`.
    """

    of_class: str
    missed: int
    with_it: int
    invented: int
    without_it: int


@dataclass(frozen=True)
class WithAndWithout:
    """How the score of the class `scored` differs between pictures with an artifact and those without, within class.

    `with_it` and `without_it` count the pictures of each class by name. `score` is the difference of the mean log odds;
    `odds_before` and `odds_after` are those of being called `scored` with it over those without it, `odds_change` the
    second over the first. In `found` pictures the program alone says whether it is there. Other things may differ
    between these pictures as well: unlike a drawn artifact, this is no experiment.
    """

    artifact: str
    scored: str
    with_it: Mapping[str, int]
    without_it: Mapping[str, int]
    score: Compared
    odds_before: Measure
    odds_after: Measure
    odds_change: Measure
    found: int
    errors: tuple[DetectorErrors, ...]

    def as_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "artifact": self.artifact,
            "class": self.scored,
            "with_it": dict(self.with_it),
            "without_it": dict(self.without_it),
            "score": self.score.as_dict(),
            "odds_before": self.odds_before.as_dict(),
            "odds_after": self.odds_after.as_dict(),
            "odds_change": self.odds_change.as_dict(),
            "found_by_program": self.found,
            "detector_errors": [vars(error) for error in self.errors],
        }


def with_and_without(
    judged: JudgedPictures,
    classes: Sequence[str],
    scored: int,
    presence: Presence,
    scores: tuple[Numbers, Numbers],
    called: tuple[Mask, Mask],
    of_threshold: Mask,
    resamples: BootstrapResamples,
) -> WithAndWithout | None:
    """Compare the N `judged` pictures that have an artifact with those that have not.

    `scores` (N each) are the log odds of the class at place `scored` before and after muting; `called` (N each) says
    where it is called, which counts where `of_threshold` (N) holds. A class in which all or none have the artifact
    says nothing. UserError where no class is left, or None where nobody asked.
    """
    names = [judged.index.pictures[row] for row in judged.rows]
    by_program = np.asarray(presence.found(judged.rows.tolist()), np.float64)
    by_person = np.array([float(presence.said[name]) if name in presence.said else np.nan for name in names])
    present = np.where(np.isfinite(by_person), by_person, by_program)
    known = np.isfinite(present)
    has = present >= 0.5
    members = {class_index: known & (judged.labels == class_index) for class_index in range(len(classes))}
    telling = [class_index for class_index, side in members.items() if (side & has).any() and (side & ~has).any()]
    if not telling and not presence.asked_for:
        return None
    if not telling:
        raise UserError(
            f"No class has pictures both with and without {presence.artifact} among the {int(known.sum()):,} of which "
            "that is known: nothing can be compared."
        )
    pair = _difference([(members[class_index] & has, members[class_index] & ~has) for class_index in telling], *scores)
    strata = [(members[class_index] & of_threshold, has) for class_index in telling]
    odds = [
        common_odds_ratio([(side[among], has[among], resamples.lesion[among]) for among, _ in strata])
        for side in called
    ]
    logs, as_ratio = odds_pair(*called, strata, resamples.lesion)
    measured = compared({"score": Quantity(pair), "log odds": Quantity(logs)}, resamples)
    return WithAndWithout(
        artifact=presence.artifact,
        scored=classes[scored],
        with_it={classes[class_index]: int((side & has).sum()) for class_index, side in members.items()},
        without_it={classes[class_index]: int((side & ~has).sum()) for class_index, side in members.items()},
        score=measured["score"],
        odds_before=odds[0],
        odds_after=odds[1],
        odds_change=as_ratio(measured["log odds"].change),
        found=int((np.isfinite(by_program) & ~np.isfinite(by_person)).sum()),
        errors=_errors(classes, judged.labels, by_program, by_person),
    )


def _difference(sides: Sequence[tuple[Mask, Mask]], before: Numbers, after: Numbers) -> Pair:
    """The mean over classes of the mean with the artifact less that without it, before and after."""

    def of(weights: Numbers, values: Numbers) -> Numbers:
        apart = [weighted_mean(weights, values, has) - weighted_mean(weights, values, lacks) for has, lacks in sides]
        return np.asarray(np.mean(apart, axis=0))

    return lambda weights: (of(weights, before), of(weights, after))


def _errors(
    classes: Sequence[str], labels: npt.NDArray[np.int64], by_program: Numbers, by_person: Numbers
) -> tuple[DetectorErrors, ...]:
    both = np.isfinite(by_program) & np.isfinite(by_person)
    errors = []
    for class_index, name in enumerate(classes):
        judged = both & (labels == class_index)
        has, lacks = judged & (by_person >= 0.5), judged & (by_person < 0.5)
        if judged.any():
            missed, invented = int((has & (by_program < 0.5)).sum()), int((lacks & (by_program >= 0.5)).sum())
            errors.append(DetectorErrors(name, missed, int(has.sum()), invented, int(lacks.sum())))
    return tuple(errors)
