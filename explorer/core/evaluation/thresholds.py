"""Sensitivity and specificity at every threshold that a slider has."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainer.measures.bootstrap import BootstrapResamples, Measure, Numbers, measure

THRESHOLDS = np.arange(201) / 200
"""Probabilities from 0 to 1 in steps of half a hundredth."""


@dataclass(frozen=True)
class Thresholds:
    """One pair of measures for each of `THRESHOLDS`; a picture is called by a probability at or above it."""

    sensitivity: tuple[Measure, ...]
    specificity: tuple[Measure, ...]

    def at(self, threshold: float) -> tuple[Measure, Measure]:
        """Sensitivity and specificity at the nearest threshold."""
        number = nearest(threshold)
        return self.sensitivity[number], self.specificity[number]


def nearest(threshold: float) -> int:
    """The place in `THRESHOLDS` of the one nearest to a probability."""
    return int(np.abs(THRESHOLDS - threshold).argmin())


def thresholds_of(scores: Numbers, positive: npt.NDArray[np.bool_], draws: BootstrapResamples) -> Thresholds:
    """Sensitivity and specificity of scores (N), probabilities, for pictures of the class or not (N)."""
    called = scores[:, None] >= THRESHOLDS
    correct = np.hstack([called & positive[:, None], ~called & ~positive[:, None]]).astype(np.float64)
    sides = np.stack([positive, ~positive], axis=1).astype(np.float64)

    def shares(weights: Numbers) -> Numbers:
        whole = np.repeat(weights @ sides, len(THRESHOLDS), axis=1)
        parts = weights @ correct
        ratios: Numbers = np.divide(parts, whole, out=np.full(parts.shape, np.nan), where=whole > 0)
        return ratios

    value, drawn = shares(np.ones((1, len(scores))))[0], draws.over(shares)
    measures = []
    for number, members in enumerate((positive, ~positive)):
        lesions = len(np.unique(draws.lesion[members]))
        columns = range(number * len(THRESHOLDS), (number + 1) * len(THRESHOLDS))
        measures.append(
            tuple(measure(value[column], drawn[:, column], int(members.sum()), lesions) for column in columns)
        )
    return Thresholds(*measures)
