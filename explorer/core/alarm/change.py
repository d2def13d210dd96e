"""What happens to score and AUC when something is done to the network or to its pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.core.alarm.within_class import as_measure, within_class
from trainer.measures.bootstrap import BootstrapResamples, Measure, Numbers, measure
from trainer.measures.metrics import Ranking, area_under_roc
from trainer.measures.paired import weighted_mean
from trainer.measures.spoken import change

Mask = npt.NDArray[np.bool_]

DRAWS = 1000


@dataclass(frozen=True)
class InterventionEffect:
    """A class's score before and after, on the same pictures; intervals are 95 % ones of the paired bootstrap.

    `with_it` and `without_it` are the mean change of the score (in logits, equally of each class) on pictures with an
    artifact and on those without, `difference` the first less the second. `auc_change` is after less before.
    `dependence_before` and `dependence_after` are Spearman's rho of the score with the artifact within class.
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

    def words(self, of_class: str, sign: int = 1) -> str:
        """What it does, after its subject; `sign` is -1 where the score goes with the lack of the artifact."""
        scores = f"by {_signed(self.with_it)} logits with it and {_signed(self.without_it)} without"
        before, after = (sign * rho.value for rho in (self.dependence_before, self.dependence_after))
        follows = f"how far it follows within class from {before:.2f} to {after:.2f}"
        return f"changes the score for {of_class} {scores}, {follows}, and the AUC by {change(self.auc_change)}"


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
    cells = [[(labels == label) & side for label in np.unique(labels)] for side in sides]
    in_both = [cell for cell in range(len(cells[0])) if cells[0][cell].any() and cells[1][cell].any()]
    rankings = [Ranking.of(scores, positive) for scores in (before, after)]

    def numbers(weights: Numbers) -> Numbers:
        """With it, without it, their difference, AUC before and after, its change: (d, 6)."""
        means = (
            [np.mean([weighted_mean(weights, score_change, side[cell]) for cell in in_both], axis=0) for side in cells]
            if in_both
            else []
        )
        have, lack = means if in_both else [np.full(len(weights), np.nan)] * 2
        first, last = (area_under_roc(*ranking.counts(weights)) for ranking in rankings)
        statistics: Numbers = np.stack([have, lack, have - lack, first, last, last - first], axis=1)
        return statistics

    value = numbers(np.ones((1, len(before))))[0]
    drawn = resamples.over(numbers)
    fewer = min(resamples.lesions_among(side) for side in (positive, ~positive))
    lesions = (0, 0, 0, fewer, fewer, 0)  # an AUC of 1 is not certain
    measures = [
        measure(float(value[column]), drawn[:, column], len(before), lesions[column]) for column in range(len(value))
    ]
    rho, error, counted = within_class(values, np.stack([before, after]), labels)
    follows = [as_measure(rho[column], error[column], int(counted[column])) for column in (0, 1)]
    return InterventionEffect(len(before), *measures, *follows)


def _signed(measure: Measure) -> str:
    return f"{measure.value:+.2f}" if abs(measure.value) >= 0.1 else f"{measure.value:+.3f}"
