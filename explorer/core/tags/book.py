"""The book of one network's tags."""

import bisect
import copy
import math
from collections.abc import Iterable, Iterator
from typing import Any

from explorer.core.errors import UserError
from explorer.core.tags.history import History
from explorer.core.tags.lineage import Lineage
from explorer.core.tags.tag import NONE, FilterKey, Tag
from explorer.core.tags.validation import clean_text, clean_time, clean_word

__all__ = ["NONE", "FilterKey", "Tag", "TagBook", "excludes"]

Layers = tuple[tuple[str, int], ...]
"""(module name, number of filters) of every layer, in the order in which they run."""


class TagBook:
    """The tags of one network, at most one of each word from each annotator on a filter.

    "none" and other words exclude each other per annotator: adding a word takes that annotator's "none" away, and
    adding "none" takes that annotator's words away. `layers` is empty where the network is not known; otherwise a
    key outside of it is a UserError. `len(book)` counts filters, as `keys` and `in` do; `total` counts tags.
    `lineage` tells which saves the tags come from, `history` every change of them; books are equal without these.
    """

    def __init__(
        self,
        network_digest: str = "",
        network_name: str = "",
        architecture: str = "",
        layers: Iterable[tuple[str, int]] = (),
    ) -> None:
        self.network_digest = clean_text(network_digest, "network digest")
        # A file's name may hold bytes that are no text; that must not keep its filters from being tagged.
        self.network_name = clean_text(network_name.encode("utf-8", "replace").decode(), "network name")
        self.architecture = clean_text(architecture, "architecture")
        self.layers: Layers = tuple((clean_text(name, "layer name"), int(filters)) for name, filters in layers)
        self.lineage = Lineage()
        self.history = History()
        self._tags: dict[FilterKey, tuple[Tag, ...]] = {}
        self._order: list[FilterKey] | None = None

    def add(
        self,
        key: FilterKey,
        tag: str,
        *,
        annotator: str = "",
        detail: str = "",
        note: str = "",
        confidence: float = math.nan,
        evidence: dict[str, Any] | None = None,
        created: str | None = None,
        needs_review: bool = False,
    ) -> Tag:
        """Give a filter a word; that annotator's same word on it is replaced; `created` None = now."""
        new = Tag(tag, detail, note, annotator, created or "", confidence, evidence or {}, needs_review)
        self.replace(key, (*(old for old in self.tags(key) if not excludes(new, old)), new))
        return new

    def remove(self, key: FilterKey, tag: str, annotator: str | None = None) -> None:
        """Take a word from a filter, of one annotator or (None) of all; nothing happens where it is not there."""
        word = clean_word(tag)
        self.replace(key, [old for old in self.tags(key) if old.tag != word or annotator not in (None, old.annotator)])

    def tags(self, key: FilterKey) -> tuple[Tag, ...]:
        """The tags of a filter, by word and then by annotator."""
        return self._tags.get(key, ())

    def replace(self, key: FilterKey, tags: Iterable[Tag], *, who: str | None = None, what: str = "") -> None:
        """Let a filter have exactly these tags, as an undo does with what `tags` gave before.

        The history notes what became of them: `who` did it (None: each tag's annotator), and `what` it was ("": tag,
        change or remove). UserError, and nothing changes, where the filter is none of this network's, or where two tags
        exclude each other.
        """
        before = self.tags(key)
        self.put(key, tags)
        self.history.note(key, before, self.tags(key), who=who, what=what, when=clean_time(""))

    def put(self, key: FilterKey, tags: Iterable[Tag]) -> None:
        """As `replace`, without a word in the history: for what is read, and for what is noted otherwise."""
        self._check(key)
        kept = sorted(tags, key=lambda tag: (tag.tag, tag.annotator))
        if len(kept) > 1:
            _check_exclusion(key, kept)
        if bool(kept) != (key in self._tags):
            self._reorder(key, present=bool(kept))
        if kept:
            self._tags[key] = tuple(kept)
        else:
            self._tags.pop(key, None)

    def keys(self) -> tuple[FilterKey, ...]:
        """The filters that have a tag ("none" counts: a person looked), by layer and filter."""
        if self._order is None:
            self._order = sorted(self._tags, key=_place)
        return tuple(self._order)

    def keys_that_differ(self, other: "TagBook") -> tuple[FilterKey, ...]:
        """The filters that have other tags in the other book."""
        mine, theirs = self._tags, other._tags
        differ = [key for key, tags in mine.items() if theirs.get(key) != tags]
        return tuple(sorted([*differ, *(theirs.keys() - mine.keys())], key=_place))

    def entries(self) -> Iterator[tuple[FilterKey, Tag]]:
        """Every tag with its filter, in the order of `keys` and `tags`."""
        for key in self.keys():
            for tag in self._tags[key]:
                yield key, tag

    @property
    def total(self) -> int:
        """The number of tags."""
        return sum(map(len, self._tags.values()))

    def empty_copy(self) -> "TagBook":
        """A book of the same network and lineage without tags and history."""
        twin = copy.copy(self)
        twin._tags, twin._order, twin.history = {}, None, History()
        return twin

    def copy(self) -> "TagBook":
        """A book of its own with the same tags; cheap, as every key that is pressed makes one."""
        twin = copy.copy(self)
        twin._tags, twin._order, twin.history = dict(self._tags), None, self.history.copy()
        return twin

    def __iter__(self) -> Iterator[FilterKey]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self._tags)

    def __bool__(self) -> bool:
        return True  # an empty book is a book: `if book` asks whether there is one

    def __contains__(self, key: object) -> bool:
        return key in self._tags

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TagBook):
            return NotImplemented
        return (self._network(), self._tags) == (other._network(), other._tags)

    __hash__ = None  # type: ignore[assignment]  # it changes

    def _reorder(self, key: FilterKey, *, present: bool) -> None:
        """Keep the order of the keys, which every key that is pressed asks for, without sorting them anew."""
        if self._order is not None:
            position = bisect.bisect_left(self._order, _place(key), key=_place)
            self._order[position : position + (not present)] = [key] if present else []

    def _network(self) -> tuple[str, str, str, Layers]:
        return self.network_digest, self.network_name, self.architecture, self.layers

    def _check(self, key: FilterKey) -> None:
        if not self.layers:
            return
        if key.layer >= len(self.layers):
            raise UserError(f"There is no filter {key}: the layers of this network are 0 to {len(self.layers) - 1}.")
        name, filters = self.layers[key.layer]
        if key.filter >= filters:
            raise UserError(
                f"There is no filter {key}: the filters of layer {key.layer} ({name}) are 0 to {filters - 1}."
            )


def _place(key: FilterKey) -> tuple[int, int]:
    return key.layer, key.filter


def excludes(new: Tag, old: Tag) -> bool:
    """Whether `old` must go when the same filter is given `new`."""
    return new.annotator == old.annotator and (new.tag == old.tag or NONE in (new.tag, old.tag))


def _check_exclusion(key: FilterKey, tags: list[Tag]) -> None:
    words: dict[str, set[str]] = {}
    for tag in tags:
        given = words.setdefault(tag.annotator, set())
        if tag.tag in given:
            raise UserError(f'Filter {key} has the tag "{tag.tag}" of "{tag.annotator}" twice.')
        given.add(tag.tag)
        if NONE in given and len(given) > 1:
            raise UserError(f'Filter {key} has "{NONE}" beside another tag of "{tag.annotator}".')
