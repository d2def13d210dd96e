"""Builds the objects of the window, connects them, and runs it."""

import builtins
import gc
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QLibraryInfo, QStandardPaths, QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

import resources
from explorer.core.errors import UserError

if TYPE_CHECKING:
    from explorer.state.settings_file import Settings
    from explorer.state.start import Start
    from explorer.state.workspace import Workspace
    from explorer.ui.window.main_window import MainWindow
    from explorer.ui.window.parts import WindowParts

RESOURCES = Path(resources.__file__).parent
NAME_OF_HOME = "feature-map-explorer"


def data_home() -> Path:
    """The folder in which the program keeps what is one person's: settings, own words, tags, the log."""
    location = QStandardPaths.StandardLocation.GenericDataLocation
    return Path(QStandardPaths.writableLocation(location)) / NAME_OF_HOME


def share_the_interpreter() -> None:
    """Let threads take turns every 0.2 milliseconds instead of every five, and let modules be imported the plain way.

    The window's thread waits for a turn at every event, behind each worker that computes: three of them kept it waiting
    for half a second while it painted once.

    PySide6 reads the source of every module that anybody imports, torch's two thousand included, to see whether it
    speaks of PySide6: only then may `from __feature__ import snake_case` change that module's names. Nobody here asks
    for that, and it costs a tenth of the window's start and of torch's.
    """
    sys.setswitchinterval(0.0002)
    builtins.__import__ = getattr(builtins, "__orig_import__", builtins.__import__)


def run_window(start: "Start") -> int:
    """Open the window, then what `start` names; the exit code when it is closed."""
    share_the_interpreter()
    application = QApplication(sys.argv[:1])

    from explorer.state.settings import SCHEME
    from explorer.state.settings_file import Settings
    from explorer.ui.widgets.theme import apply_colors, apply_sheet
    from explorer.ui.window.main_window import TITLE, MainWindow

    home = data_home()
    application.setApplicationName(TITLE)
    application.setWindowIcon(QIcon(str(RESOURCES / "icons" / "explorer.png")))
    home.mkdir(parents=True, exist_ok=True)
    settings = Settings(home / "settings.ini")
    colors = apply_colors(application, settings.value(SCHEME))
    window = MainWindow(settings)
    workspace, parts = _furnish(window, settings)
    apply_sheet(application, colors, RESOURCES / "icons")
    window.on_screen.connect(lambda: _begin(workspace, start, home))
    window.on_screen.connect(lambda: _offer_tour(window, workspace, parts))
    window.show()
    signal.signal(signal.SIGINT, lambda number, frame: window.close())
    # Python sees a signal only while it runs: Qt's own loop would sleep through Ctrl-C.
    waker = QTimer(interval=250)
    waker.timeout.connect(lambda: None)
    waker.start()
    try:
        return application.exec()
    finally:
        sys.excepthook, threading.excepthook = sys.__excepthook__, threading.__excepthook__


def _offer_tour(window: "MainWindow", workspace: "Workspace", parts: "WindowParts") -> None:
    """At the first start of all, once the first picture is there."""
    from explorer.ui.window.tour_steps import offer_tour

    offer_tour(window, workspace, parts)


def _furnish(window: "MainWindow", settings: "Settings") -> "tuple[Workspace, WindowParts]":
    """Put a workspace into the window; what nobody catches from now on is said there."""
    from explorer.state.workspace import Workspace
    from explorer.ui.widgets.message_banner import UncaughtErrors
    from explorer.ui.window.assembly import assemble

    workspace = Workspace(settings, RESOURCES, index_command=(sys.executable, "-m", "explorer"))
    try:
        parts = assemble(window, workspace).parts
    except BaseException:
        workspace.close()  # without it the workers would keep the process alive without a window
        raise
    errors = UncaughtErrors(window)
    errors.caught.connect(parts.problems.show_error)
    for trouble in workspace.troubles:
        parts.problems.show_text(trouble)
    return workspace, parts


def _begin(workspace: "Workspace", start: "Start", home: Path) -> None:
    """What can wait until the panels are painted: the log, and the worker that imports torch."""
    from explorer.state.workers.collector import Collector
    from explorer.ui.widgets.theme import read_picture_plugins

    read_picture_plugins(RESOURCES / "icons")
    gc.freeze()  # what the start made stays; nobody waits for its collection
    Collector(workspace)
    try:
        _log_to(home / "log.txt")
    except UserError as error:
        workspace.opening.problem.emit(error)
    workspace.opening.start(start)


def _log_to(path: Path) -> None:
    import logging

    from trainer.files.atomic_files import cannot_write
    from trainer.files.own_files import log_handler

    logger = logging.getLogger("explorer")
    try:
        logger.addHandler(log_handler(path))
    except OSError as error:
        raise cannot_write(path, error) from error
    logger.setLevel(logging.INFO)
    logger.info("Qt %s", QLibraryInfo.version().toString())
