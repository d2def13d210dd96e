"""Ways in which tags could be lost or end up on another network, each of them closed."""

import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

import explorer.core.tags.hdf5_file as store
from explorer.core.drawing.styles import Scale
from explorer.core.errors import UserError
from explorer.core.tags.book import FilterKey, TagBook
from explorer.core.tags.hdf5_file import load_tags, save_tags
from explorer.state.opened.network_session import Request
from explorer.state.settings_file import Settings
from explorer.state.start import Start
from explorer.state.tags.tagging import Tagging
from explorer.state.workspace import Workspace
from tests.networks import save_small
from tests.state.test_workspace import open_both, ready

KEY = FilterKey(3, 0)


def in_file(workspace: Workspace) -> TagBook:
    """What is in the file, once the window says that all is saved."""
    workspace.tagging.settle()
    assert not workspace.tagging.unsaved
    return load_tags(workspace.tagging.path)


def words(book: TagBook, key: FilterKey = KEY) -> list[str]:
    return [tag.tag for tag in book.tags(key)]


def test_going_on_in_a_file_of_its_own_keeps_what_is_there(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    open_both(qtbot, workspace, save_small(tmp_path / "n.safetensors"), pictures)
    book = TagBook(workspace.library.network.digest, "n", "scratch_cnn")
    book.add(KEY, "hair", annotator="before")
    save_tags(tmp_path / "own.h5", book)
    workspace.opening.begin_tags(tmp_path / "own.h5")
    qtbot.waitUntil(lambda: workspace.tagging.path == tmp_path / "own.h5")
    assert words(workspace.tagging.book) == ["hair"]


def test_unsaved_tags_keep_another_network_out(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_both(qtbot, workspace, save_small(tmp_path / "n.safetensors"), pictures)

    def full(path: Path, book: TagBook) -> None:
        raise UserError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(store, "save_tags", full)
        workspace.tagging.toggle(KEY, "hair")
        with qtbot.waitSignal(workspace.opening.problem) as caught:
            workspace.opening.open_model(Request(save_small(tmp_path / "m.safetensors", seed=1), device="cpu"))
        assert "not in" in str(caught.args[0])
    assert workspace.library.network.name == "n"
    assert words(workspace.tagging.book) == ["hair"]


def test_opening_the_open_tags_file_again_changes_nothing(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    open_both(qtbot, workspace, save_small(tmp_path / "n.safetensors"), pictures)
    workspace.tagging.toggle(KEY, "hair")
    workspace.opening.open_tags(workspace.tagging.path)
    workspace.tagging.toggle(KEY, "border")
    qtbot.wait(400)
    assert words(workspace.tagging.book) == words(in_file(workspace)) == ["border", "hair"]


def test_a_file_that_cannot_be_read_leaves_a_book_of_this_network(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    open_both(qtbot, workspace, save_small(tmp_path / "a.safetensors"), pictures)
    workspace.tagging.toggle(KEY, "hair")
    (tmp_path / "b.tags.h5").write_bytes(b"damaged")
    with qtbot.waitSignal(workspace.opening.problem):
        workspace.opening.open_model(Request(save_small(tmp_path / "b.safetensors", seed=1), device="cpu"))
    assert words(workspace.tagging.book) == []
    assert "b.tags.h5" in workspace.tagging.read_only
    workspace.tagging.move_to(tmp_path / "new.h5")
    workspace.tagging.toggle(KEY, "border")
    found = in_file(workspace)
    assert found.network_digest == workspace.library.network.digest
    assert len(found.layers) == 4
    assert (tmp_path / "b.tags.h5").read_bytes() == b"damaged"


def test_a_named_tags_file_belongs_to_the_network_it_was_named_with(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    (tmp_path / "broken.pt").write_bytes(b"nothing")
    with qtbot.waitSignal(workspace.opening.problem):
        workspace.opening.start(Start(model=tmp_path / "broken.pt", images=pictures, tags=tmp_path / "mine.h5"))
    workspace.opening.open_model(Request(save_small(tmp_path / "n.safetensors"), device="cpu"))
    ready(qtbot, workspace)
    assert workspace.tagging.path == tmp_path / "n.tags.h5"
    assert workspace.opening.request.path.name == "n.safetensors"


def test_taking_over_reads_what_the_other_one_wrote(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    model = save_small(tmp_path / "n.safetensors")
    open_both(qtbot, workspace, model, pictures)
    other = Workspace(Settings(tmp_path / "other" / "settings.ini"), workspace.icons.parent)
    open_both(qtbot, other, model, pictures)
    assert other.tagging.read_only
    workspace.tagging.toggle(KEY, "hair")
    workspace.tagging.close()
    other.tagging.take_over()
    other.tagging.toggle(KEY, "border")
    assert words(in_file(other)) == ["border", "hair"]
    other.close()


def test_what_others_tag_while_a_question_stands_is_kept(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    shared = tmp_path / "shared.h5"
    other = Tagging("other")
    other.open(shared, TagBook("0" * 64, "another network", "scratch_cnn"))
    other.add(FilterKey(0, 0), "border")
    other.settle()
    open_both(qtbot, workspace, save_small(tmp_path / "n.safetensors"), pictures)
    with qtbot.waitSignal(workspace.opening.foreign_tags) as caught:
        workspace.opening.open_tags(shared)
    for number in range(1, 5):
        other.add(FilterKey(1, number), "hair")
    other.close()
    assert not shared.with_name("shared.h5.lock").exists(), "a question keeps nobody out"
    workspace.opening.accept_tags(*caught.args[:2])
    assert workspace.tagging.read_only == ""
    workspace.tagging.add(FilterKey(0, 2), "color")
    assert in_file(workspace).total == 6


def test_a_file_that_became_a_third_networks_while_the_question_stood_is_asked_about_again(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    open_both(qtbot, workspace, save_small(tmp_path / "n.safetensors"), pictures)
    save_tags(tmp_path / "shared.h5", TagBook("0" * 64, "second network"))
    with qtbot.waitSignal(workspace.opening.foreign_tags) as caught:
        workspace.opening.open_tags(tmp_path / "shared.h5")
    save_tags(tmp_path / "shared.h5", TagBook("1" * 64, "third network"))
    with qtbot.waitSignal(workspace.opening.foreign_tags) as again:
        workspace.opening.accept_tags(*caught.args[:2])
    assert again.args[1].network_name == "third network"
    assert workspace.tagging.path == tmp_path / "n.tags.h5"


def test_a_window_that_reads_late_sees_what_was_saved_meanwhile(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer of the thread that reads may be delivered long after the reading."""
    open_both(qtbot, workspace, save_small(tmp_path / "n.safetensors"), pictures)
    network = workspace.library.network
    shared, read = tmp_path / "shared.h5", threading.Event()
    other = Tagging("other")
    other.open(shared, TagBook(network.digest, network.name, network.architecture))
    other.add(FilterKey(0, 0), "border")
    other.settle()
    load = store.load_tags
    monkeypatch.setattr(store, "load_tags", lambda path: (load(path), read.set())[0])
    workspace.opening.open_tags(shared)
    assert read.wait(30)
    other.add(FilterKey(0, 1), "hair")
    other.close()
    qtbot.waitUntil(lambda: workspace.tagging.path == shared and not workspace.tagging.read_only)
    workspace.tagging.add(FilterKey(0, 2), "color")
    assert in_file(workspace).total == 3


def test_a_newer_wish_for_a_tags_file_leaves_no_lock_behind(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    open_both(qtbot, workspace, save_small(tmp_path / "n.safetensors"), pictures)
    workspace.opening.open_tags(tmp_path / "first.h5")
    workspace.opening.open_tags(tmp_path / "second.h5")
    qtbot.waitUntil(lambda: workspace.tagging.path == tmp_path / "second.h5")
    assert [path.name for path in tmp_path.glob("*.lock")] == ["second.h5.lock"]


def test_maps_that_are_no_numbers_can_be_tagged(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    open_both(qtbot, workspace, save_small(tmp_path / "n.safetensors"), pictures)
    workspace.pipeline.maps(3)[0] = np.nan
    workspace.tagging.toggle(KEY, "none", workspace.pipeline.evidence(3, 0))
    assert words(in_file(workspace)) == ["none"]


def test_the_same_folder_again_keeps_the_overlay(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    open_both(qtbot, workspace, save_small(tmp_path / "n.safetensors"), pictures)
    with qtbot.waitSignal(workspace.library.folder_opened):
        workspace.opening.open_folder(pictures)
    qtbot.wait(20)
    assert workspace.pipeline.scale(3, 0) != Scale(0.0, 0.0)


def test_another_file_under_the_same_name_has_maps_of_its_own(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    open_both(qtbot, workspace, save_small(tmp_path / "n.safetensors"), pictures)
    first, second = workspace.library.folder.pictures[:2]
    before = workspace.pipeline.maps(3).copy()
    Image.new("RGB", (50, 20), "red").save(first)
    for picture in (second, first):
        workspace.session.update(picture=picture)
        qtbot.waitUntil(lambda picture=picture: workspace.pipeline.shown.picture == picture)
        ready(qtbot, workspace)
    assert workspace.pipeline.shown.rgb.shape == (20, 50, 3)
    assert workspace.pipeline.activations.frame.width == 50
    assert not np.array_equal(workspace.pipeline.maps(3), before)


@pytest.mark.parametrize("line", ["opacity=inf", "opacity=nan", "color_map=purple", "scale=none", "peak=-1"])
def test_senseless_settings_count_as_none(tmp_path: Path, line: str) -> None:
    (tmp_path / "settings.ini").write_text(f"[look]\n{line}\n")
    style = Settings(tmp_path / "settings.ini").style()
    assert (style.opacity, style.color_map, style.scale) == (1.0, "green", "folder")
