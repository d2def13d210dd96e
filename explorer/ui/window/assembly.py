"""What stands in the window: builds the panels, puts them in their places and connects them with the state."""

from collections.abc import Generator
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QWidget

from explorer.state.workspace import Workspace
from explorer.ui.panels.layer_panel import LayerList
from explorer.ui.panels.picture_panel import PicturePanel
from explorer.ui.panels.tag_panel import TagPanel
from explorer.ui.widgets.fields import leave_drops_to_window
from explorer.ui.widgets.lists import FilterModel, OverPicturesModel
from explorer.ui.widgets.message_banner import Problems
from explorer.ui.widgets.theme import SPACE
from explorer.ui.widgets.widgets import EmptyPlace, column, label, panel
from explorer.ui.window.actions import Actions
from explorer.ui.window.center import Center
from explorer.ui.window.commands import Commands
from explorer.ui.window.main_window import STATE_VERSION, MainWindow
from explorer.ui.window.status_bar import Status
from explorer.ui.window.top_bar import TopBar

if TYPE_CHECKING:
    from explorer.ui.window.browser import Browser


def furnish(window: MainWindow, workspace: Workspace) -> None:
    """Let an empty window show a workspace."""
    window.workspace = workspace
    window.problems = Problems()
    window.top = TopBar(workspace.session, workspace.pipeline, workspace.library, workspace.settings)
    window.filters = FilterModel(
        workspace.session, workspace.pipeline, workspace.library, workspace.tagging, workspace.vocabulary
    )
    window.over = OverPicturesModel(workspace.session, workspace.pipeline, workspace.library)
    window.pictures = PicturePanel(workspace.session, workspace.library)
    window.tags = TagPanel(workspace.session, workspace.tagging, workspace.vocabulary)
    window.layers = LayerList(workspace.session, workspace.library, workspace.tagging)
    window.status = Status(workspace.library, workspace.tagging)
    window.commands = Commands(window)
    window.center = Center(workspace.library, _empty_place(window.commands), _browser(window))
    for model in (window.filters, window.over):
        model.setParent(window)
    _place(window)
    window.actions_ = Actions(window, window.commands.table())
    window.commands.offer_words()
    _connect(window)
    leave_drops_to_window(window)
    window.setAcceptDrops(True)
    window.restoreState(workspace.settings.blob("window/state"), STATE_VERSION)
    window.center.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    window.center.setFocus()
    window.show_title()


def _empty_place(commands: Commands) -> EmptyPlace:
    return EmptyPlace(
        "Open a trained network and a folder of pictures",
        "Drop them here, or choose them. What each filter of the network answers to is then drawn over "
        "every picture. The demo has both.",
        [
            ("Open a network …", commands.files.open_model),
            ("Open a folder …", commands.files.open_folder),
            ("Try the demo", commands.files.open_demo),
        ],
    )


def _browser(window: MainWindow) -> "Generator[bool, None, Browser]":
    from explorer.ui.panels.viewer import Viewer

    yield True
    workspace, filters, over = window.workspace, window.filters, window.over
    viewer = Viewer(workspace.session, workspace.pipeline, workspace.library, workspace.lens, workspace.occluding)
    viewer.setParent(window.center)
    yield True
    from explorer.ui.window.browser import Browser

    yield False
    made = Browser(
        workspace.session,
        workspace.library,
        workspace.lens,
        workspace.occluding,
        viewer,
        filters,
        over,
        vocabulary=filters.vocabulary,
    )
    made.filter_picked.connect(lambda filter: workspace.session.update(filter=filter))
    made.picture_picked.connect(lambda picture: workspace.session.update(picture=picture))
    made.viewer.display.scale_asked.connect(window.commands.choose_scale)
    leave_drops_to_window(made)
    return made


def _place(window: MainWindow) -> None:
    window.setStatusBar(window.status)
    body = QWidget()
    body.setLayout(column(window.top, window.problems, window.center, gap=SPACE))
    window.setCentralWidget(body)
    pictures = panel(column(window.pictures, margin=SPACE))
    beside = column(window.tags, label("Layers", "title"), window.layers, margin=SPACE + 4)
    beside.setStretch(2, 1)
    window.tags.setMinimumWidth(232)
    _dock(window, "Pictures", pictures, Qt.DockWidgetArea.LeftDockWidgetArea, 220)
    _dock(window, "Filter", panel(beside), Qt.DockWidgetArea.RightDockWidgetArea, 264)


def _dock(window: MainWindow, title: str, content: QWidget, area: Qt.DockWidgetArea, width: int) -> None:
    dock = QDockWidget(title, window)
    dock.setObjectName(title)
    dock.setWidget(content)
    dock.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetMovable)
    dock.setTitleBarWidget(QWidget())
    window.addDockWidget(area, dock)
    window.resizeDocks([dock], [width], Qt.Orientation.Horizontal)


def _connect(window: MainWindow) -> None:
    workspace, commands, files = window.workspace, window.commands, window.commands.files
    workspace.opening.problem.connect(window.problems.show_error)
    workspace.pipeline.recording_failed.connect(window.problems.show_error)
    workspace.pipeline.picture_failed.connect(files.picture_failed)
    workspace.tagging.problem.connect(window.problems.show_error)
    workspace.tagging.told.connect(lambda text: window.problems.show_text(text, calm=True))
    workspace.tagging.saved.connect(window.show_title)
    workspace.tagging.reset.connect(window.show_title)
    for jobs in workspace.library.workers:
        jobs.failed.connect(window.problems.show_error)
    workspace.library.question.connect(files.answer_question)
    workspace.library.network_opened.connect(files.say_assumed)
    workspace.library.network_opened.connect(files.offer_export)
    workspace.library.folder_opened.connect(files.say_folder_problems)
    workspace.exporting.question.connect(files.ask_large_export)
    workspace.exporting.done.connect(files.tell_export)
    workspace.exporting.failed.connect(window.problems.show_error)
    workspace.opening.foreign_tags.connect(files.ask_foreign_tags)
    workspace.pipeline.maps_changed.connect(commands.show_facts)
    workspace.session.changed.connect(commands.filter_changed)
    window.top.model_asked.connect(commands.files.open_model)
    window.top.folder_asked.connect(commands.files.open_folder)
    window.pictures.model.modelReset.connect(lambda: window.over.show_pictures(window.pictures.model.rows))
    window.pictures.picked.connect(lambda picture: workspace.session.update(picture=picture))
    window.layers.picked.connect(commands.go_to_layer)
    window.tags.toggled.connect(commands.toggle)
    window.tags.described.connect(commands.describe)
    window.tags.new_word.connect(commands.new_word)
    window.tags.finished.connect(window.center.take_keyboard)
    window.pictures.left.connect(window.center.take_keyboard)
    window.status.help.clicked.connect(commands.show_keys)
    window.status.bad.clicked.connect(files.show_unreadable)
