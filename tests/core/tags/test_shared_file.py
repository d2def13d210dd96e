"""What a window puts back into its tags file, whatever was laid over it."""

import shutil
from pathlib import Path

import pytest

from explorer.core.tags.book import FilterKey, TagBook
from explorer.core.tags.hdf5_file import load_tags
from explorer.core.tags.shared_file import TagFile

KEY, OTHER = FilterKey(0, 0), FilterKey(0, 1)


def empty() -> TagBook:
    return TagBook("digest", "net", "scratch_cnn", [("a", 3)])


def opened(path: Path) -> TagFile:
    return TagFile.begin(path, empty())


def lines(book: TagBook) -> list[str]:
    return [f"{change.what} {change.tag} by {change.annotator}" for change in book.history.changes()]


def synced(file: TagFile, book: TagBook) -> TagBook:
    known = file.sync(book)
    assert known is not None, file.lock.problem
    return known


def test_what_was_given_and_taken_away_before_the_first_save_is_told(tmp_path: Path) -> None:
    file = opened(tmp_path / "t.h5")
    book = file.book
    book.add(KEY, "hair", annotator="A")
    book.remove(KEY, "hair")
    synced(file, book)
    assert lines(load_tags(tmp_path / "t.h5")) == ["tag hair by A", "remove hair by A"]
    file.close()


def test_a_window_in_which_nothing_was_done_makes_no_file(tmp_path: Path) -> None:
    file = opened(tmp_path / "t.h5")
    synced(file, file.book)
    file.close()
    assert list(tmp_path.iterdir()) == []


def test_an_older_file_with_the_same_tags_gets_the_history_back(tmp_path: Path) -> None:
    path = tmp_path / "t.h5"
    file = opened(path)
    book = file.book
    tag = book.add(KEY, "hair", annotator="A")
    book = synced(file, book)
    shutil.copyfile(path, tmp_path / "older.h5")
    book.remove(KEY, "hair")
    book = synced(file, book)
    book.replace(KEY, [tag], what="undo")
    book = synced(file, book)
    shutil.copyfile(tmp_path / "older.h5", path)
    synced(file, book)
    assert lines(load_tags(path)) == ["tag hair by A", "remove hair by A", "undo hair by A"]
    file.close()


@pytest.mark.parametrize("might_write", [True, False])
def test_only_a_window_that_might_write_puts_back_what_an_older_file_lacks(tmp_path: Path, might_write: bool) -> None:
    path = tmp_path / "t.h5"
    first = opened(path)
    book = first.book
    book.add(KEY, "hair", annotator="A")
    book = synced(first, book)
    shutil.copyfile(path, tmp_path / "older.h5")
    book.add(OTHER, "border", annotator="A")
    synced(first, book)
    if might_write:
        first.close()
    window = opened(path)
    assert window.writable == might_write
    first.close()
    window.lock.path.unlink(missing_ok=True)  # the network folder forgets it
    shutil.copyfile(tmp_path / "older.h5", path)
    another = opened(path)
    assert window.sync(window.book) is None, "the other one has the lock"
    another.close()
    book = synced(window, window.book)
    assert [key for key, _ in book.entries()] == ([KEY, OTHER] if might_write else [KEY])
    assert load_tags(path) == book
    window.close()
