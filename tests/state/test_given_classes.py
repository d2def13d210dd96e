"""The map from given words to classes, as a person keeps it."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QDialogButtonBox
from pytestqt.qtbot import QtBot

from explorer.core.index import open_index
from explorer.state.settings_file import Settings
from explorer.state.workspace import Workspace
from explorer.ui.dialogs.class_words_dialog import NONE, ClassWordsDialog
from tests.conftest import ROOT
from tests.core.index.synthetic_index import write_index

GIVEN = ("nv", "mel", "akiec", "mel", "", "nv")


@pytest.fixture
def indexed(workspace: Workspace, tmp_path: Path) -> Workspace:
    path = write_index(tmp_path / "index.h5", np.ones((2, 6)), given=GIVEN, classes=("other", "melanoma"))
    workspace.evidence.take(open_index(path))
    return workspace


def test_without_an_index_there_is_no_map(workspace: Workspace) -> None:
    assert workspace.given.map is None
    assert workspace.given.of("nv") == ""


def test_what_is_edited_is_kept_for_these_words_and_this_network(indexed: Workspace, tmp_path: Path) -> None:
    given = indexed.given
    assert [given.of(word) for word in ("NV", "mel", "akiec", "", "hair")] == ["other", "melanoma", "other", "", ""]
    given.edit(given.map.put("akiec", ""))
    indexed.settings.save()
    again = Workspace(Settings(tmp_path / "home" / "settings.ini"), ROOT / "resources")
    try:
        again.evidence.take(open_index(tmp_path / "index.h5"))
        assert again.given.map.not_mapped == ("akiec",)
        other = write_index(
            tmp_path / "o.h5", np.ones((2, 6)), given=(*GIVEN[:5], "bcc"), classes=("other", "melanoma")
        )
        again.evidence.take(open_index(other))
        assert again.given.map.not_mapped == ()
        for damaged in ("{", '{"classes": ["other"], "words": {}}'):
            (file,) = (tmp_path / "home" / "class words").iterdir()
            file.write_text(damaged)
            again.evidence.take(open_index(tmp_path / "index.h5"))
            assert again.given.map == again.given.proposed
        assert again.given.file == file
        again.given.edit(again.given.proposed)
        assert again.given.file is None
    finally:
        again.close()


def test_what_an_earlier_version_kept_is_taken_over(indexed: Workspace, tmp_path: Path) -> None:
    edited = indexed.given.map.put("akiec", "")
    indexed.settings.set_text(indexed.given._setting, edited.as_json())
    indexed.evidence.take(open_index(tmp_path / "index.h5"))
    assert indexed.given.map == edited
    assert indexed.given.file is not None
    assert indexed.settings.text(indexed.given._setting) == ""
    indexed.evidence.take(open_index(tmp_path / "index.h5"))
    assert indexed.given.map == edited


def test_a_map_that_cannot_be_kept_is_used_and_said(indexed: Workspace, tmp_path: Path) -> None:
    (tmp_path / "home" / "class words").write_text("in the way")
    problems: list[str] = []
    indexed.given.problem.connect(lambda error: problems.append(str(error)))
    indexed.given.edit(indexed.given.map.put("akiec", ""))
    assert indexed.given.of("akiec") == ""
    assert len(problems) == 1


def test_the_dialog_shows_reasons_and_keeps_what_is_chosen(indexed: Workspace, qtbot: QtBot) -> None:
    dialog = ClassWordsDialog(indexed.given, {"nv": 2})
    qtbot.addWidget(dialog)
    box = dialog._boxes["akiec"]
    assert box.currentText() == "other"
    assert "not melanoma" in dialog._reasons["akiec"].text()
    box.setCurrentIndex(box.findText("melanoma"))
    box.activated.emit(box.currentIndex())
    assert dialog._reasons["akiec"].text() == "chosen by a person"
    assert indexed.given.of("akiec") == "other"  # until it is accepted
    with qtbot.waitSignal(indexed.given.changed):
        dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok).click()
    assert indexed.given.of("akiec") == "melanoma"
    again = ClassWordsDialog(indexed.given, {})
    qtbot.addWidget(again)
    next(button for button in again.findChildren(type(again.findChild(QDialogButtonBox).buttons()[0]))
         if button.text() == "Propose anew").click()  # fmt: skip
    assert again._boxes["akiec"].currentText() == "other"
    assert again._boxes["nv"].findText(NONE) == 0
