"""How much more often a class has an artifact than the other pictures."""

import numpy as np
import numpy.typing as npt
from scipy import stats

from trainer.measures.bootstrap import Measure
from trainer.measures.delong import Z, delong

Mask = npt.NDArray[np.bool_]


def odds_ratio(present: Mask, positive: Mask) -> Measure:
    """The odds of an artifact (N) among pictures of a class (N) over those among the others, with 95 % interval.

    Half a picture is added to each of the four counts (Haldane, Ann. Hum. Genet. 20:309, 1956), so that an artifact
    which one side never has gives a number; the interval is Woolf's, exp(log ratio +- 1.96 sqrt(sum of 1 / count)).
    """
    table = counts(present, positive) + 0.5
    log = np.log(table[0, 0] * table[1, 1] / (table[0, 1] * table[1, 0]))
    error = float(np.sqrt((1 / table).sum()))
    return Measure(float(np.exp(log)), float(np.exp(log - Z * error)), float(np.exp(log + Z * error)), len(present))


def counts(present: Mask, positive: Mask) -> npt.NDArray[np.float64]:
    """Pictures of the class (row 0) and the others (row 1), with the artifact (column 0) and without."""
    sides = [[(side & has).sum() for has in (present, ~present)] for side in (positive, ~positive)]
    return np.array(sides, np.float64)


def class_auc(values: npt.NDArray[np.floating], positive: Mask) -> tuple[Measure, float]:
    """The AUC of `values` (N) for a class (N) with DeLong's interval, and the two-sided p of Mann and Whitney's test.

    Where the values part the sides without exception, the interval is the exact one of as many trials as the smaller
    side has pictures (Clopper & Pearson, Biometrika 26:404, 1934), a cautious reading.
    """
    found = delong(values, positive)
    if not np.isfinite(found.value):
        return found, 1.0
    p = float(stats.mannwhitneyu(values[positive], values[~positive], method="asymptotic").pvalue)
    if not np.isfinite(found.low):
        fewer = int(min(positive.sum(), (~positive).sum()))
        reach = 1 - 0.025 ** (1 / fewer)
        low, high = (1 - reach, 1.0) if found.value > 0.5 else (0.0, reach)
        found = Measure(found.value, low, high, found.n)
    return found, p if np.isfinite(p) else 1.0
