"""How far long work is, on standard error: a bar on a terminal; in a pipe or a log a plain line now and then."""

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from trainer.files.printing import printable, say

APART, SHARE = 10.0, 0.05
"""Seconds between two lines at least, and as a share of the time so far: ten hours are some hundred lines."""


class Progress:
    """The progress of one command: an `OnStep` that a person sees.

    Called with (done, total) after every step. (0, 0) only says that work goes on, and `stage` begins another count.
    """

    def __call__(self, done: int, total: int) -> None:
        """Say how far it is."""

    def stage(self, name: str) -> None:
        """Say what is done from now on; what is counted begins anew."""

    def beside(self, text: str) -> None:
        """Say more about the last step, such as a loss; shown with the next one."""

    def say(self, text: str) -> None:
        """Print lines on standard output, flushed, where the bar is not in their way."""
        say(text)
        sys.stdout.flush()

    def close(self) -> None:
        """Leave the terminal in order."""


def on_terminal() -> bool:
    """Whether standard error is a terminal, so that a bar can be drawn."""
    return sys.stderr is not None and sys.stderr.isatty()


def begin(title: str, unit: str = "", *, shown: bool = True) -> Progress:
    """Begin to show the progress of `title`, which counts `unit` ("pictures"); end it with `close`.

    Without `shown` nothing is said: of several processes one speaks.
    """
    if not shown:
        return Progress()
    if on_terminal():
        return Bar(title, unit)
    lines = Lines(title, unit)
    threading.Thread(target=lines.keep_saying, name="progress", daemon=True).start()
    return lines


@contextmanager
def progress(title: str, unit: str = "", *, shown: bool = True) -> Iterator[Progress]:
    """`begin`, closed when the block ends."""
    reporter = begin(title, unit, shown=shown)
    try:
        yield reporter
    finally:
        reporter.close()


class Bar(Progress):
    """tqdm's bar, which is gone when the work has ended."""

    def __init__(self, title: str, unit: str = "") -> None:
        from tqdm import tqdm

        self._title = title
        self._bar: tqdm[Any] = tqdm(
            desc=title, unit=f" {unit or 'steps'}", file=sys.stderr, dynamic_ncols=True, leave=False, mininterval=0.2
        )

    def __call__(self, done: int, total: int) -> None:
        """Move the bar."""
        bar = self._bar
        if not total:
            bar.update(0)
            return
        if bar.total != total or done < bar.n:
            bar.reset(total)
            bar.initial = bar.n = bar.last_print_n = done  # what was there already took no time
            bar.refresh()
        bar.update(done - bar.n)

    def stage(self, name: str) -> None:
        """Name it, and empty the bar."""
        self._bar.reset()
        self._bar.total = None
        self._bar.set_description(f"{self._title}, {printable(name, 60)}")

    def beside(self, text: str) -> None:
        """Write it behind the bar."""
        self._bar.set_postfix_str(printable(text, 60), refresh=False)

    def say(self, text: str) -> None:
        """Print above the bar."""
        self._bar.write(printable(text))

    def close(self) -> None:
        """Remove the bar."""
        self._bar.close()


class Lines(Progress):
    """A line every `APART` seconds or more, at a step or, with `keep_saying`, while one lasts; none of shorter work."""

    def __init__(self, title: str, unit: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        self._title, self._unit, self._clock = title, unit, clock
        self._start = clock()
        self._due = self._start + APART
        self._closed, self._speaking = threading.Event(), threading.Lock()
        self._stage = self._beside = ""
        self._done = self._total = 0
        self._first = self._warm = 0
        self._since = self._warm_since = self._last = self._start

    def __call__(self, done: int, total: int) -> None:
        """Say it, where it is time."""
        if total:
            self._count(done, total)
        elif self._done == self._total:  # what was counted is done: this is something else
            self._done = self._total = 0
        self.say_if_due()

    def _count(self, done: int, total: int) -> None:
        now = self._clock()
        if total != self._total or done < self._done:
            self._first = self._warm = done
            self._since = self._last = now
        elif done != self._done:
            self._last = now
            if self._warm == self._first:
                # The first step pays for what begins with it: those after it tell how long one takes.
                self._warm, self._warm_since = done, now
        self._done, self._total = done, total

    def say_if_due(self) -> None:
        """Say how far it is, where it is time."""
        with self._speaking:
            now = self._clock()
            if now < self._due or self._closed.is_set():
                return
            self._wait(now)
            line = self._line(now)
        say(line, error=True)
        if sys.stderr is not None:
            sys.stderr.flush()

    def keep_saying(self) -> None:
        """Say it until `close`, however long a step lasts; for a thread of its own."""
        with contextlib.suppress(OSError, ValueError):  # nobody reads it any more: the work need not end by that
            while not self._closed.wait(1):
                self.say_if_due()

    def close(self) -> None:
        """Say no more."""
        self._closed.set()

    def stage(self, name: str) -> None:
        """Name it in the lines to come."""
        self._stage, self._beside = name, ""
        self._done = self._total = 0

    def beside(self, text: str) -> None:
        """Keep it for the next line."""
        self._beside = text

    def say(self, text: str) -> None:
        """Print it: a sign of life too."""
        super().say(text)
        self._wait(self._clock())

    def _wait(self, now: float) -> None:
        self._due = now + max(APART, SHARE * (now - self._start))

    def _line(self, now: float) -> str:
        title = f"{self._title}, {self._stage}" if self._stage else self._title
        so_far = f"{elapsed(now - self._start)} so far"
        parts = [so_far]
        if self._total:
            unit = f" {self._unit}" if self._unit else ""
            parts = [f"{self._done:,} of {self._total:,}{unit}", so_far]
        left = self._left(now)
        if left >= 1:
            parts.append(f"about {duration(left)} left{' of this part' if self._stage else ''}")
        return f"{title}: {', '.join(parts)}" + (f"; {self._beside}" if self._beside else "")

    def _left(self, now: float) -> float:
        """Seconds left; 0 where that is not known, as while a step takes longer than all that was to be left."""
        if not self._first < self._done < self._total or (self._first, self._done) == (0, 1):
            return 0.0
        first, since = (self._first, self._since) if self._warm == self._done else (self._warm, self._warm_since)
        step_seconds = (self._last - since) / (self._done - first)
        return max(0.0, step_seconds * (self._total - self._done) - (now - self._last))


def elapsed(seconds: float) -> str:
    """A time that was measured: with its seconds below ten minutes, so that it is seen to go on."""
    if not 90 <= seconds < 600:
        return duration(seconds)
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def duration(seconds: float) -> str:
    """About how long, as people say it: "40 s", "3 min", "2 h 10 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
