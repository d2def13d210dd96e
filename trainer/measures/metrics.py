"""Figures of merit, computed for many weightings of the same pictures at once.

`weights` are (d, N): d draws, each says how often it holds each of N pictures; ones (1, N) are the pictures
themselves. scikit-learn with `sample_weight` is the oracle of the tests.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainer.measures.scored_class import scored_class

Numbers = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

LEVELS = (0.80, 0.90, 0.95)
"""Specificities at which sensitivity is given, and the reverse."""

_ROUNDING = 1e-9


@dataclass(frozen=True)
class Ranking:
    """Pictures sorted from the highest score down; what ROC and precision-recall curves are counted from.

    `order` (N) sorts the pictures; `ends` (T) are the last places of equal scores in that order, T thresholds;
    `positive` (N) says in that order which pictures are of the class.
    """

    order: npt.NDArray[np.intp]
    ends: npt.NDArray[np.intp]
    positive: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, scores: npt.NDArray[np.floating], positive: npt.NDArray[np.bool_]) -> "Ranking":
        """Sort pictures with these scores (N)."""
        order = np.argsort(-scores, kind="stable")
        falling = scores[order].astype(np.float64)
        ends = np.flatnonzero(np.append(np.diff(falling) != 0, True)) if len(falling) else np.empty(0, np.intp)
        return cls(order, ends, positive[order])

    def counts(self, weights: Numbers) -> tuple[Numbers, Numbers]:
        """True and false positives (d, T + 1) at every threshold, from none to all pictures called positive."""
        sorted_weights = weights[:, self.order]
        true = np.cumsum(sorted_weights * self.positive, axis=1)[:, self.ends]
        false = np.cumsum(sorted_weights, axis=1)[:, self.ends] - true
        none = np.zeros((len(weights), 1))
        return np.hstack([none, true]), np.hstack([none, false])


def area_under_roc(true: Numbers, false: Numbers) -> Numbers:
    """Area under the ROC curve (d) by trapezoids, ties counting half; NaN where a side is empty."""
    area = (np.diff(false) * (true[:, 1:] + true[:, :-1])).sum(axis=1) / 2
    return _shares(area, true[:, -1] * false[:, -1])


def average_precision(true: Numbers, false: Numbers) -> Numbers:
    """Mean precision (d) weighted by the gain in recall, without interpolation; NaN without positives."""
    called = true + false
    precision = np.divide(true, called, out=np.zeros_like(true), where=called > 0)
    return _shares((np.diff(true) * precision[:, 1:]).sum(axis=1), true[:, -1])


def sensitivity_at(true: Numbers, false: Numbers, specificity: float) -> Numbers:
    """The highest sensitivity (d) of a threshold whose specificity is at least the given one."""
    allowed = (1 - specificity) * false[:, -1:] + _ROUNDING
    index = (false <= allowed).sum(axis=1) - 1
    true_positives = np.take_along_axis(true, index[:, None], axis=1)[:, 0]
    return np.where(false[:, -1] > 0, _shares(true_positives, true[:, -1]), np.nan)


def specificity_at(true: Numbers, false: Numbers, sensitivity: float) -> Numbers:
    """The highest specificity (d) of a threshold whose sensitivity is at least the given one."""
    index = (true < sensitivity * true[:, -1:] - _ROUNDING).sum(axis=1)
    false_positives = np.take_along_axis(false, index[:, None], axis=1)[:, 0]
    return np.where(true[:, -1] > 0, 1 - _shares(false_positives, false[:, -1]), np.nan)


def roc_at(true: Numbers, false: Numbers, grid: Numbers) -> Numbers:
    """Sensitivity (d, len(grid)) at false positive rates, straight between thresholds; NaN where a side is empty."""
    sensitivities = np.full((len(true), len(grid)), np.nan)
    for row, (rising, across) in enumerate(zip(true, false, strict=True)):
        if rising[-1] and across[-1]:
            sensitivities[row] = np.interp(grid, across / across[-1], rising / rising[-1])
    return sensitivities


def precision_at(true: Numbers, false: Numbers, grid: Numbers) -> Numbers:
    """Precision (d, len(grid)) at the first threshold that reaches each recall; NaN without positives."""
    precisions = np.full((len(true), len(grid)), np.nan)
    for row, (rising, across) in enumerate(zip(true, false, strict=True)):
        if rising[-1]:
            # At recall 0 the curve begins with the first picture that counts, whatever it is.
            first = max(1, int(np.searchsorted(rising + across, 0.5)))
            index = np.maximum(np.searchsorted(rising, grid * rising[-1] - _ROUNDING), first)
            index = np.minimum(index, len(rising) - 1)
            precisions[row] = rising[index] / (rising[index] + across[index])
    return precisions


def auc(labels: Labels, probabilities: npt.NDArray[np.floating], classes: Sequence[str]) -> float:
    """Area under the ROC curve of pictures (N) with probabilities (N, classes): of two classes that of the score,
    of more the mean over the classes that occur, each against the rest; NaN where only one class occurs.
    """
    ones = np.ones((1, len(labels)))
    columns = [scored_class(classes)] if len(classes) == 2 else range(len(classes))
    areas = [
        float(area_under_roc(*Ranking.of(probabilities[:, column], labels == column).counts(ones))[0])
        for column in columns
    ]
    defined = [number for number in areas if np.isfinite(number)]
    return float(np.mean(defined)) if defined else float("nan")


def confusion(labels: Labels, predicted: Labels, classes: int) -> npt.NDArray[np.int64]:
    """Pictures by true class (rows) and predicted class (columns), (classes, classes)."""
    counted = np.bincount(labels * classes + predicted, minlength=classes**2).reshape(classes, classes)
    return counted.astype(np.int64)


def class_accuracy(weights: Numbers, labels: Labels, predicted: Labels, classes: int) -> Numbers:
    """Share of each class's pictures that are predicted as it (d, classes); NaN for a class without pictures."""
    members = labels[:, None] == np.arange(classes)
    right = members & (labels == predicted)[:, None]
    return _shares(weights @ right.astype(np.float64), weights @ members.astype(np.float64))


def accuracy(weights: Numbers, labels: Labels, predicted: Labels) -> Numbers:
    """Share of all pictures that are predicted rightly (d)."""
    return _shares(weights @ (labels == predicted).astype(np.float64), weights.sum(axis=1))


def _shares(parts: Numbers, wholes: Numbers) -> Numbers:
    """Parts of wholes; NaN where the whole is empty."""
    answer: Numbers = np.divide(parts, wholes, out=np.full(np.shape(parts), np.nan), where=wholes > 0)
    return answer
