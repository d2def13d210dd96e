"""Which filter of one network is which of another, by what they answer over a folder."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.core.comparison.folder_answers import Numbers
from explorer.core.tags import FilterKey

Rows = npt.NDArray[np.intp]
FEWEST = 4
"""Pictures that each half needs: a correlation of three says nothing."""


@dataclass(frozen=True)
class Match:
    """A filter of the first network, and the one of the second that answers most like it; None where none is left.

    `strength` is the correlation of their peaks on the pictures on which they were not matched, from -1 to 1;
    `same_number` that with the second network's filter of the same number. NaN where one of them answers alike to all.
    """

    first: FilterKey
    second: FilterKey | None
    strength: float
    same_number: float


def halves(names: Sequence[str]) -> tuple[Rows, Rows]:
    """Two halves of the pictures by chance, drawn from their names, so that they are the same in every run."""
    order = np.argsort([hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest() for name in names])
    return np.sort(order[: len(order) // 2]), np.sort(order[len(order) // 2 :])


def correlations(first: Numbers, second: Numbers) -> npt.NDArray[np.float64]:
    """Pearson's correlation of every row of (A, N) with every row of (B, N), (A, B); NaN for rows of one value."""
    return np.asarray(_standardised(first) @ _standardised(second).T)


def match_layer(layer: int, first: Numbers, second: Numbers, matched: Rows, measured: Rows) -> list[Match]:
    """The filters of a layer (A, N) and (B, N), matched on some pictures and measured on others.

    The assignment makes the sum of all correlations as large as it can be (Li et al., Convergent Learning, 2015,
    section 3.2), each filter once; filters that answer alike to all pictures are given to what is left.
    """
    from scipy.optimize import linear_sum_assignment

    likeness = np.nan_to_num(correlations(first[:, matched], second[:, matched]), nan=-1.0)
    chosen = dict(zip(*(side.tolist() for side in linear_sum_assignment(-likeness)), strict=True))
    strengths = correlations(first[:, measured], second[:, measured])
    matches = []
    for filter in range(len(first)):
        other = chosen.get(filter)
        matches.append(
            Match(
                FilterKey(layer, filter),
                FilterKey(layer, other) if other is not None else None,
                float(strengths[filter, other]) if other is not None else float("nan"),
                float(strengths[filter, filter]) if filter < len(second) else float("nan"),
            )
        )
    return matches


def match_anywhere(layer: int, first: Numbers, others: Sequence[Numbers], matched: Rows, measured: Rows) -> list[Match]:
    """The filters of a layer (A, N), each with the filter of any layer of another network that answers most like it.

    For networks that have other layers: `others` are the peaks (B, N) of each of its layers, and a filter may be the
    match of several. None where no filter of the other tells the pictures apart.
    """
    keys = [FilterKey(place, filter) for place, peaks in enumerate(others) for filter in range(len(peaks))]
    every = np.concatenate(list(others))
    likeness = np.nan_to_num(correlations(first[:, matched], every[:, matched]), nan=-np.inf)
    best = likeness.argmax(axis=1)
    matches = []
    for filter, place in enumerate(best.tolist()):
        found = bool(np.isfinite(likeness[filter, place]))
        strength = correlation(first[filter, measured], every[place, measured]) if found else float("nan")
        matches.append(Match(FilterKey(layer, filter), keys[place] if found else None, strength, float("nan")))
    return matches


def correlation(first: Numbers, second: Numbers) -> float:
    """Pearson's correlation of two rows (N,); NaN where one of them is of one value."""
    return float(correlations(first[None], second[None])[0, 0])


def _standardised(values: Numbers) -> npt.NDArray[np.float64]:
    """Rows of mean 0 and length 1."""
    centered = values.astype(np.float64) - values.mean(axis=1, keepdims=True, dtype=np.float64)
    lengths = np.linalg.norm(centered, axis=1, keepdims=True)
    # What is left of equal values is rounding, and would correlate with anything.
    flat = lengths <= 1e-6 * np.linalg.norm(values.astype(np.float64), axis=1, keepdims=True)
    return np.asarray(np.divide(centered, lengths, out=np.full_like(centered, np.nan), where=~flat))
