"""Builds the objects of the window, connects them, and runs it."""

import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QLibraryInfo, QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

import resources
from explorer.state.settings import Settings
from explorer.ui.main_window import TITLE, MainWindow
from explorer.ui.theme import apply_colors, apply_theme

if TYPE_CHECKING:
    from explorer.state.start import Start

RESOURCES = Path(resources.__file__).parent


def run_window(start: "Start", home: Path) -> int:
    """Open the window, then what `start` names; the exit code when it is closed."""
    application = QApplication(sys.argv[:1])
    application.setApplicationName(TITLE)
    application.setWindowIcon(QIcon(str(RESOURCES / "icons" / "explorer.png")))
    home.mkdir(parents=True, exist_ok=True)
    settings = Settings(home / "settings.ini")
    apply_colors(application, settings.text("scheme", "dark"))
    window = MainWindow(settings)
    kept: list[object] = []
    window.on_screen.connect(lambda: kept.extend(_fill(window, start, home, settings)))
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


def _fill(window: MainWindow, start: "Start", home: Path, settings: Settings) -> tuple[object, ...]:
    """Load the rest of the program into the window; what it gives must be kept while the window lives."""
    from explorer.state.desk import Desk
    from explorer.ui.problems import UncaughtErrors

    desk = Desk(settings, RESOURCES)
    try:
        window.furnish(desk)
    except BaseException:
        desk.close()  # without it the workers would keep the process alive behind a dead window
        window.close()
        raise
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    apply_theme(application, settings.text("scheme", "dark"), RESOURCES / "icons")
    errors = UncaughtErrors()
    errors.caught.connect(window.problems.show_error)
    for trouble in desk.troubles:
        window.problems.show_text(trouble)
    # torch is imported by the worker when the panels are painted and the window is already in use.
    QTimer.singleShot(0, lambda: (_log_to(home / "log.txt"), desk.opening.start(start)))
    return desk, errors


def _log_to(path: Path) -> None:
    import logging
    from logging.handlers import RotatingFileHandler

    handler = RotatingFileHandler(path, maxBytes=1 << 20, backupCount=1, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.getLogger("explorer")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.info("Qt %s", QLibraryInfo.version().toString())
