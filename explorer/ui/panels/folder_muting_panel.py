"""What muting filters does over the folder: which filters, how far it is measured, and what was found."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QSizePolicy, QWidget

from explorer.state.findings.folder_muting import MUTED, NOTHING, FolderMuting
from explorer.ui.widgets.labels_and_layouts import column, label, row
from explorer.ui.widgets.plain_text import PlainTool, tip
from explorer.ui.widgets.steady import Choice
from explorer.ui.widgets.theme import SPACE

MEASURE, STOP = "Measure", "Stop"


class FolderMutingPanel(QWidget):
    """A choice of filters and a button; the figures stand below, with what must be known to read them."""

    def __init__(self, folder_muting: FolderMuting) -> None:
        super().__init__()
        self._found = folder_muting
        self.filters = Choice()
        self.filters.setAccessibleName("Filters to mute over the folder")
        self.filters.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.filters.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.filters.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.tool = PlainTool(MEASURE)
        self.tool.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        tip(
            self.tool,
            "Run the network over the folder with and without these filters, and with random ones; this takes minutes.",
        )
        self.tool.clicked.connect(self._clicked)
        self._said = label("", "quiet", wrap=True)
        self._figures = label("", wrap=True)
        self._notes = label("", "quiet", wrap=True)
        asking = row(self.filters, self.tool, gap=4)
        asking.setStretch(0, 1)
        parts = (label("Muting", "title"), asking, self._said, self._figures, self._notes)
        self.setLayout(column(*parts, gap=SPACE // 2))
        folder_muting.changed.connect(self._show)
        self._show()

    @property
    def texts(self) -> str:
        """All that is said, a line each."""
        return "\n".join(part.text() for part in (self._said, self._figures, self._notes) if not part.isHidden())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._found.look(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._found.look(False)

    def _show(self) -> None:
        choices, found, busy = self._found.choices, self._found.found, self._found.busy
        box = self.filters
        if choices != {box.itemData(place): box.itemText(place) for place in range(box.count())}:
            newly_muted = MUTED in choices and box.findData(MUTED) < 0
            chosen = MUTED if newly_muted else box.currentData()
            box.clear()
            for word, title in choices.items():
                box.addItem(title, word)
            box.setCurrentIndex(max(0, box.findData(chosen)))
        self.filters.setVisible(bool(choices))
        self.filters.setEnabled(not busy)
        self.tool.setVisible(bool(choices) or busy)
        self.tool.setText(STOP if busy else MEASURE)
        said = self._found.sentence or ("" if choices or found is not None else NOTHING)
        lines, notes = [], ""
        if found is not None:
            lines = [found.sentence]
            lines += [
                f"{name}: {before} to {after}, {change} {interval}"
                for name, before, after, change, interval in found.rows
            ]
            notes = "\n".join(found.notes)
        for part, text in ((self._said, said), (self._figures, "\n".join(lines)), (self._notes, notes)):
            part.setText(text)
            part.setVisible(bool(text))

    def _clicked(self) -> None:
        if self._found.busy:
            self._found.cancel()
        else:
            self._found.begin(self.filters.currentData())
