"""Pictures by given and predicted class, as a table of cells to click."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer.ui.widgets.plain_text import tip
from trainer.measures.percent import percent

MOST = 24
"""Classes that are shown: those with the most pictures."""
LABELS, HEAD, GAP = 92, 20, 2


class ConfusionTable(QWidget):
    """Rows are the given classes, columns the predicted ones; `picked(given, predicted)` when a cell is clicked."""

    picked = Signal(int, int)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Pictures by given and predicted class")
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
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

    def leaveEvent(self, event: QEvent) -> None:
        self._under = None
        self.update()

    def event(self, event: QEvent) -> bool:
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
