"""Story: what a person needs is near at hand: the right button, recent things, export in words, the manual."""

import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QContextMenuEvent, QDesktopServices
from PySide6.QtWidgets import QApplication, QMenu

from explorer.core.tags.book import FilterKey
from explorer.state.manual import manual_pages
from explorer.state.start import Start
from explorer.ui.dialogs.export_dialog import WRITTEN, ExportDialog
from explorer.ui.dialogs.history_dialog import HistoryDialog
from explorer.ui.dialogs.manual import Manual
from explorer.ui.widgets import show_in_folder
from explorer.ui.widgets.overlay_grid import OverlayGrid
from explorer.ui.window.actions import FILE, TAGS, VIEW
from tests.conftest import ROOT
from tests.e2e.conftest import DEMO, Open, Person


def menu_on(person: Person, part: object, place: QPoint) -> dict[str, object]:
    """The entries of the menu that the right button brings."""
    person.qtbot.mousePress(part.viewport(), Qt.MouseButton.RightButton, pos=place)
    part.customContextMenuRequested.emit(place)
    person.until(lambda: any(menu.isVisible() for menu in part.findChildren(QMenu)))
    menu = next(menu for menu in part.findChildren(QMenu) if menu.isVisible())
    found = {action.text(): action for action in menu.actions()}
    for action in menu.actions():
        if action.menu() is not None:
            found |= {inner.text(): inner for inner in action.menu().actions()}
    menu.hide()
    return found


def test_entries_name_the_keys_that_do_the_same(demo: Person) -> None:
    grid = demo.parts.center.browser.grid
    entries = menu_on(demo, grid, grid.visualRect(grid.model().index(2, 0)).center())
    keys = {text: action.shortcut().toString() for text, action in entries.items()}
    assert (keys["Copy the figure"], keys["Save the figure"]) == ("Ctrl+C", "Ctrl+S")
    assert (keys["Hair"], keys["Another word …"]) == ("H", "#")
    demo.window.activateWindow()
    demo.press("H")
    assert demo.workspace.tagging.words(FilterKey(7, 2)) == ("hair",)  # the key is still the window's


def test_the_right_button_acts_on_what_it_frames(demo: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    grid = demo.parts.center.browser.grid
    place = grid.visualRect(grid.model().index(2, 0)).center()
    entries = menu_on(demo, grid, place)
    assert demo.view.filter == 2
    entries["Hair"].trigger()
    assert demo.workspace.tagging.words(FilterKey(7, 2)) == ("hair",)
    entries["Copy 7:2"].trigger()
    assert QApplication.clipboard().text() == "7:2"
    entries["Export filter 7:2 …"].trigger()
    dialog = next(one for one in demo.window.findChildren(ExportDialog) if one.isVisible())
    assert dialog._filters.currentText() == "7:2"
    dialog.reject()
    shown: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: shown.append(url.toLocalFile()))
    monkeypatch.setattr(show_in_folder, "marked", lambda path: False)
    pictures = demo.parts.pictures.list
    entries = menu_on(demo, pictures, pictures.visualRect(pictures.model().index(1, 0)).center())
    entries["Show in folder"].trigger()
    assert shown == [str(demo.workspace.library.folder.path)]
    layers = demo.parts.layers
    entries = menu_on(demo, layers, layers.visualRect(layers.model().index(7, 0)).center())
    assert {"Export layer 7 …", "Copy 7"} <= set(entries)
    image = demo.parts.center.browser.viewer.image
    entries = menu_on(demo, image, image.viewport().rect().center())
    assert {"Copy the figure", "Show in folder", "Border"} <= set(entries)


def test_a_file_is_marked_in_its_folder_where_the_system_can(demo: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    marked: list[Path] = []
    monkeypatch.setattr(show_in_folder, "marked", lambda path: bool(marked.append(path)) or True)
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: pytest.fail("the folder was opened, too"))
    pictures = demo.parts.pictures.list
    entries = menu_on(demo, pictures, pictures.visualRect(pictures.model().index(1, 0)).center())
    entries["Show in folder"].trigger()
    assert marked == [demo.view.picture]


@pytest.mark.parametrize(
    ("system", "command"),
    [("darwin", ["open", "-R", "/a/b c.png"]), ("win32", 'explorer /select,"/a/b c.png"')],
)
def test_other_systems_mark_a_file_in_their_own_way(
    system: str, command: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[object] = []
    monkeypatch.setattr(show_in_folder.sys, "platform", system)
    monkeypatch.setattr(subprocess, "Popen", lambda command, **more: begun.append(command))
    assert show_in_folder.marked(Path("/a/b c.png"))
    assert begun == [command]


def test_pictures_that_show_the_filter_offer_what_filter_and_picture_do(demo: Person) -> None:
    browser = demo.parts.center.browser
    browser.tabs.setCurrentIndex(1)
    demo.until(browser.over.isVisible)
    entries = menu_on(demo, browser.over, browser.over.visualRect(browser.over.model().index(1, 0)).center())
    assert {"Hair", "Copy 7:0", "Export this picture …", "Star", "Show in folder", "Copy the figure"} <= set(entries)
    entries["Export this picture …"].trigger()
    dialog = next(one for one in demo.window.findChildren(ExportDialog) if one.isVisible())
    assert dialog._pictures.currentData() == (demo.view.picture,)
    dialog.reject()
    pictures = demo.parts.pictures.list
    entries = menu_on(demo, pictures, pictures.visualRect(pictures.model().index(2, 0)).center())
    assert "Export this picture …" in entries
    browser.tabs.setCurrentIndex(2)  # its tiles are there as soon as the index is
    (grid,) = browser.tabs.widget(2).findChildren(OverlayGrid)
    assert grid.contextMenuPolicy() == Qt.ContextMenuPolicy.CustomContextMenu


def test_the_kind_of_filters_that_was_exported_is_offered_again(demo: Person, tmp_path: Path) -> None:
    def dialog() -> ExportDialog:
        demo.control("E")
        return next(one for one in demo.window.findChildren(ExportDialog) if one.isVisible())

    demo.press("H")
    for words, selectors in (("this layer", "7"), ("tagged hair", "tag:hair"), ("all filters", "all")):
        first = dialog()
        place = next(place for place in range(first._which.count()) if first._which.itemText(place).startswith(words))
        first._which.setCurrentIndex(place)
        first._which.activated.emit(place)
        first.reject()
        again = dialog()
        assert again._filters.currentText() == selectors
        again.reject()
    first = dialog()
    first._filters.setEditText("7")
    first.reject()
    demo.workspace.session.update(layer=5, filter=0)
    again = dialog()
    assert again._filters.currentText() == "5"  # the layer, whichever is in view
    again.reject()
    demo.commands.files.export("5:3")
    asked = next(one for one in demo.window.findChildren(ExportDialog) if one.isVisible())
    assert asked._filters.currentText() == "5:3"
    asked.reject()


def test_this_filter_over_what_a_search_found_begins_at_the_top_and_is_counted(
    open_window: Open, tmp_path: Path
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(80):
        Image.new("RGB", (40, 40), (number, 90, 90)).save(folder / f"picture{number:03}.png")
    Image.new("RGB", (40, 40)).save(folder / "other.png")
    person = open_window(Start(model=DEMO / "demo-scratch-cnn.safetensors", images=folder, device="cpu"))
    person.wait_for_maps()
    browser, pictures = person.parts.center.browser, person.parts.pictures.model.rows
    person.workspace.session.update(picture=pictures[60])
    browser.tabs.setCurrentIndex(1)
    person.until(lambda: browser.over.verticalScrollBar().value() > 0)
    assert not browser._of_pictures.isVisible()
    person.control("F")
    person.qtbot.keyClicks(QApplication.focusWidget(), "picture")
    person.until(browser._of_pictures.isVisible)
    assert browser._of_pictures.text() == "80 of 81 pictures"
    person.until(lambda: browser.over.verticalScrollBar().value() == 0)
    person.press("Escape")
    person.until(lambda: browser.over.verticalScrollBar().value() > 0)  # at the picture in view again
    assert not browser._of_pictures.isVisible()


def test_the_right_button_on_a_tag(demo: Person) -> None:
    demo.press("H", "B")
    book, key, rows = demo.workspace.tagging.book, FilterKey(7, 0), demo.parts.tags.rows
    demo.workspace.tagging.describe(key, "hair", "left", "thin")

    def offered(word: str) -> dict[str, QAction]:
        row = rows.row_of(demo.workspace.tagging.annotator, word)
        part = row._title
        place = part.rect().center()
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, part.mapToGlobal(place))
        QApplication.sendEvent(part, event)  # as Qt sends it to what is under the mouse
        demo.until(lambda: any(menu.isVisible() for menu in rows.findChildren(QMenu)))
        menu = next(menu for menu in rows.findChildren(QMenu) if menu.isVisible())
        found = {action.text(): action for action in menu.actions()}
        menu.hide()
        return found

    entries = offered("hair")
    assert list(entries) == ["Copy the tag", "Show in history …", "Needs review", "Another word …", "Remove"]
    assert entries["Needs review"].shortcut().toString() == "Q"
    entries["Copy the tag"].trigger()
    assert QApplication.clipboard().text() == "7:0 hair, left, thin"
    entries["Needs review"].trigger()
    assert [tag.tag for tag in book.tags(key) if tag.needs_review] == ["hair"]
    offered("hair")["Needs no review any more"].trigger()
    offered("border")["Remove"].trigger()
    assert [tag.tag for tag in book.tags(key)] == ["hair"]
    offered("hair")["Another word …"].trigger()
    assert QApplication.focusWidget() is demo.parts.tags.other
    offered("hair")["Show in history …"].trigger()
    dialog = next(one for one in demo.window.findChildren(HistoryDialog) if one.isVisible())
    demo.until(lambda: dialog.model.rows)
    assert {change.tag for change in dialog.model.rows} == {"hair"}
    dialog.close()


def test_lines_part_the_menus(demo: Person) -> None:
    menus = demo.commands.actions.menus
    below = {
        menu: [after.text() for line, after in pairwise(menus[menu].actions()) if line.isSeparator()]
        for menu in (FILE, TAGS, VIEW)
    }
    assert below == {
        FILE: ["Copy the figure in view", "Open the demo"],
        TAGS: ["Another word …"],
        VIEW: ["Lens …", "Scale"],
    }
    words = [action.text() for action in menus[TAGS].actions()]
    assert words.index("Border") < words.index("") < words.index("Another word …")


def test_recent_networks_and_folders_stand_in_the_menu_of_files(demo: Person) -> None:
    menus = {action.text(): action.menu() for action in demo.commands.actions.menus[FILE].actions() if action.menu()}
    for title, name in (("Recent networks", "demo-scratch-cnn.safetensors"), ("Recent folders", "pictures")):
        menus[title].aboutToShow.emit()
        (entry,) = menus[title].actions()
        assert entry.text().endswith(name)


def test_an_export_is_chosen_in_words_or_by_keys_and_remembered(demo: Person, tmp_path: Path) -> None:
    demo.press("H", "Right", "H")

    def opened() -> ExportDialog:
        demo.control("E")
        return next(one for one in demo.window.findChildren(ExportDialog) if one.isVisible())

    dialog = opened()
    words = [dialog._which.itemText(place) for place in range(dialog._which.count())]
    assert words == [
        "this filter, 7:1",
        "this layer, 64 filters",
        "tagged hair, 2 filters",
        "all filters, 240",
        WRITTEN,
    ]
    for place, keys, count in ((0, "7:1", "1 filter"), (2, "tag:hair", "2 filters"), (1, "7", "64 filters")):
        dialog._which.setCurrentIndex(place)
        dialog._which.activated.emit(place)
        assert dialog._filters.currentText() == keys
        assert dialog._says.text().startswith(f"{count} ×")
    dialog._filters.setEditText("7:0-1")
    assert dialog._which.currentText() == WRITTEN
    dialog._format.setCurrentText("tiff")
    dialog._caption.setChecked(True)
    dialog._out.setText(str(tmp_path / "out"))
    demo.click(dialog._go)
    demo.until(lambda: "2 figures written" in demo.message)
    dialog = opened()
    assert (dialog._format.currentText(), dialog._caption.isChecked()) == ("tiff", True)
    assert dialog._out.text() == str(tmp_path / "out")
    assert dialog._filters.currentText() == "7:1"
    dialog.reject()


def test_an_export_knows_the_selected_filters_and_the_starred_pictures(demo: Person) -> None:
    pictures = demo.workspace.library.folder.pictures
    demo.control("D")
    demo.press("Down", "Down")
    demo.control("D")
    demo.press("Right", "Right", modifier=Qt.KeyboardModifier.ShiftModifier)
    demo.workspace.selection.toggle(5)
    demo.control("E")
    dialog = next(one for one in demo.window.findChildren(ExportDialog) if one.isVisible())
    assert (dialog._which.currentText(), dialog._filters.currentText()) == ("the 4 selected filters", "7:0-2,7:5")
    assert dialog._which.itemText(1).startswith("this filter, 7:")
    assert [str(key) for key in dialog._chosen()] == ["7:0", "7:1", "7:2", "7:5"]
    dialog._pictures.setCurrentIndex(dialog._pictures.findText("with a star: 2 pictures"))
    assert dialog._pictures.currentData() == (pictures[0], pictures[2])
    assert dialog._says.text().startswith("4 filters × 2 pictures")
    dialog.reject()
    demo.press("Escape")
    demo.control("D")
    demo.press("Up", "Up")
    demo.control("D")
    demo.control("E")
    dialog = next(one for one in demo.window.findChildren(ExportDialog) if one.isVisible())
    assert dialog._which.currentText().startswith("this filter")
    assert "star" not in "".join(dialog._pictures.itemText(place) for place in range(dialog._pictures.count()))
    dialog.reject()


def test_pictures_with_a_star_are_found_again(demo: Person, open_window: Open) -> None:
    pictures = demo.workspace.library.folder.pictures
    demo.press("Down")
    demo.control("D")
    model = demo.parts.pictures.model
    assert model.data(model.index(1)) == "★ drawn_02"
    demo.control("F")
    demo.qtbot.keyClicks(QApplication.focusWidget(), "starred")
    assert list(model.rows) == [pictures[1]]
    demo.press("Escape", "Down")
    demo.control("D")
    demo.window.close()
    again = open_window()
    again.wait_for_maps()
    again.control("F")
    again.qtbot.keyClicks(QApplication.focusWidget(), "starred")
    assert [picture.name for picture in again.parts.pictures.model.rows] == [one.name for one in pictures[1:3]]
    again.control("D")
    assert len(again.parts.pictures.model.rows) == 1


def test_the_manual_is_all_of_the_docs_with_its_contents(demo: Person) -> None:
    pages = manual_pages()
    assert {page.path.name for page in pages} == {path.name for path in (ROOT / "docs").glob("*.md")}
    demo.commands.show_manual()
    manual = next(one for one in demo.window.findChildren(Manual) if one.isVisible())
    for place, page in enumerate(pages):
        entry = manual.contents.topLevelItem(place)
        manual.contents.setCurrentItem(entry)
        assert page.title in manual.page.toPlainText()
        if page.sections:
            last = entry.child(entry.childCount() - 1)
            manual.contents.setCurrentItem(last)
            assert last.text(0) in manual.page.toPlainText()
            bar = manual.page.verticalScrollBar()
            assert bar.value() > 0 or bar.maximum() == 0
    manual.close()
