"""How far two things follow each other among pictures of the same class, so that the class itself is no reason."""

import numpy as np
import numpy.typing as npt
from scipy import stats

from trainer.measures.bootstrap import Measure
from trainer.measures.delong import Z

Numbers = npt.NDArray[np.float64]

FEWEST = 8
"""Pictures below which a class says nothing about ranks."""


def within_class(
    values: npt.NDArray[np.floating], answers: npt.NDArray[np.floating], labels: npt.NDArray[np.int64]
) -> tuple[Numbers, Numbers, npt.NDArray[np.int64]]:
    """Spearman's rho of each row of `answers` (F, N) with `values` (N) within each class of `labels` (N), combined.

    Gives rho (F), its standard error on Fisher's scale (F), and the number of pictures that counted (F). The rho of the
    classes are averaged on Fisher's scale with weights n - 3 (Hedges & Olkin, Statistical Methods for Meta-Analysis,
    1985, section 11.B); the error of each is that of Bonett & Wright (Psychometrika 65:23, 2000),
    (1 + rho^2 / 2) / (n - 3). A class in which either does not vary, or of fewer than `FEWEST` pictures, is left out;
    NaN where none is left.
    """
    answers = np.atleast_2d(answers)
    total, weight = np.zeros(len(answers)), np.zeros(len(answers))
    spread = np.zeros(len(answers))
    counted = np.zeros(len(answers), np.int64)
    for label in np.unique(labels):
        members = (labels == label) & np.isfinite(values)
        count = int(members.sum())
        if count < FEWEST:
            continue
        rho = rank_correlations(values[members], answers[:, members])
        finite = np.isfinite(rho)
        counted += np.where(finite, count, 0)
        share = np.where(finite, count - 3.0, 0.0)
        total += share * np.arctanh(np.clip(np.nan_to_num(rho), -0.9999, 0.9999))
        spread += share * (1 + np.nan_to_num(rho) ** 2 / 2)
        weight += share
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.tanh(total / weight), np.sqrt(spread) / weight, counted


def rank_correlations(values: npt.NDArray[np.floating], answers: npt.NDArray[np.floating]) -> Numbers:
    """Spearman's rho of each row of `answers` (F, N) with `values` (N): (F,), NaN where one does not vary."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(_centred(answers) @ _centred(values[None])[0], np.float64)


def as_measure(rho: float, error: float, count: int) -> Measure:
    """A combined rho with its 95 % interval."""
    if not np.isfinite(rho):
        return Measure(float("nan"), float("nan"), float("nan"), count)
    middle = np.arctanh(np.clip(rho, -0.9999, 0.9999))
    return Measure(float(rho), float(np.tanh(middle - Z * error)), float(np.tanh(middle + Z * error)), count)


def chance(rho: Numbers, error: Numbers) -> Numbers:
    """Two-sided p of combined rho (F) with their errors (F); 1 where there is no rho.

    Under no correlation the error is 1 / sqrt(n - 3): the wider one that belongs to a rho is kept, which is cautious.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.abs(np.arctanh(np.clip(rho, -0.9999, 0.9999))) / error
    return np.where(np.isfinite(z), 2 * stats.norm.sf(np.nan_to_num(z)), 1.0)


def _centred(rows: npt.NDArray[np.floating]) -> Numbers:
    """Midranks of each row (F, N) less their mean, of length 1; NaN where all are equal."""
    ranks = stats.rankdata(rows, axis=1)
    ranks = ranks - ranks.mean(axis=1, keepdims=True)
    length = np.linalg.norm(ranks, axis=1, keepdims=True)
    return np.asarray(np.divide(ranks, length, out=np.full(ranks.shape, np.nan), where=length > 0), np.float64)
