"""Area under the ROC curve of one score, with DeLong's interval: nothing is drawn, so that a card shows it at once.

DeLong, DeLong & Clarke-Pearson, Biometrics 44:837 (1988), in the form by ranks of Sun & Xu, IEEE Signal Processing
Letters 21:1389 (2014), which needs one sorting instead of a comparison of every pair.
"""

import numpy as np
import numpy.typing as npt

from trainer.measures.bootstrap import Measure

Z = 1.959963984540054
"""The normal distribution's 97.5 % point."""


def midranks(values: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Ranks (N) from 1, equal values sharing the mean of theirs."""
    _, inverse, count = np.unique(values, return_inverse=True, return_counts=True)
    shared: npt.NDArray[np.float64] = (np.cumsum(count) - (count - 1) / 2)[inverse.reshape(-1)]
    return shared


def delong(scores: npt.NDArray[np.floating], positive: npt.NDArray[np.bool_]) -> Measure:
    """The AUC of scores (N), ties counting half, with its 95 % interval as far as it lies in [0, 1].

    All NaN where a side is empty. The interval is NaN where the method has none: with fewer than two pictures on a
    side, or where the scores part the sides without exception. Every picture counts as independent of the others.
    """
    number = len(scores)
    positives, negatives = scores[positive], scores[~positive]
    if not len(positives) or not len(negatives):
        return Measure(np.nan, np.nan, np.nan, number)
    ranks = midranks(np.concatenate([positives, negatives]))
    # For each picture the share of the other side that it is ranked rightly against (Sun & Xu, equations 5 and 6).
    right_of = (ranks[: len(positives)] - midranks(positives)) / len(negatives)
    right_rest = 1 - (ranks[len(positives) :] - midranks(negatives)) / len(positives)
    area = float(right_of.mean())
    if min(len(positives), len(negatives)) < 2:
        return Measure(area, np.nan, np.nan, number)
    deviation = float(np.sqrt(right_of.var(ddof=1) / len(positives) + right_rest.var(ddof=1) / len(negatives)))
    if deviation < 1e-12:
        return Measure(area, np.nan, np.nan, number)
    return Measure(area, max(0.0, area - Z * deviation), min(1.0, area + Z * deviation), number)


def cautious(auc: Measure, fewer: int) -> Measure:
    """An AUC of `delong` with an interval also where the scores part the sides without exception.

    There it is the exact one of as many trials as the smaller side has pictures, which are `fewer` (Clopper & Pearson,
    Biometrika 26:404, 1934): a cautious reading.
    """
    if np.isfinite(auc.low) or auc.value not in (0, 1) or not fewer:
        return auc
    least = 0.025 ** (1 / fewer)
    low, high = (least, 1.0) if auc.value == 1 else (0.0, 1 - least)
    return Measure(auc.value, low, high, auc.n)
