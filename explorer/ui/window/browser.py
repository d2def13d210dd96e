"""The picture with its overlay and the strip of its lens, above the tabs: filters, pictures, what the folder says."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QLayout, QSizePolicy, QStackedLayout, QTabWidget, QWidget

from explorer.core.attribution.occlusion.lens import OCCLUSION
from explorer.core.counting import counted
from explorer.core.tags.vocabulary import Vocabulary
from explorer.state.index.filter_order import ORDERS
from explorer.state.lens.chosen_lens import ChosenLens
from explorer.state.lens.occluding import Occluding
from explorer.state.lens.shuffled_weights import ShuffledWeights
from explorer.state.opened.library import Library
from explorer.state.session import Session, View
from explorer.state.settings_file import Settings
from explorer.ui.panels.begin_here import BeginHere
from explorer.ui.panels.viewer import Viewer
from explorer.ui.widgets.command_tips import stands_for
from explorer.ui.widgets.filter_model import ALL, SHOWN, TAGGED, FilterModel
from explorer.ui.widgets.info_mark import InfoMark
from explorer.ui.widgets.labels_and_layouts import column, label, panel, row
from explorer.ui.widgets.lists import OverPicturesModel
from explorer.ui.widgets.overlay_grid import OverlayGrid
from explorer.ui.widgets.plain_text import PlainTool, tip
from explorer.ui.widgets.remembering_splitter import FREE, RememberingSplitter
from explorer.ui.widgets.steady import Choice
from explorer.ui.widgets.theme import SPACE
from explorer.ui.widgets.thumbnail_size import ThumbnailSize
from explorer.ui.window.evidence_tabs import LateTab, Tab

if TYPE_CHECKING:
    from explorer.ui.panels.lens_strip import LensStrip


BELOW = 250
"""Height of the tabs before a person moves their edge: two rows of filters; the picture takes the rest."""
BELOW_A_STRIP, LOW = 100, 560
"""Pixels of height that are left to the tabs in a small window, what is set of a lens must not be cut, and how high
the picture and the tabs are together in one."""


class Browser(RememberingSplitter):
    """Viewer above the tabs; `filter_picked(filter)` and `picture_picked(path)` come from the two grids.

    `filter_extended(filter)` and `filter_toggled(filter)` ask for several filters together.
    """

    filter_picked = Signal(int)
    filter_extended = Signal(int)
    filter_toggled = Signal(int)
    picture_picked = Signal(object)
    grew = Signal(object)
    """A part that is built when somebody first looks at it."""

    def __init__(
        self,
        session: Session,
        library: Library,
        lens: ChosenLens,
        occluding: Occluding,
        shuffled: ShuffledWeights,
        viewer: Viewer,
        filters: FilterModel,
        over: OverPicturesModel,
        settings: Settings,
        vocabulary: Vocabulary,
        tabs: Sequence[Tab] = (),
        *,
        begin_here: BeginHere,
    ) -> None:
        super().__init__(settings, "browser", Qt.Orientation.Vertical)
        self._session, self._library, self._filters = session, library, filters
        self._lens, self._occluding, self._shuffled = lens, occluding, shuffled
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
        self.grid.several = True
        self.grid.extended.connect(lambda row: self.filter_extended.emit(filters.rows[row]))
        self.grid.toggled.connect(lambda row: self.filter_toggled.emit(filters.rows[row]))
        self.grid.picked.connect(lambda row: self.filter_picked.emit(filters.rows[row]))
        self.over.picked.connect(lambda row: self.picture_picked.emit(over.rows[row]))
        self._order = self._combo("Order of the filters")
        tip(self._order, "order of the filters")
        stands_for(self._order, "Next order of the grid")
        for key, title in ORDERS.items():
            self._order.addItem(title, key)
        self._shown = self._combo("Which filters are shown")
        tip(self._shown, "which filters are shown; the key: those with a tag")
        stands_for(self._shown, "Only filters with a tag")
        self._count = label("", "quiet")
        filters.modelReset.connect(self._show_count)
        filters.dataChanged.connect(lambda *changed: self._show_count())
        self._lens_strip: LensStrip | None = None
        self._sizes_alone: list[int] | None = None
        self.silent = PlainTool()
        self.silent.setObjectName("flat")
        self.silent.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.silent.clicked.connect(lambda: filters.unfold(not filters.unfolded))
        self._filters_tab = QWidget()
        self.thumbnails = ThumbnailSize(settings, self.grid, self.over)
        choices = row(self._shown, self._order, self._count, InfoMark("signs"), 1, self.thumbnails)
        self._pictures, self._of_pictures = over, label("", "quiet")
        self._over_tab = QWidget()
        self._over_tab.setLayout(column(self._of_pictures, self.over, gap=2))
        over.modelReset.connect(self._count_pictures)
        self._count_pictures()
        self.begin_here = begin_here
        self._filters_tab.setLayout(column(self._head(choices), self.grid, self.silent, gap=2))
        self.tabs = self._tabs(tabs)
        self.tabs.currentChanged.connect(lambda index: self._keep_keyboard())
        self._strip_and_tabs = column(self.tabs, margin=SPACE, gap=SPACE // 2)
        self._below = panel(self._strip_and_tabs)
        self.place([panel(column(self.viewer, margin=SPACE)), self._below], [FREE, BELOW], free=0)
        session.changed.connect(self._view_changed)
        lens.changed.connect(self._lens_changed)
        self.grid.set_opacity(session.view.style.opacity)
        self.over.set_opacity(session.view.style.opacity)
        self.grid.hint = self.over.hint = (
            "Open a network (Ctrl+O), or drop one here: its filters are drawn on the picture."
        )
        self.offer_words(vocabulary)
        self._show_count()

    @property
    def lens_strip(self) -> "LensStrip":
        """The settings of the lens below the picture, built when somebody first looks through one."""
        if self._lens_strip is None:
            from explorer.ui.panels.lens_strip import LensStrip

            self._lens_strip = LensStrip(
                self._session, self._library, self._lens, self._occluding, self._shuffled, self._filters
            )
            self._lens_strip.filter_picked.connect(self.filter_picked)
            self._lens_strip.dragging.connect(self.viewer.drag_patch)
            self._strip_and_tabs.insertWidget(0, self._lens_strip)
            self._lens_strip.setVisible(self._lens.lens is not None)
            self.grew.emit(self._lens_strip)
        return self._lens_strip

    @property
    def place_of_keyboard(self) -> QWidget:
        """The grid in view, or the picture: a hidden widget takes no keyboard."""
        return next((grid for grid in (self.grid, self.over) if grid.isVisible()), self.viewer.image)

    def _keep_keyboard(self) -> None:
        """Leave no key to what Qt happens to choose in another tab, a slider perhaps: nobody went there."""
        focus, bar = self.window().focusWidget(), self.tabs.tabBar()
        if focus is not None and focus is not bar and self.tabs.isAncestorOf(focus):
            self.place_of_keyboard.setFocus()

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

    @property
    def alone(self) -> bool:
        """Whether the picture has all room."""
        return self._below.isHidden()

    def show_viewer_alone(self, alone: bool) -> None:
        """Give all room to the picture, or show the tabs below it again."""
        self._below.setVisible(not alone)

    def toggle_occlusion(self) -> None:
        """Look through occlusion, or at the filters again."""
        self._lens.choose("" if self._lens.lens is OCCLUSION else OCCLUSION.name)

    def toggle_drag(self) -> None:
        """Let the patch follow the mouse, or not any more."""
        self._lens.choose(OCCLUSION.name)
        self.lens_strip.drag.toggle()

    def leave_drag(self) -> bool:
        """Let the patch follow the mouse no more; whether it did."""
        if self._lens_strip is None or not self._lens_strip.drag.isChecked():
            return False
        self._lens_strip.drag.setChecked(False)
        return True

    def _combo(self, name: str) -> QComboBox:
        box = Choice()
        box.setAccessibleName(name)
        box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        box.activated.connect(lambda index: self._arrange())
        return box

    def _head(self, choices: QLayout) -> QWidget:
        """The choices above the grid, or in their place where to begin: nothing moves when that comes or goes."""
        usual, head = QWidget(), QWidget()
        usual.setLayout(choices)
        stack = QStackedLayout(head)
        for page in (usual, self.begin_here):
            stack.addWidget(page)
        head.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.begin_here.place(head, lambda wanted: stack.setCurrentWidget(self.begin_here if wanted else usual))
        return head

    def _tabs(self, more: Sequence[Tab]) -> QTabWidget:
        tabs = QTabWidget()
        tabs.addTab(self._filters_tab, "Filters")
        tabs.addTab(self._over_tab, "This filter")
        for title, build in more:
            tabs.addTab(LateTab(build), title)
        tabs.tabBar().setFocusPolicy(Qt.FocusPolicy.TabFocus)
        tip(tabs.tabBar(), "what stands below the picture; the key: the next tab")
        stands_for(tabs.tabBar(), "Next tab")
        return tabs

    def _lens_changed(self) -> None:
        """Show the strip while a lens is looked through; nothing follows the mouse without a patch."""
        if self._lens_strip is not None or self._lens.lens is not None:
            looking = self._lens.lens is not None
            comes = looking and self._sizes_alone is None
            if comes:
                self._sizes_alone = self.sizes()
            self.lens_strip.setVisible(looking)
            self.tabs.setMinimumHeight(BELOW_A_STRIP if looking else 0)
            if comes:
                QTimer.singleShot(0, self, self._keep_room_of_tabs)  # when the strip has its height
            elif not looking and self._sizes_alone is not None:
                self.setSizes(self._sizes_alone)
                self._sizes_alone = None
            if not self._occluding.possible:
                self.lens_strip.drag.setChecked(False)

    def _keep_room_of_tabs(self) -> None:
        """Leave the tabs below a strip as much height as the window has for them, once: then nothing moves."""
        if self._sizes_alone is None:
            return
        tall = max(BELOW_A_STRIP, min(BELOW_A_STRIP + (self.height() - LOW) // 2, BELOW))
        sizes = self.sizes()
        wanted = sizes[1] + tall - self.tabs.height()
        if tall > self.tabs.height():
            self.setSizes([sum(sizes) - wanted, wanted])

    def _arrange(self) -> None:
        self._filters.arrange(self._order.currentData(), self._shown.currentData())
        self._show_count()

    def _view_changed(self, before: View, after: View) -> None:
        if after.layer != before.layer:
            self._show_count()
        if after.style.opacity != before.style.opacity:
            self.grid.set_opacity(after.style.opacity)
            self.over.set_opacity(after.style.opacity)

    def _count_pictures(self) -> None:
        """Say on how many pictures the filter is shown, where not all of the folder are listed."""
        listed, folder = len(self._pictures.rows), self._library.folder
        total = len(folder.pictures) if folder is not None else 0
        self._of_pictures.setText(f"{listed:,} of {counted(total, 'picture')}")
        self._of_pictures.setVisible(0 < listed < total)

    def _show_count(self) -> None:
        silent, unfolded = self._filters.silent, self._filters.unfolded
        self.silent.setVisible(silent > 0)
        verb = "answers" if silent == 1 else "answer"
        sentence = f"{counted(silent, 'filter')} of this layer {verb} to nothing in the folder, but for the edge"
        self.silent.setText(f"{'▾' if unfolded else '▸'}  {sentence}")
        network, layer = self._library.network, self._session.view.layer
        if network is None or layer >= len(network.layers):
            return
        self.over.hint = "Open a folder of pictures (Ctrl+Shift+O), or drop one here."
        shown, total = len(self._filters.rows), network.layers[layer].filters
        kind = self._shown.currentText().replace("needs", "that needs")
        self.grid.hint = f"Layer {layer} has no filter {kind}."
        none = "" if shown else f"layer {layer} has none"
        self._count.setText(none or ("" if shown == total else f"{shown} of {total}"))
