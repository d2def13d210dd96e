"""Words that lie over a view: a line in each of three corners, and a sentence in the middle."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from explorer.ui.widgets.plain_text import PlainLabel


class CornerWords:
    """Labels that the mouse goes through: `caption` top left, `front` top right, `readout` bottom left, `hint`."""

    def __init__(self, view: QWidget) -> None:
        self._view = view
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
        """Put them where they belong: `front` a line lower where both have no room in one."""
        view, beside = self._view, self.caption
        beside.move(8, 6)
        left = view.width() - self.front.width() - 8
        below = left < beside.geometry().right() + 8 and beside.isVisible()
        self.front.move(max(8, left), beside.geometry().bottom() + 4 if below else 6)
        self.readout.move(8, view.height() - self.readout.height() - 6)
        self.hint.setGeometry(view.rect())
