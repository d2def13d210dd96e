"""The tags of the open network: what a person changes in them, and how it is taken back."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from explorer.core.errors import UserError
from explorer.core.tags.book import FilterKey, Tag, TagBook, excludes
from explorer.core.tags.history import Change
from explorer.state.tags.saving import Saving

Tags = tuple[Tag, ...]


@dataclass(frozen=True)
class Step:
    """What a person did, in words: `text` as "tag hair on 7:3", `past` as "Tagged hair on 7:3"; `key` is the filter.

    `undone` says that it was taken back, `what` how the history calls it where that is not plain.
    """

    text: str
    past: str
    key: FilterKey
    undone: bool = False
    what: str = ""


class _Replace(QUndoCommand):
    """Gives filters other tags; undo gives the former ones back, through the same door."""

    def __init__(self, tagging: "Tagging", after: Mapping[FilterKey, Tags], step: Step) -> None:
        super().__init__(step.text)
        self._tagging, self._step, self._after = tagging, step, after
        self._before = {key: tagging.book.tags(key) for key in after}
        self._what = step.what

    def redo(self) -> None:
        self._tagging.set_tags(self._after, self._what)
        self._what = "redo"
        self._tagging.stepped.emit(self._step)

    def undo(self) -> None:
        self._tagging.set_tags(self._before, "undo")
        self._tagging.stepped.emit(replace(self._step, undone=True))


class Tagging(Saving):
    """Changes the open book under a name; every change can be undone, and is saved.

    `changed(key)` after one filter's tags changed, `stepped(step)` after a `Step` was done or undone. The signals
    about the file are those of `Saving`.
    """

    changed = Signal(object)
    annotator_changed = Signal()
    stepped = Signal(object)

    def __init__(self, annotator: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.annotator = annotator
        self.stack = QUndoStack(self)
        self._paused: dict[str, str] = {}
        self.reset.connect(self.stack.clear)  # its steps know nothing of another book, nor of others' tags in this one

    @property
    def read_only(self) -> str:
        """Why tags cannot be changed here or now, for a person to read; "" where they can."""
        return next(iter(self._paused.values()), "") or super().read_only

    @property
    def paused(self) -> bool:
        """Whether tags rest for a while, though their file could be written."""
        return bool(self._paused)

    def pause(self, reason: str, by: str = "muting") -> None:
        """Change no tags for this reason, a sentence; "" takes back the one that was given `by` that name."""
        before = self._paused.pop(by, "")
        if reason:
            self._paused[by] = reason
        if reason != before:
            self.saved.emit()

    def mine(self, key: FilterKey, word: str) -> Tag | None:
        """This annotator's tag of that word on a filter."""
        return next((tag for tag in self._book.tags(key) if (tag.tag, tag.annotator) == (word, self.annotator)), None)

    def words(self, key: FilterKey) -> tuple[str, ...]:
        """This annotator's words on a filter."""
        return tuple(tag.tag for tag in self._book.tags(key) if tag.annotator == self.annotator)

    def sign_as(self, annotator: str) -> None:
        """Give tags under this name from now on."""
        self.annotator = annotator
        self.annotator_changed.emit()

    def toggle(self, key: FilterKey, word: str, evidence: dict[str, Any] | None = None) -> None:
        """Give a filter a word, or take this annotator's away again."""
        if self.mine(key, word) is None:
            self.add(key, word, evidence=evidence)
        else:
            self.remove(key, word)

    def toggle_all(
        self, keys: Sequence[FilterKey], word: str, evidence_of: Callable[[FilterKey], dict[str, Any]]
    ) -> None:
        """Give several filters a word in one step, or take this annotator's from all of them where all have it."""
        lacking = [key for key in keys if self.mine(key, word) is None]
        after: dict[FilterKey, Tags] = {}
        for key in lacking or keys:
            draft = self._draft(key)
            if lacking:
                draft.add(key, word, annotator=self.annotator, evidence=evidence_of(key))
            else:
                draft.remove(key, word, annotator=self.annotator)
            after[key] = draft.tags(key)
        where = named(list(after))
        if lacking:
            self._push(after, f"tag {word} on {where}", f"Tagged {word} on {where}", keys[0])
        else:
            self._push(after, f"remove {word} from {where}", f"Removed {word} from {where}", keys[0])

    def remove(self, key: FilterKey, word: str) -> None:
        """Take this annotator's word from a filter; nothing where it does not carry it."""
        if self.mine(key, word) is not None:
            draft = self._draft(key)
            draft.remove(key, word, annotator=self.annotator)
            self._push({key: draft.tags(key)}, f"remove {word} from {key}", f"Removed {word} from {key}", key)

    def add(
        self,
        key: FilterKey,
        word: str,
        *,
        detail: str = "",
        note: str = "",
        confidence: float = math.nan,
        evidence: dict[str, Any] | None = None,
        needs_review: bool = False,
    ) -> None:
        """Give a filter a word, or change the detail and note of this annotator's."""
        draft, already_tagged = self._draft(key), self.mine(key, word) is not None
        draft.add(
            key,
            word,
            annotator=self.annotator,
            detail=detail,
            note=note,
            confidence=confidence,
            evidence=evidence or {},
            needs_review=needs_review,
        )
        gone = [other for other in self.words(key) if other not in {tag.tag for tag in draft.tags(key)}]
        away = f", {' and '.join(gone)} gone" if gone else ""
        done = ("change", "Changed") if already_tagged else ("tag", "Tagged")
        self._push({key: draft.tags(key)}, f"{done[0]} {word} on {key}", f"{done[1]} {word} on {key}{away}", key)

    def describe(self, key: FilterKey, word: str, detail: str, note: str) -> None:
        """Change the detail and note of this annotator's word on a filter; nothing where it does not carry the word."""
        tag = self.mine(key, word)
        if tag is not None and (tag.detail, tag.note) != (detail, note):
            more: dict[str, Any] = {"confidence": tag.confidence, "evidence": tag.evidence}
            self.add(key, word, detail=detail, note=note, needs_review=tag.needs_review, **more)

    def review(self, keys: Sequence[FilterKey], word: str = "") -> None:
        """Mark this annotator's tags of filters, or of one word, as needing review; where all are, take that back.

        UserError where there is no such tag.
        """
        self._check_writable()
        mine = {
            key: [tag for tag in self._book.tags(key) if tag.annotator == self.annotator and word in ("", tag.tag)]
            for key in keys
        }
        every = [tag for tags in mine.values() for tag in tags]
        if not every:
            raise UserError("Tag the filter first: that it needs review is said of a tag.")
        wanted = not all(tag.needs_review for tag in every)
        after = {
            key: tuple(replace(tag, needs_review=wanted) if tag in mine[key] else tag for tag in self._book.tags(key))
            for key in keys
            if mine[key]
        }
        where = named(list(after))
        text = f"mark {where} for review" if wanted else f"take the review mark from {where}"
        self._push(after, text, f"{where} need{'s' * (len(after) == 1)} review{'' if wanted else ' no more'}", keys[0])

    def restore(self, change: Change) -> bool:
        """Let a tag be again as it was before a change, whosever it is; False where it is so already."""
        key, name = change.key, (change.annotator, change.tag)
        draft = self._draft(key)
        before = draft.tags(key)
        current = next((tag for tag in before if (tag.annotator, tag.tag) == name), None)
        if current == change.before:
            return False
        if change.before is None:
            draft.remove(key, change.tag, annotator=change.annotator)
        else:
            draft.put(key, (*(tag for tag in before if not excludes(change.before, tag)), change.before))
        step = Step(f"restore {change.tag} on {key}", f"Restored {change.tag} on {key}", key, what="restore")
        self.stack.push(_Replace(self, {key: draft.tags(key)}, step))
        return True

    def undo(self) -> None:
        """Take the last change back, in the file too."""
        self._check_writable()
        self.stack.undo()

    def redo(self) -> None:
        """Do again what was taken back."""
        self._check_writable()
        self.stack.redo()

    def set_tags(self, tags: Mapping[FilterKey, Tags], what: str = "") -> None:
        """Give filters exactly these tags and save: the one way in which the book changes. `what` goes into history."""
        for key, given in tags.items():
            self._book.replace(key, given, who=self.annotator, what=what)
        self._save_change()
        for key in tags:
            self.changed.emit(key)

    def _push(self, after: Mapping[FilterKey, Tags], text: str, past: str, key: FilterKey) -> None:
        self.stack.push(_Replace(self, after, Step(text, past, key)))

    def _draft(self, key: FilterKey) -> TagBook:
        """A book of this one filter, to try a change on; UserError where nothing may be changed."""
        self._check_writable()
        draft = self._book.empty_copy()
        draft.replace(key, self._book.tags(key))
        return draft


def named(keys: Sequence[FilterKey]) -> str:
    """Filters in a few words."""
    return str(keys[0]) if len(keys) == 1 else f"{len(keys)} filters"
