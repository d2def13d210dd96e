"""All keys on one page."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QLayout, QWidget

from explorer.ui.widgets.command_tips import keys_of
from explorer.ui.widgets.labels_and_layouts import column, label, row, scrolled
from explorer.ui.widgets.plain_text import shown_text
from explorer.ui.widgets.screen_room import screen_room
from explorer.ui.widgets.theme import SPACE

WIDE = 1260
"""Pixels of the screen from which on there are three columns, else two."""
HEAD = 2
"""Lines that a group's title and the gap before it take."""


class KeySheet(QDialog):
    """Lists actions group by group, the first group at the upper left, one column after the other."""

    def __init__(self, groups: Sequence[tuple[str, Sequence[QAction]]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        room = screen_room(self)
        columns = [column(gap=2 * SPACE) for _ in range(3 if room.width() >= WIDE else 2)]
        heights = [len(actions) + HEAD for _, actions in groups]
        for number, group in zip(in_columns(heights, len(columns)), groups, strict=True):
            columns[number].addLayout(_grid(*group))
        for layout in columns:
            layout.addStretch(1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        hold = label(
            "Hold Space to take the overlay away. Wheel: zoom; drag: move; double click: fit.", "quiet", wrap=True
        )
        inside = QWidget()
        inside.setLayout(row(*columns, gap=4 * SPACE))
        page = scrolled(inside)
        page.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setLayout(column(page, hold, row(1, buttons), margin=2 * SPACE, gap=SPACE))
        frame = QSize(6 * SPACE, hold.sizeHint().height() + buttons.sizeHint().height() + 8 * SPACE)
        self.resize((inside.sizeHint() + frame).boundedTo(room))


def in_columns(heights: Sequence[int], columns: int) -> list[int]:
    """In which column each part stands, one after the other, so that the highest column is as low as can be."""
    for most in range(max(heights, default=0), sum(heights) + 1):
        assigned: list[int] = []
        current = filled = 0
        for height in heights:
            if filled + height > most:
                current, filled = current + 1, 0
            assigned.append(current)
            filled += height
        if current < columns:
            return assigned
    return []


def _grid(title: str, actions: Sequence[QAction]) -> QLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(2 * SPACE)
    grid.setVerticalSpacing(4)
    for line, action in enumerate(actions):
        name = label(keys_of(action))
        name.setStyleSheet("font-weight: 600")
        grid.addWidget(name, line, 0)
        then = f": {action.data()}" if action.data() else ""
        grid.addWidget(label(f"{shown_text(action.text())}{then}"), line, 1)
    grid.setColumnStretch(1, 1)
    return column(label(title, "title"), grid, gap=SPACE)
