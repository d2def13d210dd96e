"""What people say about filters, and the files in which that is kept; free of numpy for the window's start."""

from explorer.core.tags.book import NONE, FilterKey, Tag, TagBook

__all__ = ["NONE", "FilterKey", "Tag", "TagBook"]
