"""Story: a person does everything with the mouse; only a note is typed."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QDialog, QFileDialog, QMenu, QPushButton, QTabBar, QWidget

from explorer.core.index import open_index
from explorer.core.tags.book import FilterKey
from explorer.ui.dialogs.export_dialog import ExportDialog
from explorer.ui.dialogs.settings_dialog import SettingsDialog
from explorer.ui.widgets.plain_text import PlainTool
from tests.core.index.synthetic_index import write_index
from tests.e2e.conftest import DEMO, Open, Person


def button(part: QWidget, text: str) -> QWidget:
    return next(one for kind in (QPushButton, PlainTool) for one in part.findChildren(kind) if text in one.text())


def pick(person: Person, menu: str, entry: str) -> None:
    """An entry of the menu bar."""
    bar = person.window.menuBar()
    top = next(action for action in bar.actions() if action.text().replace("&", "") == menu)
    person.click(bar, bar.actionGeometry(top).center())
    press_entry(person, top.menu(), entry)


def press_entry(person: Person, menu: QMenu, entry: str) -> None:
    person.until(menu.isVisible)
    action = next(action for action in menu.actions() if entry in action.text())
    person.click(menu, menu.actionGeometry(action).center())


def choose(person: Person, box: QComboBox, text: str) -> None:
    """An entry of a box."""
    person.click(box, QPoint(box.width() - 8, box.height() // 2))
    view = box.view()
    person.until(view.isVisible)
    index = view.model().index(box.findText(text), 0)
    view.scrollTo(index)
    person.qtbot.wait(QApplication.doubleClickInterval() + 50)  # until then Qt takes the release for that of the click
    person.click(view.viewport(), view.visualRect(index).center())
    person.until(lambda: not view.isVisible())


def close_when_there(kind: type[QDialog], seen: list[type[QDialog]]) -> None:
    """Press the button of a dialog that waits for an answer."""

    def press() -> None:
        dialog = next(
            (one for one in QApplication.topLevelWidgets() if isinstance(one, kind) and one.isVisible()), None
        )
        if dialog is None:
            QTimer.singleShot(50, press)
            return
        seen.append(kind)
        QTest.mouseClick(dialog.findChildren(QPushButton)[-1], Qt.MouseButton.LeftButton)

    QTimer.singleShot(50, press)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The titles of file dialogs; those that open answer with the demo's network."""
    titles: list[str] = []
    network = str(next(DEMO.glob("*.safetensors")))

    def answer(path: str) -> object:
        def ask(parent: object, title: str, *more: object, **options: object) -> tuple[str, str]:
            titles.append(title)
            return path, ""

        return ask

    monkeypatch.setattr(QFileDialog, "getOpenFileName", answer(network))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", answer(""))
    return titles


def test_all_flows_with_the_mouse_alone(open_window: Open, asked: list[str], tmp_path: Path) -> None:
    person = open_window()
    workspace, tagging, key = person.workspace, person.workspace.tagging, FilterKey(6, 3)
    person.click(button(person.parts.center, "Try the demo"))
    person.wait_for_maps()
    browser, panel = person.parts.center.browser, person.parts.tags

    person.click_row(person.parts.layers, 6)
    person.click_row(browser.grid, 3)
    assert FilterKey(person.view.layer, person.view.filter) == key

    person.click(panel.words.buttons["hair"])
    row = panel.rows.row_of(tagging.annotator, "hair")
    choose(person, row.detail, "thin")
    person.until(lambda: tagging.mine(key, "hair").detail == "thin")
    person.click(row.note)
    person.qtbot.keyClicks(QApplication.focusWidget(), "over the lesion")
    person.click_row(person.parts.pictures.list, 1)  # leaving the line keeps it
    person.until(lambda: tagging.mine(key, "hair").note == "over the lesion")
    person.click(panel.rows.row_of(tagging.annotator, "hair").remove)
    assert tagging.words(key) == ()
    person.click(panel.last.back)
    assert tagging.mine(key, "hair").note == "over the lesion"
    pick(person, "Tags", "Undo")
    pick(person, "Tags", "Redo")

    choose(person, browser.viewer.display._lenses, "Occlusion")
    person.until(lambda: workspace.lens.found is not None)
    image, (height, width) = browser.viewer.image, workspace.pipeline.shown.rgb.shape[:2]
    middle = image.mapFromScene(QPointF(0.5 * width, 0.5 * height))
    person.click(image.viewport(), middle)
    person.until(lambda: workspace.occluding.patch is not None)
    person.click(image.viewport(), middle)
    assert workspace.occluding.patch is None
    choose(person, browser.viewer.display._lenses, "Grad-CAM")
    person.until(lambda: workspace.lens.name == "grad-cam" and workspace.lens.found is not None)
    choose(person, browser.viewer.display._lenses, "this filter's map")
    assert workspace.lens.lens is None

    pick(person, "View", "Mute the filter")
    person.until(lambda: workspace.muting.keys == (key,) or set(workspace.muting.keys) == {key})
    person.click(button(person.parts.muted, "Restore"))
    person.until(lambda: not workspace.muting.keys)

    names = tuple(path.name for path in workspace.library.folder.pictures)
    given = tuple(workspace.library.folder.labels.of(path) for path in workspace.library.folder.pictures)
    filters = tuple(layer.filters for layer in workspace.library.network.layers)
    peaks, classes = np.ones((sum(filters), len(names))), workspace.library.network.classes
    path = tmp_path / "index.h5"
    identity = workspace.library.network.identity
    write_index(path, peaks, filters=filters, names=names, given=given, classes=classes, identity=identity)
    workspace.evidence.take(open_index(path))
    tabs: QTabBar = browser.tabs.tabBar()
    place = next(place for place in range(tabs.count()) if tabs.tabText(place) == "Findings")
    person.click(tabs, tabs.tabRect(place).center())
    findings = browser.tabs.widget(place).content
    person.until(lambda: workspace.evaluating.found is not None)
    if not findings._worth_a_look.isVisible():
        person.click(button(findings, "Worth a look"))
    assert findings._worth_a_look.isVisible()

    pick(person, "File", "Report on the tagged filters")
    assert asked == ["Report on the tagged filters"]
    pick(person, "File", "Export figures")
    dialog = next(one for one in person.window.findChildren(ExportDialog) if one.isVisible())
    person.click(button(dialog, "Cancel"))
    assert not dialog.isVisible()
    seen: list[type[QDialog]] = []
    close_when_there(SettingsDialog, seen)
    pick(person, "File", "Settings")
    assert seen == [SettingsDialog]

    pick(person, "File", "Compare with another network")
    person.until(lambda: workspace.second.network is not None)
    pick(person, "File", "Close the network beside")
    person.until(lambda: workspace.second.network is None)
