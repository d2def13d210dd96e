"""What people say about filters, and the files in which that is kept; free of numpy for the window's start."""

from pathlib import Path

from explorer.core.tags.book import NONE, FilterKey, Tag, TagBook
from explorer.core.tags.history import Change

__all__ = ["NONE", "Change", "FilterKey", "Tag", "TagBook", "read_history"]


def read_history(path: Path | str) -> list[Change]:
    """Every change that a tags file tells of, the oldest first; a line that makes no sense is left out.

    A file of version 1 tells of the tags that it holds. UserError as of `load_tags`.
    """
    from explorer.core.tags.hdf5_file import load_tags

    return list(load_tags(path).history.changes())
