"""Story: a person scrolls, and whatever lies under the mouse meanwhile stays as it was chosen."""

import re
from collections.abc import Iterator

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QScrollArea, QSlider, QWidget

from tests.conftest import ROOT
from tests.e2e.conftest import Person
from tests.e2e.test_typing import DIALOGS

TYPES = QComboBox, QSlider, QAbstractSpinBox
LEAST = {"Lens", "Scale", "Color map", "Color range", "Beside", "Opacity of the overlay", "Order of the filters"}


def scroll_over(widget: QWidget, lines: int) -> None:
    """Turn the wheel over a widget: as the screen sends it where it is in sight, else it gets the turn alone."""
    if widget.isVisible() and not widget.visibleRegion().isEmpty():
        window = widget.window()
        middle = widget.mapTo(window, widget.visibleRegion().boundingRect().center())
        QTest.wheelEvent(window.windowHandle(), QPointF(middle), QPoint(0, 120 * lines))
        QApplication.processEvents()
        return
    middle = QPointF(widget.rect().center())
    turned = QPoint(0, 120 * lines)
    phase, buttons, keys = Qt.ScrollPhase.NoScrollPhase, Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(widget, QWheelEvent(middle, middle, QPoint(), turned, buttons, keys, phase, False))


def changeable(part: QWidget) -> Iterator[QWidget]:
    for widget in part.findChildren(QWidget):
        if isinstance(widget, TYPES) and widget.window() is part.window():
            yield widget


def state_of(widget: QWidget) -> object:
    return widget.currentIndex() if isinstance(widget, QComboBox) else widget.value()


def assert_wheel_changes_nothing(part: QWidget, *, focused: type | tuple[type, ...] = QComboBox) -> list[str]:
    """No widget changes without the keyboard, and none of type `focused` with it; the names of all."""
    names = []
    for widget in changeable(part):
        widget.setEnabled(True)
        before = state_of(widget)
        for lines in (-1, 1, 2):
            scroll_over(widget, lines)
            if not widget.hasFocus() or isinstance(widget, focused):
                assert state_of(widget) == before, (part, widget, widget.accessibleName())
        names.append(widget.accessibleName())
    return names


def test_the_wheel_changes_nothing_of_the_window(demo: Person) -> None:
    browser, workspace = demo.parts.center.browser, demo.workspace
    browser.toggle_occlusion()
    for position in range(browser.tabs.count()):
        browser.tabs.setCurrentIndex(position)
    browser.tabs.setCurrentIndex(0)
    demo.press("B")
    demo.parts.center.take_keyboard()
    view, name = demo.view, workspace.lens.name
    names = assert_wheel_changes_nothing(demo.window)
    assert set(names) >= LEAST
    assert (demo.view, workspace.lens.name) == (view, name)


def test_the_wheel_changes_nothing_of_any_dialog(demo: Person) -> None:
    number = 0
    for make in DIALOGS.values():
        dialog = make(demo)
        dialog.show()
        number += len(assert_wheel_changes_nothing(dialog))
        dialog.close()
    assert number > 15


def test_the_wheel_turns_a_number_that_has_the_keyboard_and_never_gives_it_the_keyboard(demo: Person) -> None:
    dialog = DIALOGS[next(kind for kind in DIALOGS if kind.__name__ == "ExportDialog")](demo)
    dialog.show()
    dialog.activateWindow()
    demo.until(dialog.isActiveWindow)
    width = dialog._width
    width.setEnabled(True)
    assert not width.focusPolicy() & Qt.FocusPolicy.WheelFocus & ~Qt.FocusPolicy.StrongFocus
    width.setFocus()
    before = width.value()
    scroll_over(width, 1)
    assert width.value() == before + 1


def test_what_lies_around_scrolls_instead(demo: Person) -> None:
    demo.window.resize(1024, 640)
    tabs = demo.parts.center.browser.tabs
    tabs.setCurrentIndex(next(place for place in range(tabs.count()) if tabs.tabText(place) == "What if"))
    panel = tabs.currentWidget().content
    area = panel.findChild(QScrollArea)
    demo.parts.center.browser.setSizes([10_000, 1])
    demo.until(lambda: area.verticalScrollBar().maximum() > 0)
    bar = area.verticalScrollBar()
    before, position = panel.sliders["gamma"].value(), bar.value()
    scroll_over(panel.sliders["gamma"], -1)
    assert panel.sliders["gamma"].value() == before
    assert bar.value() > position


def test_no_part_of_the_window_is_made_of_what_the_wheel_changes() -> None:
    made = re.compile(r"\bQ(ComboBox|Slider|SpinBox|DoubleSpinBox)\(")
    sources = sorted((ROOT / "explorer" / "ui").rglob("*.py"))
    assert [path.name for path in sources if made.search(path.read_text(encoding="utf-8"))] == []
