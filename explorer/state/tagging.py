"""The tags of the open network: every change can be undone and is in the file before the next key is pressed."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from explorer.core.errors import UserError
from explorer.core.tags import FilterKey, Tag, TagBook

if TYPE_CHECKING:
    from explorer.core.tag_lock import TagLock

RETRY_MS = 5000


class _Replace(QUndoCommand):
    """Gives one filter other tags; undo gives the former ones back, through the same door."""

    def __init__(self, tagging: "Tagging", key: FilterKey, after: tuple[Tag, ...], text: str) -> None:
        super().__init__(text)
        self._tagging, self._key = tagging, key
        self._before, self._after = tagging.book.tags(key), after

    def redo(self) -> None:
        self._tagging.set_tags(self._key, self._after)

    def undo(self) -> None:
        self._tagging.set_tags(self._key, self._before)


class Tagging(QObject):
    """The book of tags, its undo stack, and its file.

    `changed(key)` after one filter's tags changed; `reset` after another book was opened; `saved` whenever
    the state of the file changed: read `unsaved`, `read_only` and `path` then; `problem(error)` when saving failed,
    which is tried again every few seconds until it works.
    """

    changed = Signal(object)
    reset = Signal()
    saved = Signal()
    problem = Signal(object)

    def __init__(self, annotator: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.annotator = annotator
        self.stack = QUndoStack(self)
        self._book = TagBook()
        self._path: Path | None = None
        self._lock: TagLock | None = None
        self._refusal = ""
        self._unsaved = False
        self._retry = QTimer(self, interval=RETRY_MS)
        self._retry.timeout.connect(self._save_quietly)

    @property
    def book(self) -> TagBook:
        """The open book; change it only through this class."""
        return self._book

    @property
    def path(self) -> Path | None:
        """The tags file; None before a network is open."""
        return self._path

    @property
    def unsaved(self) -> bool:
        """Whether the last change is not in the file."""
        return self._unsaved

    @property
    def read_only(self) -> str:
        """Why tags cannot be changed here, for a person to read; "" where they can."""
        if self._path is None:
            return self._refusal or "No network is open."
        return "" if self._lock is not None and self._lock.held else self._refusal

    def open(self, path: Path, book: TagBook) -> None:
        """Show a book and write its changes to `path`; read-only where another window holds that file."""
        from explorer.core.tag_lock import TagLock

        self.close()
        lock = TagLock(path)
        self._refusal = "" if lock.acquire() else lock.problem
        self._lock = lock
        self._path, self._book, self._unsaved = path, book, False
        self.stack.clear()
        self.reset.emit()
        self.saved.emit()

    def take_over(self) -> None:
        """Get the right to write although a lock file of another computer is there; UserError where it is held."""
        if self._lock is None or self._lock.held:
            return
        path = self._path
        self._refusal = "" if self._lock.acquire(take_over=True) else self._lock.problem
        self._check_writable()
        if path is not None and path.exists():
            # What the other one wrote since this window read the file must not be lost.
            from explorer.core.tag_store import load_tags

            self._book = load_tags(path)
        self.stack.clear()
        self.reset.emit()
        self.saved.emit()

    def check_saved(self) -> None:
        """Try once more to save; UserError while the last tags are in no file."""
        self._save_quietly()
        if self._unsaved:
            raise UserError(
                f"The last tags are not in {self._path} yet. Save them in another file first (Ctrl+Shift+S), "
                "or free that one."
            )

    def wait_for_file(self, book: TagBook, reason: str) -> None:
        """Show a book that has no file yet; it can be moved to one."""
        self.close()
        self._book, self._refusal = book, f"{reason} Open another tags file (Ctrl+T), or begin one (Ctrl+Shift+S)."
        self.reset.emit()
        self.saved.emit()

    def close(self) -> None:
        """Let go of the file; what could not be saved is tried once more."""
        self._save_quietly()
        self._retry.stop()
        if self._lock is not None:
            self._lock.release()
        self._lock, self._path, self._book, self._unsaved = None, None, TagBook(), False
        self._refusal = ""
        self.stack.clear()
        self.reset.emit()
        self.saved.emit()

    def move_to(self, path: Path) -> None:
        """Go on in another file: the tags of now are written there first. UserError where that fails."""
        from explorer.core.tag_lock import TagLock
        from explorer.core.tag_store import save_tags

        lock = TagLock(path)
        if not lock.acquire():
            raise UserError(lock.problem)
        try:
            save_tags(path, self._book)
        except UserError:
            lock.release()
            raise
        if self._lock is not None:
            self._lock.release()
        self._lock, self._path, self._unsaved = lock, path, False
        self._retry.stop()
        self.saved.emit()

    def mine(self, key: FilterKey, word: str) -> Tag | None:
        """This annotator's tag of that word on a filter."""
        return next((tag for tag in self._book.tags(key) if (tag.tag, tag.annotator) == (word, self.annotator)), None)

    def words(self, key: FilterKey) -> tuple[str, ...]:
        """This annotator's words on a filter."""
        return tuple(tag.tag for tag in self._book.tags(key) if tag.annotator == self.annotator)

    def toggle(self, key: FilterKey, word: str, evidence: dict[str, Any] | None = None) -> None:
        """Give a filter a word, or take this annotator's away again."""
        if self.mine(key, word) is None:
            self.add(key, word, evidence=evidence)
        else:
            book = self._book.copy()
            book.remove(key, word, annotator=self.annotator)
            self._push(key, book, f"remove {word} from {key}")

    def add(
        self,
        key: FilterKey,
        word: str,
        *,
        detail: str = "",
        note: str = "",
        confidence: float = math.nan,
        evidence: dict[str, Any] | None = None,
    ) -> None:
        """Give a filter a word, or change the detail and note of this annotator's."""
        book = self._book.copy()
        book.add(
            key,
            word,
            annotator=self.annotator,
            detail=detail,
            note=note,
            confidence=confidence,
            evidence=evidence or {},
        )
        self._push(key, book, f"tag {key} as {word}")

    def describe(self, key: FilterKey, word: str, detail: str, note: str) -> None:
        """Change the detail and note of this annotator's word on a filter; nothing where it does not carry the word."""
        tag = self.mine(key, word)
        if tag is not None and (tag.detail, tag.note) != (detail, note):
            self.add(key, word, detail=detail, note=note, confidence=tag.confidence, evidence=tag.evidence)

    def undo(self) -> None:
        """Take the last change back, in the file too."""
        self._check_writable()
        self.stack.undo()

    def redo(self) -> None:
        """Do again what was taken back."""
        self._check_writable()
        self.stack.redo()

    def set_tags(self, key: FilterKey, tags: tuple[Tag, ...]) -> None:
        """Give a filter exactly these tags and save: the one way in which the book changes."""
        self._book.replace(key, tags)
        self._save()
        self.changed.emit(key)

    def _push(self, key: FilterKey, after: TagBook, text: str) -> None:
        self._check_writable()
        self.stack.push(_Replace(self, key, after.tags(key), text))

    def _check_writable(self) -> None:
        if self.read_only:
            raise UserError(self.read_only)

    def _save(self) -> None:
        if self._path is None or self.read_only:
            return
        from explorer.core.tag_store import save_tags

        try:
            save_tags(self._path, self._book)
            self._unsaved = False
            self._retry.stop()
        except UserError as error:
            first = not self._unsaved
            self._unsaved = True
            self._retry.start()
            if first:
                self.problem.emit(error)
        self.saved.emit()

    def _save_quietly(self) -> None:
        if self._unsaved:
            self._save()
