"""Story: a person corrects the list of pictures that have hair, and the alarm follows what they say."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from explorer.core.concepts import Corrections, read_corrections, write_corrections
from explorer.core.images import picture_digest
from explorer.core.index import open_index
from explorer.state.start import Start
from explorer.ui.panels.artifact_list_panel import ArtifactListPanel
from explorer.ui.panels.worth_a_look_panel import WorthALookPanel
from explorer.ui.widgets.plain_text import PlainTool
from tests.core.index.synthetic_index import write_index
from tests.e2e.conftest import Open, Person
from tests.e2e.test_findings import findings

ALIKE = 6
"""Every so many pictures of the demo are alike in the index."""


@pytest.fixture
def names(demo: Person) -> tuple[str, ...]:
    folder = demo.workspace.library.folder
    return tuple(path.relative_to(folder.path).as_posix() for path in folder.pictures)


@pytest.fixture
def panel(demo: Person, names: tuple[str, ...], tmp_path: Path) -> ArtifactListPanel:
    """The lists, opened from the findings on an index in which every sixth picture is like the first."""
    place = np.arange(len(names))
    embedding = np.eye(ALIKE)[place % ALIKE] * 9 + np.random.default_rng(0).normal(0, 0.1, (len(names), ALIKE))
    given = tuple("mel" if one % 2 else "nv" for one in place)
    logits = np.random.default_rng(1).normal(size=(len(names), 2))
    index = write_index(
        tmp_path / "index.h5",
        np.ones((2, len(names))),
        names=names,
        given=given,
        classes=("other", "melanoma"),
        logits=logits,
        embedding=embedding,
        digests=tuple(picture_digest(demo.workspace.library.folder.path / name) for name in names),
    )
    found = findings(demo)
    demo.workspace.evidence.take(open_index(index))
    demo.until(lambda: demo.workspace.evaluating.found is not None)
    demo.click(found.findChild(WorthALookPanel)._lists)
    demo.until(lambda: demo.workspace.candidates.rows)
    return found.findChild(ArtifactListPanel)


def in_view(person: Person) -> str:
    return person.view.picture.name


def test_enter_accepts_backspace_rejects_and_the_alike_come_next(
    demo: Person, panel: ArtifactListPanel, names: tuple[str, ...]
) -> None:
    lists, found = demo.workspace.lists, demo.workspace.candidates
    assert panel.grid.hasFocus()
    assert found.rows == names
    assert in_view(demo) == Path(names[0]).name
    demo.press(Qt.Key.Key_Return)
    assert lists.said == {names[0]: {"hair": True}}
    assert in_view(demo) == Path(names[1]).name, "the next one is looked at, at once"
    alike = {names[place] for place in range(len(names)) if place % ALIKE == 0} - {names[0]}
    demo.until(lambda: set(found.rows[2 : 2 + len(alike)]) == alike)
    assert found.rows[:2] == names[:2], "what was judged, and what is looked at, stays where it is"
    demo.press(Qt.Key.Key_Backspace)
    assert lists.of(names[1], "hair") is False
    assert in_view(demo) == Path(found.rows[2]).name
    assert found.words(names[0])[0] == "✓ hair"
    assert found.words(names[1])[0] == "✕ no hair"
    assert "1 with, 1 without" in panel._sentence.text()
    demo.until(lambda: names[2] in found.rows)
    demo.press("Left")
    assert in_view(demo) == Path(names[1]).name, "arrows walk through the list"
    demo.press(Qt.Key.Key_Delete)
    assert lists.of(names[1], "hair") is None
    demo.until(lambda: lists.file is not None and lists.file.exists() and not lists.keeping.unsaved)
    assert list(read_corrections(lists.file)) == [(names[0], "hair", True)]
    assert demo.workspace.tagging.book.total == 0, "no key tagged anything"


def test_without_the_keyboard_the_keys_are_no_words_about_pictures(demo: Person, panel: ArtifactListPanel) -> None:
    demo.parts.center.browser.viewer.image.setFocus()
    demo.press(Qt.Key.Key_Return, Qt.Key.Key_Backspace)
    assert demo.workspace.lists.said == {}


def test_a_csv_is_opened_and_gone_on_with(
    demo: Person, panel: ArtifactListPanel, names: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names without an ending are found; what another program writes meanwhile stays; another window goes on there."""
    file, lists = tmp_path / "seen.csv", demo.workspace.lists
    file.write_text(f"image,ruler,hair\n{Path(names[3]).stem},1,0\nelsewhere,1,\n", "utf-8")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *asked: (str(file), ""))
    demo.click(next(tool for tool in panel.findChildren(PlainTool) if tool.text() == "Open …"))
    demo.until(lambda: lists.file == file)
    assert lists.said[names[3]] == {"ruler": True, "hair": False}
    assert "1 name without one picture here, elsewhere first" in demo.message
    demo.until(lambda: demo.workspace.candidates.rows and names[3] not in demo.workspace.candidates.rows)
    write_corrections(file, read_corrections(file).with_said(names[5], "ink", True))
    demo.press(Qt.Key.Key_Enter)
    assert lists.of(names[0], "hair") is True, (panel.grid.hasFocus(), in_view(demo))
    demo.until(lambda: not lists.keeping.unsaved)
    kept = read_corrections(file)
    assert kept.of(names[5], "ink") is True
    assert kept.of(names[0], "hair") is True
    assert kept.of("elsewhere", "ruler") is True
    found = demo.workspace.candidates
    found.choose(shown="not there")
    assert found.rows == (names[3],)


def test_what_was_said_is_there_again_and_a_damaged_file_is_left_alone(open_window: Open, tmp_path: Path) -> None:
    person = open_window(Start(demo=True, device="cpu"))
    person.wait_for_maps()
    lists = person.workspace.lists
    person.until(lambda: lists.ready)
    name = lists.folder.pictures[2].name
    lists.say(name, "hair", True)
    person.until(lambda: not lists.keeping.unsaved)
    file = lists.file
    person.window.close()
    again = open_window(Start(demo=True, device="cpu"))
    again.until(lambda: again.workspace.lists.ready)
    assert again.workspace.lists.said == {name: {"hair": True}}
    again.window.close()
    file.write_text("image,hair\n1,2,3\n", "utf-8")
    last = open_window(Start(demo=True, device="cpu"))
    last.until(lambda: last.workspace.lists.ready)
    assert "line 2" in last.message
    last.workspace.lists.say(name, "hair", False)
    last.until(lambda: not last.workspace.lists.keeping.unsaved)
    assert file.read_text("utf-8") == "image,hair\n1,2,3\n"
    assert read_corrections(last.workspace.lists.file) == Corrections({name: {"hair": False}})


def test_the_alarm_asks_with_what_a_person_said(demo: Person, panel: ArtifactListPanel, names: tuple[str, ...]) -> None:
    look, lists = demo.workspace.worth_a_look, demo.workspace.lists
    for place, name in enumerate(names):
        lists.say(name, "ruler", bool(place % 2))
    panel.back.emit()
    demo.until(lambda: look.found is not None and "ruler" in look.found.artifacts)
    assert panel.isHidden()
