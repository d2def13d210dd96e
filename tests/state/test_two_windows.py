"""Two or three windows on one tags file, whatever happens to them, their locks and their folder: no tag is lost.

A tag counts from the moment in which its window says "saved". It may be missing in the file afterwards only where
somebody took it away, or where a window that may write has it and has not called everything saved. Whoever copies an
older version over the file takes away what no window has that may write; what only windows have then is in danger until
one of them has put it back, and is gone with them if they crash before.
"""

import atexit
import errno
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from pytestqt.qtbot import QtBot

import trainer.files.atomic_files
from explorer.core.errors import UserError
from explorer.core.tags import hdf5_file as tag_store
from explorer.core.tags import lock as tag_lock
from explorer.core.tags import validation
from explorer.core.tags.book import FilterKey, Tag, TagBook
from explorer.core.tags.hdf5_file import load_tags, save_tags
from explorer.core.tags.shared_file import TagFile
from explorer.state.tags.tagging import Tagging

LAYERS = [("a", 3), ("b", 3)]
WINDOWS = st.integers(0, 2)
KEYS = st.builds(FilterKey, st.integers(0, 1), st.integers(0, 2))
WORDS = st.sampled_from(["hair", "border"])
Given = tuple[FilterKey, str, str]
LIVES = int(os.environ.get("SOAK_LIVES", "3000"))


def book_of_ours() -> TagBook:
    return TagBook("digest", "net", "scratch_cnn", LAYERS)


def dead_process() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def replayed(book: TagBook) -> dict[FilterKey, dict[tuple[str, str], Tag]]:
    """The tags that a book's history ends with."""
    tags: dict[FilterKey, dict[tuple[str, str], Tag]] = {}
    for change in book.history.changes():
        of = tags.setdefault(change.key, {})
        of.pop((change.annotator, change.tag), None)
        if change.after is not None:
            of[change.annotator, change.tag] = change.after
    return {key: of for key, of in tags.items() if of}


def held(book: TagBook) -> dict[FilterKey, dict[tuple[str, str], Tag]]:
    return {key: {(tag.annotator, tag.tag): tag for tag in book.tags(key)} for key in book}


def told(book: TagBook) -> set[bytes]:
    """The lines of a book's history, each change that somebody made."""
    return set(book.history.sealed().text().splitlines())


def given(book: TagBook) -> set[Given]:
    return {(key, tag.tag, tag.annotator) for key, tag in book.entries()}


class Clock:
    """A clock that goes on by a second with every look at it."""

    fromisoformat = staticmethod(datetime.fromisoformat)

    def __init__(self) -> None:
        self.ticks = itertools.count()

    def now(self, zone: tzinfo) -> datetime:
        return datetime(2026, 1, 1, tzinfo=zone) + timedelta(seconds=next(self.ticks))


class Windows(RuleBasedStateMachine):
    """Every window tags under its own name, so that everybody knows who took what away."""

    locks = True
    dead = 0

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.folder = self.root / "stick"
        self.folder.mkdir()
        self.path = self.folder / "t.h5"
        self.windows: list[Tagging | None] = [None, None, None]
        self.asking: dict[int, TagBook] = {}
        self.saved: set[Given] = set()
        self.told: set[bytes] = set()
        self.full = False
        self.endangered: set[Given] = set()
        self.told_in_danger: set[bytes] = set()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(os, "fsync", lambda handle: None)
        # The same life twice is the same life: only then can a failing one be made shorter.
        self.patch.setattr(validation, "datetime", Clock())
        counter = itertools.count(1)
        self.patch.setattr(os, "urandom", lambda size: next(counter).to_bytes(size, "big"))
        self.patch.setattr(tag_store, "_read_apart", lambda image, patience: tag_store.read_columns(image))
        self.patch.setattr(trainer.files.atomic_files, "write_all", self.write)
        self.real_write = WRITE
        if not self.locks:
            self.patch.setattr(tag_lock, "lock", lambda handle: None)

    def write(self, handle: int, content: bytes) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.real_write(handle, content)

    @initialize()
    def two_windows(self) -> None:
        self.opened(0)
        self.opened(1)

    def opened(self, who: int) -> Tagging | None:
        """A window, which a person opens when it is not there; None while the folder is away."""
        if self.windows[who] is None and self.folder.is_dir():
            window = Tagging(f"person {who}")
            window.open(self.path, self.asking.pop(who, book_of_ours()))
            self.windows[who] = window
        return self.windows[who]

    def looks(self, window: Tagging) -> None:
        """What a window's timers do."""
        window._sync()
        window._ordered.wait()
        self.note_at_once(window)

    def tags(self, who: int, key: FilterKey, word: str, *, wait: bool = True) -> None:
        window = self.opened(who)
        if window is not None and window.read_only:
            self.looks(window)
        if window is not None and not window.read_only:
            self.saved.discard((key, word, window.annotator))  # it may be taken away
            window.toggle(key, word)
            if wait:
                window.settle()
                self.note_at_once(window)

    @rule(who=WINDOWS, key=KEYS, word=WORDS, wait=st.booleans())
    def tag(self, who: int, key: FilterKey, word: str, wait: bool) -> None:
        self.tags(who, key, word, wait=wait)

    @rule(who=WINDOWS, key=KEYS, more=st.lists(WORDS, min_size=2, max_size=4))
    def tag_while_it_saves(self, who: int, key: FilterKey, more: list[str]) -> None:
        """Keys that are pressed faster than the disk writes."""
        for word in more:
            self.tags(who, key, word, wait=False)

    @rule(who=WINDOWS)
    def undo(self, who: int) -> None:
        window = self.windows[who]
        if window is not None and not window.read_only and window.stack.canUndo():
            before = given(window.book)
            window.undo()
            self.saved -= before - given(window.book)

    @rule(who=WINDOWS)
    def look_again(self, who: int) -> None:
        window = self.opened(who)
        if window is not None:
            self.looks(window)

    @rule(who=WINDOWS, key=KEYS, word=WORDS, stays=st.booleans())
    def somebody_else_gets_the_lock(self, who: int, key: FilterKey, word: str, stays: bool) -> None:
        """The network folder forgets who had locked what, and another window is the first to notice."""
        self.path.with_name("t.h5.lock").unlink(missing_ok=True)
        self.tags(who, key, word)
        if not stays:
            self.close(who)

    @rule(who=WINDOWS)
    def close(self, who: int) -> None:
        window = self.windows[who]
        if window is not None:
            window.settle()
            if not window.unsaved:  # otherwise a person is asked first
                self.note(window)
                window.close()
                self.windows[who] = None
                if not self.folder.is_dir():  # what became of the file there, nobody can see
                    self.forget_what_was_in_danger()

    @rule(who=WINDOWS)
    def crash(self, who: int) -> None:
        window = self.windows[who]
        if window is None:
            return
        window._ordered.wait()  # the process may end before or after a save, test_tag_kills ends it in the middle
        self.note(window)
        drop(window, self.dead)
        self.windows[who] = None
        self.forget_what_was_in_danger()

    def forget_what_was_in_danger(self) -> None:
        """A window that had what an older version took from the file is gone, and may have been the only one."""
        self.saved -= self.endangered - self.in_the_file()
        self.told -= self.told_in_danger - told(self.file_book())

    @rule(who=WINDOWS)
    def take_over(self, who: int) -> None:
        window = self.windows[who]
        if window is not None and window.read_only and not self.somebody_writes():
            try:
                window.take_over()
            except UserError:
                assert window.read_only
            self.note(window)

    @rule(who=WINDOWS)
    def take_over_of_what_cannot_be_read(self, who: int) -> None:
        window = self.windows[who]
        if window is None or not window.read_only or not self.path.exists():
            return
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tag_store, "_read_apart", damaged)
            try:
                window.take_over()
            except UserError:
                assert window.read_only
                assert not window._file.lock.held

    @rule(vanishes=st.booleans())
    def the_folder_goes_and_comes_back(self, vanishes: bool) -> None:
        if self.folder.is_dir() and vanishes:
            self.folder.rename(self.root / "away")
        elif not self.folder.is_dir():
            (self.root / "away").rename(self.folder)
            for left in self.folder.glob("*.lock"):  # the network folder forgot who had locked what
                left.unlink()

    @rule()
    def an_older_version_is_copied_back(self) -> None:
        backup = self.path.with_name("t.h5.bak")
        if backup.exists() and any(window and not window.read_only for window in self.windows):
            shutil.copyfile(backup, self.path)
            self.saved &= self.there()  # whoever did that took away what no window has that may write
            self.endangered = self.saved - self.in_the_file()
            self.told &= self.told_there()
            self.told_in_danger = self.told - told(self.file_book())

    @rule(full=st.booleans())
    def the_disk_fills_up_or_is_emptied(self, full: bool) -> None:
        self.full = full

    @rule(who=WINDOWS)
    def ask_about_foreign_tags(self, who: int) -> None:
        """A window leaves the file to others while its question stands; it is opened when a person has answered."""
        if self.windows[who] is None and self.path.exists():
            file = TagFile.begin(self.path, book_of_ours())
            self.asking[who] = file.book
            file.close()

    @rule(who=WINDOWS, there=st.booleans())
    def save_as_and_back(self, who: int, there: bool) -> None:
        window = self.windows[who]
        if window is None or not self.folder.is_dir() or self.full or window.read_only:
            return
        other = self.folder / f"other {who}.h5"
        if there:
            book = book_of_ours()
            book.add(FilterKey(0, 0), "artifact", annotator="before")
            save_tags(other, book)
        window.move_to(other)
        self.note(window)
        assert given(load_tags(other)) >= given(window.book)
        assert not there or (FilterKey(0, 0), "artifact", "before") in given(window.book)
        try:
            window.move_to(self.path)
        except UserError:  # somebody else took the first file meanwhile: it is asked for once more below
            assert self.somebody_writes()
            window.close()
            self.windows[who] = None
            self.forget_what_was_in_danger()
        else:
            self.note(window)

    def note(self, window: Tagging) -> None:
        """Remember what this window has called saved."""
        if window.path == self.path and not window.unsaved and not window.read_only:
            window.settle()
            self.endangered -= self.in_the_file()
            self.told_in_danger -= told(self.file_book())
        if not window.unsaved and not window.read_only and window.path == self.path:
            self.saved |= {one for one in given(window.book) if one[2] == window.annotator}
            self.told |= told(window.book)
            if not self.folder.is_dir():  # an older version may lie there, and nobody can see it
                self.endangered |= self.saved - self.in_the_file()
                self.told_in_danger |= self.told - told(self.file_book())

    def note_at_once(self, window: Tagging) -> None:
        """The same right after the window looked at its lock: if it believes that it may write, the lock is its own."""
        self.note(window)
        if self.folder.is_dir() and not window.unsaved and not window.read_only:
            assert window._file.lock._is_mine(), "two hold the file"

    def somebody_writes(self) -> bool:
        return any(window is not None and not window.read_only for window in self.windows)

    @invariant()
    def what_was_called_saved_is_there(self) -> None:
        if not self.folder.is_dir():
            return
        assert self.saved <= self.there()

    @invariant()
    def the_history_tells_how_the_tags_came_to_be(self) -> None:
        """Replayed, it gives the tags, in the file and in every window; and no change that was saved is missing."""
        books = [window.book for window in self.windows if window is not None]
        for book in (*books, self.file_book()):
            assert replayed(book) == held(book)
        if self.folder.is_dir():
            assert self.told <= self.told_there()

    def told_there(self) -> set[bytes]:
        """The changes that the file tells of, or a window that may write or has not called everything saved."""
        there = told(load_tags(self.path)) if self.path.exists() else set()
        for window in self.windows:
            if window is not None and (window.unsaved or not window.read_only):
                there |= told(window.book)
        return there

    def file_book(self) -> TagBook:
        """The book in the file, wherever its folder is; an empty one where there is no file."""
        place = self.path if self.folder.is_dir() else self.root / "away" / "t.h5"
        return load_tags(place) if place.exists() else book_of_ours()

    def in_the_file(self) -> set[Given]:
        """What is in the file, wherever its folder is."""
        return given(self.file_book())

    def there(self) -> set[Given]:
        """What is in the file, or in a window that may write or has not called everything saved."""
        there = given(load_tags(self.path)) if self.path.exists() else set()
        for window in self.windows:
            if window is not None and (window.unsaved or not window.read_only):
                there |= given(window.book)
        return there

    @invariant()
    def never_two_hold_the_file(self) -> None:
        for window in self.windows:
            if window is not None:
                window._ordered.wait()
        if self.folder.is_dir():
            holders = [
                window
                for window in self.windows
                if window is not None and window._file.lock.held and window._file.lock._is_mine()
            ]
            assert len(holders) <= 1

    def teardown(self) -> None:
        """In the end, when all is well again, a new window may write, and finds everything in the file."""
        self.full = False
        self.the_folder_goes_and_comes_back(False)
        left = [window for window in self.windows if window is not None]
        while left:  # who has something unsaved waits for those who may write, and is not closed before
            for window in left:
                self.note_when_settled(window)
            ready = [window for window in left if not window.unsaved]
            assert ready, "nobody gets anything into the file any more"
            for window in ready:
                window.close()
            left = [window for window in left if window not in ready]
        last = Tagging("last")
        last.open(self.path, book_of_ours())
        assert not last.read_only
        assert self.saved <= given(last.book)
        assert self.told <= told(last.book)
        last.close()
        assert not list(self.folder.glob("t.h5.lock")), "a lock is left"
        assert not list(self.folder.glob(".*.part")), "an unfinished file is left"
        self.patch.undo()
        shutil.rmtree(self.root)

    def note_when_settled(self, window: Tagging) -> None:
        window.settle()
        self.note(window)


class WindowsWithoutLocks(Windows):
    """On a network folder that knows no locks, the lock file itself is the lock."""

    locks = False


WRITE = trainer.files.atomic_files.write_all


def damaged(image: bytes, patience: float) -> None:
    raise tag_store.Damaged("HDF5 cannot make sense of it")


def drop(window: Tagging, dead: int) -> None:
    """End a window as a crash does: the system gives its lock back, the lock file stays and names a dead process."""
    lock = window._file.lock
    window._again.stop()
    window._file = None
    handle, lock._handle = lock._handle, None
    if handle is not None:
        mine = tag_lock.same(handle, lock.path)
        atexit.unregister(lock.release)
        os.close(handle)
        if mine:
            holder = json.loads(lock.path.read_text())
            lock.path.write_text(json.dumps(holder | {"process": dead}))


@pytest.mark.parametrize("machine", [Windows, WindowsWithoutLocks])
def test_no_tag_that_was_called_saved_is_lost(qtbot: QtBot, machine: type[Windows]) -> None:
    machine.dead = dead_process()
    run_state_machine_as_test(machine, settings=settings(max_examples=10, stateful_step_count=25))


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("machine", [Windows, WindowsWithoutLocks])
def test_no_tag_that_was_called_saved_is_lost_in_many_lives(qtbot: QtBot, machine: type[Windows]) -> None:
    machine.dead = dead_process()
    run_state_machine_as_test(machine, settings=settings(max_examples=LIVES, stateful_step_count=60, derandomize=False))
