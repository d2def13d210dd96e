"""95 % intervals by the bootstrap over lesions."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Statistic = Callable[[Numbers], Numbers]
"""From weights (d, N), how often each draw holds each picture, to numbers (d, ...); NaN where there is none."""

DRAWS = 2000
CELLS = 2_000_000
"""Weights that are held at once: draws times pictures."""


@dataclass(frozen=True)
class Measure:
    """A measured number, its 95 % interval, and the `n` pictures that it was measured on; NaN = not defined."""

    value: float
    low: float
    high: float
    n: int

    def turned(self, falling: Callable[[float], float]) -> "Measure":
        """It under a function that falls: the ends of the interval change places."""
        return Measure(falling(self.value), falling(self.high), falling(self.low), self.n)

    def as_dict(self) -> dict[str, Any]:
        """The JSON form, NaN as None."""
        numbers = {name: _plain(number) for name, number in vars(self).items() if name != "n"}
        return {**numbers, "n": self.n}


@dataclass(frozen=True)
class BootstrapResamples:
    """`count` bootstrap draws of lesions, with replacement, as many as there are; the same for every statistic.

    Pictures of one lesion are not independent, so that lesions are drawn and bring all of their pictures
    (the cluster bootstrap; Field & Welsh, J. R. Stat. Soc. B 69:369, 2007). `lesion` (N) numbers the lesion of each
    picture from 0.
    """

    lesion: npt.NDArray[np.intp]
    count: int = DRAWS
    seed: int = 0

    @classmethod
    def of(cls, lesions: Sequence[str], count: int = DRAWS, seed: int = 0) -> "BootstrapResamples":
        """The draws of pictures whose lesions have these names."""
        _, numbers = np.unique(np.asarray(lesions, dtype=object).astype(str), return_inverse=True)
        return cls(numbers.astype(np.intp), count, seed)

    @property
    def lesions(self) -> int:
        """The number of different lesions."""
        return int(self.lesion.max()) + 1 if len(self.lesion) else 0

    def lesions_among(self, pictures: npt.NDArray[np.bool_]) -> int:
        """The number of different lesions of some of the pictures, a mask (N)."""
        return len(np.unique(self.lesion[pictures]))

    def weights(self) -> Iterator[Numbers]:
        """How often each draw holds each picture, (d, N), a few draws at a time."""
        random, drawn = np.random.default_rng(self.seed), self.lesions
        at_once = max(1, CELLS // max(1, len(self.lesion)))
        for start in range(0, self.count, at_once):
            size = min(at_once, self.count - start)
            chosen = random.integers(0, drawn, (size, drawn)) + drawn * np.arange(size)[:, None]
            times = np.bincount(chosen.ravel(), minlength=size * drawn).reshape(size, drawn)
            yield times[:, self.lesion].astype(np.float64)

    def over(self, statistic: Statistic) -> Numbers:
        """The statistic of every draw, (count, ...)."""
        return np.concatenate([statistic(weights) for weights in self.weights()])

    def measure(self, statistic: Statistic, n: int | None = None) -> Measure:
        """One number a draw, as a measure of the pictures themselves; `n` of them, all if None."""
        value = float(statistic(np.ones((1, len(self.lesion))))[0])
        return measure(value, self.over(statistic), len(self.lesion) if n is None else n)


def interval(drawn: Numbers) -> tuple[Numbers, Numbers]:
    """The 2.5 and 97.5 % points over the draws (count, ...), each (...).

    Draws for which a statistic is not defined (no picture of a class) are left out; NaN where over half of them are.
    """
    defined = np.isfinite(drawn)
    enough = np.atleast_1d(defined.mean(axis=0) >= 0.5)
    columns = drawn.reshape(len(drawn), -1)
    ends = np.full((2, columns.shape[1]), np.nan)
    complete = defined.reshape(columns.shape).all(axis=0)
    if complete.any():
        ends[:, complete] = np.quantile(columns[:, complete], [0.025, 0.975], axis=0)
    for index in np.flatnonzero(enough.ravel() & ~complete):
        column = columns[:, index]
        ends[:, index] = np.quantile(column[np.isfinite(column)], [0.025, 0.975])
    shape = drawn.shape[1:]
    return ends[0].reshape(shape), ends[1].reshape(shape)


def measure(value: float, drawn: Numbers, n: int, lesions: int = 0) -> Measure:
    """A value with the interval of its draws (count,); no interval where the value itself is not defined.

    What is 0 or 1 without exception is so in every draw too, which would look like certainty. The interval is then
    the exact one of `lesions` trials (Clopper & Pearson, Biometrika 26:404, 1934): the lesions of a share; of an AUC
    those of the smaller side, a cautious reading of each as one comparison (compare Obuchowski & Lieber,
    Acad. Radiol. 9:526, 2002).
    """
    if not np.isfinite(value):
        return Measure(float("nan"), float("nan"), float("nan"), n)
    low, high = map(float, interval(drawn))
    if lesions and low == high and value in (0, 1):
        reach = 1 - 0.025 ** (1 / lesions)
        low, high = (0.0, reach) if value == 0 else (1 - reach, 1.0)
    return Measure(float(value), low, high, n)


def _plain(number: float) -> float | None:
    return round(float(number), 6) if np.isfinite(number) else None
