"""One class's curves, with a threshold that sensitivity and specificity move with."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from explorer.ui.widgets.labels_and_layouts import column, label, row, scrolled
from explorer.ui.widgets.plots import (
    color_of,
    draw_band,
    draw_line,
    draw_points,
    few_ticks,
    follow_palette,
    name_axes,
    new_plot,
    unit_square,
)
from explorer.ui.widgets.steady import Choice, Slider
from explorer.ui.widgets.theme import SPACE
from explorer.ui.widgets.wrapping_row import WrappingRow
from trainer.measures.spoken import spoken

if TYPE_CHECKING:
    from explorer.core.evaluation import Evaluation

ROC, RECALL, CALIBRATION = "ROC curve", "Precision and recall", "Calibration"
LEAST, HIGH = (150, 110), 330
"""Pixels (width, height) of which a plot needs no less; the height from which on all stands one above the other."""
STEPS = 200
"""Steps of the slider: `explorer.core.evaluation.thresholds.THRESHOLDS` without the first."""


class CurvesPanel(QWidget):
    """The plot, what it shows, of which class, and the slider below it; `moved(threshold)` when that is moved."""

    moved = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self._found: Evaluation | None = None
        self._kinds, self._classes = Choice(), Choice()
        self._kinds.addItems([ROC, RECALL, CALIBRATION])
        for box, name in ((self._kinds, "What is drawn"), (self._classes, "Of which class")):
            box.setAccessibleName(name)
            box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            box.activated.connect(lambda index: self._draw())
        self._plot = new_plot("Curves of the evaluation", self.palette())
        self._said = label("", "quiet")
        self._slider = Slider(Qt.Orientation.Horizontal)
        self._slider.setRange(0, STEPS)
        self._slider.setValue(STEPS // 2)
        self._slider.setAccessibleName("Threshold from which a picture is called")
        self._slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._slider.valueChanged.connect(self._move)
        self._numbers = label("", "", wrap=True)
        self._above, self._below = QWidget(), QWidget()
        self._above.setLayout(WrappingRow(self._kinds, self._classes, self._said))
        self._below.setLayout(column(self._slider, self._numbers, gap=SPACE // 2))
        self._plot.setMinimumSize(*LEAST)
        self._steering = QVBoxLayout()
        self._steering.setContentsMargins(0, 0, SPACE, 0)  # words do not run under the scroll bar
        inside = QWidget()
        inside.setLayout(self._steering)
        self._beside = scrolled(inside)
        self._beside.setMinimumWidth(self._kinds.sizeHint().width() + 2 * SPACE)
        self._places = QVBoxLayout()
        self._places.setContentsMargins(0, 0, 0, 0)
        self._places.setSpacing(SPACE // 2)
        self._line = row(gap=SPACE)
        self._line.addLayout(self._places, 2)
        self._line.addWidget(self._beside, 3)
        self.setLayout(self._line)
        self._flat: bool | None = None
        self._place(flat=False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place(flat=event.size().height() < HIGH)

    def _place(self, *, flat: bool) -> None:
        """Put what steers the plot beside it where there is no room above and below: a curve is seen whole."""
        if flat == self._flat:
            return
        self._flat = flat
        for part in (self._above, self._plot, self._below):
            for layout in (self._places, self._steering):
                layout.removeWidget(part)
        if flat:
            self._places.addWidget(self._plot, 1)
            self._steering.addWidget(self._above)
            self._steering.addWidget(self._below, 1, Qt.AlignmentFlag.AlignTop)
        else:
            for part in (self._above, self._plot, self._below):
                self._places.addWidget(part, int(part is self._plot))
        self._beside.setVisible(flat)
        few_ticks(self._plot, flat)

    @property
    def called(self) -> str:
        """Which pictures the threshold calls what, "" without an evaluation."""
        name = self._classes.currentText()
        return f"called {name} from {self.threshold:.3g} on" if name else ""

    @property
    def threshold(self) -> float:
        """Where the slider stands, a probability."""
        return float(self._slider.value() / STEPS)

    def show_evaluation(self, evaluation: "Evaluation") -> None:
        """Show another evaluation."""
        chosen = self._classes.currentText()
        self._found = evaluation
        self._classes.clear()
        self._classes.addItems([curve.name for curve in evaluation.curves])
        self._classes.setCurrentIndex(max(0, self._classes.findText(chosen)))
        self._classes.setVisible(len(evaluation.curves) > 1)
        self._draw()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._found is not None:
            follow_palette(self, [self._plot])
            self._draw()

    def _move(self) -> None:
        self._draw_threshold()
        self.moved.emit(self.threshold)

    def _draw(self) -> None:
        """Draw everything but the point of the threshold, and then that."""
        evaluation = self._found
        if evaluation is None:
            return
        self._plot.clear()
        unit_square(self._plot)
        kind, palette = self._kinds.currentText(), self.palette()
        curve, line = evaluation.curves[max(0, self._classes.currentIndex())], palette.mid().color()
        color = palette.accent().color()
        if kind == ROC:
            name_axes(self._plot, "1 - specificity", "sensitivity", palette)
            draw_line(self._plot, [0, 1], [0, 1], line, width=1, dashed=True)
            draw_band(self._plot, _grid(), curve.roc_band, color)
            draw_line(self._plot, curve.false_positive_rate, curve.sensitivity, color)
            for number, (reader, _) in enumerate(evaluation.readers):
                draw_points(self._plot, [1 - reader.specificity], [reader.sensitivity], color_of(number + 1))
            self._said.setText(f"AUC {spoken(curve.auc, 2)}")
        elif kind == RECALL:
            name_axes(self._plot, "recall (sensitivity)", "precision", palette)
            draw_line(self._plot, [0, 1], [curve.share, curve.share], line, width=1, dashed=True)
            draw_band(self._plot, _grid(), curve.precision_band, color)
            draw_line(self._plot, curve.recall, curve.precision, color)
            self._said.setText(f"average precision {spoken(curve.average_precision, 2)}")
        else:
            self._draw_calibration(evaluation)
        self._slider.setVisible(kind != CALIBRATION)
        self._numbers.setVisible(kind != CALIBRATION)
        self._point = None
        self._draw_threshold()

    def _draw_calibration(self, evaluation: "Evaluation") -> None:
        palette, reliability = self.palette(), evaluation.reliability
        name_axes(self._plot, "predicted probability", "share that came true", palette)
        draw_line(self._plot, [0, 1], [0, 1], palette.mid().color(), width=1, dashed=True)
        filled_bins = [bin_index for bin_index, count in enumerate(reliability.counts) if count]
        for bin_index in filled_bins:
            probability, measure = float(reliability.predicted[bin_index]), reliability.observed[bin_index]
            draw_line(self._plot, [probability, probability], [measure.low, measure.high], palette.mid().color())
        color = palette.accent().color()
        x, y = (
            [float(reliability.predicted[bin_index]) for bin_index in filled_bins],
            [reliability.observed[bin_index].value for bin_index in filled_bins],
        )
        draw_line(self._plot, x, y, color)
        draw_points(self._plot, x, y, color)
        self._said.setText(f"calibration error {spoken(reliability.ece, 2)}")

    def _draw_threshold(self) -> None:
        evaluation, kind = self._found, self._kinds.currentText()
        if self._point is not None:
            self._plot.removeItem(self._point)
            self._point = None
        if evaluation is None or kind == CALIBRATION:
            return
        class_index = max(0, self._classes.currentIndex())
        sensitivity, specificity = evaluation.thresholds[class_index].at(self.threshold)
        curve = evaluation.curves[class_index]
        self._numbers.setText(
            f"{self.called}:\nsensitivity {spoken(sensitivity, 2)}\nspecificity {spoken(specificity, 2)}"
        )
        x, y = 1 - specificity.value, sensitivity.value
        if kind == RECALL:
            right = sensitivity.value * curve.positives
            wrong = (1 - specificity.value) * (len(evaluation.pictures) - curve.positives)
            if right + wrong < 0.5:
                return
            x, y = sensitivity.value, right / (right + wrong)
        self._point = draw_points(self._plot, [x], [y], self.palette().text().color(), size=11, ring=True)

    _point: object = None


def _grid() -> list[float]:
    return [step / 100 for step in range(101)]
