"""The words of a book: "Hair" and "hair" are one, wherever filters are counted or chosen by their word."""

from collections import Counter

from explorer.core.tags.book import TagBook
from explorer.core.tags.tag import FilterKey


def tagged(book: TagBook, word: str) -> list[FilterKey]:
    """The filters that carry a word, whatever its case, in their order."""
    wanted = word.strip().casefold()
    return [key for key in book.keys() if any(tag.tag.casefold() == wanted for tag in book.tags(key))]  # noqa: SIM118


def spellings(book: TagBook) -> dict[str, str]:
    """How each word, in small letters, is written: as it is most often, then as it sorts last ("hair", not "Hair")."""
    counts = Counter(tag.tag for _, tag in book.entries())
    return {word.casefold(): word for word, _ in sorted(counts.items(), key=lambda item: (item[1], item[0]))}


def filters_by_word(book: TagBook) -> dict[str, list[FilterKey]]:
    """The filters of every word in the order of the words, each word as `spellings` writes it."""
    return {word: tagged(book, word) for _, word in sorted(spellings(book).items())}
