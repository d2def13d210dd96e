"""Story: on screens of 1280 x 800 and 1024 x 640, the desktop's frame taken off, all that is needed is in sight."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, QSize, Qt, QTimer
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QWidget

from explorer.core.errors import UserError
from explorer.core.index import open_index
from explorer.core.suggestions.suggestion import Suggestion
from explorer.core.tags.book import FilterKey
from explorer.state.opened.network_session import Request
from explorer.state.start import Start
from explorer.state.suggestions.suggesting import Suggesting
from explorer.ui.dialogs import stages_dialog
from explorer.ui.dialogs.history_dialog import HistoryDialog
from explorer.ui.dialogs.manual import Manual
from explorer.ui.panels.findings_panel import FindingsPanel
from explorer.ui.widgets.plain_text import PlainLabel
from explorer.ui.widgets.theme import DARK, SPACE
from tests.core.index.synthetic_index import write_index
from tests.e2e.conftest import DEMO, Open, Person
from tests.e2e.measuring import cut
from tests.e2e.test_mouse_alone import button
from tests.e2e.test_stages import opened, tiles
from tests.e2e.test_typing import DIALOGS

SMALL, SMALLER, LARGE = (1264, 744), (1008, 584), (1600, 1000)
"""What the frame leaves of screens of 1280 x 800 and 1024 x 640, and a larger one."""


def resized(person: Person, size: tuple[int, int]) -> None:
    person.window.resize(*size)
    for _ in range(5):
        QApplication.processEvents()
    person.qtbot.wait(50)


def whole(part: QWidget) -> bool:
    """Whether all of it is in sight."""
    return bool(part.visibleRegion().boundingRect() == part.rect())


def tab(person: Person, title: str) -> QWidget:
    tabs = person.parts.center.browser.tabs
    place = next(place for place in range(tabs.count()) if tabs.tabText(place) == title)
    tabs.setCurrentIndex(place)
    return tabs.widget(place)


@pytest.fixture
def indexed(demo: Person, tmp_path: Path) -> Person:
    """An index of all filters, in which a quarter of the pictures were trained on."""
    library = demo.workspace.library
    names = tuple(path.relative_to(library.folder.path).as_posix() for path in library.folder.pictures)
    filters = tuple(layer.filters for layer in library.network.layers)
    given = tuple(library.folder.labels.of(path) for path in library.folder.pictures)
    peaks = np.random.default_rng(0).random((sum(filters), len(names)))
    logits = np.array([[-1.0, 1.0] if place % 3 else [1.0, -1.0] for place in range(len(names))])
    write_index(
        tmp_path / "index.h5",
        peaks,
        filters=filters,
        names=names,
        given=given,
        classes=library.network.classes,
        logits=logits,
        identity=library.network.identity,
        trained_on=np.arange(len(names)) % 4 == 3,
    )
    demo.workspace.evidence.take(open_index(tmp_path / "index.h5"))
    return demo


@pytest.mark.parametrize("size", [SMALL, SMALLER])
def test_nothing_of_the_right_panel_is_cut_while_tags_are_suggested(
    demo: Person, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    demo.press("B")
    resized(demo, size)
    monkeypatch.setattr(Suggesting, "running", property(lambda self: True))
    monkeypatch.setattr(Suggesting, "progress", property(lambda self: "finding concepts 100 %"))
    demo.workspace.suggesting.changed.emit()
    resized(demo, size)
    assert demo.parts.suggestion.isVisible()
    assert cut(demo.window) == []


@pytest.mark.parametrize(("size", "room"), [(SMALL, 75), (SMALLER, 120)])
def test_why_is_read_with_its_filter_its_tag_and_what_is_being_suggested_in_sight(
    indexed: Person, size: tuple[int, int], room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = indexed.parts
    indexed.press("H")
    monkeypatch.setattr(Suggesting, "running", property(lambda self: True))
    indexed.workspace.suggesting.changed.emit()
    resized(indexed, size)
    indexed.press("E")
    indexed.until(lambda: indexed.workspace.card.card is not None)
    indexed.until(lambda: all(whole(row) for row in parts.tags.rows.rows))
    indexed.until(lambda: parts.card.visibleRegion().boundingRect().height() >= room)
    assert parts.tags._title.text() == "Filter 7:0"
    assert whole(parts.tags._title)
    assert whole(parts.tags._facts)
    assert whole(parts.suggestion._running)
    assert whole(parts.suggestion._tool)
    if size == SMALL:
        assert all(whole(word) for word in parts.tags.words.findChildren(QWidget) if word.isVisibleTo(parts.tags.words))


def test_why_has_all_room_where_there_is_no_tag_and_nothing_was_done(indexed: Person) -> None:
    parts = indexed.parts
    resized(indexed, SMALL)
    indexed.press("E")
    indexed.until(lambda: indexed.workspace.card.card is not None)
    indexed.until(lambda: parts.card.visibleRegion().boundingRect().height() >= 205)
    layers = parts.layers
    gap = layers.mapTo(indexed.window, QPoint()).y() - (
        parts.tags._area.mapTo(indexed.window, parts.tags._area.rect().bottomLeft()).y()
    )
    assert gap < 45  # the title of the layers, and nothing empty
    assert layers.height() >= 3 * layers.sizeHintForRow(0)


@pytest.mark.parametrize("size", [SMALL, SMALLER])
def test_no_layer_is_cut_at_the_top_of_their_list(demo: Person, size: tuple[int, int]) -> None:
    resized(demo, size)
    layers = demo.parts.layers
    assert layers.verticalScrollBar().maximum() > 0
    for key in ("H", "E"):
        demo.press(key)
        demo.qtbot.wait(50)
        top = layers.indexAt(QPoint(20, 1))
        assert layers.visualRect(top).top() >= 0
        mark = layers.visualRect(layers.currentIndex())
        assert layers.viewport().rect().contains(mark)


@pytest.mark.parametrize("size", [SMALL, SMALLER, LARGE, (3840, 2160)])
def test_why_folded_leaves_the_panel_as_it_was(indexed: Person, size: tuple[int, int]) -> None:
    area = indexed.parts.tags._area
    resized(indexed, size)
    indexed.press("E")
    indexed.until(lambda: indexed.workspace.card.card is not None)
    indexed.qtbot.wait(50)
    indexed.press("E")
    indexed.until(lambda: area.verticalScrollBar().value() == 0)


@pytest.mark.parametrize("size", [SMALL, LARGE, (3840, 2160)])
def test_why_stands_right_below_what_is_suggested_with_the_words_in_sight(
    indexed: Person, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    tags, suggestion, card = indexed.parts.tags, indexed.parts.suggestion, indexed.parts.card
    reason = "answers 4.1 x more on the bottom border than on the rest of the lesion; on 500 pictures"
    border = Suggestion(FilterKey(7, 0), "border", "bottom", 3.2, reason, "border", 4.1)
    for name in ("offered", "suggestion"):
        monkeypatch.setattr(Suggesting, name, property(lambda self: border))
    indexed.workspace.suggesting.changed.emit()
    resized(indexed, size)
    above = suggestion.mapTo(indexed.window, QPoint()).y()
    assert above < tags.rows.mapTo(indexed.window, QPoint()).y()
    indexed.press("E")
    indexed.until(lambda: indexed.workspace.card.card is not None)
    indexed.until(lambda: whole(suggestion._text))
    assert whole(suggestion._reason)
    assert whole(tags.other)
    assert all(whole(word) for word in tags.words.findChildren(QWidget) if word.isVisibleTo(tags.words))
    gap = (
        card.mapTo(indexed.window, QPoint()).y() - suggestion.mapTo(indexed.window, suggestion.rect().bottomLeft()).y()
    )
    assert 0 < gap < 20
    indexed.until(lambda: card.visibleRegion().boundingRect().height() >= 90)
    if size[0] > 3000:
        over = tags.rows.mapTo(indexed.window, QPoint()).y() + tags.rows.height()
        assert suggestion.mapTo(indexed.window, QPoint()).y() - over < 80, "nothing floats"
    indexed.press("E")
    indexed.until(lambda: suggestion.mapTo(indexed.window, QPoint()).y() == above)


@pytest.mark.parametrize("size", [SMALL, SMALLER])
def test_why_stays_in_its_place_whatever_stands_in_the_panel(
    indexed: Person, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    resized(indexed, size)
    why = indexed.parts.card.toggle
    at = why.mapTo(indexed.window, why.rect().topLeft())
    assert whole(why)
    indexed.press("B", "H", "S")
    monkeypatch.setattr(Suggesting, "running", property(lambda self: True))
    indexed.workspace.suggesting.changed.emit()
    resized(indexed, size)
    assert whole(why)
    assert why.mapTo(indexed.window, why.rect().topLeft()) == at


@pytest.mark.parametrize("kind", [Manual, HistoryDialog])
def test_a_window_of_its_own_is_no_larger_than_the_screen(
    demo: Person, kind: type[QDialog], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("explorer.ui.widgets.screen_room.screen_room", lambda window: QSize(*SMALLER) - QSize(100, 100))
    dialog = DIALOGS[kind](demo)
    dialog.show()
    assert dialog.width() <= SMALLER[0] - 100
    assert dialog.height() <= SMALLER[1] - 100
    dialog.close()


@pytest.mark.parametrize("size", [SMALL, SMALLER, LARGE])
def test_why_no_tag_can_be_given_is_read_without_scrolling(demo: Person, size: tuple[int, int]) -> None:
    reason = "demo-scratch-cnn.tags.h5 is being tagged in another window (anna, desk-4, 09:12); close it there first."
    demo.workspace.tagging.pause(reason)
    resized(demo, size)
    assert demo.parts.tags._locked.text() == reason
    if size != SMALLER:
        assert whole(demo.parts.tags._locked)
    assert demo.parts.tags._locked.heightForWidth(demo.parts.tags._locked.width()) <= demo.parts.tags._locked.height()


def test_two_tags_stand_below_each_other_without_scrolling(demo: Person) -> None:
    demo.press("B", "H")
    resized(demo, SMALL)
    assert all(whole(row) for row in demo.parts.tags.rows.rows)


@pytest.mark.parametrize("size", [SMALL, SMALLER, LARGE])
def test_the_day_of_a_tag_is_said(demo: Person, size: tuple[int, int]) -> None:
    demo.press("B", "S")
    resized(demo, size)
    for shown in demo.parts.tags.rows.rows:
        assert shown.tag.created[5:10] in shown._about.shown


def test_the_layers_take_the_room_that_is_free(demo: Person) -> None:
    resized(demo, LARGE)
    layers = demo.parts.layers
    assert layers.verticalScrollBar().maximum() == 0
    assert layers.height() < 300  # and no more than they fill


def test_the_menu_of_the_view_leaves_the_window_in_sight(demo: Person) -> None:
    menu = demo.commands.actions.menus["&View"]
    assert menu.sizeHint().height() <= 420
    assert menu.sizeHint().width() <= 520
    within = {action.text(): action.menu() for action in menu.actions() if action.menu() is not None}
    assert list(within) == ["Scale", "Colors", "Beside", "Layout", "Theme"]
    assert [action.shortcut().toString() for action in within["Scale"].actions()] == ["1", "2", "3", "4", "5"]
    demo.press("2")
    within["Scale"].aboutToShow.emit()
    assert [action.isChecked() for action in within["Scale"].actions()] == [False, True, False, False, False]
    listed = next(actions for title, actions in demo.commands.actions.groups if title == "View")
    reached = [action for one in (menu, *within.values()) for action in one.actions()]
    assert set(listed) <= set(reached)


def test_the_findings_of_a_small_window_are_whole(indexed: Person) -> None:
    resized(indexed, SMALLER)
    panel: FindingsPanel = tab(indexed, "Findings").content
    indexed.until(lambda: indexed.workspace.evaluating.found is not None)
    resized(indexed, SMALLER)
    assert whole(panel._left_out)
    assert "6 of 24 pictures" in panel._left_out.text()
    assert whole(panel.curves._numbers)
    assert "specificity" in panel.curves._numbers.text()
    indexed.click(button(panel, "Table"))
    confusion = panel.confusion
    assert whole(confusion)
    for name in indexed.workspace.library.network.classes:
        assert confusion.fontMetrics().horizontalAdvance(name) <= confusion.cell(0, 0).width()
    indexed.click(button(panel, "Worth a look"))
    assert panel._worth_a_look.geometry().bottom() < panel._asks.y()
    indexed.until(lambda: not cut(indexed.window))
    resized(indexed, SMALL)
    indexed.click(button(panel, "Figures"))
    assert panel.curves.isVisible()
    assert panel.confusion.isVisible()


@pytest.mark.parametrize("size", [SMALLER, SMALL, LARGE])
def test_what_was_left_out_is_said_whole(indexed: Person, size: tuple[int, int]) -> None:
    resized(indexed, size)
    panel: FindingsPanel = tab(indexed, "Findings").content
    indexed.until(lambda: indexed.workspace.evaluating.found is not None)
    resized(indexed, size)
    said = panel._left_out
    said.setText("120 of 150 pictures were used for training and are left out.")
    resized(indexed, size)
    wraps = Qt.TextFlag.TextWordWrap if said.wordWrap() else Qt.TextFlag.TextSingleLine
    needed = said.fontMetrics().boundingRect(QRect(0, 0, said.width(), 1000), wraps, said.text())
    assert said.isVisible()
    assert needed.width() <= said.width()
    assert needed.height() <= said.height()


def test_a_curve_says_the_ends_of_its_axes_and_draws_its_mark_whole(indexed: Person) -> None:
    resized(indexed, SMALL)
    curves = tab(indexed, "Findings").content.curves
    indexed.until(lambda: indexed.workspace.evaluating.found is not None)
    resized(indexed, SMALL)
    plot = curves._plot
    view, axis = plot.getViewBox(), plot.getAxis("bottom")
    (_, right), (_, top) = view.viewRange()
    across, down = view.viewPixelSize()
    assert (right - 1) / across >= 5
    assert (top - 1) / down >= 5
    assert axis.style["hideOverlappingLabels"] is False


def test_stages_fit_the_screen_and_cut_no_map(demo: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.ui.widgets.screen_room.screen_room", lambda window: QSize(*SMALL))
    dialog = opened(demo)
    assert dialog.width() <= SMALL[0]
    assert dialog.height() <= SMALL[1]
    area = dialog.findChild(stages_dialog.QScrollArea)
    for size in (SMALL, (1000, 560)):
        dialog.resize(*size)
        for _ in range(5):
            QApplication.processEvents()
        assert area.horizontalScrollBar().maximum() == 0
        for part in tiles(dialog.inputs):
            assert part.mapTo(area.viewport(), part.rect().topRight()).x() < area.viewport().width()
    norm = float(np.linalg.norm(demo.workspace.stages.found.kernels[0]))
    assert any(one.text() == f"norm {norm:.3g}" for one in dialog.findChildren(PlainLabel))
    assert "root of the sum of its squared weights" in dialog._reads.text()
    dialog.close()


def test_the_explanation_of_the_scale_goes_with_what_it_explains(demo: Person) -> None:
    viewer = demo.parts.center.browser.viewer
    resized(demo, SMALLER)
    assert not viewer.lock.isVisible()
    assert not viewer.explanation.isVisible()
    demo.press("X")
    demo.until(viewer.explanation.isVisible)  # of the lens's colors
    demo.press("Escape")
    resized(demo, LARGE)
    assert viewer.lock.isVisible()
    assert viewer.explanation.isVisible()


@pytest.mark.parametrize("size", [SMALL, SMALLER, LARGE])
def test_a_notice_moves_nothing(demo: Person, size: tuple[int, int]) -> None:
    """What a person is about to click stays where it is."""
    resized(demo, size)
    browser, banner = demo.parts.center.browser, demo.parts.problems
    parts = (browser, browser.viewer.image, browser.tabs, browser.grid)

    def places() -> list[tuple[QPoint, QSize]]:
        demo.qtbot.wait(50)
        return [(part.mapTo(demo.window, QPoint()), part.size()) for part in parts]

    before = places()
    banner.show_text("It is written. " * 40, "Open", calm=True)
    assert places() == before
    assert whole(banner)
    assert demo.window.childAt(banner.mapTo(demo.window, banner.rect().center())) in banner.findChildren(QWidget)
    banner.hide()
    assert places() == before


def test_a_notice_has_no_frame_of_a_warning(demo: Person) -> None:
    banner = demo.parts.problems

    def frame() -> str:
        image = banner.grab().toImage()
        return QColor(image.pixel(image.width() // 2, SPACE)).name()

    banner.show_text("It is written.", "Open", calm=True)
    demo.qtbot.wait(20)
    assert frame() == DARK.line
    banner.show_error(UserError("It is not there."))
    demo.qtbot.wait(20)
    assert frame() == DARK.warning
    banner.show_text("It is written.", calm=True)
    demo.qtbot.wait(20)
    assert frame() == DARK.line


def test_what_opens_something_asks_at_once_where_nothing_is_recent(
    open_window: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[tuple[str, str]] = []

    def answer(parent: QWidget, title: str, place: str, *more: str) -> tuple[str, str]:
        asked.append((title, place))
        return "", ""

    monkeypatch.setattr(QFileDialog, "getOpenFileName", answer)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *asked: answer(*asked)[0])
    person = open_window(Start())
    top = person.parts.top
    for opens in (top._model, top._folder):
        QTimer.singleShot(500, lambda: (menu := QApplication.activePopupWidget()) and menu.close())  # a menu would wait
        person.click(opens)
    assert asked == [("Open a network", str(Path.home())), ("Open a folder of pictures", str(Path.home()))]
    model = next(DEMO.glob("*.safetensors"))
    (tmp_path / model.name).write_bytes(model.read_bytes())
    person.workspace.opening.open_model(Request(tmp_path / model.name))
    person.until(lambda: person.workspace.library.network is not None and top._model.menu() is not None)
    person.click(top._folder)
    assert asked[-1] == (
        "Open a folder of pictures",
        str(tmp_path),
    )  # where the network lies, not the last refused file
    menu = top._model.menu()
    menu.aboutToShow.emit()
    assert next(action.text() for action in menu.actions() if action.text()) == "Open …"
    assert any(model.name in action.text() for action in menu.actions())
    resized(person, SMALLER)
    assert top._about.shown == top._about.text()  # nothing stands at its right yet


@pytest.mark.parametrize("size", [SMALL, SMALLER])
def test_the_box_of_what_stands_beside_names_it(demo: Person, size: tuple[int, int]) -> None:
    demo.press("V")
    resized(demo, size)
    assert demo.parts.center.browser.viewer.display.beside.currentText() == "beside: untouched picture"
    assert cut(demo.window) == []


@pytest.mark.parametrize("size", [SMALL, SMALLER])
def test_what_if_can_be_reset_below_a_notice(demo: Person, size: tuple[int, int]) -> None:
    resized(demo, size)
    demo.parts.problems.show_text("It is written.", "Open", calm=True)
    panel = tab(demo, "What if").content
    resized(demo, size)
    assert panel.restore.text() == "Reset"
    assert whole(panel.restore)
    assert cut(demo.window) == []


@pytest.mark.parametrize("size", [SMALL, SMALLER])
def test_the_first_look_at_a_tab_moves_nothing(indexed: Person, size: tuple[int, int]) -> None:
    resized(indexed, size)
    browser = indexed.parts.center.browser
    browser.moveSplitter(2000, 1)  # all to the picture
    before = browser.sizes()
    for place in range(browser.tabs.count()):
        browser.tabs.setCurrentIndex(place)
        resized(indexed, size)
        assert browser.sizes() == before, browser.tabs.tabText(place)
        assert cut(indexed.window) == []
