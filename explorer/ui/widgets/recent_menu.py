"""Recently opened things in a menu, asked for when it comes up."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QMenu

from explorer.state.settings_file import Settings
from explorer.ui.widgets.plain_text import PlainTool, entry_text


def add_recent(menu: QMenu, settings: Settings, kind: str, opened: Callable[[Path], object]) -> None:
    """Entries for the recent things of a kind ("models", "folders"), each named by the last parts of its path."""
    for path in settings.recent(kind):
        menu.addAction(entry_text(shortened(path)), partial(opened, path))


def recent_menu(title: str, settings: Settings, kind: str, opened: Callable[[Path], object]) -> QMenu:
    """A menu of them alone; it says so where there are none."""
    menu = QMenu(entry_text(title))

    def fill() -> None:
        menu.clear()
        add_recent(menu, settings, kind, opened)
        if menu.isEmpty():
            menu.addAction("nothing yet").setEnabled(False)

    menu.aboutToShow.connect(fill)
    return menu


class RecentButton(PlainTool):
    """Offers recent things in a menu; where there are none, a click asks for one at once: `opened(None)`."""

    def __init__(self, text: str, settings: Settings, kind: str, opened: Callable[[Path | None], object]) -> None:
        super().__init__(text)
        self._settings, self._kind, self._opened = settings, kind, opened
        self.setPopupMode(PlainTool.ToolButtonPopupMode.InstantPopup)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setObjectName("menu")
        self._menu = QMenu(self)
        self._menu.aboutToShow.connect(self._fill)
        self.clicked.connect(lambda: opened(None))  # not where a menu comes up
        self.offer()

    def offer(self) -> None:
        """Have the menu, or not, as there are recent things now."""
        self.setMenu(self._menu if self._settings.recent(self._kind) else None)  # type: ignore[arg-type]

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.offer()
        super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self.offer()
        super().keyPressEvent(event)

    def _fill(self) -> None:
        self._menu.clear()
        self._menu.addAction("Open …", lambda: self._opened(None))
        self._menu.addSeparator()
        add_recent(self._menu, self._settings, self._kind, self._opened)


def shortened(path: Path) -> str:
    """The last parts of a path, enough to tell recent files apart."""
    return str(Path(*path.parts[-3:]))
