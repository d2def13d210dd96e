"""p-values corrected for their number."""

import numpy as np
import numpy.typing as npt
from scipy import stats


def corrected(p: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """p (...) corrected over all, whatever their dependence (Benjamini & Yekutieli, Ann. Stat. 29:1165, 2001)."""
    adjusted: npt.NDArray[np.float64] = np.asarray(p, np.float64)
    if adjusted.size:
        adjusted = stats.false_discovery_control(adjusted.ravel(), method="by").reshape(adjusted.shape)
    return adjusted
