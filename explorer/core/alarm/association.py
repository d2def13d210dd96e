"""How far an artifact tells a class from the other pictures."""

import numpy as np
import numpy.typing as npt
from scipy import stats

from trainer.measures.bootstrap import Measure
from trainer.measures.delong import cautious, delong

Mask = npt.NDArray[np.bool_]


def class_auc(values: npt.NDArray[np.floating], positive: Mask) -> tuple[Measure, float]:
    """The AUC of `values` (N) for a class (N) with DeLong's interval, and the two-sided p of Mann and Whitney's test.

    Where the values part the sides without exception, the interval is the exact one of as many trials as the smaller
    side has pictures (Clopper & Pearson, Biometrika 26:404, 1934), a cautious reading.
    """
    auc = delong(values, positive)
    if not np.isfinite(auc.value):
        return auc, 1.0
    p = float(stats.mannwhitneyu(values[positive], values[~positive], method="asymptotic").pvalue)
    return cautious(auc, int(min(positive.sum(), (~positive).sum()))), p if np.isfinite(p) else 1.0
