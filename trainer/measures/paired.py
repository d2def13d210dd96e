"""The same pictures before and after: the interval of a difference is drawn with both in every draw."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from trainer.measures.bootstrap import BootstrapResamples, Measure, Numbers, measure
from trainer.measures.metrics import Ranking, area_under_roc

Pair = Callable[[Numbers], tuple[Numbers, Numbers]]
"""From weights (d, N) to a number before and one after for each draw, (d,) each; NaN where there is none."""


@dataclass(frozen=True)
class Compared:
    """A number before and after, and how much it changed; the interval of the change is that of paired draws.

    Before and after are measured on the same pictures and go together, so that their own intervals may overlap though
    the change is sure.
    """

    before: Measure
    after: Measure
    change: Measure

    def as_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {name: number.as_dict() for name, number in vars(self).items()}


@dataclass(frozen=True)
class Quantity:
    """What is compared; `lesions` that it is a share of, for an AUC those of the smaller side, 0 for anything else.

    What is 0 or 1 without exception has the exact interval of so many trials (`measure`). A share that changed in no
    picture would seem to be certain: its change has the interval of none in so many.
    """

    pair: Pair
    lesions: int = 0
    is_share: bool = False


def compared(quantities: Mapping[str, Quantity], draws: BootstrapResamples) -> dict[str, Compared]:
    """Each quantity with its 95 % percentile intervals over the same draws."""
    names = list(quantities)
    ones = np.ones((1, len(draws.lesion)))

    def numbers(weights: Numbers) -> Numbers:
        return np.stack([np.stack(quantities[name].pair(weights), axis=1) for name in names], axis=1)

    value, drawn = numbers(ones)[0], draws.over(numbers)
    count = len(draws.lesion)
    comparisons = {}
    for column, name in enumerate(names):
        lesions = quantities[name].lesions
        before, after = (measure(value[column, side], drawn[:, column, side], count, lesions) for side in (0, 1))
        differences = drawn[:, column, 1] - drawn[:, column, 0]
        change = measure(float(value[column, 1] - value[column, 0]), differences, count)
        certain = quantities[name].is_share or before.value in (0, 1)
        if lesions and certain and change.low == change.high == 0:
            reach = 1 - 0.025 ** (1 / lesions)
            change = replace(change, low=-reach, high=reach)
        comparisons[name] = Compared(before, after, change)
    return comparisons


def auc_pair(before: npt.NDArray[Any], after: npt.NDArray[Any], positive: npt.NDArray[np.bool_]) -> Pair:
    """The areas under the ROC curves of two scores (N) of the same pictures."""
    rankings = Ranking.of(before, positive), Ranking.of(after, positive)
    return lambda weights: (
        area_under_roc(*rankings[0].counts(weights)),
        area_under_roc(*rankings[1].counts(weights)),
    )


def share_pair(before: npt.NDArray[np.bool_], after: npt.NDArray[np.bool_], among: npt.NDArray[np.bool_]) -> Pair:
    """The shares of pictures (N) for which something holds before and after, `among` some."""
    return mean_pair(before.astype(np.float64), after.astype(np.float64), among.astype(np.float64))


def mean_pair(before: Numbers, after: Numbers, weight: Numbers) -> Pair:
    """The weighted means of two numbers (N) of the same pictures."""
    return lambda weights: (weighted_mean(weights, before, weight), weighted_mean(weights, after, weight))


def weighted_mean(weights: Numbers, values: Numbers, weight: npt.NDArray[Any]) -> Numbers:
    """The mean of values (N), each of its `weight` (N; a mask takes some), for every draw of weights (d, N): (d,).

    NaN for a draw that holds none of them.
    """
    totals = weights @ weight
    means = np.divide(weights @ (values * weight), totals, out=np.full(len(weights), np.nan), where=totals > 0)
    return np.asarray(means, np.float64)
