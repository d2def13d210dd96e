"""Every change is in the file at once, can be undone, and is never lost quietly."""

import os
import shutil
import threading
from pathlib import Path

import h5py
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from explorer.core.errors import UserError
from explorer.core.tags import hdf5_file as tag_store
from explorer.core.tags.book import FilterKey, TagBook
from explorer.core.tags.hdf5_file import load_tags, save_tags
from explorer.state.tags.tagging import Tagging

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


@settings(max_examples=15)
@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["hair", "border", "none"])), min_size=1, max_size=8))
def test_undoing_everything_gives_the_book_back(qtbot: QtBot, tmp_path: Path, steps: list[tuple[int, str]]) -> None:
    (tmp_path / "law.h5").unlink(missing_ok=True)
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


def test_saving_as_a_file_that_is_there_keeps_its_tags(qtbot: QtBot, tmp_path: Path) -> None:
    there = TagBook("digest", "net", "scratch_cnn", LAYERS)
    there.add(KEY, "artifact", annotator="other")
    save_tags(tmp_path / "u.h5", there)
    tagging = opened(tmp_path / "t.h5")
    tagging.toggle(KEY, "hair")
    with qtbot.waitSignal(tagging.told):
        tagging.move_to(tmp_path / "u.h5")
    assert words(in_file(tagging)) == words(tagging.book) == ["artifact", "hair"]
    tagging.close()


@pytest.mark.parametrize("what", ["held", "foreign", "damaged", "folder"])
def test_saving_as_what_is_not_ours_to_write_is_refused(qtbot: QtBot, tmp_path: Path, what: str) -> None:
    target, other = tmp_path / "u.h5", None
    if what == "held":
        other = opened(target, "other")
        other.toggle(KEY, "border")
        other.settle()
    elif what == "foreign":
        save_tags(target, TagBook("another digest", "theirs"))
    elif what == "damaged":
        target.write_bytes(b"not HDF5")
    else:
        target.mkdir()
    before = target.read_bytes() if target.is_file() else b""
    tagging = opened(tmp_path / "t.h5")
    tagging.toggle(KEY, "hair")
    with pytest.raises(UserError, match=r"u\.h5"):
        tagging.move_to(target)
    assert (target.read_bytes() if target.is_file() else b"") == before
    assert tagging.path == tmp_path / "t.h5"
    assert words(in_file(tagging)) == ["hair"]
    tagging.close()
    assert target.with_name("u.h5.lock").exists() == (other is not None)
    if other is not None:
        other.close()


def test_a_window_that_only_looked_may_write_when_the_first_has_closed(qtbot: QtBot, tmp_path: Path) -> None:
    first, second = opened(tmp_path / "t.h5", "first"), opened(tmp_path / "t.h5", "second")
    first.toggle(KEY, "hair")
    assert second.read_only
    with qtbot.waitSignal(second.told) as told:
        first.close()
    assert "t.h5" in told.args[0]
    assert second.read_only == ""
    assert words(second.book) == ["hair"]
    second.toggle(KEY, "border")
    assert words(in_file(second)) == ["border", "hair"]
    second.close()


def test_a_folder_that_comes_back_has_one_holder(qtbot: QtBot, tmp_path: Path) -> None:
    """A network folder that was away has forgotten its locks: another window may be there first."""
    folder = tmp_path / "stick"
    folder.mkdir()
    first = opened(folder / "t.h5", "first")
    first.toggle(KEY, "hair")
    first.settle()
    shutil.rmtree(folder)
    first.toggle(FilterKey(0, 0), "border")
    first.settle()
    folder.mkdir()
    second = opened(folder / "t.h5", "second")
    second.toggle(FilterKey(0, 1), "color")
    second.settle()
    first._sync()
    first.settle()
    assert "another window" in first.read_only
    assert first.unsaved, "its tags wait until it may write"
    with pytest.raises(UserError):
        first.toggle(KEY, "artifact")
    second.close()
    first._sync()
    assert {(str(key), tag.tag) for key, tag in in_file(first).entries()} == {
        ("0:0", "border"),
        ("0:1", "color"),
        ("1:2", "hair"),
    }
    first.close()


def test_a_take_over_that_cannot_read_leaves_all_as_it_was(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = TagBook("digest", "net", "scratch_cnn", LAYERS)
    save_tags(tmp_path / "t.h5", book)
    lock = tmp_path / "t.h5.lock"
    lock.write_text('{"host": "other-computer", "process": 5, "since": "x"}')
    tagging = opened(tmp_path / "t.h5")
    assert "other-computer" in tagging.read_only
    book.add(FilterKey(0, 3), "hair", annotator="other")
    save_tags(tmp_path / "t.h5", book)

    def busy(image: bytes, patience: float) -> None:
        raise tag_store.Damaged("HDF5 cannot make sense of it")

    with monkeypatch.context() as patch:
        patch.setattr(tag_store, "_read_apart", busy)
        with pytest.raises(UserError, match="make sense"):
            tagging.take_over()
    assert tagging.read_only
    assert not lock.exists(), "who cannot read keeps nobody out"
    tagging.take_over()
    tagging.add(FilterKey(0, 1), "border")
    assert in_file(tagging).total == 2
    tagging.close()


def test_a_file_that_somebody_copied_over_is_merged(qtbot: QtBot, tmp_path: Path) -> None:
    tagging = opened(tmp_path / "t.h5")
    tagging.toggle(KEY, "hair")
    tagging.settle()
    other = TagBook("digest", "net", "scratch_cnn", LAYERS)
    other.add(KEY, "border", annotator="other")
    save_tags(tmp_path / "t.h5", other)
    tagging.toggle(FilterKey(0, 0), "color")
    assert words(in_file(tagging)) == words(tagging.book) == ["border", "hair"]
    assert len(tagging.book) == 2
    tagging.close()


def test_an_older_copy_put_back_takes_no_tag_away_also_without_another_key(qtbot: QtBot, tmp_path: Path) -> None:
    tagging = opened(tmp_path / "t.h5")
    tagging.toggle(FilterKey(0, 0), "border")
    tagging.settle()
    older = (tmp_path / "t.h5").read_bytes()
    tagging.toggle(KEY, "hair")
    tagging.settle()
    (tmp_path / "t.h5").write_bytes(older)
    tagging.close()
    assert load_tags(tmp_path / "t.h5").total == 2


@pytest.mark.parametrize("what", ["damaged", "foreign", "folder"])
def test_what_was_put_in_the_files_place_is_not_overwritten(qtbot: QtBot, tmp_path: Path, what: str) -> None:
    path = tmp_path / "t.h5"
    tagging = opened(path)
    tagging.toggle(KEY, "hair")
    tagging.settle()
    path.unlink()
    if what == "folder":
        path.mkdir()
    elif what == "foreign":
        save_tags(path, TagBook("another digest", "theirs"))
    else:
        path.write_bytes(b"a letter to my mother")
    before = path.read_bytes() if path.is_file() else b""
    with qtbot.waitSignal(tagging.problem) as caught:
        tagging.toggle(KEY, "border")
    assert "t.h5" in str(caught.args[0])
    assert tagging.unsaved
    assert (path.read_bytes() if path.is_file() else b"") == before
    tagging.move_to(tmp_path / "u.h5")
    assert words(in_file(tagging)) == ["border", "hair"]
    tagging.close()


@pytest.mark.skipif(os.name == "nt", reason="links are for administrators")
def test_a_link_to_nothing_makes_no_file_where_it_leads(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "t.h5").symlink_to(tmp_path / "home" / "autostart")
    tagging = opened(tmp_path / "t.h5")
    with qtbot.waitSignal(tagging.problem):
        tagging.toggle(KEY, "hair")
    assert list((tmp_path / "home").iterdir()) == []
    tagging.move_to(tmp_path / "u.h5")
    assert words(in_file(tagging)) == ["hair"]
    tagging.close()


def test_keys_on_a_slow_disk_are_saved_together(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tagging = opened(tmp_path / "t.h5")
    save, saves = tag_store.save_tags, []

    awake = threading.Event()

    def slow(path: Path, book: TagBook) -> None:
        awake.wait(30)
        save(path, book)
        saves.append(book.total)

    monkeypatch.setattr(tag_store, "save_tags", slow)
    called = []
    tagging.saved.connect(lambda: called.append((tagging.unsaved, tagging.book.total, sum(saves[-1:]))))
    for filter in range(6):
        tagging.toggle(FilterKey(1, filter), "hair")
    assert saves == [], "no key waits for the disk"
    awake.set()
    qtbot.waitUntil(lambda: not tagging.unsaved)
    assert all(there == total for unsaved, total, there in called if not unsaved)
    tagging.close()
    assert saves == [1, 6], "the first key, and then all that came meanwhile"
    assert load_tags(tmp_path / "t.h5").total == 6


def test_without_a_file_nothing_can_be_tagged(qtbot: QtBot) -> None:
    with pytest.raises(UserError, match="No network"):
        Tagging("me").toggle(KEY, "hair")


def test_what_was_before_a_change_comes_back_and_is_a_change_itself(qtbot: QtBot, tmp_path: Path) -> None:
    tagging = opened(tmp_path / "t.h5")
    tagging.add(KEY, "hair", detail="thin")
    tagging.toggle(KEY, "none")  # takes hair away
    taken = next(change for change in tagging.book.history.changes() if change.what == "remove")
    assert (taken.tag, taken.before.detail) == ("hair", "thin")
    assert tagging.restore(taken)
    assert [(tag.tag, tag.detail) for tag in tagging.book.tags(KEY)] == [("hair", "thin")]  # and none is gone
    assert not tagging.restore(taken)
    tagging.undo()
    assert words(in_file(tagging)) == ["none"]
    tagging.redo()
    assert words(in_file(tagging)) == ["hair"]
    whats = [change.what for change in load_tags(tagging.path).history.changes()]
    assert whats == ["tag", "remove", "tag", *["restore"] * 2, *["undo"] * 2, *["redo"] * 2]
    tagging.close()


def test_several_filters_are_one_step(qtbot: QtBot, tmp_path: Path) -> None:
    tagging = opened(tmp_path / "t.h5")
    keys = [FilterKey(1, filter) for filter in range(3)]
    tagging.toggle(keys[1], "hair")
    tagging.toggle_all(keys, "hair", lambda key: {"value": key.filter})
    assert len(in_file(tagging)) == 3
    assert tagging.stack.undoText() == "tag hair on 2 filters"
    tagging.undo()
    assert list(in_file(tagging)) == [keys[1]]
    tagging.redo()
    tagging.toggle_all(keys, "hair", lambda key: {})
    assert len(in_file(tagging)) == 0
    tagging.close()
