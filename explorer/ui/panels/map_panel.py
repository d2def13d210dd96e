"""Pictures, or filters, laid out so that what is alike lies side by side; linked with what is in view."""

from typing import Any

import numpy as np
import pyqtgraph
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, QTimer
from PySide6.QtGui import QColor, QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QWidget

from explorer.state.index.point_maps import COLORINGS, FILTERS, PICTURES, PointMaps
from explorer.state.pictures.chosen import ChosenPictures
from explorer.ui.widgets.elided_label import ElidedLabel
from explorer.ui.widgets.fields import ARROWS, CONTROLS
from explorer.ui.widgets.labels_and_layouts import column, label, row
from explorer.ui.widgets.plain_text import PlainTool, tip
from explorer.ui.widgets.plots import color_of, draw_points, follow_palette, new_plot
from explorer.ui.widgets.steady import Choice
from explorer.ui.widgets.theme import SPACE

TITLES = {PICTURES: "Pictures", FILTERS: "Filters of all layers"}
HINT = (
    "Click a point to look at it, or go there with the arrows; draw a line around pictures to list them. The wheel "
    "enlarges, a double-click fits."
)
NEAREST = 12
"""How many of the pictures around the one in view are listed."""
MOST_NAMED = 9


class LassoView(pyqtgraph.ViewBox):  # type: ignore[misc]
    """Where the left button draws a line around points, and the wheel enlarges."""

    def __init__(self) -> None:
        super().__init__(enableMenu=False, lockAspect=True)
        self.corners: list[tuple[float, float]] = []
        self._line = pyqtgraph.PlotCurveItem(pen=pyqtgraph.mkPen("#e5b567", width=2))
        self._line.setZValue(10)
        self.addItem(self._line, ignoreBounds=True)
        self.drawn: Any = lambda corners: None

    def mouseDragEvent(self, ev: Any, axis: int | None = None) -> None:
        """Draw with the left button; let the others move the view."""
        if ev.button() != Qt.MouseButton.LeftButton:
            super().mouseDragEvent(ev, axis)
            return
        ev.accept()
        point = self.mapSceneToView(ev.scenePos())
        if ev.isStart():
            start = self.mapSceneToView(ev.buttonDownScenePos())
            self.corners = [(start.x(), start.y())]
        self.corners.append((point.x(), point.y()))
        x, y = zip(*self.corners, strict=True)
        self._line.setData(np.array([*x, x[0]]), np.array([*y, y[0]]))
        if ev.isFinish():
            corners, self.corners = self.corners, []
            self._line.clear()
            self.drawn(corners)

    def mouseDoubleClickEvent(self, ev: Any) -> None:
        """Show all points."""
        self.autoRange(padding=0.05)


class MapPanel(QWidget):
    """The chosen map, colored as chosen, with a ring around what is in view."""

    def __init__(self, maps: PointMaps, chosen: ChosenPictures) -> None:
        super().__init__()
        self._maps, self._chosen = maps, chosen
        self.kinds, self.colorings = Choice(), Choice()
        for box, name in ((self.kinds, "What is laid out"), (self.colorings, "What colors the points")):
            box.setAccessibleName(name)
            box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        for kind, title in TITLES.items():
            self.kinds.addItem(title, kind)
        self.kinds.activated.connect(lambda index: self._choose(self.kinds.currentData()))
        self.colorings.activated.connect(lambda index: maps.choose(maps.kind, self.colorings.currentText()))
        self._said = ElidedLabel("", "quiet")
        self._legend = QHBoxLayout()
        self._legend.setSpacing(SPACE)
        self._nothing = label("", "quiet", wrap=True)
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.view = LassoView()
        self.plot = new_plot("Map of what is alike", self.palette(), self.view)
        self.plot.setMouseEnabled(True, True)
        self.plot.hideAxis("bottom")
        self.plot.hideAxis("left")
        self.plot.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.plot.installEventFilter(self)
        tip(self.plot, HINT)
        self.around = PlainTool(f"Nearest {NEAREST}")
        self.around.setObjectName("flat")  # no higher than the boxes beside it
        tip(self.around, "list the pictures that lie nearest to the one in view on this map")
        self.around.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.around.clicked.connect(self._list_nearest)
        self.view.drawn = self._list_inside
        self._points: Any = None
        self._ring: Any = None
        self._drawn: Any = None
        self._stack = QStackedWidget()
        self._stack.addWidget(self._nothing)
        self._stack.addWidget(self.plot)
        top = row(self.kinds, self.colorings, self.around, self._legend, self._said)
        top.setStretch(4, 1)
        self.setLayout(column(top, self._stack, gap=SPACE))
        maps.changed.connect(self._show)
        maps.recolored.connect(self._color)
        maps.ringed.connect(self._draw_ring)
        self._show()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._maps.look(True)
        self._show()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._maps.look(False)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_stack"):
            follow_palette(self, [self.plot])
            self._color()
            self._draw_ring()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The arrows walk over the map while it has the keyboard, and the ring shows that it has."""
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            QTimer.singleShot(0, self, self._draw_ring)
        elif isinstance(event, QKeyEvent) and event.key() in ARROWS and not event.modifiers() & CONTROLS:
            event.accept()  # what is accepted here becomes no command of the window
            if event.type() == QEvent.Type.KeyPress:
                down, across = ARROWS[Qt.Key(event.key())]
                self._maps.step((across, -down))
            return True
        return super().eventFilter(watched, event)

    def _choose(self, kind: str) -> None:
        self._maps.choose(kind, self._maps.coloring[kind])

    def _show(self) -> None:
        maps, points = self._maps, self._maps.found
        if self.colorings.itemText(0) != COLORINGS[maps.kind][0]:
            self.colorings.clear()
            self.colorings.addItems(COLORINGS[maps.kind])
        self.colorings.setCurrentText(maps.coloring[maps.kind])
        self.around.setVisible(maps.kind == PICTURES)
        self.around.setEnabled(points is not None)
        self._nothing.setText(maps.sentence)
        self._stack.setCurrentIndex(0 if points is None else 1)
        self._said.setText(points.said if points is not None else "")
        if points is not None and points is not self._drawn:
            self._draw(points.places)
        self._drawn = points
        self._color()
        self._draw_ring()

    def _draw(self, coordinates: Any) -> None:
        self.plot.clear()
        self._ring = None
        self._rows = np.flatnonzero(np.isfinite(coordinates[:, 0]))
        placed = coordinates[self._rows]
        size = 7 if len(placed) < 4000 else 4
        self._points = pyqtgraph.ScatterPlotItem(x=placed[:, 0], y=placed[:, 1], size=size, pen=None, hoverable=True)
        self._points.opts["tip"] = lambda x, y, data: ""
        self._points.sigClicked.connect(self._clicked)
        self._points.sigHovered.connect(self._hovered)
        self.plot.addItem(self._points)
        self.view.autoRange(padding=0.05)

    def _color(self) -> None:
        colors = self._maps.colors() if self._maps.found is not None else None
        while (item := self._legend.takeAt(0)) is not None:
            if (part := item.widget()) is not None:
                part.deleteLater()
        if colors is None or self._points is None:
            return
        quiet = QColor(self.palette().placeholderText().color())
        quiet.setAlpha(110)
        values = colors.of[self._rows]
        if colors.names:
            brushes = [pyqtgraph.mkBrush(color_of(number)) for number in range(len(colors.names))]
            brushes.append(pyqtgraph.mkBrush(quiet))  # the last stands for -1, which has no group
            for number, name in list(enumerate(colors.names))[:MOST_NAMED]:
                self._name(name, color_of(number))
            self._points.setBrush([brushes[int(group)] for group in values])
        elif len(values) and (colors.of >= 0).all():
            ramp = pyqtgraph.ColorMap([0.0, 1.0], [quiet, self.palette().accent().color()])
            table = [pyqtgraph.mkBrush(color) for color in ramp.getLookupTable(nPts=64, mode="qcolor")]
            self._points.setBrush([table[int(63 * value)] for value in values])
        else:
            self._points.setBrush(pyqtgraph.mkBrush(quiet))

    def _name(self, name: str, color: QColor) -> None:
        entry = label(f"● {name[:24]}")
        palette = entry.palette()
        palette.setColor(entry.foregroundRole(), color)
        entry.setPalette(palette)
        self._legend.addWidget(entry)

    def _draw_ring(self) -> None:
        if self._ring is not None:
            self.plot.removeItem(self._ring)
            self._ring = None
        points, at = self._maps.found, self._maps.in_view
        if points is None or at < 0 or not np.isfinite(points.places[at]).all():
            return
        palette = self.palette()
        color = (palette.accent() if self.plot.hasFocus() else palette.text()).color()
        self._ring = draw_points(self.plot, [points.places[at, 0]], [points.places[at, 1]], color, size=16, ring=True)

    def _clicked(self, item: object, points: Any, event: object) -> None:
        if len(points):
            self._maps.pick(int(self._rows[points[0].index()]))

    def _hovered(self, item: object, points: Any, event: object) -> None:
        tip(self.plot, self._maps.about(int(self._rows[points[0].index()])) if len(points) else HINT)

    def _list_inside(self, corners: list[tuple[float, float]]) -> None:
        names = self._maps.names_inside(corners)
        if names:
            self._chosen.show("inside the line on the map", names)

    def _list_nearest(self) -> None:
        names = self._maps.names_nearest(NEAREST)
        if names:
            self._chosen.show("nearest on the map", names)

    def place_of(self, at: int) -> QPointF:
        """Where the point of a row is drawn, in the plot's pixels."""
        points = self._maps.found
        assert points is not None
        scene = self.view.mapViewToScene(QPointF(*map(float, points.places[at])))
        return QPointF(self.plot.mapFromScene(scene))
