"""One line of the table of measurements."""

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

ROUNDS = "BENCH_ROUNDS"
"""The variable of the environment that says how many rounds are measured at most: 1 to see whether all of it runs."""


@dataclass(frozen=True)
class Row:
    """`ours` and `baseline` in seconds (or MB), `ratio` of them, and what it should be at most or at least."""

    what: str
    ours: float
    baseline: float
    ratio: float
    target: float
    at_most: bool = True

    @property
    def reached(self) -> bool:
        """Whether the target was reached."""
        return self.ratio <= self.target if self.at_most else self.ratio >= self.target


def side_by_side(
    first: Callable[[], object],
    second: Callable[[], object],
    repeats: int,
    between: Callable[[], object] = lambda: None,
) -> tuple[float, float]:
    """Median seconds of two things measured in turns, so that a noisy machine disturbs both alike.

    `between` runs before each of them, outside of the measured time.
    """
    times: tuple[list[float], list[float]] = ([], [])
    most = int(os.environ.get(ROUNDS, repeats))
    for work in (first, second) * min(3, most):
        work()
    for _ in range(min(repeats, most)):
        for work, kept in zip((first, second), times, strict=True):
            between()
            start = time.perf_counter()
            work()
            kept.append(time.perf_counter() - start)
    return statistics.median(times[0]), statistics.median(times[1])
