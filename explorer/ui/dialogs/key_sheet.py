"""All keys on one page."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QWidget

from explorer.ui.widgets.command_tips import keys_of
from explorer.ui.widgets.labels_and_layouts import column, label, row, scrolled
from explorer.ui.widgets.plain_text import shown_text
from explorer.ui.widgets.theme import SPACE

WIDE = 1260
"""Pixels of the screen from which on there are three columns, else two."""
FRAME = 16, 56
"""Pixels that the desktop puts around a window."""


class KeySheet(QDialog):
    """Lists the actions that have a key, group by group."""

    def __init__(self, groups: Sequence[tuple[str, Sequence[QAction]]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        room = self.screen().availableSize() - QSize(*FRAME)
        columns = [column(gap=2 * SPACE) for _ in range(3 if room.width() >= WIDE else 2)]
        filled = [0] * len(columns)
        with_keys = [(title, [action for action in actions if action.shortcuts()]) for title, actions in groups]
        # The longest first: the columns are even then, and fit a small screen.
        for title, actions in sorted(with_keys, key=lambda group: -len(group[1])):
            shown = [(shown_text(action.text()), keys_of(action)) for action in actions]
            if not shown:
                continue
            grid = QGridLayout()
            grid.setHorizontalSpacing(2 * SPACE)
            grid.setVerticalSpacing(4)
            for line, (text, keys) in enumerate(shown):
                name = label(keys)
                name.setStyleSheet("font-weight: 600")
                grid.addWidget(name, line, 0)
                grid.addWidget(label(text), line, 1)
            grid.setColumnStretch(1, 1)
            emptiest = filled.index(min(filled))
            columns[emptiest].addLayout(column(label(title, "title"), grid, gap=SPACE))
            filled[emptiest] += len(shown) + 2
        for one in columns:
            one.addStretch(1)
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
