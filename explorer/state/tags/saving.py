"""The open book of tags and its file: locked, read, and saved on a thread of its own."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from explorer.core.errors import UserError
from explorer.core.tags.book import TagBook
from explorer.state.workers.ordered_jobs import RETRY_MS, OnFailed, OrderedJobs

if TYPE_CHECKING:
    from explorer.core.tags.shared_file import TagFile

LOOK_MS = 2000
"""After which a window that may not write looks whether it may now; after each failure of that it waits longer."""

PATIENT_MS = 60_000


class Saving(QObject):
    """The open book of tags and its file; `Tagging` changes it.

    `reset` after another book was opened, or others' tags came into this one; `saved` whenever the state of the file
    changed: read `unsaved`, `saving`, `read_only` and `path` then; `problem(error)` when saving failed, which is tried
    again every few seconds until it works; `told(sentence)` when something happened to the file that is no problem.
    """

    reset = Signal()
    saved = Signal()
    problem = Signal(object)
    told = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._book = TagBook()
        self._file: TagFile | None = None
        self._refusal = ""
        self._changes = 0
        self._unsaved = False
        self._failed = False
        self._state: tuple[object, ...] = ()
        self._running: object | None = None
        self._fetching: object | None = None
        self._ordered = OrderedJobs("tags", self)
        self._again = QTimer(self, singleShot=True)
        self._again.timeout.connect(self._sync)
        self._patience = LOOK_MS

    @property
    def book(self) -> TagBook:
        """The open book; change it only through `Tagging`."""
        return self._book

    @property
    def path(self) -> Path | None:
        """The tags file; None before a network is open."""
        return None if self._file is None else self._file.path

    @property
    def unsaved(self) -> bool:
        """Whether the last change is not in the file."""
        return self._unsaved

    @property
    def saving(self) -> bool:
        """Whether the last change is on its way into the file, and nothing has gone wrong with that."""
        return self._unsaved and not self._failed

    @property
    def read_only(self) -> str:
        """Why tags cannot be changed here, for a person to read; "" where they can."""
        if self._file is not None or self._refusal:
            return self._refusal
        return "No network is open." if self._fetching is None else "The tags file is still being opened."

    def fetch(self, path: Path, empty: TagBook, done: "Callable[[TagFile], None]", failed: OnFailed) -> None:
        """Lock and read a file on the other thread, for `show`; `empty` is the book where there is none yet.

        Nothing comes back where something else was fetched, shown or closed meanwhile.
        """
        self._fetching = ticket = object()

        def work() -> "TagFile":
            from explorer.core.tags.shared_file import TagFile

            return TagFile.begin(path, empty)

        def deliver(file: "TagFile") -> None:
            if self._fetching is ticket:
                done(file)
            else:
                file.close()

        self._ordered.call(work, deliver, lambda error: failed(error) if self._fetching is ticket else None)

    def show(self, file: "TagFile") -> None:
        """Show a file's book and write its changes there; read-only where another window holds that file."""
        self.close()
        self._file, self._book = file, file.book
        self._hold(file)
        if self._refusal:  # the other window may be gone by now
            self._again.start(0)
        self.reset.emit()
        self.saved.emit()

    def open(self, path: Path, book: TagBook) -> None:
        """Lock and read a file at once, and show it; `book` where there is none yet. UserError where that fails."""
        from explorer.core.tags.shared_file import TagFile

        self.close()
        self.show(TagFile.begin(path, book))

    def take_over(self) -> None:
        """Get the right to write although a lock file of another computer is there; UserError where it is held."""
        if self._file is None or not self._refusal:
            return
        self._ordered.wait()
        self._sync(take_over=True)
        self._ordered.wait()
        self._check_writable()

    def settle(self) -> None:
        """Wait until everything is in the file, or cannot be written; what others did to the file meanwhile counts."""
        if self._running is not None:
            self._ordered.wait()
        if self._file is not None and (self._unsaved or not self._refusal):
            self._sync()
            self._ordered.wait()

    def check_saved(self) -> None:
        """Try once more to save; UserError while the last tags are in no file."""
        self.settle()
        if self._unsaved:
            raise UserError(
                f"The last tags are not in {self.path} yet. Save them in another file first (Ctrl+Shift+S), "
                "or free that one."
            )

    def wait_for_file(self, book: TagBook, reason: str) -> None:
        """Show a book that has no file yet; it can be moved to one."""
        self.close()
        self._book, self._refusal = book, f"{reason} Open another tags file (Ctrl+T), or begin one (Ctrl+Shift+S)."
        self.reset.emit()
        self.saved.emit()

    def close(self) -> None:
        """Let go of the file; waits until everything is in it, what could not be saved is tried once more."""
        self._fetching = None
        self.settle()
        self._ordered.wait()
        self._again.stop()
        if self._file is not None:
            self._file.close()
        self._file, self._book, self._unsaved, self._failed = None, TagBook(), False, False
        self._refusal = ""
        self.reset.emit()
        self.saved.emit()

    def move_to(self, path: Path) -> None:
        """Go on in another file: the tags of now are written there first, beside those that are in it already.

        UserError where that fails.
        """
        from explorer.core.tags.shared_file import TagFile

        self._ordered.wait()
        if self._file is not None and os.path.realpath(path) == os.path.realpath(self._file.path):
            self._check_writable()
            self.check_saved()
            return
        file = TagFile.begin(path, self._book.empty_copy())
        try:
            earlier_count = file.book.total
            book = file.join(self._book)
            if book is None:
                raise UserError(file.lock.problem)
        except BaseException:
            file.close()
            raise
        if self._file is not None:
            self._file.close()
        self._fetching, self._file, self._unsaved, self._failed = None, file, False, False
        self._hold(file)
        if self._book.keys_that_differ(book):
            self._take_in(self._book.copy(), book)
        else:
            self._book.history, _ = self._book.history.joined(book.history)
        if earlier_count:
            self.told.emit(f"The {earlier_count:,} tags that were in {path.name} are kept beside yours.")
        self.saved.emit()

    def _save_change(self) -> None:
        """Save what was just changed in the book."""
        self._changes += 1
        self._unsaved = True
        self._sync()
        self._tell()  # also where a save is under way already

    def _check_writable(self) -> None:
        if self.read_only:
            raise UserError(self.read_only)

    def _sync(self, *, take_over: bool = False) -> None:
        """Bring the newest state into the file, unless that is under way: then it follows of itself."""
        file, sent, changes = self._file, self._book, self._changes
        if file is None or self._running is not None:
            return
        sent = self._book.copy()

        def work() -> tuple[TagBook | None, bool]:
            book = file.sync(sent, take_over=take_over)
            return book, book is not None and bool(sent.keys_that_differ(book))

        self._again.stop()
        self._running = file
        self._ordered.call(work, lambda answer: self._synced(file, sent, changes, *answer), self._not_synced)
        self._tell()

    def _synced(
        self, file: "TagFile", sent: TagBook, changes: int, book: TagBook | None, changed_by_others: bool
    ) -> None:
        was_refused, was_failed = bool(self._refusal), self._failed
        self._running, self._patience = None, LOOK_MS
        if book is not None:
            self._unsaved, self._failed = self._changes != changes, False
            if changed_by_others:
                self._take_in(sent, book)
            else:
                self._book.history, _ = self._book.history.joined(book.history)
        else:
            # Whoever got the file from this window may have found an older one: what is in it is not known any more.
            self._unsaved = self._unsaved or not was_refused
            self._failed = self._unsaved
        self._hold(file)
        if self._unsaved and book is not None:
            self._sync()
        if self._failed and not was_failed:
            self.problem.emit(UserError(self._refusal))
        if was_refused and not self._refusal:
            self.told.emit(f"{file.path.name} is free: it was read again, and tags can be given here now.")
        self._tell()

    def _not_synced(self, error: BaseException) -> None:
        was_failed, self._running = self._failed, None
        if self._file is not None and not self._refusal and self._file.path.parent.is_dir():
            self._unsaved = True  # a file that cannot be read need not hold any more what was in it
        self._failed = self._unsaved
        if self._refusal:  # it could not be read by a window that was about to write it
            self._patience = min(2 * self._patience, PATIENT_MS)
            self._refusal = str(error) if isinstance(error, UserError) else self._refusal
        self._again.start(self._patience if self._refusal else RETRY_MS)
        if not isinstance(error, UserError) or (self._failed and not was_failed):
            self.problem.emit(error)
        self._tell()

    def _tell(self) -> None:
        """Say that the file's state changed, where it did."""
        state = self._unsaved, self._failed, self._refusal, self._changes, self.path
        if state != self._state:
            self._state = state
            self.saved.emit()

    def _take_in(self, sent: TagBook, theirs: TagBook) -> None:
        """Let what others wrote into the file come into the open book, beside what was tagged here meanwhile."""
        from explorer.core.tags.three_way_merge import three_way

        self._book = three_way(sent, self._book, theirs)
        self.reset.emit()

    def _hold(self, file: "TagFile") -> None:
        """Say why the file may not be written, and look again in a while."""
        self._refusal = "" if file.writable else file.lock.problem
        if self._refusal:
            if self._unsaved:
                self._refusal += " What was tagged here stays here until then, and is added where it is missing."
            self._again.start(LOOK_MS)
        else:
            self._again.stop()
