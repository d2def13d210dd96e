"""What a person says of artifacts is in the file that they chose, whenever they say it."""

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from explorer.core.concepts import Corrections, read_corrections, write_corrections
from explorer.core.concepts import corrections as corrections_file
from explorer.core.errors import UserError
from explorer.core.index import open_index
from explorer.state.artifacts.candidates import ArtifactCandidates
from explorer.state.artifacts.lists import ArtifactLists
from explorer.state.workspace import Workspace
from tests.core.index.synthetic_index import write_index


@pytest.fixture
def opened(qtbot: QtBot, workspace: Workspace, pictures: Path) -> Workspace:
    workspace.opening.open_folder(pictures)
    qtbot.waitUntil(lambda: workspace.lists.ready)
    return workspace


def names_of(workspace: Workspace) -> list[str]:
    folder = workspace.library.folder
    return [picture.relative_to(folder.path).as_posix() for picture in folder.pictures]


def settle(lists: ArtifactLists) -> None:
    lists.keeping.jobs.wait()


def test_what_is_said_while_another_file_is_opened_goes_there(opened: Workspace, tmp_path: Path) -> None:
    lists, (first, second, third, *_) = opened.lists, names_of(opened)
    lists.say(first, "hair", True)
    settle(lists)
    before = lists.file
    write_corrections(tmp_path / "theirs.csv", Corrections({second: {"ruler": True}}))
    lists.use_file(tmp_path / "theirs.csv")
    lists.say(third, "ink", True)
    assert lists.of(third, "ink") is True
    settle(lists)
    assert lists.file == tmp_path / "theirs.csv"
    assert lists.said == {second: {"ruler": True}, third: {"ink": True}}
    assert read_corrections(tmp_path / "theirs.csv") == Corrections(dict(lists.said))
    assert read_corrections(before) == Corrections({first: {"hair": True}})


def test_what_is_said_while_a_file_cannot_be_opened_stays_in_the_one_before(opened: Workspace, tmp_path: Path) -> None:
    lists, (first, second, *_) = opened.lists, names_of(opened)
    lists.say(first, "hair", True)
    settle(lists)
    (tmp_path / "damaged.csv").write_text("image,hair\n1,2,3\n", "utf-8")
    lists.use_file(tmp_path / "damaged.csv")
    lists.say(second, "hair", False)
    settle(lists)
    assert read_corrections(lists.file) == Corrections({first: {"hair": True}, second: {"hair": False}})


def test_what_could_not_be_saved_is_saved_in_the_next_file(
    opened: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise UserError("The disk is full.")

    lists, (first, second, *_) = opened.lists, names_of(opened)
    with monkeypatch.context() as patch:
        patch.setattr(corrections_file, "write_corrections", full)
        lists.say(first, "hair", True)
        settle(lists)
    write_corrections(tmp_path / "other.csv", Corrections({second: {"ruler": True}}))
    lists.use_file(tmp_path / "other.csv")
    settle(lists)
    assert read_corrections(lists.file) == Corrections({second: {"ruler": True}, first: {"hair": True}})
    assert lists.of(first, "hair") is True


def test_the_file_that_was_chosen_last_counts(opened: Workspace, tmp_path: Path) -> None:
    lists, (first, second, *_) = opened.lists, names_of(opened)
    for name in ("one", "two"):
        write_corrections(tmp_path / f"{name}.csv", Corrections({second: {"ruler": name == "two"}}))
        lists.use_file(tmp_path / f"{name}.csv")
    lists.say(first, "hair", True)
    settle(lists)
    assert lists.file == tmp_path / "two.csv"
    assert read_corrections(tmp_path / "two.csv").of(first, "hair") is True
    assert read_corrections(tmp_path / "one.csv").of(first, "hair") is None
    lists.use_file(tmp_path / "one.csv")
    lists.save_as(tmp_path / "three.csv")
    settle(lists)
    assert lists.file == tmp_path / "three.csv"
    assert lists.of(second, "ruler") is True


def test_candidates_wait_for_what_was_said(qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path) -> None:
    candidates: ArtifactCandidates = workspace.candidates
    names = tuple(path.relative_to(pictures).as_posix() for path in sorted(pictures.rglob("*.png")))
    path = write_index(tmp_path / "i.h5", np.ones((2, len(names))), names=names)
    busy: list[tuple[bool, bool]] = []

    def take() -> None:
        workspace.evidence.take(open_index(path))
        busy.append((workspace.lists.ready, candidates._jobs.busy()))

    candidates.look(True)
    workspace.library.folder_opened.connect(take)
    workspace.opening.open_folder(pictures)
    qtbot.waitUntil(lambda: bool(candidates.rows), timeout=20_000)
    assert workspace.lists.ready
    assert busy == [(False, False)]
