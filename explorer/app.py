"""Builds the objects of the window, connects them, and runs it."""

import logging
import signal
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

from PySide6.QtCore import QLibraryInfo, QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

import resources
from explorer.state.desk import Desk
from explorer.state.opening import Start
from explorer.ui.main_window import TITLE, MainWindow
from explorer.ui.problems import UncaughtErrors
from explorer.ui.theme import apply_theme

RESOURCES = Path(resources.__file__).parent


def run_window(start: Start, home: Path) -> int:
    """Open the window, then what `start` names; the exit code when it is closed."""
    application = QApplication(sys.argv[:1])
    application.setApplicationName(TITLE)
    application.setWindowIcon(QIcon(str(RESOURCES / "icons" / "explorer.png")))
    _log_to(home / "log.txt")
    desk = Desk(home, RESOURCES)
    apply_theme(application, desk.settings.text("scheme", "dark"), desk.icons)
    window = MainWindow(desk)
    errors = UncaughtErrors()
    errors.caught.connect(window.problems.show_error)
    window.restore()
    window.show()
    for trouble in desk.troubles:
        window.problems.show_text(trouble)
    # After the first paint: torch is imported by the worker while the window is already there.
    QTimer.singleShot(0, lambda: desk.opening.start(start))
    signal.signal(signal.SIGINT, lambda number, frame: window.close())
    # Python sees a signal only while it runs: Qt's own loop would sleep through Ctrl-C.
    waker = QTimer(interval=250)
    waker.timeout.connect(lambda: None)
    waker.start()
    try:
        return application.exec()
    finally:
        errors.uninstall()


def _log_to(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(path, maxBytes=1 << 20, backupCount=1, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.getLogger("explorer")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.info("Qt %s", QLibraryInfo.version().toString())
