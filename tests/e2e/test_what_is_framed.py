"""Story: whatever moves the frame moves the view, and a key tags what is framed."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QItemSelectionModel, QPoint, QPointF, QSignalBlocker, Qt
from PySide6.QtGui import QFocusEvent, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractItemView, QApplication

from explorer.core.tags.book import FilterKey
from explorer.state.start import Start
from explorer.ui.panels.patch_panel import Moved
from tests.e2e.conftest import Open, Person

MOVES = ("Home", "End", "Up", "Down", "Left", "Right", "PageUp", "PageDown", "Tab", "Backtab", "Return", "Space", "F2")
LETTERS = "ABCEFGIJKNOQSUVWZ056789"
"""Without L, after which a menu has the keyboard."""
MODIFIERS = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
)
BUTTONS = (
    Qt.MouseButton.LeftButton,
    Qt.MouseButton.RightButton,
    Qt.MouseButton.MiddleButton,
    Qt.MouseButton.BackButton,
)
Frames = dict[QAbstractItemView, Callable[[int], bool]]


@pytest.fixture
def lists(demo: Person) -> tuple[Person, Frames]:
    """Every list and grid of the window, each with whether a row of it is what is looked at."""
    window, parts, browser = demo.window, demo.parts, demo.parts.center.browser
    over_picture, of_layer = parts.pictures.model, browser.lens_strip.patch
    of_layer._filters.show_moved([Moved(f"7:{place}", 0.0, float(place), 9.0, place) for place in range(9)])
    of_layer._classes.show_moved([Moved(name, 0.3, 0.4, 1.0) for name in ("a", "b", "c")])
    frames: Frames = {
        parts.layers: lambda row: row == demo.view.layer,
        parts.pictures.list: lambda row: over_picture.rows[row] == demo.view.picture,
        browser.grid: lambda row: parts.filters.rows[row] == demo.view.filter,
        browser.over: lambda row: parts.over.rows[row] == demo.view.picture,
        of_layer._filters: lambda row: of_layer._filters.model_.rows[row].filter == demo.view.filter,
        of_layer._classes: lambda row: False,
    }
    found = {view for view in window.findChildren(QAbstractItemView) if view.window() is window}
    assert found == set(frames)
    return demo, frames


def check(frames: Frames) -> None:
    """The law: the one marked row of each list is what is looked at, or none where that is not there."""
    for view, is_in_view in frames.items():
        rows = range(view.model().rowCount())
        wanted = next((row for row in rows if is_in_view(row)), -1)
        assert view.currentIndex().row() == wanted, view.accessibleName()
        assert [index.row() for index in view.selectedIndexes()] == ([wanted] if wanted >= 0 else [])


def shown(person: Person, frames: Frames) -> Iterator[QAbstractItemView]:
    """Each list in turn, brought to the front and given the keyboard."""
    browser = person.parts.center.browser
    for view in frames:
        tabs = [browser.tabs.widget(place) for place in range(browser.tabs.count())]
        tab = next((tab for tab in tabs if tab is view or tab.isAncestorOf(view)), browser.grid)
        with QSignalBlocker(browser.tabs):  # nothing needs to be measured
            browser.tabs.setCurrentWidget(tab)
        of_strip = browser.lens_strip.isAncestorOf(view)
        for part in (browser.lens_strip, browser.lens_strip.patch, view):
            part.setVisible(of_strip or part is view)
        view.setFocus()
        yield view


def test_h_tags_what_is_framed_whatever_key_was_pressed_before(lists: tuple[Person, Frames]) -> None:
    person, frames = lists
    for view in shown(person, frames):
        for key in (*MOVES, *LETTERS):
            for modifier in MODIFIERS if key in MOVES else MODIFIERS[:1]:
                QTest.keyClick(view, getattr(Qt.Key, f"Key_{key}"), modifier)
                check(frames)
        person.parts.center.browser._shown.setCurrentIndex(0)
        person.parts.center.browser._arrange()
        person.workspace.muting.restore()  # of U: tags are given to the real network alone
        assert_h_tags_what_is_framed(person, frames, view)


def assert_h_tags_what_is_framed(person: Person, frames: Frames, view: QAbstractItemView) -> None:
    check(frames)
    key, before = FilterKey(person.view.layer, person.view.filter), set(tagged(person))
    QTest.keyClick(view, Qt.Key.Key_H)
    assert before ^ set(tagged(person)) == {(key, "hair")}
    assert person.parts.tags._title.text() == f"Filter {key}"


def tagged(person: Person) -> Iterator[tuple[FilterKey, str]]:
    return ((key, tag.tag) for key, tag in person.workspace.tagging.book.entries() if tag.tag == "hair")


def test_h_tags_what_is_framed_whatever_the_mouse_did_before(lists: tuple[Person, Frames]) -> None:
    person, frames = lists
    for view in shown(person, frames):
        mouse, port = person.qtbot, view.viewport()
        for place, button in enumerate((*BUTTONS, *BUTTONS)):
            for modifier in MODIFIERS:
                at = view.visualRect(view.model().index(place % 3, 0)).center()
                mouse.mouseClick(port, button, modifier, at)
                check(frames)
            mouse.mouseDClick(port, button, pos=at)
            check(frames)
        first, last = (view.visualRect(view.model().index(row, 0)).center() for row in (0, view.model().rowCount() - 1))
        QTest.mousePress(port, Qt.MouseButton.LeftButton, pos=last if port.rect().contains(last) else first)
        for share in range(9):
            drag(view, first + (last - first) * share / 8)
            check(frames)
        QTest.mouseRelease(port, Qt.MouseButton.LeftButton, pos=port.rect().center())
        QTest.mouseClick(port, Qt.MouseButton.LeftButton, pos=port.rect().bottomRight() - QPoint(2, 2))
        check(frames)
        wheel(view)
        assert_h_tags_what_is_framed(person, frames, view)


def drag(view: QAbstractItemView, at: QPoint) -> None:
    """Move over a list with the left button held."""
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    where = QPointF(at)
    moved = QMouseEvent(QEvent.Type.MouseMove, where, view.viewport().mapToGlobal(where), left, left, none)
    QApplication.sendEvent(view.viewport(), moved)


def wheel(view: QAbstractItemView) -> None:
    place = QPointF(view.viewport().rect().center())
    for angle in (-240, 480, -120):
        turned = QWheelEvent(
            place,
            view.viewport().mapToGlobal(place),
            QPoint(),
            QPoint(0, angle),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(view.viewport(), turned)


def test_nothing_else_moves_a_frame_without_the_view(lists: tuple[Person, Frames]) -> None:
    person, frames = lists
    mark = QItemSelectionModel.SelectionFlag

    def steps(view: QAbstractItemView) -> Iterator[Any]:
        index = view.model().index(1, 0)
        yield view.selectAll()
        yield view.clearSelection()
        yield view.selectionModel().clear()
        yield view.selectionModel().clearCurrentIndex()
        yield view.setCurrentIndex(index)
        yield view.selectionModel().select(index, mark.Toggle)
        yield view.selectionModel().setCurrentIndex(view.model().index(0, 0), mark.ClearAndSelect)
        yield view.keyboardSearch("d")
        for reason in Qt.FocusReason:
            yield QApplication.sendEvent(view, QFocusEvent(QFocusEvent.Type.FocusIn, reason))
        yield person.workspace.session.update(filter=60, picture=person.workspace.library.folder.pictures[20], layer=6)
        yield person.workspace.session.update(filter=3, picture=person.workspace.library.folder.pictures[2], layer=7)

    for view in frames:
        for _ in steps(view):
            check(frames)


def test_what_is_hidden_by_a_search_or_a_choice_comes_back_framed(lists: tuple[Person, Frames]) -> None:
    person, frames = lists
    parts, before = person.parts, person.view
    for text in ("nothing", "drawn_0", "drawn_1", "class:b", ""):
        parts.pictures._search.setText(text)
        check(frames)
        for view in (parts.pictures.list, parts.center.browser.over):
            view.setFocus()
            check(frames)
    person.press("T", "G", "G")
    check(frames)
    parts.center.browser.grid.setFocus()
    assert person.view == before  # nobody wished to look at anything else
    person.press("T", "G")
    check(frames)


def test_arrows_walk_pictures_and_filters_also_over_the_pictures(demo: Person) -> None:
    demo.press("P")
    over = demo.parts.center.browser.over
    pictures = demo.workspace.library.folder.pictures
    over.setFocus()
    for keys, place, filter in ((("Down", "Down"), 2, 0), (("Right",), 2, 1), (("Up",), 1, 1), (("Left",), 1, 0)):
        demo.press(*keys)
        assert demo.view.picture == pictures[place]
        assert over.currentIndex().row() == demo.parts.pictures.list.currentIndex().row() == place
        assert demo.view.filter == filter
    demo.wait_for_maps()


def test_what_is_looked_at_is_in_sight_after_a_resize_and_after_a_restart(open_window: Open) -> None:
    person = open_window(Start(demo=True))
    person.wait_for_maps()

    def assert_in_sight(person: Person) -> None:
        parts, browser = person.parts, person.parts.center.browser
        for tab, view in ((0, browser.grid), (1, browser.over), (1, parts.layers), (1, parts.pictures.list)):
            browser.tabs.setCurrentIndex(tab)
            person.until(
                lambda view=view: view.viewport().rect().contains(view.visualRect(view.currentIndex()).center())
            )
            assert view.currentIndex().isValid()

    person.window.resize(1300, 1000)
    last = person.workspace.library.folder.pictures[-1]
    person.workspace.session.update(picture=last, layer=7, filter=63)
    assert_in_sight(person)
    for view in (person.parts.center.browser.grid, person.parts.pictures.list):
        view.scrollToTop()
    for size in ((900, 600), (1500, 700), (900, 1000)):
        person.window.resize(*size)
        assert_in_sight(person)
    person.wait_for_maps()
    person.window.resize(900, 600)
    person.window.close()
    again = open_window()
    again.wait_for_maps()
    assert (again.view.picture, again.view.filter) == (last, 63)
    assert_in_sight(again)
