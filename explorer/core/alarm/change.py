"""What happens to score and AUC when something is done to the network or to its pictures."""

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.core.alarm.within_class import as_measure, within_class
from explorer.core.muting.against_random import AgainstRandom
from trainer.measures.bootstrap import BootstrapResamples, Measure, Numbers, measure
from trainer.measures.metrics import Ranking, area_under_roc
from trainer.measures.paired import weighted_mean
from trainer.measures.spoken import change, spoken

Mask = npt.NDArray[np.bool_]

DRAWS = 1000


@dataclass(frozen=True)
class InterventionEffect:
    """A class's score before and after, on the same pictures; intervals are 95 % ones of the paired bootstrap.

    `with_it` and `without_it` are the mean change of the score (in logits, equally of each class) on pictures with an
    artifact and on those without, `difference` the first less the second. `auc_change` is after less before.
    `dependence_before` and `dependence_after` are Spearman's rho of the score with the artifact within class. `random`
    holds the difference against that by muting other filters.
    """

    pictures: int
    with_it: Measure
    without_it: Measure
    difference: Measure
    auc_before: Measure
    auc_after: Measure
    auc_change: Measure
    dependence_before: Measure
    dependence_after: Measure
    random: AgainstRandom | None = None

    def words(self, of_class: str, sign: int = 1) -> str:
        """What it does, after its subject; `sign` is -1 where the score goes with the lack of the artifact."""
        changes = []
        if math.isfinite(self.difference.value):
            placed = f"; {self.random.clause}" if self.random is not None and self.random.clause else ""
            changes.append(
                f"the score for {of_class} by {change(self.with_it, 2)} logits on pictures with it and "
                f"{change(self.without_it, 2)} on those without (difference {change(self.difference, 2)}{placed})"
            )
        if math.isfinite(self.dependence_before.value) and math.isfinite(self.dependence_after.value):
            changes.append(f"how far the score follows it within class from {' to '.join(self.follows(sign))}")
        auc = f"the AUC by {change(self.auc_change)}"
        return f"changes {', '.join(changes)}, and {auc}" if changes else f"changes {auc}"

    def follows(self, sign: int = 1) -> tuple[str, str]:
        """How far the score follows the artifact, or with -1 the lack of it, before and after."""
        before, after = (
            spoken(rho if sign > 0 else rho.turned(operator.neg), 2)
            for rho in (self.dependence_before, self.dependence_after)
        )
        return before, after


def side_difference(
    changes: Numbers, sides: tuple[Mask, Mask], labels: npt.NDArray[np.int64], weights: Numbers
) -> tuple[Numbers, Numbers]:
    """The mean `changes` (N) on each of two sides (N) for weights (d, N): (d,) each, the means of the classes' means.

    A class that has no pictures on one of the sides says nothing; NaN where none is left.
    """
    cells = [[side & (labels == label) for side in sides] for label in np.unique(labels)]
    both = [pair for pair in cells if pair[0].any() and pair[1].any()]
    if not both:
        nothing = np.full(len(weights), np.nan)
        return nothing, nothing
    have, lack = (np.mean([weighted_mean(weights, changes, pair[side]) for pair in both], axis=0) for side in (0, 1))
    return np.asarray(have), np.asarray(lack)


def intervention_effect(
    before: Numbers,
    after: Numbers,
    values: Numbers,
    sides: tuple[Mask, Mask],
    labels: npt.NDArray[np.int64],
    class_index: int,
    units: Sequence[str],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> InterventionEffect:
    """Compare scores (N) for class `class_index` before and after.

    `values` (N) are the artifact's, `sides` (N) the pictures with it and without it, `labels` (N) the classes;
    `units` (N) name what is drawn: lesions, or pictures.
    """
    resamples = BootstrapResamples.of(units, draws, seed)
    positive, score_change = labels == class_index, after - before
    rankings = [Ranking.of(scores, positive) for scores in (before, after)]

    def numbers(weights: Numbers) -> Numbers:
        """With it, without it, their difference, AUC before and after, its change: (d, 6)."""
        have, lack = side_difference(score_change, sides, labels, weights)
        first, last = (area_under_roc(*ranking.counts(weights)) for ranking in rankings)
        statistics: Numbers = np.stack([have, lack, have - lack, first, last, last - first], axis=1)
        return statistics

    value = numbers(np.ones((1, len(before))))[0]
    drawn = resamples.over(numbers)
    fewer = min(resamples.lesions_among(side) for side in (positive, ~positive))
    lesions = (0, 0, 0, fewer, fewer, 0)  # an AUC of 1 is not certain
    with_it, without_it, difference, auc_before, auc_after, auc_change = (
        measure(float(value[column]), drawn[:, column], len(before), lesions[column]) for column in range(len(value))
    )
    rho, error, counted = within_class(values, np.stack([before, after]), labels)
    first_rho, last_rho = (as_measure(rho[column], error[column], int(counted[column])) for column in (0, 1))
    return InterventionEffect(
        len(before), with_it, without_it, difference, auc_before, auc_after, auc_change, first_rho, last_rho
    )
