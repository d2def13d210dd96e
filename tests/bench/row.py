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


def rounds(usual: int) -> int:
    """How many rounds are measured: as many as usual, or as the environment says."""
    return min(usual, int(os.environ.get(ROUNDS, usual)))


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
    for work in (first, second) * rounds(3):
        work()
    for _ in range(rounds(repeats)):
        for work, kept in zip((first, second), times, strict=True):
            between()
            start = time.perf_counter()
            work()
            kept.append(time.perf_counter() - start)
    return statistics.median(times[0]), statistics.median(times[1])
