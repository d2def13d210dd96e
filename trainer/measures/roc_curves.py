"""ROC and precision-recall curves with bands."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainer.measures.bootstrap import BootstrapResamples, Measure, Numbers, interval, measure
from trainer.measures.metrics import (
    LEVELS,
    Ranking,
    area_under_roc,
    average_precision,
    precision_at,
    roc_at,
    sensitivity_at,
    specificity_at,
)

GRID = np.linspace(0, 1, 101)
"""False positive rates, or recalls, at which the bands are given."""


@dataclass(frozen=True)
class Curve:
    """One class against the rest.

    `false_positive_rate` and `sensitivity` are the corners of the ROC curve, `recall` and `precision` the points of
    the precision-recall curve, `roc_band` and `precision_band` (2, 101) the pointwise 95 % intervals over `GRID`.
    `sensitivities` belong to the specificities `LEVELS`, `specificities` to the sensitivities `LEVELS`, and `asked`
    to the specificities that were asked for. `share` is the share of the class, a chance classifier's precision.
    """

    name: str
    positives: int
    share: float
    auc: Measure
    average_precision: Measure
    sensitivities: tuple[Measure, ...]
    specificities: tuple[Measure, ...]
    asked: tuple[Measure, ...]
    false_positive_rate: Numbers
    sensitivity: Numbers
    recall: Numbers
    precision: Numbers
    roc_band: Numbers
    precision_band: Numbers


def curve_of(
    name: str,
    scores: npt.NDArray[np.floating],
    positive: npt.NDArray[np.bool_],
    draws: BootstrapResamples,
    asked: Sequence[float] = (),
) -> tuple[Curve, Numbers]:
    """The curve of scores (N) for pictures of the class or not, and its AUC in every draw (count,)."""
    ranking = Ranking.of(scores, positive)
    figures = 2 + 2 * len(LEVELS) + len(asked)

    def numbers(weights: Numbers) -> Numbers:
        true, false = ranking.counts(weights)
        return np.column_stack(
            [
                area_under_roc(true, false),
                average_precision(true, false),
                *(sensitivity_at(true, false, level) for level in (*LEVELS, *asked)),
                *(specificity_at(true, false, level) for level in LEVELS),
                roc_at(true, false, GRID),
                precision_at(true, false, GRID),
            ]
        )

    ones = np.ones((1, len(scores)))
    value, drawn = numbers(ones)[0], draws.over(numbers)
    positives, negatives = int(positive.sum()), int((~positive).sum())
    sensitivities = 2 + len(LEVELS) + len(asked)
    sizes = [len(scores)] * 2 + [positives] * (sensitivities - 2) + [negatives] * len(LEVELS)
    apart = [draws.lesions_among(side) for side in (positive, ~positive)]
    lesions = [min(apart)] * 2 + [apart[0]] * (sensitivities - 2) + [apart[1]] * len(LEVELS)
    measures = [measure(value[column], drawn[:, column], size, lesions[column]) for column, size in enumerate(sizes)]
    low, high = interval(drawn[:, figures:])
    true, false = (counts[0] for counts in ranking.counts(ones))
    corners = _corners(true, false)
    steps = np.flatnonzero(np.diff(true)) + 1  # where recall grows
    curve = Curve(
        name=name,
        positives=positives,
        share=positives / len(scores),
        auc=measures[0],
        average_precision=measures[1],
        sensitivities=tuple(measures[2 : 2 + len(LEVELS)]),
        asked=tuple(measures[2 + len(LEVELS) : sensitivities]),
        specificities=tuple(measures[sensitivities:]),
        false_positive_rate=false[corners] / negatives,
        sensitivity=true[corners] / positives,
        recall=true[steps] / positives,
        precision=true[steps] / (true[steps] + false[steps]),
        roc_band=np.stack([low[: len(GRID)], high[: len(GRID)]]),
        precision_band=np.stack([low[len(GRID) :], high[len(GRID) :]]),
    )
    return curve, drawn[:, 0]


def _corners(true: Numbers, false: Numbers) -> npt.NDArray[np.intp]:
    """Places at which the ROC curve turns; what lies on a straight line between them is left out."""
    up, across = np.diff(true), np.diff(false)
    turns = up[:-1] * across[1:] != up[1:] * across[:-1]
    return np.flatnonzero(np.concatenate([[True], turns, [True]]))
