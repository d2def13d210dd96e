"""A real window, driven as a person drives it: with the mouse and the keyboard."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from explorer.state.figures.of_lens import SLOT as SAVING_A_LENS
from explorer.state.lens.sheet import SAVING as SAVING_A_SHEET
from explorer.state.settings import SCHEME
from explorer.state.settings_file import Settings
from explorer.state.start import Start
from explorer.state.workspace import Workspace
from explorer.ui.widgets.theme import apply_theme
from explorer.ui.window.assembly import assemble
from explorer.ui.window.main_window import MainWindow
from tests.conftest import ROOT
from tests.screen import has_screens, screen

DEMO = ROOT / "resources" / "demo"


def pytest_xdist_auto_num_workers() -> int:
    """Two at a time where each has a screen of its own: on one they would take the keyboard from each other."""
    return 2 if has_screens() else 0


def pytest_configure(config: pytest.Config) -> None:
    """Give a process of several its screen."""
    if "PYTEST_XDIST_WORKER" in os.environ and has_screens():
        own = contextlib.ExitStack()
        os.environ.update(own.enter_context(screen()))
        config.add_cleanup(own.close)


class Person:
    """What a person does with the window, and what they see."""

    def __init__(self, window: MainWindow, workspace: Workspace, qtbot: QtBot) -> None:
        self.window, self.workspace, self.qtbot = window, workspace, qtbot
        assembled = assemble(window, workspace)
        self.parts, self.commands = assembled.parts, assembled.commands

    def press(self, *keys: Qt.Key | str, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """Press keys wherever the keyboard is."""
        for key in keys:
            target = QApplication.focusWidget() or self.window
            self.qtbot.keyClick(target, getattr(Qt.Key, f"Key_{key}") if isinstance(key, str) else key, modifier)

    def control(self, *keys: str, shift: bool = False) -> None:
        """Press keys with Ctrl."""
        both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        self.press(*keys, modifier=both if shift else Qt.KeyboardModifier.ControlModifier)

    def click(self, widget: QWidget, at: QPoint | None = None) -> None:
        """Click a widget."""
        self.qtbot.mouseClick(widget, Qt.MouseButton.LeftButton, pos=at or widget.rect().center())

    def click_row(self, view: QWidget, row: int) -> None:
        """Click a row or cell of a list."""
        self.click(view.viewport(), view.visualRect(view.model().index(row, 0)).center())

    def until(self, condition: Callable[[], object]) -> None:
        """Wait until something is so."""
        self.qtbot.waitUntil(lambda: bool(condition()))

    def wait_for_maps(self) -> None:
        """Wait until the picture in view has its overlay and the tags are there."""
        self.until(lambda: self.workspace.pipeline.activations is not None and self.workspace.tagging.path is not None)

    @property
    def view(self) -> object:
        """What is looked at."""
        return self.workspace.session.view

    @property
    def message(self) -> str:
        """The message on show."""
        return self.parts.problems.text


Open = Callable[..., Person]


@pytest.fixture(scope="session")
def dress(qapp: QApplication) -> Callable[[str, Path], None]:
    """Dresses the application as a person's settings say, where it is not: that dresses every widget that lives."""
    worn = ("", "")

    def dressed(scheme: str, icons: Path) -> None:
        nonlocal worn
        if worn != (scheme, qapp.styleSheet()):
            apply_theme(qapp, scheme, icons)
            worn = (scheme, qapp.styleSheet())

    return dressed


@pytest.fixture
def open_window(qtbot: QtBot, dress: Callable[[str, Path], None], tmp_path: Path) -> Iterator[Open]:
    """Opens windows of one person, with settings that outlive each of them; closes those that are still open."""
    persons: list[Person] = []

    def opened(start: Start | None = None, home: str = "home") -> Person:
        settings = Settings(tmp_path / home / "settings.ini")
        workspace = Workspace(settings, ROOT / "resources")
        dress(settings.value(SCHEME), workspace.icons)
        window = MainWindow(settings)
        qtbot.addWidget(window, before_close_func=lambda window: None)
        person = Person(window, workspace, qtbot)
        window.show()
        qtbot.waitExposed(window)
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        workspace.opening.start(start if start is not None else Start())
        persons.append(person)
        return person

    yield opened
    for person in persons:
        if person.window.isVisible():
            library = person.workspace.library  # else closing would ask, and nobody would answer
            for slot in ("export", "report"):
                library.long.cancel(slot)
            for slot in (SAVING_A_LENS, SAVING_A_SHEET):
                library.batch.cancel(slot)
            person.window.close()


@pytest.fixture
def demo(open_window: Open, tmp_path: Path) -> Person:
    """A window on the demo network and its pictures; its tags go into the person's own folder."""
    person = open_window(Start(demo=True, device="cpu"))
    person.wait_for_maps()
    return person
