"""Words that lie over a view: a line on each of two pictures, one in a corner, and a sentence in the middle."""

from collections.abc import Callable

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QWidget

from explorer.ui.widgets.plain_text import PlainLabel

ASIDE, DOWN = 8, 6
"""Pixels from the edges."""


class CornerWords:
    """Labels that the mouse goes through: `caption` on the picture beside, `front` on the picture in view, both at the
    upper left corner, `readout` bottom left, `hint`. `corners` gives those of the two pictures in the view.
    """

    def __init__(self, view: QWidget, corners: Callable[[], tuple[QPoint, QPoint]]) -> None:
        self._view, self._corners = view, corners
        self.readout, self.caption, self.front, self.hint = (PlainLabel("", view) for _ in range(4))
        for words in (self.readout, self.caption, self.front):
            words.setObjectName("readout")
            words.hide()
        self.hint.setObjectName("quiet")
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        for words in (self.readout, self.caption, self.front, self.hint):
            words.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def say(self, words: PlainLabel, text: str) -> None:
        """Write into one of them; "" takes it away."""
        words.setText(text)
        words.adjustSize()
        words.setVisible(bool(text))
        self.place()

    def place(self) -> None:
        """Put them where they belong, as far as they are in sight: `front` a line lower where both meet in one."""
        view = self._view
        for words, corner in zip((self.caption, self.front), self._corners(), strict=True):
            right, low = view.width() - words.width() - ASIDE, view.height() - words.height() - DOWN
            words.move(max(ASIDE, min(corner.x() + ASIDE, right)), max(DOWN, min(corner.y() + DOWN, low)))
        if self.front.x() < self.caption.geometry().right() + ASIDE and self.caption.isVisible():
            self.front.move(self.front.x(), self.caption.geometry().bottom() + 4)
        self.readout.move(ASIDE, view.height() - self.readout.height() - DOWN)
        self.hint.setGeometry(view.rect())
