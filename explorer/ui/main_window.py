"""The window itself: its size, its title, keys that no panel owns, things dropped on it, and its end."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QMainWindow, QMessageBox, QTextEdit

from explorer.state.settings import Settings

if TYPE_CHECKING:
    from explorer.state.desk import Desk
    from explorer.ui.actions import Actions
    from explorer.ui.center import Center
    from explorer.ui.commands import Commands
    from explorer.ui.layer_panel import LayerList
    from explorer.ui.lists import FilterModel, OverPicturesModel
    from explorer.ui.picture_panel import PicturePanel
    from explorer.ui.problems import Problems
    from explorer.ui.status import Status
    from explorer.ui.tag_panel import TagPanel
    from explorer.ui.top_bar import TopBar

TITLE = "Feature-map explorer"
STATE_VERSION = 1


class MainWindow(QMainWindow):
    """Empty until `furnish`, which gives it the attributes that are declared here."""

    on_screen = Signal()
    """Once, after the first paint."""

    desk: "Desk"
    problems: "Problems"
    top: "TopBar"
    filters: "FilterModel"
    over: "OverPicturesModel"
    pictures: "PicturePanel"
    tags: "TagPanel"
    layers: "LayerList"
    status: "Status"
    commands: "Commands"
    center: "Center"
    actions_: "Actions"

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._painted = False
        self.setWindowTitle(TITLE)
        self.setMinimumSize(900, 600)
        room = self.screen().availableSize() - QSize(16, 56)  # for the frame that the desktop puts around it
        self.resize(QSize(max(1440, room.width() * 3 // 4), max(900, room.height() * 4 // 5)).boundedTo(room))
        self.restoreGeometry(settings.blob("window/geometry"))

    def furnish(self, desk: "Desk") -> None:
        """Build the panels and let them show a desk."""
        from explorer.ui.furniture import furnish

        furnish(self, desk)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            application().installEventFilter(self)  # not before: the start makes a thousand events
            QTimer.singleShot(0, self.on_screen.emit)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and not self.isActiveWindow():
            # The release of Space goes to whatever came in front.
            self.center.hide_overlay(False)

    def show_title(self) -> None:
        """Say in the title which tags file is open and whether it is saved."""
        tagging = self.desk.tagging
        where = f" · {tagging.path.name} · {self.status.saved_text().partition(' in ')[0]}" if tagging.path else ""
        self.setWindowTitle(f"{TITLE}{where}")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kinds = (QEvent.Type.KeyPress, QEvent.Type.KeyRelease, QEvent.Type.ShortcutOverride)
        if event.type() in kinds and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Space:
            focus = QApplication.focusWidget()
            typing = isinstance(focus, QLineEdit | QTextEdit | QAbstractButton)
            if focus is not None and focus.window() is self and not typing:
                if not event.isAutoRepeat() and event.type() != QEvent.Type.ShortcutOverride:
                    self.center.hide_overlay(event.type() == QEvent.Type.KeyPress)
                return event.type() != QEvent.Type.ShortcutOverride
        return super().eventFilter(watched, event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        for url in event.mimeData().urls():
            if url.isLocalFile():
                self.commands.files.drop(Path(url.toLocalFile()))
        event.acceptProposedAction()

    def closeEvent(self, event: QCloseEvent) -> None:
        tagging = self.desk.tagging
        tagging.settle()
        if tagging.unsaved:
            button = QMessageBox.StandardButton
            answer = QMessageBox.warning(
                self,
                "Tags are not saved",
                f"The last tags could not be written to {tagging.path}. Save them in another place?",
                button.Save | button.Discard | button.Cancel,
                button.Save,
            )
            if answer == button.Cancel or (answer == button.Save and not self.commands.files.save_tags_as()):
                event.ignore()
                return
        settings = self.desk.settings
        settings.set_blob("window/geometry", self.saveGeometry())
        settings.set_blob("window/state", self.saveState(STATE_VERSION))
        application().removeEventFilter(self)
        self.hide()  # a forward pass that is under way ends first, and nobody should look at that
        self.desk.close()
        event.accept()


def application() -> QCoreApplication:
    """The running application; there is one wherever there is a window."""
    found = QApplication.instance()
    assert found is not None
    return found
