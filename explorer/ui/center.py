"""The middle of the window: the picture with its overlay above the grids."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QSplitter, QStackedLayout, QTabWidget, QWidget

from explorer.core.vocabulary import Vocabulary
from explorer.state.library import Library
from explorer.state.occluding import Occluding
from explorer.state.pipeline import Pipeline
from explorer.state.session import Session, View
from explorer.ui.lists import ALL, ORDERS, SHOWN, TAGGED, FilterModel, OverPicturesModel
from explorer.ui.overlay_grid import OverlayGrid
from explorer.ui.parts import EmptyPlace, column, label, panel, row
from explorer.ui.theme import SPACE
from explorer.ui.viewer import Viewer

if TYPE_CHECKING:
    from explorer.ui.occlusion_panel import OcclusionPanel

EMPTY, PANELS, OPENING = range(3)
OCCLUSION = 2
"""The tab of occlusion."""


class Center(QWidget):
    """Viewer above the tabs, or the empty place that says what to open first.

    `filter_picked(filter)` and `picture_picked(path)` come from the two grids.
    """

    filter_picked = Signal(int)
    picture_picked = Signal(object)

    def __init__(
        self,
        session: Session,
        pipeline: Pipeline,
        library: Library,
        occluding: Occluding,
        filters: FilterModel,
        over: OverPicturesModel,
        empty: EmptyPlace,
    ) -> None:
        super().__init__()
        self._session, self._library, self.filters = session, library, filters
        self.viewer = Viewer(session, pipeline, library, occluding)
        self._occlusion: OcclusionPanel | None = None
        self._place_of_occlusion = QWidget()
        self.grid = OverlayGrid(filters, "Filters of the layer on this picture")
        self.over = OverlayGrid(over, "The chosen filter on the pictures of the folder", cell=112)
        self.grid.picked.connect(lambda row: self.filter_picked.emit(filters.rows[row]))
        self.over.picked.connect(lambda row: self.picture_picked.emit(over.rows[row]))
        self._order = QComboBox()
        for key, title in ORDERS.items():
            self._order.addItem(title, key)
        self._order.setAccessibleName("Order of the filters")
        self._order.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._order.activated.connect(lambda index: self._arrange())
        self._shown = QComboBox()
        self._shown.setAccessibleName("Which filters are shown")
        self._shown.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._shown.activated.connect(lambda index: self._arrange())
        self._count = label("", "quiet")
        filters.modelReset.connect(self._follow)
        filters.dataChanged.connect(lambda *changed: self._show_count())
        self.tabs = QTabWidget()
        self.tabs.addTab(self.grid, "Filters")
        self.tabs.addTab(self.over, "This filter over pictures")
        self.tabs.addTab(self._place_of_occlusion, "Occlusion")
        self.tabs.tabBar().setFocusPolicy(Qt.FocusPolicy.TabFocus)
        corner = QWidget()
        corner.setLayout(row(self._count, self._shown, self._order))
        self.tabs.setCornerWidget(corner)
        self._corner = corner
        self._occluding = occluding
        self.tabs.currentChanged.connect(self._tab_changed)
        self.split = QSplitter(Qt.Orientation.Vertical)
        self.split.addWidget(panel(column(self.viewer, margin=SPACE)))
        self.split.addWidget(panel(column(self.tabs, margin=SPACE)))
        self.split.setHandleWidth(SPACE)
        self.split.setStretchFactor(0, 3)
        self.split.setStretchFactor(1, 2)
        self.split.setSizes([430, 350])
        self.split.setChildrenCollapsible(False)
        self._stack = QStackedLayout()
        self._stack.addWidget(empty)
        self._stack.addWidget(self.split)
        self._opening = EmptyPlace("Opening", "The first network of a session takes some seconds.", [])
        self._stack.addWidget(self._opening)
        self.setLayout(self._stack)
        session.changed.connect(self._view_changed)
        library.network_opening.connect(self._say_opening)
        library.network_opened.connect(lambda network: self._opened())
        library.folder_opened.connect(lambda folder: self._opened())
        library.problem.connect(lambda error: self._opened())
        library.question.connect(lambda request, error: self._opened())
        self.grid.set_opacity(session.view.look.opacity)
        self.over.set_opacity(session.view.look.opacity)
        self.grid.hint = self.over.hint = (
            "Open a network (Ctrl+O), or drop one here: its filters are drawn on the picture."
        )

    @property
    def occlusion(self) -> "OcclusionPanel":
        """The tab of occlusion, built when somebody first looks at it."""
        if self._occlusion is None:
            from explorer.ui.occlusion_panel import OcclusionPanel

            self._occlusion = OcclusionPanel(self._session, self._library, self._occluding)
            self._occlusion.filter_picked.connect(self.filter_picked)
            self._occlusion.dragging.connect(self.viewer.drag_patch)
            self._place_of_occlusion.setLayout(column(self._occlusion))
        return self._occlusion

    def offer_words(self, vocabulary: Vocabulary) -> None:
        """Let a person show only the filters that have one of these words."""
        chosen = self._shown.currentData()
        self._shown.clear()
        for key, title in SHOWN.items():
            self._shown.addItem(title, key)
        for entry in vocabulary.entries:
            self._shown.addItem(f"tagged {entry.word}", entry.word)
        self._shown.setCurrentIndex(max(0, self._shown.findData(chosen)))

    def toggle_tagged(self) -> None:
        """Show only the filters with a tag, or all of them again."""
        wanted = ALL if self._shown.currentData() == TAGGED else TAGGED
        self._shown.setCurrentIndex(self._shown.findData(wanted))
        self._arrange()

    def next_order(self) -> None:
        """Go through the orders."""
        self._order.setCurrentIndex((self._order.currentIndex() + 1) % self._order.count())
        self._arrange()

    def toggle_occlusion(self) -> None:
        """Show the tab of occlusion, or the filters again."""
        self.tabs.setCurrentIndex(0 if self.tabs.currentIndex() == OCCLUSION else OCCLUSION)

    def toggle_drag(self) -> None:
        """Let the patch follow the mouse, or not any more."""
        self.tabs.setCurrentIndex(OCCLUSION)
        self.occlusion.drag.toggle()

    def _tab_changed(self, tab: int) -> None:
        self._corner.setVisible(tab == 0)
        if tab == OCCLUSION or self._occlusion is not None:
            self.occlusion.drag.setChecked(self.occlusion.drag.isChecked() and tab == OCCLUSION)
        self._occluding.activate(tab == OCCLUSION)

    def _say_opening(self, path: Path) -> None:
        if self._library.network is None:
            self._opening.say(f"Opening {path.name} …")
            self._stack.setCurrentIndex(OPENING)

    def _opened(self) -> None:
        busy = self._library.interactive.busy("open network")
        something = self._library.network is not None or self._library.folder is not None
        wanted = OPENING if busy and self._library.network is None else PANELS if something else EMPTY
        if self._stack.currentIndex() != wanted:
            self._stack.setCurrentIndex(wanted)
            # Letters are tags: the keyboard must not begin in the search line.
            self.grid.setFocus()
        self._follow()

    def _arrange(self) -> None:
        self.filters.arrange(self._order.currentData(), self._shown.currentData())
        self._follow()

    def _view_changed(self, before: View, after: View) -> None:
        if (after.layer, after.filter) != (before.layer, before.filter):
            self._follow()
        if after.look.opacity != before.look.opacity:
            self.grid.set_opacity(after.look.opacity)
            self.over.set_opacity(after.look.opacity)

    def _follow(self) -> None:
        view = self._session.view
        self.grid.choose(self.filters.row_of(view.filter))
        title = f"Filters of layer {view.layer}"
        if self.tabs.tabText(0) != title:  # setting it lays out and paints the whole tab again
            self.tabs.setTabText(0, title)
        self._show_count()

    def _show_count(self) -> None:
        network, layer = self._library.network, self._session.view.layer
        if network is None or layer >= len(network.layers):
            return
        self.over.hint = "Open a folder of pictures (Ctrl+Shift+O), or drop one here."
        shown, there = len(self.filters.rows), network.layers[layer].filters
        self.grid.hint = f"No filter of layer {layer} is {self._shown.currentText()}."
        none = "" if shown else f"no filter of layer {layer} is {self._shown.currentText()}"
        self._count.setText(none or ("" if shown == there else f"{shown} of {there}"))
