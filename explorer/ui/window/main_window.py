"""The window itself: its size, its title, keys that no panel owns, things dropped on it, and its end."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QMimeData, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragMoveEvent, QDropEvent, QKeyEvent, QPaintEvent
from PySide6.QtWidgets import QApplication, QMainWindow

from explorer.state.settings import Settings
from explorer.ui.widgets.fields import belongs_to
from explorer.ui.widgets.plain_text import Buttons, asked, title_text, warned

if TYPE_CHECKING:
    from explorer.state.workspace import Workspace
    from explorer.ui.panels.layer_panel import LayerList
    from explorer.ui.panels.picture_panel import PicturePanel
    from explorer.ui.panels.tag_panel import TagPanel
    from explorer.ui.widgets.lists import FilterModel, OverPicturesModel
    from explorer.ui.widgets.message_banner import Problems
    from explorer.ui.window.actions import Actions
    from explorer.ui.window.center import Center
    from explorer.ui.window.commands import Commands
    from explorer.ui.window.status_bar import Status
    from explorer.ui.window.top_bar import TopBar

TITLE = "Feature-map explorer"
STATE_VERSION = 1


class MainWindow(QMainWindow):
    """Empty until `furnish`, which gives it the attributes that are declared here."""

    on_screen = Signal()
    """Once, after the first paint."""

    workspace: "Workspace"
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

    def furnish(self, workspace: "Workspace") -> None:
        """Build the panels and let them show a workspace."""
        from explorer.ui.window.assembly import furnish

        furnish(self, workspace)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, self.on_screen.emit)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and not self.isActiveWindow():
            # The release of Space goes to whatever came in front.
            self.center.hide_overlay(False)

    def show_title(self) -> None:
        """Say in the title which tags file is open and whether it is saved."""
        tagging = self.workspace.tagging
        where = f" · {tagging.path.name} · {self.status.saved_text().partition(' in ')[0]}" if tagging.path else ""
        self.setWindowTitle(title_text(f"{TITLE}{where}"))

    def event(self, event: QEvent) -> bool:
        # What the widget that has the keyboard leaves comes here before it may become a command.
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and belongs_to(QApplication.focusWidget(), event)
        ):
            event.accept()
            return True
        return super().event(event)

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
            self.center.hide_overlay(hidden)
        return True

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_files(event.mimeData()):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        event.acceptProposedAction()  # anywhere: what enters is what can be opened

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.commands.files.drop(*dropped_files(event.mimeData()))

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.workspace.exporting.running:
            answer = asked(
                self,
                "An export is running",
                "Close still? The figures written so far are whole; the export goes on next time.",
                Buttons.Close | Buttons.Cancel,
                Buttons.Cancel,
            )
            if answer != Buttons.Close:
                event.ignore()
                return
        tagging = self.workspace.tagging
        tagging.settle()
        if tagging.unsaved:
            answer = warned(
                self,
                "Tags are not saved",
                f"The last tags could not be written to {tagging.path}. Save them in another place?",
                Buttons.Save | Buttons.Discard | Buttons.Cancel,
                Buttons.Save,
            )
            if answer == Buttons.Cancel or (answer == Buttons.Save and not self.commands.files.save_tags_as()):
                event.ignore()
                return
        settings = self.workspace.settings
        settings.set_blob("window/geometry", self.saveGeometry())
        settings.set_blob("window/state", self.saveState(STATE_VERSION))
        self.hide()  # a forward pass that is under way ends first, and nobody should look at that
        self.workspace.close()
        event.accept()


def dropped_files(data: QMimeData) -> list[Path]:
    """The files and folders of this computer among what is dragged."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
