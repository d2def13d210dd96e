"""Two people's changes to one book of tags as one book, in which nothing is lost that a person gave."""

from explorer.core.tags.book import NONE, FilterKey, Tag, TagBook
from explorer.core.tags.history import MERGED
from explorer.core.tags.validation import clean_time

Named = dict[tuple[str, str], Tag]
"""The tags of a filter by annotator and word."""


def three_way(base: TagBook, ours: TagBook, theirs: TagBook, *, removals: bool = True) -> TagBook:
    """What `ours` and `theirs` made of `base`, in a copy of `ours`.

    A change of one side is taken. Where both changed a tag, the newer one stays; where one changed it and the other
    took it away, it stays. `removals` False: what is missing in `theirs` was not taken away there. Of "none" and
    another word of one annotator the word stays. UserError where a filter is not one of this network's. The histories
    of both are joined, and end with what the merge decided, so that the joined one tells how the tags came to be.
    """
    book = ours.copy()
    differ = ours.keys_that_differ(theirs)
    for key in differ:
        book.put(key, merged_filter(key, base, ours, theirs, removals=removals))
    book.history, behind = ours.history.joined(theirs.history)
    start = ours if behind is None else theirs
    last: dict[FilterKey, Named] = {key: _named(start.tags(key)) for key in differ}
    for change in behind or ():
        tags = last.setdefault(change.key, _named(start.tags(change.key)))
        tags.pop((change.annotator, change.tag), None)
        if change.after is not None:
            tags[change.annotator, change.tag] = change.after
    now = clean_time("")
    for key, tags in last.items():
        book.history.note(key, tags.values(), book.tags(key), who="", what=MERGED, when=now)
    return book


def merged_filter(key: FilterKey, base: TagBook, ours: TagBook, theirs: TagBook, *, removals: bool) -> list[Tag]:
    """One filter's tags, merged as in `three_way`."""
    before, mine, other = (_named(book.tags(key)) for book in (base, ours, theirs))
    kept: Named = {}
    for name in dict.fromkeys((*mine, *other)):
        tag = _merged(before.get(name), mine.get(name), other.get(name), removals=removals)
        if tag is not None:
            kept[name] = tag
    with_words = {annotator for annotator, word in kept if word != NONE}
    return [tag for tag in kept.values() if tag.tag != NONE or tag.annotator not in with_words]


def _named(tags: tuple[Tag, ...]) -> Named:
    return {(tag.annotator, tag.tag): tag for tag in tags}


def _merged(base: Tag | None, ours: Tag | None, theirs: Tag | None, *, removals: bool) -> Tag | None:
    if ours == base and (theirs is not None or removals):
        return theirs
    if theirs == base:
        return ours
    if ours is None or theirs is None:
        return ours or theirs
    return max(ours, theirs, key=Tag.rank)
