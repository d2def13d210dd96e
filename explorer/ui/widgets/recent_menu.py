"""Recently opened things in a menu, asked for when it comes up."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QMenu

from explorer.state.settings_file import Settings
from explorer.ui.widgets.plain_text import entry_text


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


def shortened(path: Path) -> str:
    """The last parts of a path, enough to tell recent files apart."""
    return str(Path(*path.parts[-3:]))
