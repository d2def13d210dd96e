"""A small map with its values: under the mouse, or where the arrows went."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from explorer.ui.widgets.fields import ARROWS
from explorer.ui.widgets.labels_and_layouts import column, label
from explorer.ui.widgets.pixmaps import pixmap_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from explorer.core.arrays import RGB

SIDE = 124
"""Pixels of a map: all stages of a filter stand side by side on a screen of 1280."""

Frame = tuple[float, float, float, float]
"""(top, left, height, width) in shares of a picture's sides."""


class Tile(QWidget):
    """A small picture with a title above and a line below, where the value under the mouse is said.

    `says` stands there where there are no values. `moved` is told the place under the mouse in shares (row, column), or
    None.
    """

    def __init__(
        self,
        title: str,
        drawn: "RGB",
        values: "npt.NDArray[np.float32] | None" = None,
        side: int = SIDE,
        moved: Callable[[tuple[float, float] | None], None] = lambda place: None,
        says: str = "",
    ) -> None:
        super().__init__()
        self._moved = moved
        self._pixmap, self._values, self._side = pixmap_of(drawn), values, side
        self.picture = _Picture(self._pixmap, side, self._say, values.shape if values is not None else None)
        self.picture.setAccessibleName(title)
        self._range = says if values is None else f"{float(values.min()):.3g} to {float(values.max()):.3g}"
        self.below = label(self._range, "quiet")
        self.setLayout(column(label(title), self.picture, self.below, 1, gap=2))

    def set_frame(self, frame: Frame | None) -> None:
        """Draw a frame on the picture, or take it away."""
        self.picture.frame = frame
        self.picture.update()

    def _say(self, place: tuple[float, float] | None) -> None:
        self._moved(place)
        if place is None or self._values is None:
            self.below.setText(self._range)
            return
        height, width = self._values.shape
        line, across = int(place[0] * height), int(place[1] * width)
        self.below.setText(f"({line}, {across}) = {float(self._values[line, across]):.4g}")


class _Picture(QWidget):
    """A pixmap, enlarged without smoothing; tells the place under the mouse in shares (row, column), or None.

    Where it has so many `cells` (rows, columns), the keyboard comes here too, and its arrows go from one to the next.
    """

    def __init__(
        self,
        pixmap: QPixmap,
        side: int,
        moved: Callable[[tuple[float, float] | None], None],
        cells: tuple[int, ...] | None,
    ) -> None:
        super().__init__()
        self._pixmap, self._moved, self._cells = pixmap, moved, cells
        self._cell = (cells[0] // 2, cells[1] // 2) if cells is not None else (0, 0)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus if cells is not None else Qt.FocusPolicy.NoFocus)
        self.frame: Frame | None = None
        size = pixmap.size().scaled(QSize(side, side), Qt.AspectRatioMode.KeepAspectRatio).expandedTo(QSize(1, 1))
        self.setFixedSize(size)
        self.setMouseTracking(True)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        larger = self._pixmap.width() > self.width()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, larger)
        painter.drawPixmap(self.rect(), self._pixmap)
        if self.frame is not None:
            top, left, height, width = self.frame
            across, down = self.width(), self.height()
            framed = QRectF(left * across, top * down, width * across, height * down)
            framed = framed.intersected(QRectF(self.rect()).adjusted(0.5, 0.5, -1.5, -1.5))
            for color, wide in ((Qt.GlobalColor.black, 3), (Qt.GlobalColor.white, 1)):  # to be seen on any skin
                painter.setPen(QPen(color, wide))
                painter.drawRect(framed)
        if self.hasFocus() and self._cells is not None:
            cell_height, cell_width = self.height() / self._cells[0], self.width() / self._cells[1]
            painter.setPen(QPen(self.palette().accent().color(), 2))
            painter.drawRect(QRectF(self._cell[1] * cell_width, self._cell[0] * cell_height, cell_width, cell_height))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() not in ARROWS or self._cells is None:
            super().keyPressEvent(event)
            return
        down, across = ARROWS[Qt.Key(event.key())]
        rows, columns = self._cells
        line, place = self._cell
        self._cell = max(0, min(line + down, rows - 1)), max(0, min(place + across, columns - 1))
        self._tell_cell()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._tell_cell()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._moved(None)

    def _tell_cell(self) -> None:
        if self._cells is not None:
            self.update()
            self._moved(((self._cell[0] + 0.5) / self._cells[0], (self._cell[1] + 0.5) / self._cells[1]))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        point: QPoint = event.position().toPoint()
        if self.rect().contains(point):
            self._moved((point.y() / self.height(), point.x() / self.width()))

    def leaveEvent(self, event: object) -> None:
        self._moved(None)
