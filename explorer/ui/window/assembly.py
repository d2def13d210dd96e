"""What stands in the window: builds the panels, puts them in their places and connects them with the state."""

from collections.abc import Generator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from explorer.state.workspace import Workspace
from explorer.ui.panels.filter_card import FilterCardPanel
from explorer.ui.panels.index_tool import IndexTool
from explorer.ui.panels.layer_panel import LayerList
from explorer.ui.panels.muted_line import MutedLine
from explorer.ui.panels.picture_panel import PicturePanel
from explorer.ui.panels.suggestion_line import SuggestionLine
from explorer.ui.panels.tag_panel import TagPanel
from explorer.ui.widgets.fields import leave_drops_to_window
from explorer.ui.widgets.filter_model import FilterModel
from explorer.ui.widgets.labels_and_layouts import column, label, laid_over, panel
from explorer.ui.widgets.lists import OverPicturesModel
from explorer.ui.widgets.message_banner import FOLDER, INDEX, MUTING, NETWORK, OPENING, TAGS, UNSAVED, VIEW, Problems
from explorer.ui.widgets.plain_text import title_text
from explorer.ui.widgets.recent_menu import recent_menu
from explorer.ui.widgets.remembering_splitter import FREE, RememberingSplitter
from explorer.ui.widgets.theme import SPACE
from explorer.ui.window.actions import FILE
from explorer.ui.window.center import Center
from explorer.ui.window.closing import may_close
from explorer.ui.window.command_table import command_table
from explorer.ui.window.commands import Commands
from explorer.ui.window.context_menus import ContextMenus
from explorer.ui.window.main_window import TITLE, MainWindow
from explorer.ui.window.parts import WindowParts
from explorer.ui.window.status_bar import Status
from explorer.ui.window.top_bar import TopBar

if TYPE_CHECKING:
    from explorer.ui.window.browser import Browser


LEFT, RIGHT = 222, 266
"""Widths of the panels at both sides before a person moves them; the middle takes the rest."""


@dataclass(frozen=True)
class Assembly:
    """What `assemble` put into a window, for those who ask it to do something."""

    parts: WindowParts
    commands: Commands


def assemble(window: MainWindow, workspace: Workspace) -> Assembly:
    """Let an empty window show a workspace."""
    session, library = workspace.session, workspace.library
    filters = FilterModel(
        session,
        workspace.pipeline,
        library,
        workspace.tagging,
        workspace.filter_facts,
        workspace.vocabulary,
        workspace.muting,
        workspace.suggesting,
    )
    over = OverPicturesModel(session, workspace.pipeline, library)
    indexes = IndexTool(workspace.indexing), IndexTool(workspace.second_indexing)
    suggestion = SuggestionLine(workspace.suggesting, workspace.vocabulary)
    card = FilterCardPanel(workspace.card, workspace.suggesting)
    parts = WindowParts(
        problems=Problems(),
        top=TopBar(
            session,
            workspace.pipeline,
            library,
            workspace.settings,
            workspace.given,
            workspace.muting,
            workspace.occluding,
            workspace.layer_facts,
            workspace.what_if,
            workspace.sides,
        ),
        muted=MutedLine(workspace.muting),
        filters=filters,
        over=over,
        pictures=PicturePanel(session, library, workspace.chosen, workspace.picture_search),
        suggestion=suggestion,
        tags=TagPanel(
            session,
            workspace.tagging,
            workspace.selection,
            workspace.last_step,
            workspace.vocabulary,
            suggestion,
            card,
        ),
        card=card,
        layers=LayerList(session, library, workspace.tagging, workspace.muting),
        status=Status(library, workspace.tagging, workspace.working, *indexes),
        center=Center(library, _browser(window, workspace, filters, over)),
        columns=RememberingSplitter(workspace.settings, "columns", Qt.Orientation.Horizontal),
    )
    for model in (filters, over):
        model.setParent(window)
    _place(window, parts)
    commands = Commands(window, workspace, parts, command_table)
    commands.tags.offer_words()
    _offer_recent(workspace, commands)
    menus = ContextMenus(workspace, commands)
    menus.attach_to_panels(parts.pictures.list, parts.layers, parts.tags.rows)
    parts.center.made.connect(menus.attach_to_browser)
    parts.center.made.connect(commands.name_keys)
    parts.center.made.connect(lambda browser: browser.grew.connect(commands.name_keys))
    _connect(window, workspace, parts, commands)
    leave_drops_to_window(window)
    window.setAcceptDrops(True)
    parts.center.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    parts.center.setFocus()
    return Assembly(parts, commands)


def _browser(
    parent: QWidget, workspace: Workspace, filters: FilterModel, over: OverPicturesModel
) -> "Generator[None, None, Browser]":
    from explorer.ui.panels.viewer import Viewer

    yield
    viewer = Viewer(
        workspace.session,
        workspace.pipeline,
        workspace.library,
        workspace.lens,
        workspace.occluding,
        workspace.muting,
        workspace.suggested_concept,
        workspace.beside,
        workspace.sides,
    )
    viewer.setParent(parent)
    viewer.image.clicked.connect(workspace.what_if.click)
    workspace.what_if.changed.connect(lambda: viewer.image.aim(workspace.what_if.aim))
    yield
    from explorer.ui.panels.begin_here import BeginHere
    from explorer.ui.window.browser import Browser
    from explorer.ui.window.evidence_tabs import evidence_tabs

    yield
    browser = Browser(
        workspace.session,
        workspace.library,
        workspace.lens,
        workspace.occluding,
        workspace.shuffled,
        viewer,
        filters,
        over,
        workspace.settings,
        vocabulary=filters.vocabulary,
        tabs=evidence_tabs(workspace),
        begin_here=BeginHere(workspace.working, workspace.tagging, workspace.settings),
    )
    browser.begin_here.picked.connect(lambda key: workspace.session.update(layer=key.layer, filter=key.filter))
    browser.filter_picked.connect(lambda filter: workspace.session.update(filter=filter, also=frozenset()))
    browser.filter_extended.connect(lambda filter: workspace.selection.extend(filters.rows, filter))
    browser.filter_toggled.connect(workspace.selection.toggle)
    browser.picture_picked.connect(lambda picture: workspace.session.update(picture=picture))
    leave_drops_to_window(browser)
    return browser


def _place(window: MainWindow, parts: WindowParts) -> None:
    window.setStatusBar(parts.status)
    middle = QWidget()
    middle.setLayout(column(parts.muted, laid_over(parts.center, parts.problems), gap=SPACE))
    pictures = panel(column(parts.pictures, margin=SPACE))
    beside = column(parts.tags, label("Layers", "title"), parts.layers, margin=SPACE + 4)
    beside.setStretch(2, 1)  # the layers take what room is free, as long as there are more of them
    beside.setContentsMargins(SPACE + 4, SPACE + 4, SPACE, SPACE + 4)
    parts.tags.setMinimumWidth(232)
    parts.columns.place([pictures, middle, panel(beside)], [LEFT, FREE, RIGHT], free=1)
    body = QWidget()
    layout = column(parts.top, parts.columns, gap=SPACE // 2)
    layout.setContentsMargins(SPACE, 0, SPACE, 0)
    body.setLayout(layout)
    window.setCentralWidget(body)


def _offer_recent(workspace: Workspace, commands: Commands) -> None:
    """Recent networks and folders in the menu of files, below what opens them."""
    menu = commands.actions.menus[FILE]
    before = next(action for action in menu.actions() if action.text().startswith("Open the pictures"))
    for title, kind, run in (
        ("Recent networks", "models", commands.files.open_model),
        ("Recent folders", "folders", commands.files.open_folder),
    ):
        more = recent_menu(title, workspace.settings, kind, run)
        more.setParent(menu, more.windowFlags())
        menu.insertMenu(before, more)


def _connect(window: MainWindow, workspace: Workspace, parts: WindowParts, commands: Commands) -> None:
    _connect_messages(workspace, parts, commands)
    _connect_choices(workspace, parts, commands)
    files, tagging = commands.files, workspace.tagging

    def show_title() -> None:
        """Say in the title which tags file is open and whether it is saved."""
        saved = parts.status.saved_text().partition(" in ")[0]
        where = f" · {tagging.path.name} · {saved}" if tagging.path else ""
        window.setWindowTitle(title_text(f"{TITLE}{where}"))

    tagging.saved.connect(show_title)
    tagging.reset.connect(show_title)
    window.overlay_hidden.connect(parts.center.hide_overlay)
    window.dropped.connect(lambda paths: files.drop(*paths))
    window.may_close = partial(may_close, window, workspace, files.save_tags_as)
    window.closed.connect(workspace.close)
    show_title()


def _connect_messages(workspace: Workspace, parts: WindowParts, commands: Commands) -> None:
    """What happens in the background, and what is said or asked then."""
    _end_messages(workspace, parts.problems)
    library, exporting = workspace.library, workspace.exporting
    files, show_error = commands.files, parts.problems.show_error
    workspace.opening.problem.connect(lambda error: show_error(error, NETWORK))
    library.problem.connect(lambda error: parts.problems.lasts_until(FOLDER))
    library.network_session.problem.connect(lambda error: parts.problems.lasts_until(OPENING, NETWORK))
    for indexing in (workspace.indexing, workspace.second_indexing):
        indexing.problem.connect(lambda error: show_error(error, NETWORK, FOLDER))
        indexing.noted.connect(lambda text: parts.problems.show_text(text, until=[NETWORK, FOLDER]))
    workspace.given.problem.connect(lambda error: show_error(error, NETWORK, FOLDER))
    on_look = workspace.evaluating, workspace.worth_a_look, workspace.folder_muting
    for asked in (workspace.suggesting, *on_look, workspace.candidates):
        asked.problem.connect(lambda error: show_error(error, NETWORK, FOLDER))
    workspace.lists.problem.connect(lambda error: show_error(error, FOLDER))
    for keeping in (workspace.suggesting.keeping, workspace.starred.keeping):
        keeping.problem.connect(show_error)
    workspace.lists.told.connect(lambda text: parts.problems.show_text(text, calm=True, until=[FOLDER]))
    workspace.pipeline.recording_failed.connect(lambda error: show_error(error, VIEW, NETWORK))
    workspace.pipeline.picture_failed.connect(files.picture_failed)
    workspace.muting.failed.connect(lambda error: show_error(error, NETWORK, FOLDER))
    workspace.tagging.problem.connect(lambda error: show_error(error, UNSAVED, NETWORK))
    workspace.tagging.told.connect(lambda text: parts.problems.show_text(text, calm=True, until=[NETWORK]))
    for jobs in library.workers:
        jobs.failed.connect(lambda error: show_error(error, NETWORK, FOLDER))
    library.question.connect(files.answer_question)
    library.network_opened.connect(commands.opened.network_opened)
    library.network_opened.connect(files.offer_export)
    library.folder_opened.connect(commands.opened.folder_opened)
    exporting.question.connect(files.ask_large_export)
    exporting.done.connect(files.tell_export)
    exporting.failed.connect(show_error)
    workspace.opening.foreign_tags.connect(files.ask_foreign_tags)
    workspace.pipeline.maps_changed.connect(commands.tags.show_facts)
    workspace.session.changed.connect(commands.tags.filter_changed)


def _end_messages(workspace: Workspace, problems: Problems) -> None:
    """Put messages away with what they are about, before anything new is said of what takes its place."""
    workspace.library.network_opening.connect(lambda path: problems.over(OPENING))
    workspace.library.network_opened.connect(lambda network: problems.over(NETWORK, OPENING))
    workspace.library.folder_opened.connect(lambda folder: problems.over(FOLDER))
    workspace.session.changed.connect(lambda before, after: problems.over(VIEW))
    workspace.muting.changed.connect(lambda: problems.over(MUTING))
    workspace.tagging.saved.connect(lambda: None if workspace.tagging.unsaved else problems.over(UNSAVED))
    workspace.tagging.reset.connect(lambda: problems.over(TAGS))
    evidence = workspace.evidence
    evidence.changed.connect(lambda: problems.over(INDEX) if evidence.index and evidence.index.complete else None)


def _connect_choices(workspace: Workspace, parts: WindowParts, commands: Commands) -> None:
    """What a person picks in the panels, and what it changes."""
    files, tags, pictures = commands.files, commands.tags, parts.pictures
    for part in (parts.top, parts.center):
        part.model_asked.connect(files.open_model)
        part.folder_asked.connect(files.open_folder)
    parts.center.demo_asked.connect(files.open_demo)
    parts.center.scale_asked.connect(commands.choose_scale)
    pictures.model.modelReset.connect(lambda: parts.over.show_pictures(pictures.model.rows))
    parts.center.made.connect(lambda browser: pictures.searched.connect(browser.over.show_from_top))
    pictures.picked.connect(lambda picture: workspace.session.update(picture=picture))
    pictures.left.connect(parts.center.take_keyboard)
    parts.filters.modelReset.connect(lambda: workspace.selection.keep(parts.filters.rows))
    parts.layers.picked.connect(commands.go_to_layer)
    parts.card.unfolding.connect(parts.layers.be_short)
    parts.card.picked.connect(lambda key: workspace.session.update(layer=key.layer, filter=key.filter))
    parts.tags.toggled.connect(tags.toggle)
    parts.tags.described.connect(tags.describe)
    parts.tags.removed.connect(tags.remove)
    parts.tags.reviewed.connect(tags.review)
    parts.tags.last.shown.connect(lambda key: workspace.session.update(layer=key.layer, filter=key.filter))
    parts.tags.last.taken_back.connect(lambda: commands.guard(workspace.last_step.take_back))
    parts.tags.given.connect(tags.give)
    parts.tags.finished.connect(parts.center.take_keyboard)
    parts.status.help.clicked.connect(commands.show_keys)
    parts.status.bad.clicked.connect(files.show_unreadable)
