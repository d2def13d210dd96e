"""A splitter that stands where a person left it the last time."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QWidget

from explorer.state.settings_file import Settings
from explorer.ui.widgets.theme import SPACE

FREE, SHARE = 10_000, 0.4
"""The size of what takes all room that is left; the largest share of the room for each of the others."""


class RememberingSplitter(QSplitter):
    """Parts side by side or one below the other; all new room goes to the part number `free`."""

    def __init__(
        self,
        settings: Settings,
        name: str,
        orientation: Qt.Orientation,
    ) -> None:
        super().__init__(orientation)
        self._settings, self._name = settings, f"window/{name}"
        self._sizes: list[int] = []
        self.setHandleWidth(SPACE)
        self.setChildrenCollapsible(False)

    def place(self, parts: Sequence[QWidget], sizes: Sequence[int], free: int) -> None:
        """Put the parts in, once: with these sizes in pixels (`FREE` takes the rest), or as they were left."""
        for number, part in enumerate(parts):
            self.addWidget(part)
            self.setStretchFactor(number, int(number == free))
        self.setSizes(list(sizes))
        if not self.restoreState(self._settings.blob(self._name)):
            self._sizes = list(sizes)
        self.splitterMoved.connect(self._keep)

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._sizes:  # nobody moved anything yet: in a small window what is beside may not have more than its share
            room = event.size().width() if self.orientation() == Qt.Orientation.Horizontal else event.size().height()
            self.setSizes([size if size >= FREE else min(size, round(SHARE * room)) for size in self._sizes])
        super().resizeEvent(event)

    def _keep(self) -> None:
        self._sizes = []
        self._settings.set_blob(self._name, self.saveState())
