"""Every change of a book's tags: who, when, what, before and after; appended to, never changed.

As a file keeps it, a history is text: one JSON object a line (JSON Lines, UTF-8), in the order in which the changes
came to this book. It is carried from save to save as the compressed pieces that the file holds, which nobody parses.
"""

import contextlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from explorer.core.errors import UserError
from explorer.core.tags.tag import FilterKey, Tag

CHUNK = 1 << 16
"""Bytes of text in each compressed piece; the rest, which is shorter, is compressed anew by every save."""

LEVEL = 6
FOUND = "found"
"""What is said of a tag that a file had before it had a history."""
MERGED = "merge"
"""What is said of what merging two histories' tags decided."""


@dataclass(frozen=True, eq=False, slots=True)
class Change:
    """One tag of one person that came, changed or went.

    `what` is tag, change, remove, undo, redo, restore, import, found or merge; `who` did it, "" = the program; `when`
    is ISO 8601 in UTC. `annotator` and `tag` say whose tag of which word it is; `before` and `after` are None where it
    was, or is, not there. `number` counts the changes of the writer's history.
    """

    number: int
    when: str
    who: str
    what: str
    key: FilterKey
    annotator: str
    tag: str
    before: Tag | None
    after: Tag | None

    def line(self) -> bytes:
        """The change as the file keeps it."""
        import json  # here, because a window starts without it

        values = {
            "n": self.number,
            "when": self.when,
            "who": self.who,
            "what": self.what,
            "filter": str(self.key),
            "annotator": self.annotator,
            "tag": self.tag,
            "before": None if self.before is None else self.before.as_values(),
            "after": None if self.after is None else self.after.as_values(),
        }
        return json.dumps(values).encode() + b"\n"  # names that are no text stay escaped

    @classmethod
    def of_line(cls, line: bytes) -> "Change":
        """The change of a line; UserError where it makes no sense."""
        import json

        try:
            values: Any = json.loads(line)
            texts = [values[name] for name in ("when", "who", "what", "annotator", "tag")]
            if any(not isinstance(text, str) for text in texts) or type(values["n"]) is not int:
                raise UserError("a value of a wrong kind")
            when, who, what, annotator, tag = texts
            before, after = (
                None if values[name] is None else Tag.of_values(tag, annotator, values[name])
                for name in ("before", "after")
            )
            key = FilterKey.parse(values["filter"])
            return cls(values["n"], when, who, what, key, annotator, tag, before, after)
        except (UserError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise UserError(f"A line of the history makes no sense: {str(error)[:100]}") from error


@dataclass(frozen=True, slots=True)
class Kept:
    """The history that is in a file: its full pieces compressed (zlib), the rest of the text, and how many lines."""

    chunks: tuple[bytes, ...] = ()
    tail: bytes = b""
    rows: int = 0

    @property
    def length(self) -> int:
        """Bytes of the whole text."""
        return CHUNK * len(self.chunks) + len(self.tail)

    def grown(self, lines: Iterable[bytes]) -> "Kept":
        """The same with more lines at its end."""
        more = tuple(lines)
        text = self.tail + b"".join(more)
        ends = range(CHUNK, len(text) + 1, CHUNK)
        fresh = tuple(zlib.compress(text[end - CHUNK : end], LEVEL) for end in ends)
        return Kept(self.chunks + fresh, text[CHUNK * len(fresh) :], self.rows + len(more))

    def text(self, first: int = 0) -> bytes:
        """The text from the chunk `first` on; UserError where a piece is damaged."""
        return b"".join(_plain(chunk) for chunk in self.chunks[first:]) + self.tail

    def after(self, other: "Kept") -> list[bytes] | None:
        """The lines that follow where the other ends; None where it does not begin as the other."""
        first = len(other.chunks)
        if self.length < other.length or self.chunks[:first] != other.chunks:
            return None
        text = self.text(first)
        return text[len(other.tail) :].splitlines(keepends=True) if text.startswith(other.tail) else None


class History:
    """What is in the file, and the changes since, which are `fresh`."""

    __slots__ = ("fresh", "kept")

    def __init__(self, kept: Kept | None = None, fresh: Iterable[Change] = ()) -> None:
        self.kept = kept or Kept()
        self.fresh = list(fresh)

    def __len__(self) -> int:
        return self.kept.rows + len(self.fresh)

    def __bool__(self) -> bool:
        return True  # an empty history is a history

    def copy(self) -> "History":
        """A history of its own with the same changes."""
        return History(self.kept, self.fresh)

    def note(
        self,
        key: FilterKey,
        before: Iterable[Tag],
        after: Iterable[Tag],
        *,
        who: str | None,
        what: str,
        when: str,
    ) -> None:
        """Append what became of a filter's tags; `who` None = each tag's annotator, `what` "" = what it was."""
        old, new = ({(tag.annotator, tag.tag): tag for tag in tags} for tags in (before, after))
        for name in dict.fromkeys((*old, *new)):
            was, now = old.get(name), new.get(name)
            if was is not now and was != now:
                kind = what or ("tag" if was is None else "remove" if now is None else "change")
                author = name[0] if who is None else who
                number = len(self) + 1
                self.fresh.append(Change(number, when, author, kind, key, *name, was, now))

    def sealed(self) -> Kept:
        """All of it as a file keeps it."""
        return self.kept.grown(change.line() for change in self.fresh) if self.fresh else self.kept

    def changes(self) -> Iterator[Change]:
        """Every change that makes sense, the oldest first; UserError where a piece is damaged."""
        yield from _readable(self.kept.text().splitlines())
        yield from self.fresh

    def joined(self, theirs: "History") -> "tuple[History, list[Change] | None]":
        """Both, the others' first, each change once; and those of ours that stand behind theirs.

        None instead of those where ours goes on from theirs, and so stays as it is. No line is lost, not even one that
        makes no sense.
        """
        other = theirs.sealed()
        since = other.after(self.kept)
        if since is None and self.kept.after(other) is not None:
            return self.copy(), None
        known = set(other.text().splitlines(keepends=True) if since is None else since)
        fresh = [change for change in self.fresh if change.line() not in known]
        if since is not None:
            return History(other, fresh), fresh
        kept = [line for line in self.kept.text().splitlines(keepends=True) if line not in known]
        return History(other.grown(kept), fresh), [*_readable(kept), *fresh]


def _readable(lines: Iterable[bytes]) -> Iterator[Change]:
    """The changes of the lines that make sense."""
    for line in lines:
        with contextlib.suppress(UserError):
            yield Change.of_line(line)


def _plain(chunk: bytes) -> bytes:
    """The text of a compressed piece, which is no longer than it may be."""
    try:
        plain = zlib.decompressobj().decompress(chunk, CHUNK + 1)
    except zlib.error as error:
        raise UserError("The history of the tags is damaged.") from error
    if len(plain) != CHUNK:
        raise UserError("The history of the tags is damaged.")
    return plain
