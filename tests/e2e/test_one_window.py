"""Story: nothing flashes up as a window of its own while the window is built, opened and looked through."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QWidget

from tests.e2e.conftest import Person


class Windows(QObject):
    """Notes every widget that is shown as a window."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            self.seen.append(type(watched).__name__)
        return False


@pytest.fixture
def windows(qapp: QApplication) -> Iterator[Windows]:
    """All that is shown from before anything is built."""
    windows = Windows()
    qapp.installEventFilter(windows)
    yield windows
    qapp.removeEventFilter(windows)


def test_only_the_window_is_a_window(windows: Windows, demo: Person) -> None:
    demo.press("X")
    demo.until(lambda: demo.workspace.lens.found is not None)
    demo.press("Escape")
    tabs = demo.parts.center.browser.tabs
    for tab in range(tabs.count()):
        tabs.setCurrentIndex(tab)
        demo.qtbot.wait(50)
    demo.press("E", "H", "U", "U")
    demo.qtbot.wait(50)
    assert windows.seen == ["MainWindow"]
