"""Odds ratios: how much more often something is the case among some pictures than among others."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from trainer.measures.bootstrap import Measure
from trainer.measures.delong import Z

Mask = npt.NDArray[np.bool_]


def odds_ratio(present: Mask, positive: Mask) -> Measure:
    """The odds of being `present` (N) among the `positive` (N) over those among the others, with 95 % interval.

    Half a picture is added to each of the four counts (Haldane, Ann. Hum. Genet. 20:309, 1956), so that what one side
    never has gives a number; the interval is Woolf's, exp(log ratio +- 1.96 sqrt(sum of 1 / count)).
    """
    return _measure(*_log_and_variance(present, positive), len(present))


def common_odds_ratio(strata: Sequence[tuple[Mask, Mask]]) -> Measure:
    """The odds ratio that several strata have in common, each (present, positive), with 95 % interval.

    The logarithms of the strata's `odds_ratio` are averaged, weighted by the inverse of their variance (Woolf, Ann.
    Hum. Genet. 19:251, 1955). A stratum that is all on one side says nothing; NaN where none is left.
    """
    told = [(present, positive) for present, positive in strata if positive.any() and not positive.all()]
    pictures = sum(len(present) for present, _ in told)
    if not told:
        return Measure(float("nan"), float("nan"), float("nan"), pictures)
    logs, variances = np.array([_log_and_variance(present, positive) for present, positive in told]).T
    weights = 1 / variances
    return _measure(float(np.average(logs, weights=weights)), float(1 / weights.sum()), pictures)


def counts(present: Mask, positive: Mask) -> npt.NDArray[np.float64]:
    """The positive (row 0) and the others (row 1), present (column 0) and not."""
    sides = [[(side & has).sum() for has in (present, ~present)] for side in (positive, ~positive)]
    return np.array(sides, np.float64)


def _log_and_variance(present: Mask, positive: Mask) -> tuple[float, float]:
    table = counts(present, positive) + 0.5
    return float(np.log(table[0, 0] * table[1, 1] / (table[0, 1] * table[1, 0]))), float((1 / table).sum())


def _measure(log: float, variance: float, pictures: int) -> Measure:
    reach = Z * float(np.sqrt(variance))
    return Measure(float(np.exp(log)), float(np.exp(log - reach)), float(np.exp(log + reach)), pictures)
