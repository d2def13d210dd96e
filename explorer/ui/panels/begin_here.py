"""Where to look first, said once: when the index is there, nothing is tagged, and nobody walked the work list yet."""

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication, QFrame, QWidget

from explorer.core.counting import counted
from explorer.state.index.work_list import WorkingThrough
from explorer.state.settings_file import Settings
from explorer.state.tags.tagging import Tagging
from explorer.ui.widgets.elided_label import ElidedLabel
from explorer.ui.widgets.labels_and_layouts import row
from explorer.ui.widgets.plain_text import PlainTool, tip
from explorer.ui.widgets.theme import SPACE
from trainer.measures.percent import percent

SEEN = "work list seen"
WAITS_MS = 500
"""After which it is tried again to come, where the mouse was over what it would cover."""


class BeginHere(QFrame):
    """One line with one button: `picked(key)` asks for the filter that the network uses most.

    `place` says where it comes, and what shows it or puts it away; it comes only while the mouse is elsewhere.
    """

    picked = Signal(object)

    def __init__(self, working: WorkingThrough, tagging: Tagging, settings: Settings) -> None:
        super().__init__()
        self._working, self._tagging, self._settings = working, tagging, settings
        self._show: Callable[[bool], object] = lambda wanted: None
        self._place: QWidget = self
        self.setObjectName("start")
        self.setAccessibleName("Where to begin")
        self.text, self.go, self.close_it = ElidedLabel(), PlainTool(), PlainTool("✕")
        self.go.setObjectName("link")
        self.close_it.setObjectName("flat")
        self.close_it.setAccessibleName("Put away where to begin")
        for tool in (self.go, self.close_it):
            tool.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.go.clicked.connect(self._begin)
        self.close_it.clicked.connect(self.leave)
        layout = row(self.text, self.go, self.close_it, gap=SPACE // 2)
        layout.setContentsMargins(SPACE // 2, 0, 0, 0)
        layout.setStretch(0, 1)
        self.setLayout(layout)
        self._again = QTimer(self, singleShot=True, interval=WAITS_MS)
        self._again.timeout.connect(self._follow)
        working.changed.connect(self._follow)
        tagging.reset.connect(self._follow)

    @property
    def wanted(self) -> bool:
        """Whether somebody does not know yet where to begin."""
        work_list, tagging = self._working.list, self._tagging
        nothing_done = tagging.path is not None and not len(tagging.book)
        return work_list is not None and bool(work_list.filters) and nothing_done and not self._settings.text(SEEN)

    def place(self, place: QWidget, show: Callable[[bool], object]) -> None:
        """Come in this place, by this function of whether it is wanted."""
        self._place, self._show = place, show
        self._follow()

    def leave(self) -> None:
        """Go, and never come again for this person."""
        if self.wanted:
            self._settings.set_text(SEEN, "yes")
        self._follow()

    def _follow(self) -> None:
        work_list = self._working.list
        if not self.wanted or work_list is None:
            self._show(False)
            return
        if not self.isVisible() and (self._place.underMouse() or QApplication.activePopupWidget() is not None):
            self._again.start()
            return
        from explorer.core.index.work_list import DIGITS

        first, share = work_list.filters[0], percent(work_list.own[0], DIGITS)
        some = f"{len(work_list.filters):,} of {counted(work_list.total, 'filter')}"
        most, carry = f"{first} carries {share} of the decision", f"{some} carry {percent(work_list.carried, DIGITS)}"
        short = f"Start here: {most}"
        self.text.set_texts(f"{short}, {carry}. J walks them.", f"{short}.", f"{first} carries {share}.")
        self.go.setText(f"Begin with {first}")
        tip(self.go, f"{most}, {carry}.\nLook at it first; J goes to the next of them, Shift+J back.")
        self._show(True)

    def _begin(self) -> None:
        work_list = self._working.list
        self.leave()
        if work_list is not None and work_list.filters:
            self.picked.emit(work_list.filters[0])
