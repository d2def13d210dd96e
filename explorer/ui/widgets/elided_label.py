"""A line of text that is said shorter where it has no room."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy

from explorer.ui.widgets.plain_text import PlainLabel, tip


class ElidedLabel(PlainLabel):
    """One line that is said shorter, or ends in "...", where it has no room; the whole text is its tooltip."""

    def __init__(self, text: str = "", kind: str = "", width: int = 0) -> None:
        super().__init__(text)
        self._shorter: tuple[str, ...] = ()
        self.setObjectName(kind)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        if width:
            self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
            self.setFixedWidth(width)

    def setText(self, text: str) -> None:
        super().setText(text)
        tip(self, text)

    def set_texts(self, text: str, *shorter: str) -> None:
        """A text, and what is said in its place where there is no room for it: the first that fits."""
        self.setText(text)
        self._shorter = shorter

    @property
    def shown(self) -> str:
        """What there is room for."""
        metrics, texts = self.fontMetrics(), (self.text(), *self._shorter)
        fits = next((text for text in texts if metrics.horizontalAdvance(text) <= self.width()), texts[-1])
        return metrics.elidedText(fits, Qt.TextElideMode.ElideRight, self.width())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, text = QPainter(self), self.shown
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.rect(), self.alignment(), text)
