"""Pictures by given and predicted class, as a table of cells to click."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPointF, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer.ui.widgets.plain_text import show_tip, tip
from trainer.measures.percent import percent

MOST = 24
"""Classes that are shown: those with the most pictures."""
LABELS, HEAD, GAP = 92, 20, 2
STEPS: dict[int, tuple[int, int]] = {
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
}
"""Keys that go to another cell: by how many rows and columns."""
PICKS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
PLAIN = (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)


class ConfusionTable(QWidget):
    """Rows are the given classes, columns the predicted ones; `picked(given, predicted)` when a cell is clicked.

    With the keyboard: Tab goes in, arrows from cell to cell, Enter picks.
    """

    picked = Signal(int, int)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Pictures by given and predicted class")
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click is to leave the keyboard with the filters
        self._classes: Sequence[str] = ()
        self.counts: npt.NDArray[np.int64] = np.zeros((0, 0), np.int64)
        self._shown: list[int] = []
        self._under: tuple[int, int] | None = None

    def show_counts(self, classes: Sequence[str], counts: npt.NDArray[np.int64]) -> None:
        """Show these counts (K, K)."""
        self._classes, self.counts = classes, counts
        busy = counts.sum(axis=0) + counts.sum(axis=1)
        self._shown = sorted(np.argsort(-busy, kind="stable")[:MOST].tolist())
        self.setAccessibleDescription(
            "; ".join(
                f"{classes[given]} as {classes[predicted]}: {counts[given, predicted]}"
                for given in self._shown[:8]
                for predicted in self._shown[:8]
            )
        )
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(LABELS + 190, HEAD + 160)

    def cell(self, given: int, predicted: int) -> QRect:
        """Where the cell of two classes, by their numbers, is drawn."""
        count = max(1, len(self._shown))
        width = min(120, (self.width() - LABELS) // count)
        height = min(64, (self.height() - HEAD) // count)
        row, column = self._shown.index(given), self._shown.index(predicted)
        return QRect(LABELS + column * width, HEAD + row * height, width - GAP, height - GAP)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, palette, metrics = QPainter(self), self.palette(), self.fontMetrics()
        middle, right = Qt.AlignmentFlag.AlignCenter, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        sizes = self.counts.sum(axis=1)
        for given in self._shown:
            for predicted in self._shown:
                area = self.cell(given, predicted)
                share = self.counts[given, predicted] / max(1, sizes[given])
                color = palette.accent().color() if given == predicted else palette.link().color()
                color = color if given == predicted else color.fromHsv(28, 170, 220)
                color.setAlphaF(0.08 + 0.72 * float(share))
                painter.fillRect(area, color)
                if self._under == (given, predicted):
                    painter.setPen(palette.text().color())
                    painter.drawRect(area.adjusted(0, 0, -1, -1))
                if area.width() >= 22 and area.height() >= metrics.height() - 2:
                    painter.setPen(palette.text().color())
                    painter.drawText(area, middle, f"{self.counts[given, predicted]:,}")
            if area.height() >= metrics.height() - 3:
                painter.setPen(palette.placeholderText().color())
                name = metrics.elidedText(self._classes[given], Qt.TextElideMode.ElideRight, LABELS - 8)
                painter.drawText(QRect(0, area.top(), LABELS - 8, area.height()), right, name)
        painter.setPen(palette.placeholderText().color())
        for predicted in self._shown:
            area = self.cell(self._shown[0], predicted)
            name = metrics.elidedText(self._classes[predicted], Qt.TextElideMode.ElideRight, area.width())
            if area.width() >= 22:
                painter.drawText(QRect(area.left(), 0, area.width(), HEAD), middle, name)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        under = self._at(event.position())
        if under != self._under:
            self._under = under
            self.setCursor(Qt.CursorShape.PointingHandCursor if under else Qt.CursorShape.ArrowCursor)
            tip(self, self._words(*under) if under else "")
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        under = self._at(event.position())
        if under is not None and event.button() == Qt.MouseButton.LeftButton:
            self.picked.emit(*under)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if self._shown:
            self._go_to(self._shown[0], self._shown[0])

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._under = None
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() not in (*STEPS, *PICKS) or not self._shown:
            super().keyPressEvent(event)
            return
        given, predicted = self._under or (self._shown[0], self._shown[0])
        if event.key() in PICKS:
            self.picked.emit(given, predicted)
            return
        ends = zip((given, predicted), STEPS[event.key()], strict=True)
        places = (self._shown.index(class_index) + step for class_index, step in ends)
        self._go_to(*(self._shown[max(0, min(place, len(self._shown) - 1))] for place in places))

    def _go_to(self, given: int, predicted: int) -> None:
        """Frame a cell and say it."""
        self._under, words = (given, predicted), self._words(given, predicted)
        tip(self, words)
        QTimer.singleShot(0, self, lambda: show_tip(self, words))  # Qt takes tooltips away while the keyboard moves
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._under = self._under if self.hasFocus() else None
        self.update()

    def event(self, event: QEvent) -> bool:
        # While the keyboard is here, the window's own use of these keys waits.
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            if event.key() in (*STEPS, *PICKS) and event.modifiers() in PLAIN:
                event.accept()
                return True
            return super().event(event)
        if isinstance(event, QHelpEvent) and self._at(QPointF(event.pos())) is None:
            return True
        return super().event(event)

    def _at(self, place: QPointF) -> tuple[int, int] | None:
        cells = ((given, predicted) for given in self._shown for predicted in self._shown)
        return next((cell for cell in cells if self.cell(*cell).contains(place.toPoint())), None)

    def _words(self, given: int, predicted: int) -> str:
        size = int(self.counts[given].sum())
        count = int(self.counts[given, predicted])
        share = f" ({percent(count / size)} of {size:,})" if size else ""
        return f"{count:,} given as {self._classes[given]}, predicted as {self._classes[predicted]}{share}"
