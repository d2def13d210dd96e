"""What speaks for the suggestion of the filter in view, as a small chart: bars on what they are compared with."""

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer.ui.widgets.plain_text import tip

if TYPE_CHECKING:
    from explorer.core.suggestions.chart import Bars, Chart

GAP, BAR, AROUND = 6, 7, 68
"""Pixels between groups, of a bar's height, and of the ring of sectors."""
WORDS = 0.5
"""Share of the width for what a bar is of."""
SECTOR = math.pi / 4


class SuggestionChart(QWidget):
    """Hidden where there is no chart."""

    def __init__(self) -> None:
        super().__init__()
        self._chart: Chart | None = None
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.hide()

    def show_chart(self, chart: "Chart | None") -> None:
        """Show a chart, or nothing."""
        drawn = chart is not None and bool(chart.groups)
        self._chart = chart if drawn else None
        if chart is not None:
            tip(self, "\n".join(chart.lines))
            self.setAccessibleName("; ".join(chart.lines))
        self.setFixedHeight(self._height())
        self.setVisible(drawn)
        self.update()

    @property
    def texts(self) -> str:
        """All that is drawn, in words."""
        return "\n".join(self._chart.lines) if self._chart is not None else ""

    def sizeHint(self) -> QSize:
        return QSize(200, self._height())

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._chart is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        top = 0
        for number, group in enumerate(self._chart.groups):
            top = self._draw_group(painter, top, group) + GAP
            if number == 0 and self._chart.around:
                self._draw_around(painter, top)
                top += AROUND + GAP

    def _height(self) -> int:
        if self._chart is None:
            return 0
        line = self.fontMetrics().lineSpacing()
        lines = sum(1 + len(group.bars) for group in self._chart.groups)
        around = AROUND + GAP if self._chart.around else 0
        return lines * line + GAP * len(self._chart.groups) + around

    def _draw_group(self, painter: QPainter, top: int, group: "Bars") -> int:
        from explorer.core.suggestions.chart import written

        line, metrics = self.fontMetrics().lineSpacing(), self.fontMetrics()
        quiet, text = self.palette().placeholderText().color(), self.palette().text().color()
        self._write(painter, QRect(0, top, self.width(), line), group.title, quiet)
        of_value = max((metrics.horizontalAdvance(written(bar.value)) for bar in group.bars), default=0)
        left = round(self.width() * WORDS)
        room = max(self.width() - left - of_value - 8, 1)
        for bar in group.bars:
            top += line
            self._write(painter, QRect(0, top, left - 6, line), bar.what, text)
            if math.isnan(bar.value):
                continue
            zero, end = (left + round(room * group.at(value)) for value in (0.0, bar.value))
            middle = top + line // 2
            color = self.palette().accent() if bar.speaks else self.palette().placeholderText()
            wide = max(abs(end - zero), 1)
            painter.fillRect(QRect(min(zero, end), middle - BAR // 2, wide, BAR), color)
            if math.isfinite(bar.low) and math.isfinite(bar.high):
                low, high = (left + round(room * group.at(value)) for value in (bar.low, bar.high))
                painter.setPen(QPen(text, 1))
                painter.drawLine(low, middle, high, middle)
            area = QRect(self.width() - of_value - 2, top, of_value + 2, line)
            self._write(painter, area, written(bar.value), quiet, Qt.AlignmentFlag.AlignRight)
        return top + line

    def _draw_around(self, painter: QPainter, top: int) -> None:
        """The eight sectors of the rim as a rose, other pictures' as an outline, and what they are beside it."""
        from explorer.core.suggestions.chart import fractions

        chart = self._chart
        assert chart is not None
        middle, radius = QPointF(AROUND / 2, top + AROUND / 2), AROUND / 2 - 1
        own, others = fractions(chart.around, chart.around_others)
        quiet = self.palette().placeholderText().color()
        painter.fillPath(_rose(middle, radius, own), self.palette().accent())
        painter.setPen(QPen(quiet, 1))
        painter.drawPath(_rose(middle, radius, others))
        painter.setPen(QPen(self.palette().mid().color(), 1))
        painter.drawEllipse(middle, radius, radius)
        line, left = self.fontMetrics().lineSpacing(), AROUND + 10
        for number, words in enumerate(("around the lesion", "outline: other pictures'")):
            self._write(painter, QRect(left, top + number * line, self.width() - left, line), words, quiet)

    def _write(
        self,
        painter: QPainter,
        area: QRect,
        words: str,
        color: QColor,
        across: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
    ) -> None:
        painter.setPen(color)
        fitting = self.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, across | Qt.AlignmentFlag.AlignVCenter, fitting)


def _rose(middle: QPointF, radius: float, fractions: list[float]) -> QPainterPath:
    """Eight petals, 0 to the right and 2 to the top."""
    path = QPainterPath()
    for sector, fraction in enumerate(fractions):
        reach = radius * fraction
        box = (middle.x() - reach, middle.y() - reach, 2 * reach, 2 * reach)
        path.moveTo(middle)
        path.arcTo(*box, math.degrees(SECTOR * (sector - 0.5)), math.degrees(SECTOR))
        path.closeSubpath()
    return path
