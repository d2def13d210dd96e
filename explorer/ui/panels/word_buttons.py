"""The words that can be given with one key or one click, each a button that says whether it is given."""

from collections.abc import Collection

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from explorer.core.tags.vocabulary import Entry, Vocabulary
from explorer.ui.widgets.command_tips import stands_for
from explorer.ui.widgets.plain_text import PlainButton, tip

STRIP = 3
WIDTH = 116
"""Pixels of one of two buttons in a line, at the width that the panel has."""


class WordButton(PlainButton):
    """A button with a narrow strip in the word's color at its left; the word itself says what it is."""

    def __init__(self, color: str) -> None:
        super().__init__(checkable=True)
        self.color = color

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.color:
            QPainter(self).fillRect(2, 4, STRIP, self.height() - 8, QColor(self.color))


class WordButtons(QWidget):
    """Two buttons in a line where both fit; `clicked(word)`."""

    clicked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(4)
        self.setLayout(self._grid)
        self.buttons: dict[str, PlainButton] = {}
        self._vocabulary = Vocabulary(())

    def offer(self, vocabulary: Vocabulary) -> None:
        """Offer these words."""
        self._vocabulary = vocabulary = vocabulary.listed
        for button in self.buttons.values():
            self._grid.removeWidget(button)
            button.deleteLater()
        self.buttons = {entry.word: self._button(entry) for entry in vocabulary.entries}
        line = across = 0
        for entry in vocabulary.entries:
            button = self.buttons[entry.word]
            wide = button.fontMetrics().horizontalAdvance(_text(entry, given=True)) + 18 > WIDTH
            if wide and across:
                line, across = line + 1, 0
            self._grid.addWidget(button, line, across, 1, 2 if wide else 1)
            across = 0 if wide else 1 - across
            line += across == 0
        for column in range(2):
            self._grid.setColumnStretch(column, 1)

    def show_given(self, words: Collection[str], *, locked: bool) -> None:
        """Say which of them are given."""
        for entry in self._vocabulary.entries:
            button, given = self.buttons[entry.word], entry.word in words
            button.setChecked(given)
            button.setText(_text(entry, given=given))
            button.setEnabled(not locked)

    def _button(self, entry: Entry) -> PlainButton:
        button = WordButton(entry.color)
        button.setObjectName("word")
        tip(button, entry.description or entry.title)
        stands_for(button, entry.title)
        button.setAccessibleName(f"Tag: {entry.title}")
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setSizePolicy(QSizePolicy.Policy.Ignored, button.sizePolicy().verticalPolicy())
        button.clicked.connect(lambda checked=False: self.clicked.emit(entry.word))
        return button


def _text(entry: Entry, *, given: bool) -> str:
    return f"{entry.key or '·'}  {entry.title}{'  ✓' if given else ''}"
