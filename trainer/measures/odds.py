"""Odds ratios: how much more often something is the case among some pictures than among others."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from trainer.measures.bootstrap import Measure, Numbers
from trainer.measures.delong import Z
from trainer.measures.paired import Pair

Mask = npt.NDArray[np.bool_]
Lesions = npt.NDArray[np.intp]


def odds_ratio(present: Mask, positive: Mask) -> Measure:
    """The odds of being `present` (N) among the `positive` (N) over those among the others, with 95 % interval.

    Half a picture is added to each of the four counts (Haldane, Ann. Hum. Genet. 20:309, 1956), so that what one side
    never has gives a number; the interval is Woolf's, exp(log ratio +- 1.96 sqrt(sum of 1 / count)).
    """
    return _measure(*_log_and_variance(present, positive), len(present))


def common_odds_ratio(strata: Sequence[tuple[Mask, Mask, Lesions]]) -> Measure:
    """The odds ratio that several strata have in common, each (present, positive, lesions), with 95 % interval.

    The logarithms of the strata's `odds_ratio` are averaged, weighted by the inverse of their variance (Woolf, Ann.
    Hum. Genet. 19:251, 1955). Pictures of one lesion (N numbers) say less than as many lesions: the variance grows by
    the design effect of such clusters (Rao & Scott, Biometrics 48:577, 1992). A stratum that is all on one side says
    nothing; NaN where none is left.
    """
    telling = [stratum for stratum in strata if stratum[1].any() and not stratum[1].all()]
    pictures = sum(len(present) for present, _, _ in telling)
    if not telling:
        return Measure(float("nan"), float("nan"), float("nan"), pictures)
    logs, variances = np.array([_log_and_variance(*stratum) for stratum in telling]).T
    weights = 1 / variances
    return _measure(float(np.average(logs, weights=weights)), float(1 / weights.sum()), pictures)


def odds_pair(
    before: Mask, after: Mask, strata: Sequence[tuple[Mask, Mask]], lesion: Lesions
) -> tuple[Pair, Callable[[Measure], Measure]]:
    """The logarithms of the common odds ratios before and after, and how a measure of them reads as a ratio.

    Of N pictures, `before` and `after` (N) say what is present; each of the strata has two masks (N): its pictures, and
    those that are positive. Strata keep the weights of `common_odds_ratio` in every draw, so that the numbers are its.
    """
    telling = [(among, positive) for among, positive in strata if positive[among].any() and not positive[among].all()]
    sides = []
    for present in (before, after):
        variances = [
            _log_and_variance(present[among], positive[among], lesion[among])[1] for among, positive in telling
        ]
        sides.append((present, 1 / np.array(variances)))

    def of(weights: Numbers, present: Mask, share: Numbers) -> Numbers:
        if not telling:
            return np.full(len(weights), np.nan)
        logs = []
        for among, positive in telling:
            cells = [
                weights @ (among & side & has) + 0.5 for side in (positive, ~positive) for has in (present, ~present)
            ]
            logs.append(np.log(cells[0] * cells[3] / (cells[1] * cells[2])))
        return np.asarray(np.average(logs, axis=0, weights=share))

    def as_ratio(log: Measure) -> Measure:
        return Measure(float(np.exp(log.value)), float(np.exp(log.low)), float(np.exp(log.high)), log.n)

    return lambda weights: (of(weights, *sides[0]), of(weights, *sides[1])), as_ratio


def counts(present: Mask, positive: Mask) -> npt.NDArray[np.float64]:
    """The positive (row 0) and the others (row 1), present (column 0) and not."""
    sides = [[(side & has).sum() for has in (present, ~present)] for side in (positive, ~positive)]
    return np.array(sides, np.float64)


def _log_and_variance(present: Mask, positive: Mask, lesions: Lesions | None = None) -> tuple[float, float]:
    table = counts(present, positive) + 0.5
    variance = float((1 / table).sum())
    if lesions is not None:
        variance *= _design_effect(present, positive, lesions, table)
    return float(np.log(table[0, 0] * table[1, 1] / (table[0, 1] * table[1, 0]))), variance


def _design_effect(present: Mask, positive: Mask, lesions: Lesions, table: npt.NDArray[np.float64]) -> float:
    """By how much the variance of a log odds ratio is larger than that of as many single pictures; at least 1."""
    # What a picture adds to the logarithm, to first order: one over the count of its cell, with the cell's sign.
    pull = np.where(present == positive, 1, -1) / table[(~positive).astype(int), (~present).astype(int)]
    together = np.bincount(lesions, weights=pull)
    return max(1.0, float((together**2).sum() / (pull**2).sum()))


def _measure(log: float, variance: float, pictures: int) -> Measure:
    reach = Z * float(np.sqrt(variance))
    return Measure(float(np.exp(log)), float(np.exp(log - reach)), float(np.exp(log + reach)), pictures)
