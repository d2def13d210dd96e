"""Every change is in the file at once, can be undone, and is never lost quietly."""

import os
from pathlib import Path

import h5py
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from explorer.core.errors import UserError
from explorer.core.tag_store import load_tags
from explorer.core.tags import FilterKey, TagBook
from explorer.state.tagging import Tagging

KEY = FilterKey(1, 2)
LAYERS = [("a", 4), ("b", 6)]


def opened(path: Path, annotator: str = "me") -> Tagging:
    tagging = Tagging(annotator)
    tagging.open(path, TagBook("digest", "net", "scratch_cnn", LAYERS))
    return tagging


def in_file(tagging: Tagging) -> TagBook:
    """What is in the file, once the window says that all is saved."""
    tagging.settle()
    assert not tagging.unsaved
    return load_tags(tagging.path)


def words(book: TagBook, key: FilterKey = KEY) -> list[str]:
    return [tag.tag for tag in book.tags(key)]


def test_a_tag_is_in_the_file_when_it_is_called_saved(qtbot: QtBot, tmp_path: Path) -> None:
    tagging = opened(tmp_path / "t.h5")
    said = []
    tagging.saved.connect(lambda: said.append((tagging.saving, tagging.unsaved, (tmp_path / "t.h5").exists())))
    tagging.toggle(KEY, "hair", {"picture": "a.jpg", "box": [1, 2, 3, 4]})
    assert tagging.saving
    qtbot.waitUntil(lambda: not tagging.unsaved)
    assert said[0][:2] == (True, True)
    assert said[-1] == (False, False, True)
    with h5py.File(tmp_path / "t.h5") as file:
        assert [value.decode() for value in file["tags/tag"][:]] == ["hair"]
        assert list(file["tags/layer"][:]) == [1]
    tagging.toggle(KEY, "hair")
    assert words(in_file(tagging)) == []
    tagging.close()


def test_undo_and_redo_go_into_the_file(qtbot: QtBot, tmp_path: Path) -> None:
    tagging = opened(tmp_path / "t.h5")
    tagging.add(KEY, "hair")
    tagging.describe(KEY, "hair", "dark", "a note")
    tagging.undo()
    assert in_file(tagging).tags(KEY)[0].detail == ""
    tagging.undo()
    assert words(in_file(tagging)) == []
    tagging.redo()
    tagging.redo()
    tag = in_file(tagging).tags(KEY)[0]
    assert (tag.detail, tag.note, tag.annotator) == ("dark", "a note", "me")
    tagging.close()


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["hair", "border", "none"])), min_size=1, max_size=8))
def test_undoing_everything_gives_the_book_back(qtbot: QtBot, tmp_path: Path, steps: list[tuple[int, str]]) -> None:
    tagging = opened(tmp_path / "law.h5")
    start = tagging.book.copy()
    for filter, word in steps:
        tagging.toggle(FilterKey(1, filter), word)
    end = tagging.book.copy()
    for _ in steps:
        tagging.undo()
    assert tagging.book == start
    for _ in steps:
        tagging.redo()
    assert tagging.book == end
    assert in_file(tagging) == end
    tagging.close()


def test_none_and_words_exclude_each_other(qtbot: QtBot, tmp_path: Path) -> None:
    tagging = opened(tmp_path / "t.h5")
    tagging.add(KEY, "hair")
    tagging.toggle(KEY, "none")
    assert words(tagging.book) == ["none"]
    tagging.undo()
    assert words(tagging.book) == ["hair"]
    tagging.close()


def test_a_second_window_is_read_only_and_says_so(qtbot: QtBot, tmp_path: Path) -> None:
    first, second = opened(tmp_path / "t.h5"), opened(tmp_path / "t.h5")
    assert first.read_only == ""
    assert "t.h5" in second.read_only
    with pytest.raises(UserError):
        second.toggle(KEY, "hair")
    with pytest.raises(UserError):
        second.take_over()  # the system says that it is held: never taken
    first.toggle(KEY, "hair")
    first.close()
    second.take_over()
    assert second.read_only == ""
    second.close()


def test_a_vanished_folder_loses_nothing(qtbot: QtBot, tmp_path: Path) -> None:
    folder = tmp_path / "stick"
    folder.mkdir()
    tagging = opened(folder / "t.h5")
    tagging.toggle(KEY, "hair")
    tagging.settle()
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    with qtbot.waitSignal(tagging.problem) as caught:
        tagging.toggle(KEY, "border")
    assert "t.h5" in str(caught.args[0])
    assert tagging.unsaved
    assert words(tagging.book) == ["border", "hair"]
    folder.mkdir()  # the stick is back
    assert words(in_file(tagging)) == ["border", "hair"]
    tagging.close()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="file limits are POSIX")
def test_a_full_disk_keeps_the_old_file_and_the_window(qtbot: QtBot, tmp_path: Path) -> None:
    import resource
    import signal

    tagging = opened(tmp_path / "t.h5")
    tagging.toggle(KEY, "hair")
    tagging.settle()
    before = (tmp_path / "t.h5").read_bytes()
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with qtbot.waitSignal(tagging.problem):
            tagging.toggle(KEY, "border")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert tagging.unsaved
    assert (tmp_path / "t.h5").read_bytes() == before
    tagging.close()  # tries once more, and now there is room
    assert words(load_tags(tmp_path / "t.h5")) == ["border", "hair"]


def test_moving_to_another_file_takes_the_tags_along(qtbot: QtBot, tmp_path: Path) -> None:
    tagging = opened(tmp_path / "t.h5")
    tagging.toggle(KEY, "hair")
    tagging.move_to(tmp_path / "u.h5")
    tagging.toggle(KEY, "border")
    assert words(load_tags(tmp_path / "t.h5")) == ["hair"]
    assert words(in_file(tagging)) == ["border", "hair"]
    tagging.close()
    assert not list(tmp_path.glob("*.lock"))


def test_without_a_file_nothing_can_be_tagged(qtbot: QtBot) -> None:
    with pytest.raises(UserError, match="No network"):
        Tagging("me").toggle(KEY, "hair")
