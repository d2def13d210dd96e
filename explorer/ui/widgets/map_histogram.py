"""What a map answers where, as a small histogram under its color bar, with the ends of the scale to drag."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from explorer.core.drawing.styles import Scale
from explorer.ui.widgets.command_tips import stands_for
from explorer.ui.widgets.plain_text import tip

if TYPE_CHECKING:
    from explorer.core.arrays import Map

BINS, HEIGHT, REACH = 24, 44, 8
"""Bars; pixels of the whole; pixels beside an end within which the mouse takes it."""
LEAST = 0.01
"""The shortest scale, in shares of what is shown."""
ROOM = 1.25
"""How far the ground reaches beyond the upper end of the scale, so that it can be dragged up, too."""


class MapHistogram(QWidget):
    """Bars for how many cells of a map answer how much, above 0; `ends_moved(foot, peak)` while an end is dragged."""

    ends_moved = Signal(float, float)

    def __init__(self, width: int) -> None:
        super().__init__()
        self.setFixedSize(width, HEIGHT)
        self.setMouseTracking(True)
        self.setAccessibleName("Histogram of the map, with the ends of its scale")
        tip(self, "how many places of the map answer how much; drag the ends of the scale; the key: as numbers")
        stands_for(self, "Scale: fixed values …")
        self._map: Map | None = None
        self._counts: list[float] = []
        self._top = 0.0
        self._scale = Scale(0.0, 0.0)
        self._dragged = ""

    def show_map(self, map: "Map | None", scale: Scale | None) -> None:
        """Show a map with its scale, or nothing."""
        self._map, self._counts = map, []
        if map is None or scale is None:
            self._top = 0.0
        else:
            import numpy as np

            answers = map[np.isfinite(map) & (map > 0)]
            self._scale = scale
            # While an end is dragged the ground must not move under the mouse.
            if not self._dragged or self._top <= 0:
                self._top = max(float(answers.max(initial=0.0)) * 1.02, scale.peak * ROOM)
            if self._top > 0:
                counts, _ = np.histogram(answers, bins=BINS, range=(0.0, self._top))
                self._counts = [float(count) ** 0.5 for count in counts]  # else the weak answers would hide all others
        self.update()

    def sizeHint(self) -> QSize:
        return self.size()

    def at(self, value: float) -> int:
        """Where a value lies, in pixels from the left."""
        return round(value / self._top * (self.width() - 2)) if self._top > 0 else 0

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._counts:
            return
        painter, highest = QPainter(self), max(self._counts) or 1.0
        foot, peak = self.at(self._scale.foot), self.at(self._scale.peak)
        for bin_index, count in enumerate(self._counts):
            left, right = (self.width() * edge // BINS for edge in (bin_index, bin_index + 1))
            tall = round((HEIGHT - 4) * count / highest)
            inside = foot <= (left + right) // 2 <= peak
            color = self.palette().accent() if inside else self.palette().mid()
            painter.fillRect(QRect(left, HEIGHT - tall, max(1, right - left - 1), tall), color)
        painter.setPen(QPen(self.palette().text().color(), 1))
        for end in (foot, peak):
            painter.drawLine(end, 0, end, HEIGHT)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._dragged = self._end_at(event.position().x()) if event.button() == Qt.MouseButton.LeftButton else ""

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._dragged:
            self._dragged = ""
            self.show_map(self._map, self._scale)  # on ground that fits what was chosen

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        near = self._dragged or self._end_at(x)
        self.setCursor(Qt.CursorShape.SizeHorCursor if near else Qt.CursorShape.ArrowCursor)
        if not self._dragged or self._top <= 0:
            return
        value, least = max(0.0, min(x / (self.width() - 2), 1.0)) * self._top, LEAST * self._top
        foot, peak = self._scale.foot, self._scale.peak
        if self._dragged == "foot":
            foot = min(value, peak - least)
        else:
            peak = max(value, foot + least)
        self.ends_moved.emit(max(0.0, foot), peak)

    def _end_at(self, x: float) -> str:
        """Which end the mouse would take: "foot", "peak", or "" for none."""
        if self._top <= 0:
            return ""
        distances = {"foot": abs(x - self.at(self._scale.foot)), "peak": abs(x - self.at(self._scale.peak))}
        nearest = min(distances, key=lambda end: distances[end])
        return nearest if distances[nearest] <= REACH else ""
