"""Story: a person opens the demo and looks around."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QCursor, QImage, QKeyEvent
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit, QWidget

from explorer.core.tags.book import FilterKey
from explorer.state.index.filter_order import ORDERS
from explorer.state.settings import ANNOTATOR, SCHEME, SETTINGS
from explorer.state.start import Start
from explorer.ui.dialogs.settings_dialog import SettingsDialog
from tests.e2e.conftest import Open, Person


def pixels(image: QImage) -> np.ndarray:
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).astype(int).copy()


def picture_of(person: Person) -> np.ndarray:
    return pixels(person.parts.center.browser.viewer.image.grab().toImage())


def test_an_empty_window_says_what_to_do_next(open_window: Open) -> None:
    person = open_window()
    empty = person.parts.center._stack.currentWidget()
    texts = [label.text() for label in empty.findChildren(type(person.parts.top._layer))]
    assert any("Open a trained network" in text for text in texts)
    assert person.window.windowTitle() == "Feature-map explorer"


def test_the_demo_shows_an_overlay_and_a_prediction(demo: Person) -> None:
    assert len(demo.workspace.library.folder.pictures) == 24
    assert demo.view.layer == 7
    assert demo.parts.filters.rowCount() == 64
    assert {name for name, value in demo.parts.top._bars.values} == {"other", "melanoma"}
    assert "layer 7" in demo.parts.top._layer.text()
    assert "features.17" in demo.parts.top._about.text()


def test_arrow_keys_walk_filters_pictures_and_layers(demo: Person) -> None:
    first = demo.view.picture
    demo.press("Right", "Right", "Left")
    assert demo.view.filter == 1
    demo.press("Down", "Down", "Up")
    assert demo.view.picture == demo.workspace.library.folder.pictures[1] != first
    demo.press("PageUp")
    assert (demo.view.layer, demo.view.filter) == (6, 0)
    demo.press("PageDown", "PageDown")
    assert demo.view.layer == 7
    demo.wait_for_maps()


def test_the_mouse_chooses_too(demo: Person) -> None:
    demo.click_row(demo.parts.center.browser.grid, 3)
    assert demo.view.filter == 3
    demo.click_row(demo.parts.pictures.list, 2)
    assert demo.view.picture == demo.workspace.library.folder.pictures[2]
    demo.click_row(demo.parts.layers, 2)
    assert demo.view.layer == 2
    demo.wait_for_maps()


def test_green_is_drawn_where_the_filter_answers(demo: Person) -> None:
    strengths = demo.workspace.pipeline.maps(7).max((1, 2))
    demo.workspace.session.update(filter=int(strengths.argmax()))
    demo.workspace.session.update_style(scale="map")
    demo.parts.center.browser.viewer.image.grab()
    with_overlay = picture_of(demo)
    demo.workspace.session.update_style(opacity=0.0)
    without = picture_of(demo)
    difference = with_overlay - without
    changed = np.abs(difference).sum(2) > 60
    assert changed.mean() > 0.002
    # Where it is drawn, green falls least, and bright skin turns darker (a dark lesion cannot).
    assert (difference[changed].mean(0)[1] > difference[changed].mean(0)[[0, 2]]).all()
    skin = changed & (without.sum(2) > 450)
    assert skin.any()
    assert difference[skin].sum(1).mean() < 0


def test_holding_space_takes_the_overlay_away(demo: Person) -> None:
    demo.workspace.session.update(filter=int(demo.workspace.pipeline.maps(7).max((1, 2)).argmax()))
    image = demo.parts.center.browser.viewer.image
    for kind, visible in ((QEvent.Type.KeyPress, False), (QEvent.Type.KeyRelease, True)):
        event = QKeyEvent(kind, Qt.Key.Key_Space, Qt.KeyboardModifier.NoModifier, " ")
        QApplication.sendEvent(QApplication.focusWidget(), event)
        assert image._overlay.isVisible() == visible


def test_keys_change_the_look(demo: Person) -> None:
    before = demo.view.style
    demo.press("O", "V", "M", "2")
    style = demo.view.style
    assert (style.outline, style.beside, style.color_map, style.scale) == (True, True, "blue", "layer")
    assert demo.parts.center.browser.viewer.image._beside.isVisible()
    demo.press("O", "V", "M")
    assert demo.view.style.color_map == "lime"
    demo.press("M", "5")
    assert demo.view.style == before


def test_the_grid_sorts_and_filters(demo: Person) -> None:
    demo.press("G")
    strengths = demo.workspace.pipeline.maps(7).max((1, 2))
    assert demo.parts.filters.rows[0] == int(strengths.argmax())
    demo.click_row(demo.parts.center.browser.grid, 0)
    demo.press("Right")
    assert demo.view.filter == demo.parts.filters.rows[1]
    demo.press("T")
    assert demo.parts.filters.rowCount() == 0
    demo.press("T", *["G"] * (len(ORDERS) - 1))
    assert list(demo.parts.filters.rows) == list(range(64))


def test_the_grid_shows_only_one_word(demo: Person) -> None:
    demo.workspace.session.update(filter=5)
    demo.press("H", "Right", "B", "T")
    assert list(demo.parts.filters.rows) == [5, 6]
    box = demo.parts.center.browser._shown
    for word, rows in (("hair", [5]), ("border", [6]), ("color", [])):
        box.setCurrentIndex(box.findData(word))
        box.activated.emit(box.currentIndex())
        assert list(demo.parts.filters.rows) == rows
    assert demo.parts.center.browser.grid.hint == "Layer 7 has no filter tagged color."


def test_the_value_under_the_mouse(demo: Person) -> None:
    image = demo.parts.center.browser.viewer.image
    image.hovered.emit(10.0, 20.0)
    map = demo.workspace.pipeline.map(7, 0)
    assert f"7:0 = {map[int(20 / 448 * 28), int(10 / 448 * 28)]:.4g}" in image.readout.text()
    demo.qtbot.mouseMove(image.viewport(), QPoint(2, 2))
    image.hovered.emit(float("nan"), float("nan"))
    assert image.readout.text() == ""


def test_one_filter_over_the_pictures(demo: Person) -> None:
    demo.press("P")
    assert demo.parts.center.browser.tabs.currentIndex() == 1
    first = demo.workspace.library.folder.pictures[0]
    demo.until(lambda: demo.workspace.library.over.peek(first) is not None)
    demo.click_row(demo.parts.center.browser.over, 3)
    assert demo.view.picture == demo.workspace.library.folder.pictures[3]
    demo.wait_for_maps()


def test_search_finds_names_and_classes(demo: Person) -> None:
    demo.control("F")
    demo.qtbot.keyClicks(QApplication.focusWidget(), "class:mel")
    model = demo.parts.pictures.model
    labels = demo.workspace.library.folder.labels
    assert {labels.of(picture) for picture in model.rows} == {"melanoma"}
    assert 0 < len(model.rows) < 24
    assert len(demo.workspace.tagging.book) == 0  # letters of the search are no tags


def test_zoom_and_fit(demo: Person) -> None:
    image = demo.parts.center.browser.viewer.image
    before = image.transform().m11()
    demo.press("Plus")
    assert image.transform().m11() > before
    demo.press("F")
    assert abs(image.transform().m11() - before) < 1e-6


class Deaf(QObject):
    """Keeps the mouse's moves from a widget, as if the window had come up under it."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        return event.type() == QEvent.Type.MouseMove


@pytest.mark.parametrize("inside", [False, True])
def test_what_is_enlarged_stays_where_it_is(demo: Person, inside: bool) -> None:
    image = demo.parts.center.browser.viewer.image
    deaf = Deaf(image)
    image.viewport().installEventFilter(deaf)
    room = image.viewport().rect()
    held = room.center() + QPoint(30, 20) if inside else room.center()
    QCursor.setPos(image.viewport().mapToGlobal(held) if inside else demo.window.mapToGlobal(QPoint(5, 5)))
    demo.qtbot.wait(50)
    before = image.mapToScene(held)
    for key in ("Plus", "Plus", "Plus", "Plus", "Minus", "Plus"):
        demo.press(key)
        moved = image.mapFromScene(before) - held
        assert abs(moved.x()) <= 4
        assert abs(moved.y()) <= 4


def test_escape_leaves_the_search_and_letters_are_tags_again(demo: Person) -> None:
    demo.control("F")
    demo.qtbot.keyClicks(QApplication.focusWidget(), "ruler")
    demo.press("Escape")
    assert demo.parts.pictures._search.text() == ""
    assert len(demo.parts.pictures.model.rows) == 24
    demo.press("H")
    assert demo.workspace.tagging.words(FilterKey(7, 0)) == ("hair",)


@pytest.mark.parametrize("tab", [1, 2])
def test_escape_gives_the_keyboard_back_whatever_tab_is_in_view(demo: Person, tab: int) -> None:
    demo.press(*"P" * tab)
    demo.control("F")
    demo.press("Escape", "H")
    assert demo.workspace.tagging.words(FilterKey(7, 0)) == ("hair",)
    demo.press("D", "Escape", "B")
    assert set(demo.workspace.tagging.words(FilterKey(7, 0))) == {"hair", "border"}


def test_escape_takes_back_what_was_typed_into_the_detail(demo: Person) -> None:
    demo.press("B", "D")
    demo.qtbot.keyClicks(QApplication.focusWidget(), "npx")
    demo.press("Escape", "Right")
    assert demo.view.filter == 1
    (tag,) = demo.workspace.tagging.book.tags(FilterKey(7, 0))
    assert tag.detail == ""


def test_keys_that_have_nothing_to_work_on_say_so(open_window: Open) -> None:
    person = open_window()
    person.press("4")
    assert "no map to scale" in person.message
    person.press("D")
    assert "Tag the filter first" in person.message
    for key in "GTPXYF":
        person.press(key)
        assert "Open a network" in person.message
    assert not person.parts.center.built
    assert not person.parts.center.shows_browser


def test_the_sheet_of_keys_and_light_colors(demo: Person) -> None:
    demo.commands.show_keys()
    from explorer.ui.dialogs.key_sheet import KeySheet, keys_of

    sheet = demo.window.findChild(KeySheet)
    assert sheet is not None
    assert sheet.isVisible()
    written = {text.text() for text in sheet.findChildren(QLabel)}
    for action in [action for _, actions in demo.commands.actions.groups for action in actions if action.shortcuts()]:
        assert keys_of(action) in written
        name = action.text().replace("&", "")
        assert any(text == name or text.startswith(f"{name}: ") for text in written)
    sheet.close()
    demo.commands.set_theme("light")
    assert demo.window.palette().window().color().lightness() > 200
    demo.commands.set_theme("dark")


def test_dropped_things_open(open_window: Open, tmp_path: Path, pictures: Path) -> None:
    from tests.networks import save_small

    person = open_window()
    person.commands.files.drop(pictures)
    person.until(lambda: person.workspace.library.folder is not None)
    person.commands.files.drop(save_small(tmp_path / "n.safetensors"))
    person.wait_for_maps()
    assert person.workspace.library.network.name == "n"


def test_real_pictures_and_their_classes(open_window: Open, ham10000: Path) -> None:
    from tests.e2e.conftest import DEMO

    start = Start(DEMO / "demo-scratch-cnn.safetensors", ham10000 / "images", ham10000 / "HAM10000_metadata.csv")
    person = open_window(start)
    person.wait_for_maps()
    assert len(person.workspace.library.folder.pictures) == 2831
    person.press(*["Down"] * 10)
    person.wait_for_maps()
    assert person.parts.top._given.text().startswith("given: ")
    person.press(*["Right"] * 63)
    assert (person.view.layer, person.view.filter) == (7, 63)


def test_one_filter_is_shown_over_the_pictures_that_are_listed(demo: Person) -> None:
    demo.press("P")
    demo.control("F")
    demo.qtbot.keyClicks(demo.parts.pictures._search, "class:melanoma")
    listed = list(demo.parts.pictures.model.rows)
    assert 0 < len(listed) < 24
    assert list(demo.parts.over.rows) == listed


def test_settings_are_drawn_from_what_is_declared_and_hold_at_once(demo: Person) -> None:
    before = QApplication.palette().window().color()
    dialog = SettingsDialog(demo.workspace.settings, demo.window)
    assert {field.objectName() for field in dialog.findChildren(QWidget)} >= {one.name for one in SETTINGS}
    scheme, name = dialog.findChild(QComboBox, SCHEME.name), dialog.findChild(QLineEdit, ANNOTATOR.name)
    scheme.setCurrentIndex(scheme.findData("light"))
    name.setText("Zoë")
    dialog.accept()
    assert QApplication.palette().window().color() != before
    assert demo.workspace.tagging.annotator == "Zoë"
    demo.commands.set_theme("dark")
    assert QApplication.palette().window().color() == before
