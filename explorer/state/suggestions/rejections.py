"""Where what a person rejected of the suggestions is kept, and how it is read and changed there."""

from collections.abc import Sequence
from pathlib import Path

from explorer.core.tags.book import FilterKey


def rejected_of(suggestions: Path) -> Path:
    """Where it is kept what was rejected of the suggestions in a file."""
    return suggestions.with_suffix(".rejected.csv")


def lay_rejected(file: Path, changes: Sequence[tuple[FilterKey, str]]) -> dict[FilterKey, str]:
    """Bring changes into such a file; all that it says then."""
    from explorer.core.suggestions.rejected import change_rejected

    return change_rejected(file, changes)


def rejected_in(file: Path) -> dict[FilterKey, str]:
    """What such a file says."""
    from explorer.core.suggestions.rejected import read_rejected

    return read_rejected(file)
