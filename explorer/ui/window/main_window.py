"""The window itself: its size, its title, keys that no panel owns, things dropped on it, and its end."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragMoveEvent, QDropEvent, QKeyEvent, QPaintEvent
from PySide6.QtWidgets import QApplication, QMainWindow

from explorer.state.settings_file import Settings
from explorer.ui.widgets.fields import belongs_to
from explorer.ui.widgets.screen_room import screen_room

TITLE = "Feature-map explorer"


class MainWindow(QMainWindow):
    """A frame that knows nothing of what stands in it: it says what was dropped and held, and asks before it closes.

    `may_close` is asked when a person closes the window; `closed` follows where the answer is True. `dropped(paths)`
    are files and folders of this computer, `overlay_hidden(bool)` whether Space is held.
    """

    on_screen = Signal()
    """Once, after the first paint."""
    dropped = Signal(list)
    overlay_hidden = Signal(bool)
    closed = Signal()

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.may_close: Callable[[], bool] = lambda: True
        self._settings, self._painted = settings, False
        self._drawing = QTimer(self, singleShot=True, interval=0)
        self._drawing.timeout.connect(self._draw)
        self.setWindowTitle(TITLE)
        self.setMinimumSize(900, 600)
        room = screen_room(self)
        self.resize(QSize(max(1440, room.width() * 3 // 4), max(900, room.height() * 4 // 5)).boundedTo(room))
        self.restoreGeometry(settings.blob("window/geometry"))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, self.on_screen.emit)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and not self.isActiveWindow():
            # The release of Space goes to whatever came in front.
            self.overlay_hidden.emit(False)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.UpdateRequest:
            # Qt would draw in the turn of what changed: keys, ticks and the mouse come between now.
            self._drawing.start()
            return True
        # What the widget that has the keyboard leaves comes here before it may become a command.
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and belongs_to(QApplication.focusWidget(), event)
        ):
            event.accept()
            return True
        return super().event(event)

    def _draw(self) -> None:
        super().event(QEvent(QEvent.Type.UpdateRequest))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._hold(event, hidden=True):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if not self._hold(event, hidden=False):
            super().keyReleaseEvent(event)

    def _hold(self, event: QKeyEvent, *, hidden: bool) -> bool:
        """Space takes the overlay away while it is held, wherever nothing else wants it; whether it was Space."""
        if event.key() != Qt.Key.Key_Space:
            return False
        if not event.isAutoRepeat():
            self.overlay_hidden.emit(hidden)
        return True

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_files(event.mimeData()):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        event.acceptProposedAction()  # anywhere: what enters is what can be opened

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.dropped.emit(dropped_files(event.mimeData()))

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.may_close():
            event.ignore()
            return
        self._settings.set_blob("window/geometry", self.saveGeometry())
        self.hide()  # a forward pass that is under way ends first, and nobody should look at that
        self.closed.emit()
        event.accept()


def dropped_files(data: QMimeData) -> list[Path]:
    """The files and folders of this computer among what is dragged."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
