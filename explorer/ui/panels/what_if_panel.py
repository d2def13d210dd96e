"""The tab that changes how the picture on show was taken: sliders, and what the network would say."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QSlider, QWidget

from explorer.state.opened.library import Library
from explorer.state.what_if.picture import PictureWhatIf
from explorer.ui.widgets.labels_and_layouts import Bars, column, label, row, scrolled
from explorer.ui.widgets.plain_text import PlainButton, PlainLabel, PlainTool, tip
from explorer.ui.widgets.steady import Slider
from explorer.ui.widgets.theme import SPACE
from explorer.ui.widgets.wrapping_row import WrappingRow
from trainer.measures.percent import percent

LINES = 6
WIDTH = 104
PAINTED_OVER = {"hair": "Hair", "ruler": "Rulers", "bubble": "Bubbles"}
"""What can be painted over (`core/what_if/artifacts.py`), as its button says it."""
LAID = {"hair": "Hair", "ruler": "Ruler", "ink": "Ink"}
"""What a click can lay into the picture."""
WHERE = "click the picture, or go there with the arrows and press Enter: it is drawn in there"


@dataclass(frozen=True)
class Scale:
    """A slider from `lowest` to `highest`: the value of a place on it, the place of a value, and how one is written."""

    name: str
    title: str
    about: str
    lowest: int
    highest: int
    value: Callable[[int], float]
    place: Callable[[float], int]
    written: Callable[[float], str]


def _share(name: str, title: str, about: str, lowest: int = 0) -> Scale:
    return Scale(
        name, title, about, lowest, 100, lambda position: position / 100, lambda value: round(100 * value), percent
    )


SCALES = (
    Scale(
        "gamma",
        "Gamma",
        "above 1 is darker",
        -50,
        50,
        lambda position: 2 ** (position / 25),
        lambda value: round(25 * math.log2(value)),
        "{:.2f}".format,
    ),
    _share("illumination", "Even light", "divides by the light that falls unevenly, fitted to the picture"),
    _share("constancy", "Grey light", "brings the color of the light to grey (shades of grey)"),
    _share("crop", "Field of view", "keeps the middle, as a camera nearer to the skin", 10),
)


class WhatIfPanel(QWidget):
    """Sliders and switches at the left, both predictions at the right; the change is on show only while this tab is."""

    def __init__(self, library: Library, what_if: PictureWhatIf) -> None:
        super().__init__()
        self._library, self._what_if = library, what_if
        self.sliders: dict[str, QSlider] = {}
        self._values: dict[str, PlainLabel] = {}
        grid = QGridLayout()
        grid.setSpacing(SPACE)
        for grid_row, scale in enumerate(SCALES):
            slider = Slider(Qt.Orientation.Horizontal)
            slider.setRange(scale.lowest, scale.highest)
            slider.setFixedWidth(WIDTH)
            slider.setAccessibleName(scale.title)
            slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            tip(slider, scale.about)
            slider.valueChanged.connect(
                lambda position, scale=scale: what_if.update(**{scale.name: scale.value(position)})
            )
            self.sliders[scale.name], self._values[scale.name] = slider, label("")
            for across, part in enumerate((label(scale.title, "quiet"), slider, self._values[scale.name])):
                grid.addWidget(part, grid_row, across)
        grid.setColumnMinimumWidth(2, 44)
        self.without = {name: _switch(title, "paint it over where it is found") for name, title in PAINTED_OVER.items()}
        self.tools = {name: _switch(title, WHERE) for name, title in LAID.items()}
        for name, button in self.without.items():
            button.toggled.connect(lambda wanted, name=name: what_if.leave_out(name, wanted))
        for name, button in self.tools.items():
            button.toggled.connect(lambda wanted, name=name: self._take(name, wanted))
        self.back = PlainTool("Take back")
        tip(self.back, "take away what was drawn in last")
        self.back.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.back.clicked.connect(what_if.take_back)
        for grid_row, (title, parts) in enumerate(
            (("Without", (*self.without.values(),)), ("Click to add", (*self.tools.values(), self.back))), len(SCALES)
        ):
            grid.addWidget(label(title, "quiet"), grid_row, 0)
            grid.addLayout(WrappingRow(*parts, gap=SPACE // 2), grid_row, 1, 1, 2)
        self.restore = PlainButton("Reset")
        tip(self.restore, "the picture as it is: nothing is changed any more")
        self.restore.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.restore.clicked.connect(what_if.restore)
        self.said = label("", "warning", wrap=True)
        self.bars = Bars(LINES)
        self.bars.setAccessibleName("Prediction before and after")
        hint = label(
            "The changed picture lies beside the real one, under the same lens in the same colors. Tags and figures "
            "are of the real one.",
            "quiet",
            wrap=True,
        )
        left = column(grid, 1, gap=SPACE)
        right = column(row(self.restore, 1), self.bars, self.said, hint, 1, gap=SPACE)
        line = row(left, right, gap=3 * SPACE)
        line.setStretch(1, 100)
        inner = QWidget()
        inner.setLayout(line)
        area = scrolled(inner)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setLayout(column(area))
        what_if.changed.connect(self._show)
        self._show()

    def _take(self, name: str, wanted: bool) -> None:
        if wanted or self._what_if.tool == name:
            self._what_if.take_tool(name if wanted else "")

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._what_if.look(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if not event.spontaneous():  # a window that is put away for a moment is still looked at
            self._what_if.look(False)

    def _show(self) -> None:
        for scale in SCALES:
            value, slider = self._what_if.values[scale.name], self.sliders[scale.name]
            with QSignalBlocker(slider):
                slider.setValue(scale.place(value))
            self._values[scale.name].setText(scale.written(value))
        for name, button in self.without.items():
            with QSignalBlocker(button):
                button.setChecked(name in self._what_if.without)
        for name, button in self.tools.items():
            with QSignalBlocker(button):
                button.setChecked(name == self._what_if.tool)
        self.back.setEnabled(bool(self._what_if.laid))
        self.restore.setEnabled(self._what_if.showing or bool(self._what_if.tool))
        self.said.setText(self._sentence())
        network, before, after = self._library.network, self._what_if.before, self._what_if.after
        lines = min(LINES, len(network.classes)) if network is not None else 0
        self.bars.setMinimumHeight(lines * (self.fontMetrics().height() + 2))
        if network is None or before is None or after is None:
            self.bars.show_values([])
            return
        order = sorted(range(min(len(before), len(network.classes))), key=lambda output: -before[output])[:LINES]
        self.bars.show_values(
            [(network.classes[output], float(before[output])) for output in order],
            [float(after[output]) for output in order],
        )

    def _sentence(self) -> str:
        if not self._what_if.showing:
            return ""
        if self._what_if.picture is None:
            return self._what_if.said or "Looking …"
        return f"Not the real picture: {self._what_if.said}."


def _switch(title: str, about: str) -> PlainTool:
    button = PlainTool(title, checkable=True)
    tip(button, about)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
