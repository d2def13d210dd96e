"""From what single pictures say to what a folder says: means, intervals and p-values at the level of pictures."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.floating]
FEWEST = 10
"""Pictures that must have a say before anything is concluded."""


@dataclass(frozen=True)
class OverPictures:
    """Of differences at the level of pictures, each (...): `mean` with its 95 % interval, `n`, and one-sided `p`.

    p is of the mean being above 0. With fewer than `FEWEST` pictures p is 1.
    """

    mean: Numbers
    low: Numbers
    high: Numbers
    p: Numbers
    n: npt.NDArray[np.int64]


def over_pictures(differences: npt.NDArray[np.floating]) -> OverPictures:
    """Student's t over the pictures (N, ...); NaN where a picture has no say."""
    from scipy.stats import t as student

    values = np.asarray(differences, np.float64)
    there = ~np.isnan(values)
    n = there.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(there, values, 0).sum(axis=0) / n
        squares = np.where(there, (values - mean) ** 2, 0).sum(axis=0)
        error = np.sqrt(squares / (n - 1) / n)
        reach = error * student.ppf(0.975, np.maximum(n - 1, 1))
        p = student.sf(np.where(error > 0, mean / error, np.sign(mean) * np.inf), np.maximum(n - 1, 1))
    enough = n >= FEWEST
    return OverPictures(
        mean=np.where(n > 0, mean, np.nan),
        low=np.where(n > 1, mean - reach, np.nan),
        high=np.where(n > 1, mean + reach, np.nan),
        p=np.where(enough & (mean > 0), p, 1.0),
        n=n,
    )


def adjusted(p: Numbers) -> Numbers:
    """p-values (...) corrected over all of them, whatever depends on what (Benjamini & Yekutieli, 2001)."""
    from scipy.stats import false_discovery_control

    found: Numbers = false_discovery_control(p.ravel(), method="by").reshape(p.shape)
    return found
