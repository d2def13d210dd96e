"""Story: a person asks how often the network is right, and looks at the pictures on which it is not."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel

from explorer.core.attribution import LENSES
from explorer.core.attribution.sheet_rows import sheet_row
from explorer.core.images import read_image
from explorer.core.index import open_index
from explorer.ui.dialogs.class_words_dialog import ClassWordsDialog
from explorer.ui.dialogs.lens_sheet_dialog import LensSheetDialog
from explorer.ui.panels.findings_panel import FindingsPanel
from explorer.ui.widgets.plain_text import PlainTool
from tests.core.index.synthetic_index import write_index
from tests.e2e.conftest import Person
from tests.e2e.measuring import SIZES, cut


def names_in(person: Person) -> list[str]:
    return [path.name for path in person.parts.pictures.model.rows]


@pytest.fixture
def index(demo: Person, tmp_path: Path) -> Path:
    """An index of the open folder in which every fourth picture was trained on and every third is wrong."""
    folder = demo.workspace.library.folder
    names = tuple(path.relative_to(folder.path).as_posix() for path in folder.pictures)
    given = tuple("mel" if place % 2 else "nv" for place in range(len(names)))
    logits = np.array([[-1.0, 1.0] if (place % 2) ^ (place % 3 == 0) else [1.0, -1.0] for place in range(len(names))])
    trained = np.arange(len(names)) % 4 == 3
    return write_index(
        tmp_path / "index.h5",
        np.ones((2, len(names))),
        names=names,
        given=given,
        classes=("other", "melanoma"),
        logits=logits,
        trained_on=trained,
    )


def findings(person: Person) -> FindingsPanel:
    tabs = person.parts.center.browser.tabs
    place = next(place for place in range(tabs.count()) if tabs.tabText(place) == "Findings")
    tabs.setCurrentIndex(place)
    return tabs.widget(place).content


def test_without_an_index_the_tab_says_so_calmly(demo: Person) -> None:
    panel = findings(demo)
    assert "index of this folder is not there yet" in panel._nothing.text()
    assert demo.workspace.evaluating.found is None
    assert not panel._readers.isEnabled()


def test_where_all_were_trained_on_the_button_that_counts_them_is_there(demo: Person, tmp_path: Path) -> None:
    folder = demo.workspace.library.folder
    names = tuple(path.relative_to(folder.path).as_posix() for path in folder.pictures)
    path = write_index(
        tmp_path / "index.h5",
        np.ones((2, len(names))),
        names=names,
        given=tuple("mel" if place % 2 else "nv" for place in range(len(names))),
        classes=("other", "melanoma"),
        trained_on=np.ones(len(names), bool),
    )
    panel = findings(demo)
    demo.workspace.evidence.take(open_index(path))
    demo.until(lambda: "used for training" in panel._nothing.text())
    assert 'The button "with training pictures" counts those as well.' in panel._nothing.text()
    assert "--" not in panel._nothing.text()
    assert panel._trained.isVisible()
    demo.click(panel._trained)
    demo.until(lambda: demo.workspace.evaluating.found is not None)
    assert demo.workspace.evaluating.found.left_out.asked_for


def test_nothing_of_the_figures_is_cut_in_a_small_window(demo: Person, index: Path) -> None:
    findings(demo)
    demo.workspace.evidence.take(open_index(index))
    demo.until(lambda: demo.workspace.evaluating.found is not None)
    for size in SIZES[:2]:
        demo.window.resize(*size)
        demo.until(lambda: not cut(demo.window))


def test_cells_open_their_pictures_and_all_come_back(demo: Person, index: Path) -> None:
    panel, pictures = findings(demo), names_in(demo)
    demo.workspace.evidence.take(open_index(index))
    demo.until(lambda: demo.workspace.evaluating.found is not None)
    found = demo.workspace.evaluating.found
    assert f"of {len(pictures)} pictures were used for training and are left out" in panel._left_out.text()
    wrong = [name for at, name in enumerate(pictures) if at % 4 != 3 and at % 3 == 0 and not at % 2]
    rect = panel.confusion.cell(0, 1)
    demo.click(panel.confusion, rect.center())
    assert sorted(names_in(demo)) == sorted(wrong)
    assert demo.view.picture.name == wrong[0]
    assert "other predicted as melanoma" in demo.parts.pictures._alone.text()
    demo.press("Down")
    assert demo.view.picture.name == wrong[1]
    demo.click(demo.parts.pictures._all)
    assert names_in(demo) == pictures
    pair = found.confused[0]
    buttons = [button for button in panel.findChildren(PlainTool) if "predicted as" in button.text()]
    assert len(buttons) == len(found.confused)
    demo.click(buttons[0])
    assert names_in(demo) == list(pair.pictures)


def test_the_keyboard_opens_the_pictures_of_a_cell(demo: Person, index: Path) -> None:
    panel = findings(demo)
    demo.workspace.evidence.take(open_index(index))
    demo.until(lambda: demo.workspace.evaluating.found is not None)
    demo.parts.center.take_keyboard()
    for _ in range(200):
        if QApplication.focusWidget() is panel.confusion:
            break
        demo.press("Tab")
    assert QApplication.focusWidget() is panel.confusion
    before, picked = demo.view, list[tuple[int, int]]()
    panel.confusion.picked.connect(lambda *cell: picked.append(cell))
    demo.press("Right", "Right")
    assert panel.confusion._under == (0, 1)
    assert "predicted as" in panel.confusion.toolTip()
    demo.press("Down", "Up")
    assert demo.view == before  # the arrows are the table's meanwhile
    demo.press("Return")
    assert picked == [(0, 1)]
    assert "other predicted as melanoma" in demo.parts.pictures._alone.text()


def test_the_threshold_moves_the_figures_and_the_table(demo: Person, index: Path) -> None:
    panel = findings(demo)
    demo.workspace.evidence.take(open_index(index))
    demo.until(lambda: demo.workspace.evaluating.found is not None)
    found, curves = demo.workspace.evaluating.found, panel.curves
    assert (panel.confusion.counts == found.confusion).all()
    curves._slider.setValue(0)
    assert panel.confusion.counts[:, 0].tolist() == [0, 0]
    assert "sensitivity 1.00" in curves._numbers.text()
    assert "specificity 0.00" in curves._numbers.text()
    for kind in range(curves._kinds.count()):
        curves._kinds.setCurrentIndex(kind)
        curves._kinds.activated.emit(kind)
        assert curves._plot.listDataItems()
    assert not curves._slider.isVisible()  # calibration has no threshold


def test_words_change_what_is_measured_and_training_pictures_count_when_asked(demo: Person, index: Path) -> None:
    panel = findings(demo)
    demo.workspace.evidence.take(open_index(index))
    demo.until(lambda: demo.workspace.evaluating.found is not None)
    before = demo.workspace.evaluating.found
    demo.click(panel._trained)
    demo.until(lambda: demo.workspace.evaluating.found is not before)
    assert len(demo.workspace.evaluating.found.pictures) == len(names_in(demo))
    assert "counted all the same" in panel._left_out.text()
    demo.click(panel._words)
    dialog = next(top for top in QApplication.topLevelWidgets() if isinstance(top, ClassWordsDialog))
    box = dialog._boxes["nv"]
    box.setCurrentIndex(0)
    box.activated.emit(0)
    dialog.accept()
    demo.until(lambda: "two classes" in panel._nothing.text())  # nothing but melanoma is left


def test_readers_come_from_a_table_and_a_wrong_one_is_said(
    demo: Person, index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = findings(demo)
    demo.workspace.evidence.take(open_index(index))
    demo.until(lambda: demo.workspace.evaluating.found is not None)
    for text in ("name,sensitivity,specificity\nDr A,0.8,0.7\n", "nothing\n"):
        (tmp_path / "readers.csv").write_text(text)
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "readers.csv"), ""))
        demo.click(panel._readers, QPoint(5, 5))
        wanted = int("Dr A" in text)
        demo.until(
            lambda wanted=wanted: (
                len(demo.workspace.evaluating.found.readers) == wanted and not demo.workspace.evaluating.busy
            )
        )
    assert "readers.csv" in demo.message
    assert demo.workspace.evaluating.file is None


def test_confused_pictures_are_looked_at_through_two_lenses(demo: Person, index: Path, tmp_path: Path) -> None:
    panel, workspace = findings(demo), demo.workspace
    workspace.evidence.take(open_index(index))
    demo.until(lambda: workspace.evaluating.found is not None)
    pair = workspace.evaluating.found.confused[0]
    why = next(button for button in panel.findChildren(PlainTool) if button.text() == "Why …")
    demo.click(why)
    dialog = demo.window.findChild(LensSheetDialog)
    assert dialog._title.text() == f"{pair.given} predicted as {pair.predicted}"
    sheet = workspace.lens_sheet
    demo.until(lambda: sheet.complete)
    assert [path.name for path, _ in sheet.rows] == list(pair.pictures)
    first, drawn = sheet.rows[0]
    assert drawn.lines[1] == f"given: {pair.given}"
    lenses = [LENSES["grad-cam"], LENSES["guided-backprop"]]
    target = f"class:{pair.predicted}"
    expected = sheet_row(workspace.library.network, read_image(first), lenses, target, ())
    for shown, wanted in zip(drawn.panels, expected.panels, strict=True):
        np.testing.assert_array_equal(shown, wanted)
    assert dialog.grid.rowCount() == len(pair.pictures) + 1
    name = next(button for button in dialog.findChildren(PlainTool) if button.text() == sheet.rows[1][0].name)
    demo.click(name)
    demo.until(lambda: demo.view.picture == sheet.rows[1][0])
    dialog.write_to(tmp_path / "pair.pdf")
    demo.until(lambda: "Written" in dialog._said.text())
    assert (tmp_path / "pair.pdf").read_bytes().startswith(b"%PDF")
    dialog.write_to(tmp_path / "pair.doc")
    assert "no ending of a figure" in dialog._said.text()
    dialog.close()
    assert not workspace.library.batch.busy("lenses of a pair")


def test_the_classes_are_added_up_along_a_tree_and_a_wrong_one_is_said(
    demo: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = demo.workspace.library.folder
    names = tuple(path.relative_to(folder.path).as_posix() for path in folder.pictures)
    words = ("nv", "bkl", "mel", "bcc")
    given = tuple(words[place % 4] for place in range(len(names)))
    logits = np.random.default_rng(1).normal(size=(len(names), 4))
    path = write_index(
        tmp_path / "i.h5", np.ones((2, len(names))), names=names, given=given, classes=words, logits=logits
    )
    panel, evaluating = findings(demo), demo.workspace.evaluating
    demo.workspace.evidence.take(open_index(path))
    demo.until(lambda: evaluating.found is not None)
    tree = tmp_path / "tree.toml"
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tree), ""))
    tree.write_text('benign = ["nv", "bkl"]\nmalignant = ["mel", "bcc"]\n')
    demo.click(panel._taxonomy, QPoint(5, 5))
    demo.until(lambda: bool(evaluating.found.levels))
    level = evaluating.found.levels[0]
    said = [text.text() for text in panel.findChildren(QLabel)]
    for name, right in zip(("benign", "malignant"), level.sensitivity, strict=True):
        line = next(text for text in said if text.startswith(f"{name} AUC {level.auc.value:.2f}"))
        assert f"predicted rightly {right.value:.2f}" in line
        assert line.endswith(f"of {len(names) // 2:,}")
    assert sum("Added up along the taxonomy" in text for text in said) == 1
    tree.write_text('benign = ["nv"]\nmalignant = ["mel", "bcc"]\n')
    demo.click(panel._taxonomy, QPoint(5, 5))
    demo.until(lambda: 'class "bkl" does not stand in tree.toml' in demo.message)
    demo.until(lambda: not evaluating.busy)
    assert evaluating.taxonomy is None
    assert not evaluating.found.levels


@pytest.mark.parametrize("size", SIZES[:3])
def test_the_curve_is_seen_whole_at_every_size(demo: Person, index: Path, size: tuple[int, int]) -> None:
    panel = findings(demo)
    demo.workspace.evidence.take(open_index(index))
    demo.until(lambda: demo.workspace.evaluating.found is not None)
    demo.window.resize(*size)
    demo.qtbot.wait(300)
    plot = panel.curves._plot
    assert plot.viewport().visibleRegion().boundingRect() == plot.viewport().rect()
    assert plot.width() >= 150
    assert plot.height() >= 100

    def turn_to(title: str) -> None:
        demo.click(next(part for part in panel._switch.findChildren(PlainTool) if part.text() == title))

    if not panel.confusion.isVisible():
        turn_to("Table")
        assert panel.confusion.isVisible()
        assert not plot.isVisible()
        turn_to("Curve")
    words = panel._worth_a_look
    if not words.isVisible():
        turn_to("Worth a look")
        assert words.isVisible()
        assert not plot.isVisible()
    demo.until(lambda: not cut(demo.window))
