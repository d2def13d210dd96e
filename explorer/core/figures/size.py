"""How many files are to be written, how large they will be and how long it will take; and what is asked before."""

import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from explorer.core.figures.single import FigureStyle

MANY, SHARE = 1000, 10
"""An export of more files, or of more than this part of the free space, is not begun without a question."""

_TRIED = 2
"""Pieces of the work that are tried for size and time, after a first one that warms what they find ready."""


@dataclass(frozen=True)
class ExportSize:
    """`files` that are still to be written, their `bytes` and `seconds` in all, and the `free` bytes of the folder."""

    files: int
    bytes: int
    seconds: float
    free: int

    @property
    def large(self) -> bool:
        """Whether it is more than anyone would begin without being asked."""
        return self.files > MANY or self.bytes * SHARE > self.free

    def __str__(self) -> str:
        files = f"{self.files:,} file{'s' * (self.files != 1)}"
        return f"{files} of about {spoken_bytes(self.bytes)} in all, in {spoken_time(self.seconds)}"

    def question(self, out: Path) -> str:
        """What a person has to know before it is begun."""
        only = "only " * (self.bytes > self.free)
        return f"This export is {self}; {only}{spoken_bytes(self.free)} are free in {out}."


def size_by_trial(files: int, bound: int, out: Path, pieces: int, trial: Callable[[Path, int], object]) -> ExportSize:
    """The size of so many `files`, each of at most `bound` bytes, that come of `pieces` of work alike.

    `trial(folder, count)` does the first so many pieces into another folder, which is thrown away. Where there are few
    files, and room for them in any case, nothing is tried: then `bytes` is a bound.
    """
    free = free_beside(out)
    if files <= MANY and files * bound * SHARE <= free:
        return ExportSize(files, files * bound, 0.0, free)
    tried = min(_TRIED, pieces)
    with tempfile.TemporaryDirectory(prefix="feature-explorer-") as name:
        warm, timed = Path(name, "warm"), Path(name, "timed")
        trial(warm, 1)
        started = time.monotonic()
        trial(timed, tried)
        seconds = time.monotonic() - started
        written = [path.stat().st_size for path in timed.rglob("*") if path.is_file()]
    size = round(sum(written) / len(written) * files) if written else 0
    return ExportSize(files, size, seconds / max(tried, 1) * pieces, free)


def largest_file(style: FigureStyle, width_mm: float) -> int:
    """Bytes that a figure of this style, or of `width_mm` where it names none, hardly ever has."""
    across = style.pixels(style.width_mm or width_mm)
    return round(1.5 * 3 * across * across)


def there_already(out: Path, ending: str) -> int:
    """The files below a folder whose names end so."""
    return sum(1 for _ in out.rglob(f"*{ending}")) if out.is_dir() else 0


def free_beside(folder: Path) -> int:
    """The free bytes of the disk on which a folder lies, or will lie."""
    folder = folder.absolute()
    existing = (candidate for candidate in (folder, *folder.parents) if candidate.exists())
    return shutil.disk_usage(next(existing, Path(folder.anchor))).free


def spoken_bytes(count: int) -> str:
    """A size as people say it: 3.4 GB."""
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if count >= size:
            return f"{count / size:,.1f} {unit}" if count < 10 * size else f"{count / size:,.0f} {unit}"
    return f"{-(-count // 1000)} KB"


def spoken_time(seconds: float) -> str:
    """A time as people say it: 3 hours."""
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= 1.5 * size:
            return f"about {seconds / size:,.0f} {unit}s"
    return "about a minute" if seconds > 40 else "less than a minute"
