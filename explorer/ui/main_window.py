"""The window: puts the panels together and forwards what a person does to the state."""

from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QDockWidget,
    QLineEdit,
    QMainWindow,
    QMessageBox,
    QTextEdit,
    QWidget,
)

from explorer.state.desk import Desk
from explorer.ui.actions import Actions
from explorer.ui.center import Center
from explorer.ui.commands import Commands
from explorer.ui.layer_panel import LayerList
from explorer.ui.lists import FilterModel, OverPicturesModel
from explorer.ui.parts import EmptyPlace, column, label, panel
from explorer.ui.picture_panel import PicturePanel
from explorer.ui.problems import Problems
from explorer.ui.status import Status
from explorer.ui.tag_panel import TagPanel
from explorer.ui.theme import SPACE
from explorer.ui.top_bar import TopBar

TITLE = "Feature-map explorer"
STATE_VERSION = 1


class MainWindow(QMainWindow):
    """Shows a `Desk`; closing it saves what is to be remembered."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.problems = Problems()
        self.top = TopBar(desk.session, desk.pipeline, desk.library, desk.settings)
        self.filters = FilterModel(desk.session, desk.pipeline, desk.library, desk.tagging, desk.vocabulary)
        self.over = OverPicturesModel(desk.session, desk.pipeline, desk.library)
        self.pictures = PicturePanel(desk.session, desk.library)
        self.tags = TagPanel(desk.session, desk.tagging, desk.vocabulary)
        self.layers = LayerList(desk.session, desk.library, desk.tagging)
        self.commands = Commands(self)
        self.center = Center(
            desk.session,
            desk.pipeline,
            desk.library,
            self.filters,
            self.over,
            EmptyPlace(
                "Open a trained network and a folder of pictures",
                "Drop them here, or choose them. What each filter of the network answers to is then drawn over "
                "every picture. The demo has both.",
                [
                    ("Open a network …", self.commands.files.open_model),
                    ("Open a folder …", self.commands.files.open_folder),
                    ("Try the demo", self.commands.files.open_demo),
                ],
            ),
        )
        for model in (self.filters, self.over):
            model.setParent(self)
        self.status = Status(desk.library, desk.tagging)
        self.setStatusBar(self.status)
        body = QWidget()
        body.setLayout(column(self.top, self.problems, self.center, gap=SPACE))
        self.setCentralWidget(body)
        self._dock("Pictures", panel(column(self.pictures, margin=SPACE)), Qt.DockWidgetArea.LeftDockWidgetArea, 220)
        beside = column(self.tags, label("Layers", "title"), self.layers, margin=SPACE + 4)
        beside.setStretch(2, 1)
        self._dock("Filter", panel(beside), Qt.DockWidgetArea.RightDockWidgetArea, 264)
        self.actions_ = Actions(self, self.commands.table())
        self.commands.offer_words()
        self._connect()
        self.setAcceptDrops(True)
        self.setMinimumSize(900, 600)
        self.resize(QSize(1440, 900).boundedTo(self.screen().availableSize()))
        QApplication.instance().installEventFilter(self)
        self._show_title()
        self.center.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.center.setFocus()

    def restore(self) -> None:
        """Give the window the size and the docks of the last session."""
        self.restoreGeometry(self.desk.settings.blob("window/geometry"))
        self.restoreState(self.desk.settings.blob("window/state"), STATE_VERSION)

    def _dock(self, title: str, content: QWidget, area: Qt.DockWidgetArea, width: int) -> None:
        dock = QDockWidget(title, self)
        dock.setObjectName(title)
        dock.setWidget(content)
        dock.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetMovable)
        dock.setTitleBarWidget(QWidget())
        self.addDockWidget(area, dock)
        self.resizeDocks([dock], [width], Qt.Orientation.Horizontal)

    def _connect(self) -> None:
        desk, commands, files = self.desk, self.commands, self.commands.files
        desk.opening.problem.connect(self.problems.show_error)
        desk.pipeline.recording_failed.connect(self.problems.show_error)
        desk.pipeline.picture_failed.connect(files.picture_failed)
        desk.tagging.problem.connect(self.problems.show_error)
        desk.tagging.saved.connect(self._show_title)
        desk.tagging.reset.connect(self._show_title)
        for jobs in desk.library.workers:
            jobs.failed.connect(self.problems.show_error)
        desk.library.question.connect(files.answer_question)
        desk.library.network_opened.connect(files.say_assumed)
        desk.library.folder_opened.connect(files.say_folder_problems)
        desk.opening.foreign_tags.connect(files.ask_foreign_tags)
        desk.pipeline.maps_changed.connect(commands.show_facts)
        desk.session.changed.connect(lambda before, after: commands.show_facts())
        self.top.model_asked.connect(commands.files.open_model)
        self.top.folder_asked.connect(commands.files.open_folder)
        self.pictures.picked.connect(lambda picture: desk.session.update(picture=picture))
        self.center.filter_picked.connect(lambda filter: desk.session.update(filter=filter))
        self.center.picture_picked.connect(lambda picture: desk.session.update(picture=picture))
        self.center.viewer.display.scale_asked.connect(commands.choose_scale)
        self.layers.picked.connect(commands.go_to_layer)
        self.tags.toggled.connect(commands.toggle)
        self.tags.described.connect(commands.describe)
        self.tags.new_word.connect(commands.new_word)
        self.tags.finished.connect(self.center.grid.setFocus)
        self.status.help.clicked.connect(commands.show_keys)
        self.status.bad.clicked.connect(commands.show_unreadable)

    def _show_title(self) -> None:
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
                    self.center.viewer.image.hide_overlay(event.type() == QEvent.Type.KeyPress)
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
        QApplication.instance().removeEventFilter(self)
        self.hide()  # a forward pass that is under way ends first, and nobody should look at that
        self.desk.close()
        event.accept()
