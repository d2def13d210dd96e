"""Which filter of one network is which of another, by what they answer over a folder."""

import hashlib
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.core.comparison.folder_answers import Numbers
from explorer.core.tags import FilterKey

Rows = npt.NDArray[np.intp]
FEWEST = 4
"""Pictures that each half needs: a correlation of three says nothing."""
ROUNDING = 1e-6
"""What is left of equal values, as a share of them: it would correlate with anything."""


@dataclass(frozen=True)
class MatchedFilter:
    """A filter of the first network, and the one of the second that answers most like it; None where none is left.

    `strength` is the correlation of their peaks on the pictures on which they were not matched, from -1 to 1;
    `same_number` that with the second network's filter of the same number. NaN where one of them answers alike to all,
    or is silent and the other is not; 1 where both are silent, which is no change. `silent` says which of the two are:
    "first", "second", "both", or "".
    """

    first: FilterKey
    second: FilterKey | None
    strength: float
    same_number: float
    silent: str = ""

    @property
    def kept(self) -> float:
        """How much of the filter there still is: the larger of `strength` and `same_number`; NaN where both are.

        The assignment is the best for the layer: a filter that has not changed may be given to another than its own.
        """
        return max((value for value in (self.strength, self.same_number) if not math.isnan(value)), default=math.nan)


def halves(names: Sequence[str]) -> tuple[Rows, Rows]:
    """Two halves of the pictures by chance, drawn from their names, so that they are the same in every run."""
    order = np.argsort([hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest() for name in names])
    return np.sort(order[: len(order) // 2]), np.sort(order[len(order) // 2 :])


def silent(peaks: Numbers) -> npt.NDArray[np.bool_]:
    """Which filters (F,) are silent by their peaks (F, N): no value above zero anywhere, or the same everywhere.

    What lies below zero goes no further in a network of rectifiers: its ups and downs are no answer.
    """
    lowest, highest = peaks.min(axis=1, initial=np.inf), peaks.max(axis=1, initial=-np.inf)
    return np.asarray((highest <= 0) | (highest - lowest <= ROUNDING * np.maximum(highest, -lowest)))


def correlations(first: Numbers, second: Numbers) -> npt.NDArray[np.float64]:
    """Pearson's correlation of every row of (A, N) with every row of (B, N), (A, B); NaN for rows of one value."""
    return np.asarray(_standardised(first) @ _standardised(second).T)


def match_layer(layer: int, first: Numbers, second: Numbers, matched: Rows, measured: Rows) -> list[MatchedFilter]:
    """The filters of a layer (A, N) and (B, N), matched on some pictures and measured on others.

    The assignment makes the sum of all correlations as large as it can be (Li et al., Convergent Learning, 2015,
    section 3.2), each filter once; silent filters are given to silent ones, rather those of the same number, and then
    to what is left.
    """
    from scipy.optimize import linear_sum_assignment

    quiet = silent(first), silent(second)
    one_alone = quiet[0][:, None] != quiet[1]
    likeness = np.nan_to_num(correlations(first[:, matched], second[:, matched]), nan=-1.0)
    likeness[one_alone] = -1.0
    both = np.flatnonzero(quiet[0][: len(second)] & quiet[1][: len(first)])
    likeness[both, both] = np.maximum(likeness[both, both], 0.5)
    assignment = dict(zip(*(side.tolist() for side in linear_sum_assignment(-likeness)), strict=True))
    strengths = _strengths(first, second, measured, quiet)
    matches = []
    for filter in range(len(first)):
        other = assignment.get(filter)
        matches.append(
            MatchedFilter(
                FilterKey(layer, filter),
                FilterKey(layer, other) if other is not None else None,
                float(strengths[filter, other]) if other is not None else float("nan"),
                float(strengths[filter, filter]) if filter < len(second) else float("nan"),
                _which(bool(quiet[0][filter]), other is not None and bool(quiet[1][other])),
            )
        )
    return matches


def match_numbers(layer: int, first: Numbers, second: Numbers, measured: Rows) -> list[MatchedFilter]:
    """The filters of a layer (A, N) and (B, N), each with that of the same number, measured on some pictures."""
    quiet = silent(first), silent(second)
    strengths = _strengths(first, second, measured, quiet)
    matches = []
    for filter in range(len(first)):
        has_match, key = filter < len(second), FilterKey(layer, filter)
        strength = float(strengths[filter, filter]) if has_match else float("nan")
        silence = _which(bool(quiet[0][filter]), has_match and bool(quiet[1][filter]))
        matches.append(MatchedFilter(key, key if has_match else None, strength, strength, silence))
    return matches


def match_anywhere(
    layer: int, first: Numbers, others: Sequence[Numbers], matched: Rows, measured: Rows
) -> list[MatchedFilter]:
    """The filters of a layer (A, N), each with the filter of any layer of another network that answers most like it.

    For networks that have other layers: `others` are the peaks (B, N) of each of its layers, and a filter may be the
    match of several. None where no filter of the other tells the pictures apart; a silent filter's is a silent one.
    """
    keys = [FilterKey(other_layer, filter) for other_layer, peaks in enumerate(others) for filter in range(len(peaks))]
    all_peaks = np.concatenate(list(others))
    quiet, other_quiet = silent(first), silent(all_peaks)
    correlation_of = correlations(first[:, matched], all_peaks[:, matched])
    # Of two that are silent a correlation says little, and there is none where they do not even vary.
    likeness = np.nan_to_num(correlation_of, nan=-np.inf)
    likeness[np.ix_(quiet, other_quiet)] = np.nan_to_num(correlation_of[np.ix_(quiet, other_quiet)], nan=-1.0)
    likeness[quiet[:, None] != other_quiet] = -np.inf
    best_matches = likeness.argmax(axis=1)
    matches = []
    for filter, other in enumerate(best_matches.tolist()):
        has_match = bool(np.isfinite(likeness[filter, other]))
        both = has_match and bool(quiet[filter])
        strength = correlation(first[filter, measured], all_peaks[other, measured]) if has_match else float("nan")
        strength, silence = (1.0, "both") if both else (strength, "first" if quiet[filter] else "")
        key = keys[other] if has_match else None
        matches.append(MatchedFilter(FilterKey(layer, filter), key, strength, float("nan"), silence))
    return matches


def spoken(strength: float) -> str:
    """A correlation in words."""
    return "no r: one of them answers alike to all" if math.isnan(strength) else f"r {strength:.2f}"


def number_is_stronger(matches: Sequence[MatchedFilter]) -> bool:
    """Whether filters of the same number answer more alike than those that were matched: B was trained on from A.

    Both on the half on which nothing was matched, in the median of the filters that have both.
    """
    pairs = [(match.same_number, match.strength) for match in matches]
    comparable_pairs = [
        (number, strength) for number, strength in pairs if not (math.isnan(number) or math.isnan(strength))
    ]
    return bool(comparable_pairs) and statistics.median(number for number, _ in comparable_pairs) > statistics.median(
        strength for _, strength in comparable_pairs
    )


def _strengths(
    first: Numbers, second: Numbers, measured: Rows, quiet: tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]
) -> npt.NDArray[np.float64]:
    """The correlations (A, B) on some pictures: 1 where both filters are silent, NaN where one alone is."""
    strengths = correlations(first[:, measured], second[:, measured])
    strengths[quiet[0][:, None] != quiet[1]] = np.nan
    strengths[np.ix_(*quiet)] = 1.0
    return strengths


def _which(first: bool, second: bool) -> str:
    """Which of the two is silent."""
    return "both" if first and second else "first" if first else "second" if second else ""


def correlation(first: Numbers, second: Numbers) -> float:
    """Pearson's correlation of two rows (N,); NaN where one of them is of one value."""
    return float(correlations(first[None], second[None])[0, 0])


def _standardised(values: Numbers) -> npt.NDArray[np.float64]:
    """Rows of mean 0 and length 1."""
    centered = values.astype(np.float64) - values.mean(axis=1, keepdims=True, dtype=np.float64)
    lengths = np.linalg.norm(centered, axis=1, keepdims=True)
    flat = lengths <= ROUNDING * np.linalg.norm(values.astype(np.float64), axis=1, keepdims=True)
    return np.asarray(np.divide(centered, lengths, out=np.full_like(centered, np.nan), where=~flat))
