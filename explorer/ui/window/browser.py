"""The picture with its overlay, above the tabs: the filters of the layer, one filter over pictures, occlusion."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QSplitter, QTabWidget, QWidget

from explorer.core.tags.vocabulary import Vocabulary
from explorer.state.library import Library
from explorer.state.occluding import Occluding
from explorer.state.session import Session, View
from explorer.ui.panels.viewer import Viewer
from explorer.ui.widgets.lists import ALL, ORDERS, SHOWN, TAGGED, FilterModel, OverPicturesModel
from explorer.ui.widgets.overlay_grid import OverlayGrid
from explorer.ui.widgets.theme import SPACE
from explorer.ui.widgets.widgets import column, label, panel, row

if TYPE_CHECKING:
    from explorer.ui.panels.occlusion_panel import OcclusionPanel

OCCLUSION = 2
"""The tab of occlusion."""


class Browser(QSplitter):
    """Viewer above the tabs; `filter_picked(filter)` and `picture_picked(path)` come from the two grids."""

    filter_picked = Signal(int)
    picture_picked = Signal(object)

    def __init__(
        self,
        session: Session,
        library: Library,
        occluding: Occluding,
        viewer: Viewer,
        filters: FilterModel,
        over: OverPicturesModel,
        vocabulary: Vocabulary,
    ) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self._session, self._library, self._occluding, self._filters = session, library, occluding, filters
        self.viewer = viewer
        self.grid = OverlayGrid(
            session, filters, lambda: filters.row_of(session.view.filter), "Filters of the layer on this picture"
        )
        self.over = OverlayGrid(
            session,
            over,
            lambda: over.row_of(session.view.picture),
            "The chosen filter on the pictures of the folder",
            cell=112,
        )
        self.grid.picked.connect(lambda row: self.filter_picked.emit(filters.rows[row]))
        self.over.picked.connect(lambda row: self.picture_picked.emit(over.rows[row]))
        self._order = self._combo("Order of the filters")
        for key, title in ORDERS.items():
            self._order.addItem(title, key)
        self._shown = self._combo("Which filters are shown")
        self._count = label("", "quiet")
        filters.modelReset.connect(self._say_what_is_shown)
        filters.dataChanged.connect(lambda *changed: self._show_count())
        self._occlusion: OcclusionPanel | None = None
        self._place_of_occlusion = QWidget()
        self._corner = QWidget()
        self._corner.setLayout(row(self._count, self._shown, self._order))
        self.tabs = self._tabs()
        self.addWidget(panel(column(self.viewer, margin=SPACE)))
        self.addWidget(panel(column(self.tabs, margin=SPACE)))
        self.setHandleWidth(SPACE)
        self.setStretchFactor(0, 3)
        self.setStretchFactor(1, 2)
        self.setSizes([430, 350])
        self.setChildrenCollapsible(False)
        session.changed.connect(self._view_changed)
        self.grid.set_opacity(session.view.style.opacity)
        self.over.set_opacity(session.view.style.opacity)
        self.grid.hint = self.over.hint = (
            "Open a network (Ctrl+O), or drop one here: its filters are drawn on the picture."
        )
        self.offer_words(vocabulary)
        self._say_what_is_shown()

    @property
    def occlusion(self) -> "OcclusionPanel":
        """The tab of occlusion, built when somebody first looks at it."""
        if self._occlusion is None:
            from explorer.ui.panels.occlusion_panel import OcclusionPanel

            self._occlusion = OcclusionPanel(self._session, self._library, self._occluding)
            self._occlusion.filter_picked.connect(self.filter_picked)
            self._occlusion.dragging.connect(self.viewer.drag_patch)
            self._place_of_occlusion.setLayout(column(self._occlusion))
        return self._occlusion

    @property
    def place_of_keyboard(self) -> QWidget:
        """The grid in view, or the picture: a hidden widget takes no keyboard."""
        return next((grid for grid in (self.grid, self.over) if grid.isVisible()), self.viewer.image)

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

    def next_tab(self) -> None:
        """Go to the tab at the right, and from the last to the first."""
        self.tabs.setCurrentIndex((self.tabs.currentIndex() + 1) % self.tabs.count())

    def toggle_occlusion(self) -> None:
        """Show the tab of occlusion, or the filters again."""
        self.tabs.setCurrentIndex(0 if self.tabs.currentIndex() == OCCLUSION else OCCLUSION)

    def toggle_drag(self) -> None:
        """Let the patch follow the mouse, or not any more."""
        self.tabs.setCurrentIndex(OCCLUSION)
        self.occlusion.drag.toggle()

    def _combo(self, name: str) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(name)
        box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        box.activated.connect(lambda index: self._arrange())
        return box

    def _tabs(self) -> QTabWidget:
        tabs = QTabWidget()
        tabs.addTab(self.grid, "Filters")
        tabs.addTab(self.over, "This filter over pictures")
        tabs.addTab(self._place_of_occlusion, "Occlusion")
        tabs.tabBar().setFocusPolicy(Qt.FocusPolicy.TabFocus)
        tabs.setCornerWidget(self._corner)
        tabs.currentChanged.connect(self._tab_changed)
        return tabs

    def _tab_changed(self, tab: int) -> None:
        self._corner.setVisible(tab == 0)
        if tab == OCCLUSION or self._occlusion is not None:
            self.occlusion.drag.setChecked(self.occlusion.drag.isChecked() and tab == OCCLUSION)
        self._occluding.activate(tab == OCCLUSION)

    def _arrange(self) -> None:
        self._filters.arrange(self._order.currentData(), self._shown.currentData())
        self._say_what_is_shown()

    def _view_changed(self, before: View, after: View) -> None:
        if after.layer != before.layer:
            self._say_what_is_shown()
        if after.style.opacity != before.style.opacity:
            self.grid.set_opacity(after.style.opacity)
            self.over.set_opacity(after.style.opacity)

    def _say_what_is_shown(self) -> None:
        title = f"Filters of layer {self._session.view.layer}" if self._library.network is not None else "Filters"
        if self.tabs.tabText(0) != title:  # setting it lays out and paints the whole tab again
            self.tabs.setTabText(0, title)
        self._show_count()

    def _show_count(self) -> None:
        network, layer = self._library.network, self._session.view.layer
        if network is None or layer >= len(network.layers):
            return
        self.over.hint = "Open a folder of pictures (Ctrl+Shift+O), or drop one here."
        shown, there = len(self._filters.rows), network.layers[layer].filters
        self.grid.hint = f"No filter of layer {layer} is {self._shown.currentText()}."
        none = "" if shown else f"no filter of layer {layer} is {self._shown.currentText()}"
        self._count.setText(none or ("" if shown == there else f"{shown} of {there}"))
