"""What a person says is in its file whatever happens: a second window, a full disk, another folder."""

import json
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from explorer.core.class_words import ClassWords, Pair
from explorer.core.concepts import Corrections, corrections, read_corrections
from explorer.core.errors import UserError
from explorer.core.suggestions import rejected as rejected_file
from explorer.core.suggestions.rejected import read_rejected
from explorer.core.tags.book import FilterKey
from explorer.state.index.given_classes import GivenClasses
from explorer.state.pictures.starred import Starred
from explorer.state.settings_file import Settings
from explorer.state.suggestions.rejections import rejected_of
from explorer.state.workers import kept_changes
from explorer.state.workers.kept_changes import KeptChanges
from explorer.state.workspace import Workspace
from tests.conftest import ROOT

ONE, TWO = FilterKey(7, 1), FilterKey(7, 2)


@pytest.fixture
def second(qtbot: QtBot, tmp_path: Path, workspace: Workspace) -> Iterator[Workspace]:
    """Another window of the same person."""
    made = Workspace(Settings(tmp_path / "home" / "settings.ini"), ROOT / "resources")
    yield made
    made.close()


def full(path: Path, *content: object) -> None:
    raise UserError(f"{path} could not be saved: the disk is full.")


def test_two_windows_reject_suggestions(workspace: Workspace, second: Workspace, tmp_path: Path) -> None:
    place = tmp_path / "i.suggestions.csv"
    for window in (workspace, second):
        window.suggesting._place = place
    workspace.suggesting._answer(place, ONE, "hair")
    workspace.suggesting.keeping.settle()
    second.suggesting._answer(place, TWO, "border")
    second.suggesting.keeping.settle()
    assert read_rejected(rejected_of(place)) == {ONE: "hair", TWO: "border"}
    assert second.suggesting._rejected == {ONE: "hair", TWO: "border"}
    second.suggesting._answer(place, ONE, "")
    second.suggesting.keeping.settle()
    workspace.suggesting._answer(place, FilterKey(7, 3), "ink")
    workspace.suggesting.keeping.settle()
    assert (
        read_rejected(rejected_of(place)) == workspace.suggesting._rejected == {TWO: "border", FilterKey(7, 3): "ink"}
    )


def test_two_windows_put_stars(workspace: Workspace, second: Workspace, tmp_path: Path) -> None:
    first, other, third = tmp_path / "a.png", tmp_path / "b.png", tmp_path / "c.png"
    told: list[Path] = []
    workspace.starred.toggle(first)
    workspace.starred.keeping.settle()
    second.starred.changed.connect(told.append)
    second.starred.toggle(other)
    second.starred.keeping.settle()
    assert told == [other, first]
    second.starred.toggle(first)
    second.starred.toggle(third)
    second.starred.keeping.settle()
    workspace.starred.toggle(tmp_path / "d.png")
    workspace.starred.keeping.settle()
    again = Starred(workspace.settings)
    assert again.pictures == workspace.starred.pictures == {other, third, tmp_path / "d.png"}


def test_stars_of_earlier_versions_are_there(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "settings.ini")
    settings.set_text("starred", json.dumps([str(tmp_path / "a.png")]))
    starred = Starred(settings)
    assert tmp_path / "a.png" in starred
    starred.toggle(tmp_path / "b.png")
    starred.toggle(tmp_path / "a.png")
    starred.close()
    assert Starred(settings).pictures == {tmp_path / "b.png"}


def test_damaged_stars_are_said_and_not_written_over(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "starred.json").write_text("[1, 2]")
    starred, said = Starred(Settings(tmp_path / "settings.ini")), []
    starred.keeping.problem.connect(said.append)
    starred.toggle(tmp_path / "a.png")
    starred.keeping.settle()
    assert "remove it to begin anew" in str(said[0])
    assert (tmp_path / "starred.json").read_text() == "[1, 2]"
    assert starred.keeping.unsaved
    starred.close()


def names_of(workspace: Workspace) -> list[str]:
    folder = workspace.library.folder
    assert folder is not None
    return [picture.relative_to(folder.path).as_posix() for picture in folder.pictures]


def test_two_windows_begin_the_lists_of_one_folder(
    qtbot: QtBot, workspace: Workspace, second: Workspace, pictures: Path
) -> None:
    for window in (workspace, second):
        window.opening.open_folder(pictures)
        qtbot.waitUntil(partial(getattr, window.lists, "ready"))
    one, two, *_ = names_of(workspace)
    for window, name in ((workspace, one), (second, two)):
        window.lists.say(name, "hair", True)
        window.lists.keeping.settle()
    assert workspace.lists.file == second.lists.file
    assert read_corrections(second.lists.file) == Corrections({one: {"hair": True}, two: {"hair": True}})
    assert dict(second.lists.said) == {one: {"hair": True}, two: {"hair": True}}


def test_what_a_full_disk_did_not_take_is_tried_again(
    qtbot: QtBot, workspace: Workspace, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_changes, "RETRY_MS", 20)
    workspace.opening.open_folder(pictures)
    qtbot.waitUntil(lambda: workspace.lists.ready)
    lists, said, (one, *_) = workspace.lists, [], names_of(workspace)
    lists.problem.connect(said.append)
    with monkeypatch.context() as patch:
        patch.setattr(corrections, "write_corrections", full)
        lists.say(one, "hair", True)
        qtbot.waitUntil(lambda: bool(said))
        qtbot.wait(100)
        assert len(said) == 1  # not with every try
        file = lists.file
        (tmp_path / "other").mkdir()
        shutil.copy(next(pictures.rglob("*.png")), tmp_path / "other" / "p.png")
        workspace.opening.open_folder(tmp_path / "other")
        qtbot.waitUntil(lambda: lists.ready and lists.file is None)
    qtbot.waitUntil(lambda: not lists.keeping.unsaved)
    assert read_corrections(file) == Corrections({one: {"hair": True}})


def test_what_is_said_again_counts_after_a_full_disk(
    qtbot: QtBot, tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "i.suggestions.csv"
    workspace.suggesting._place = place
    with monkeypatch.context() as patch:
        patch.setattr(rejected_file, "write_rejected", full)
        workspace.suggesting._answer(place, ONE, "hair")
        workspace.suggesting.keeping.settle()
    workspace.suggesting._answer(place, ONE, "")
    workspace.suggesting._answer(place, TWO, "ink")
    workspace.suggesting.keeping.settle()
    assert read_rejected(rejected_of(place)) == {TWO: "ink"}


def test_changes_of_a_file_come_in_their_order_and_once(qtbot: QtBot, tmp_path: Path) -> None:
    laid: list[str] = []
    kept = KeptChanges("", lambda file, changes: laid.extend(changes))
    for change in ("a", "b", "a", "c", "a"):
        kept.keep(tmp_path, change)
    kept.close()
    assert "".join(laid) == "abaca"


def test_two_windows_edit_the_class_words_of_one_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    classes = ("other", "melanoma")
    proposed = ClassWords(classes, (Pair("nv", "other", ""), Pair("mel", "melanoma", ""), Pair("bcc", "", "")))
    monkeypatch.setattr(GivenClasses, "proposed", proposed)
    monkeypatch.setattr(GivenClasses, "_words", lambda self: ["nv", "mel", "bcc"])
    monkeypatch.setattr(GivenClasses, "_classes", lambda self: classes)
    windows = [Workspace(Settings(tmp_path / "settings.ini"), ROOT / "resources") for _ in range(2)]
    try:
        maps = [window.given.map for window in windows]
        for window, map, word in zip(windows, maps, ("nv", "bcc"), strict=True):
            window.given.edit(map.put(word, "melanoma"))
        assert [windows[1].given.of(word) for word in ("nv", "mel", "bcc")] == ["melanoma"] * 3
        windows[1].given.edit(windows[1].given.map.put("bcc", "other"))
        windows[0].given.edit(proposed)
        windows[1].given._forget()
        assert [windows[1].given.of(word) for word in ("nv", "mel", "bcc")] == ["other", "melanoma", "other"]
    finally:
        for window in windows:
            window.close()


def test_two_windows_consent_and_remember(tmp_path: Path) -> None:
    one, two = (Settings(tmp_path / "settings.ini") for _ in range(2))
    one.set_text("consent", "old")
    for settings, name in ((one, "a"), (two, "b")):
        settings.consent(name)
        (tmp_path / name).touch()
        settings.remember("models", tmp_path / name)
        settings.save()
    assert one.consents == two.consents == {"a", "b", "old"}
    assert [path.name for path in Settings(tmp_path / "settings.ini").recent("models")] == ["b", "a"]
