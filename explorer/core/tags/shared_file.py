"""One window's hold on a tags file: its lock, and the last state that the window and the file had in common."""

import stat
from dataclasses import replace
from pathlib import Path

from explorer.core.errors import UserError
from explorer.core.tags import hdf5_file as tag_store
from explorer.core.tags.book import TagBook
from explorer.core.tags.lock import TagLock
from explorer.core.tags.three_way_merge import three_way

_TRIES = 5


class TagFile:
    """A tags file that is read under its lock and never overwritten unseen.

    Every save compares the file with what this window read or wrote last. What somebody else did to it
    meanwhile, in whatever way, is merged: tags that are missing there count as taken away only where the file's lineage
    says that it was made from what this window knows. Not for two threads at a time.

    Made by `open`. `writable`: nobody else has the lock, as far as this window knows.

    `_base` changes only together with what the window is told: changes of both sides are counted from there.
    """

    def __init__(self, path: Path | str, book: TagBook) -> None:
        self.path = Path(path)
        self.lock = TagLock(self.path)
        self._base = book.copy()
        self.writable = False
        self._writer = ""
        self._only_looked = True

    @classmethod
    def begin(cls, path: Path | str, empty: TagBook) -> "TagFile":
        """Lock a file if it is free, then read it; `empty` is the book where there is no file.

        UserError where the file cannot be read; then no lock is kept.
        """
        file = cls(path, empty)
        file.writable = file.lock.acquire()
        try:
            file._base = file._read() or empty.copy()
            file._only_looked = not file.writable
        except BaseException:
            file.lock.release()
            raise
        return file

    @property
    def book(self) -> TagBook:
        """The last state that this window and the file had in common."""
        return self._base.copy()

    def sync(self, ours: TagBook, *, take_over: bool = False, begin: bool = False) -> TagBook | None:
        """Bring the window's tags into the file; the book that is in the file then, None where it may not be written.

        `begin` makes a file also for no tags at all.
        The answer differs from `ours` where somebody else changed the file. `lock.problem` says why it may not be
        written. UserError where the file cannot be read, written, or is another network's now; nothing is changed then.
        """
        held = self.lock.held
        if not self._lock_is_mine(take_over):
            return None
        try:
            for _ in range(_TRIES):
                book = self._saved_with_theirs(ours, begin)
                # Whoever got the lock in this moment may have written over it: then nothing is called saved.
                if not self._lock_is_mine():
                    return None
                if self._digest() == book.lineage.digest:
                    self._base, self._writer, self._only_looked = book, book.lineage.writer, False
                    return book.copy()
            raise UserError(f"{self.path} is being written by another program again and again; stop that one.")
        except BaseException:
            if not held:
                self.lock.release()  # who could not read must not write later
            raise

    def join(self, ours: TagBook) -> TagBook | None:
        """As `sync`, for tags that come from elsewhere: all that is in the file already stays."""
        _check_network(self.path, ours, self._base)
        return self.sync(three_way(ours.empty_copy(), ours, self._base), begin=True)

    def close(self) -> None:
        """Let go of the file."""
        self.lock.release()

    def _lock_is_mine(self, take_over: bool = False) -> bool:
        """Whether the lock is held after all; UserError where it was, and now nobody can have it."""
        if self.lock.confirm() or self.lock.acquire(take_over=take_over):
            self.writable = True
        elif self.writable and not self.lock.owner:
            raise UserError(self.lock.problem)
        else:
            self.writable = False
        return self.writable

    def _saved_with_theirs(self, ours: TagBook, begin: bool) -> TagBook:
        """Merge what others did to the file since, and write what is not in it; the book that is in it now."""
        base = self._base
        unchanged = self._digest() == base.lineage.digest
        theirs = base if unchanged else self._read()
        book = ours.copy()
        book.lineage = base.lineage
        if unchanged or theirs is None:
            book.history, _ = ours.history.joined(base.history)
        if theirs is None:  # the file is gone: what is known here is put there again
            book.lineage = replace(base.lineage, digest="")
        elif not unchanged:
            _check_network(self.path, ours, theirs)
            descends = theirs.lineage.descends(base.lineage)
            # A window that never might write has nothing of its own that an older file could lack.
            looked = self._only_looked and not ours.keys_that_differ(base)
            book = three_way(base, ours, theirs, removals=descends or looked)
            book.lineage = theirs.lineage if looked else replace(theirs.lineage.over(base.lineage), digest="")
        # What was given and taken away again is a change too, before the first save and in an older file.
        if theirs is None or not theirs.lineage.digest:
            news = begin or len(book) > 0 or len(book.history) > 0
        else:
            news = len(book.history) > len(theirs.history) or bool(book.keys_that_differ(theirs))
        if news:
            self._write(book)
        elif theirs is not None:
            book.lineage = theirs.lineage
        return book

    def _write(self, book: TagBook) -> None:
        # A name of its own for every run of saves that are all known to have reached the file.
        book.lineage = replace(book.lineage, writer=self._writer)
        self._writer, self._only_looked = "", False
        tag_store.save_tags(self.path, book)

    def _read(self) -> TagBook | None:
        return tag_store.load_tags(self.path) if self.path.exists() else None

    def _digest(self) -> str:
        """What tells the file's bytes of now from all others; "" where there is no file."""
        try:
            status = self.path.stat()
            if not stat.S_ISREG(status.st_mode) or status.st_size > tag_store.LARGEST:
                raise UserError(f"{self.path} is a folder, far too large, or no file; nothing can be saved there.")
            return tag_store.digest_of(self.path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return ""
        except OSError as error:
            raise UserError(f"{self.path} cannot be read: {error.strerror or error}.") from error


def _check_network(path: Path, ours: TagBook, theirs: TagBook) -> None:
    digests = ours.network_digest, theirs.network_digest
    if all(digests) and digests[0] != digests[1]:
        raise UserError(
            f"{path.name} holds the tags of another network now ({theirs.network_name or 'unnamed'}). "
            "Yours stay in this window; save them in another file (Ctrl+Shift+S)."
        )
