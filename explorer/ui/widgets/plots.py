"""Plots in the colors of the window, without menus and wheels of their own; imported when one is first shown."""

from collections.abc import Sequence
from typing import Any

import pyqtgraph
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QWidget

SERIES = ("#4c9be8", "#e8884c", "#5ccb8f", "#c77dd6", "#d8c24a", "#e06377", "#6ac7c7", "#a3a3a3", "#9a8cff", "#b5803e")
"""Colors of classes, told apart on light and dark ground."""


EDGE = 0.07
"""Share of a plot's side beyond 0 and 1, so that a ring there is whole also in a small one."""


def color_of(number: int) -> QColor:
    """The color of class or word `number`; after the last one they begin anew."""
    return QColor(SERIES[number % len(SERIES)])


def new_plot(name: str, palette: QPalette, view: Any = None) -> Any:
    """An empty plot that takes no keys and no wheel; `name` is for who cannot see it."""
    plot = pyqtgraph.PlotWidget(viewBox=view)
    plot.setAccessibleName(name)
    plot.setMenuEnabled(False)
    plot.hideButtons()
    plot.setMouseEnabled(False, False)
    plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    plot.setAntialiasing(True)
    plot.getPlotItem().setContentsMargins(0, 8, 8, 0)  # for the halves of the outermost numbers
    dress(plot, palette)
    return plot


def dress(plot: Any, palette: QPalette) -> None:
    """Give a plot the colors of the window."""
    text = palette.text().color()
    plot.setBackground(palette.base().color())
    for side in ("bottom", "left"):
        axis = plot.getAxis(side)
        axis.setTextPen(text)
        axis.setPen(palette.mid().color())
        axis.enableAutoSIPrefix(False)


def name_axes(plot: Any, bottom: str, left: str, palette: QPalette) -> None:
    """Write what the axes are."""
    color = palette.placeholderText().color().name()
    plot.setLabel("bottom", bottom, color=color)
    plot.setLabel("left", left, color=color)


def unit_square(plot: Any) -> None:
    """Show what lies between 0 and 1 on both axes."""
    plot.setRange(QRectF(0, 0, 1, 1), padding=EDGE)


def few_ticks(plot: Any, few: bool) -> None:
    """Write three numbers at the axes of a unit square, so that they do not run together in a small plot."""
    plot.getAxis("bottom").setStyle(hideOverlappingLabels=not few)  # the outermost are said too
    for side in ("bottom", "left"):
        plot.getAxis(side).setTicks([[(0, "0"), (0.5, "0.5"), (1, "1")]] if few else None)


def draw_band(plot: Any, x: Any, band: Any, color: QColor) -> None:
    """Fill what lies between the two lines of a band."""
    lines = [pyqtgraph.PlotCurveItem(x, side, pen=pyqtgraph.mkPen(None)) for side in band]
    pale = QColor(color)
    pale.setAlpha(56)
    for line in lines:
        plot.addItem(line)
    plot.addItem(pyqtgraph.FillBetweenItem(*lines, brush=pale))


def draw_line(plot: Any, x: Any, y: Any, color: QColor, *, width: float = 2, dashed: bool = False) -> Any:
    """Draw a line."""
    style = Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine
    return plot.plot(x, y, pen=pyqtgraph.mkPen(color, width=width, style=style))


def draw_points(plot: Any, x: Any, y: Any, color: QColor, *, size: int = 9, ring: bool = False) -> Any:
    """Draw points, or rings."""
    brush = pyqtgraph.mkBrush(None) if ring else pyqtgraph.mkBrush(color)
    pen = pyqtgraph.mkPen(color, width=2) if ring else pyqtgraph.mkPen(None)
    points = pyqtgraph.ScatterPlotItem(x=x, y=y, size=size, brush=brush, pen=pen)
    plot.addItem(points)
    return points


def follow_palette(part: QWidget, plots: Sequence[Any]) -> None:
    """Dress plots anew in the colors that a part of the window has now."""
    for plot in plots:
        dress(plot, part.palette())
