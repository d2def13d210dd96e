"""Chooses fixed values for the scale on the distribution of what the filter answers."""

import math

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialogButtonBox, QWidget

from explorer.core.arrays import Map
from explorer.core.drawing.styles import COLOR_MAPS, Scale
from explorer.state.session import Session
from explorer.ui.widgets.labels_and_layouts import column, label, row
from explorer.ui.widgets.steady import Decimal
from explorer.ui.widgets.tall_enough import TallEnough
from explorer.ui.widgets.theme import SPACE


class ScaleDialog(TallEnough):
    """Foot and top as numbers and as a region over a histogram; every change is seen in the picture at once."""

    def __init__(self, session: Session, map: Map | None, scale: Scale, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        import pyqtgraph  # here: it takes as long to import as the rest of the window takes to open

        self.setWindowTitle("Fixed scale")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._session, self._before = session, session.view.style
        # Four digits of whatever size the map's values have.
        decimals = min(12, max(3, 4 - math.floor(math.log10(scale.peak)))) if scale.peak > 0 else 4
        self._foot, self._peak = (
            Decimal(
                decimals=decimals,
                minimum=0,
                maximum=1e6,
                singleStep=10.0 ** (1 - decimals),
            )
            for _ in range(2)
        )
        text, accent = self.palette().text().color(), self.palette().accent().color()
        plot = pyqtgraph.PlotWidget(background=self.palette().base().color())
        plot.setMinimumSize(440, 200)
        plot.setMouseEnabled(y=False)
        plot.setLogMode(y=False)
        plot.setLabel("bottom", "what the filter answers on this picture", color=text.name())
        plot.setLabel("left", "cells of the map above 0", color=text.name())
        for side in ("bottom", "left"):
            plot.getAxis(side).setTextPen(text)
            plot.getAxis(side).enableAutoSIPrefix(False)
        positive = np.zeros(0, np.float32) if map is None else map[np.isfinite(map) & (map > 0)]
        counts, edges = np.histogram(positive, bins=60)
        plot.addItem(pyqtgraph.BarGraphItem(x0=edges[:-1], x1=edges[1:], height=counts, brush=accent, pen=accent))
        self._region = pyqtgraph.LinearRegionItem(
            (scale.foot, max(scale.peak, scale.foot + 10.0**-decimals)),
            brush=(accent.red(), accent.green(), accent.blue(), 40),
        )
        plot.addItem(self._region)
        for box, value in ((self._foot, scale.foot), (self._peak, scale.peak)):
            box.setMinimumWidth(120)
            box.setValue(value)
            box.valueChanged.connect(self._typed)
        self._region.sigRegionChanged.connect(self._dragged)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        highest = COLOR_MAPS[session.view.style.color_map].highest
        numbers = row(label("nothing up to"), self._foot, label(f"{highest} from"), self._peak, 1, buttons)
        self.setLayout(column(plot, numbers, margin=2 * SPACE))
        self._typed()

    def reject(self) -> None:
        """Give the former scale back."""
        self._session.update_style(scale=self._before.scale, foot=self._before.foot, peak=self._before.peak)
        super().reject()

    def _typed(self) -> None:
        foot, peak = self._foot.value(), max(self._peak.value(), self._foot.value())
        self._region.blockSignals(True)
        self._region.setRegion((foot, peak))
        self._region.blockSignals(False)
        self._session.update_style(scale="fixed", foot=foot, peak=peak)

    def _dragged(self) -> None:
        foot, peak = (max(0.0, float(side)) for side in self._region.getRegion())
        for box, value in ((self._foot, foot), (self._peak, peak)):
            box.blockSignals(True)
            box.setValue(value)
            box.blockSignals(False)
        self._session.update_style(scale="fixed", foot=foot, peak=peak)
