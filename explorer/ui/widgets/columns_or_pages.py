"""Parts that stand beside each other where there is room for all, and else come one at a time."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QWidget

from explorer.ui.widgets.labels_and_layouts import row
from explorer.ui.widgets.plain_text import PlainTool, tip
from explorer.ui.widgets.theme import SPACE


class ColumnsOrPages(QWidget):
    """Each part has a title, its share of the width, and a sentence about it; below `room` pixels they are pages.

    `switch` holds a button for each page, to be put where it belongs and shown while `narrow`; `narrowed(bool)` when
    that changes.
    """

    narrowed = Signal(bool)

    def __init__(self, parts: Sequence[tuple[str, str, QWidget, int]], room: int) -> None:
        super().__init__()
        self._parts, self._room = [part for _, _, part, _ in parts], room
        self.narrow = False
        line = row(*self._parts, gap=SPACE)
        self.switch, self._chosen = QWidget(), QButtonGroup(self)
        buttons = []
        for place, (title, about, _, share) in enumerate(parts):
            line.setStretch(place, share)
            button = PlainTool(title, checkable=True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            tip(button, about)
            self._chosen.addButton(button, place)
            buttons.append(button)
        self._chosen.button(0).setChecked(True)
        self._chosen.idClicked.connect(lambda place: self._arrange())
        self.setLayout(line)
        self.switch.setLayout(row(*buttons, gap=SPACE // 2))
        self.switch.hide()

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 0)  # what does not fit becomes pages, and holds no window open

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = event.size().width() < self._room
        if narrow != self.narrow:
            self.narrow = narrow
            self._arrange()
            self.narrowed.emit(narrow)

    def _arrange(self) -> None:
        for place, part in enumerate(self._parts):
            part.setVisible(not self.narrow or place == self._chosen.checkedId())
