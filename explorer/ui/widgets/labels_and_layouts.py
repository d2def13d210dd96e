"""Small widgets that several panels are made of."""

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLayout,
    QScrollArea,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from explorer.core.drawing.styles import COLOR_MAPS, Scale
from explorer.ui.widgets.command_tips import stands_for
from explorer.ui.widgets.pixmaps import image_of
from explorer.ui.widgets.plain_text import PlainButton, PlainLabel, tip
from explorer.ui.widgets.theme import SPACE

if TYPE_CHECKING:
    from explorer.core.attribution.lens import Side


def label(text: str = "", kind: str = "", *, wrap: bool = False, lines: int = 0) -> PlainLabel:
    """A label; `kind` is "title", "quiet" or "warning". It keeps the room of `lines`, however short it is."""
    widget = PlainLabel(text)
    widget.setObjectName(kind)
    widget.setWordWrap(wrap)
    if lines:
        widget.setMinimumHeight(lines * widget.fontMetrics().lineSpacing() + 2)
        widget.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
    return widget


def column(*parts: QWidget | QLayout | int, margin: int = 0, gap: int = SPACE) -> QVBoxLayout:
    """A column of widgets and layouts; a number is a stretch."""
    box = QVBoxLayout()
    _fill(box, parts, margin, gap)
    return box


def row(*parts: QWidget | QLayout | int, margin: int = 0, gap: int = SPACE) -> QHBoxLayout:
    """A row of widgets and layouts; a number is a stretch."""
    box = QHBoxLayout()
    _fill(box, parts, margin, gap)
    return box


def laid_over(below: QWidget, above: QWidget) -> QGridLayout:
    """Two widgets in one place, the second at its lower end, where it moves nothing when it comes and goes."""
    place = QGridLayout()
    place.setContentsMargins(0, 0, 0, 0)
    place.addWidget(below, 0, 0)
    place.addWidget(above, 0, 0, Qt.AlignmentFlag.AlignBottom)
    return place


def _fill(box: QBoxLayout, parts: tuple[QWidget | QLayout | int, ...], margin: int, gap: int) -> None:
    box.setContentsMargins(margin, margin, margin, margin)
    box.setSpacing(gap)
    for part in parts:
        if isinstance(part, int):
            box.addStretch(part)
        elif isinstance(part, QLayout):
            box.addLayout(part)
        else:
            box.addWidget(part)


def panel(layout: QLayout) -> QFrame:
    """A framed part of the window."""
    frame = QFrame()
    frame.setObjectName("panel")
    frame.setLayout(layout)
    return frame


def scrolled(inner: QWidget) -> QScrollArea:
    """A part that is scrolled up and down where there is too little room, on the panel's own ground."""
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setWidget(inner)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    for part in (area.viewport(), inner):
        part.setAutoFillBackground(False)
    return area


def marks_of(option: QStyleOptionViewItem) -> tuple[bool, bool]:
    """Whether a row or cell is chosen, and whether the mouse is over it."""
    from PySide6.QtWidgets import QStyle  # 3 ms for which an empty window need not wait

    flags = QStyle.StateFlag
    return bool(option.state & flags.State_Selected), bool(option.state & flags.State_MouseOver)


def paint_row(painter: QPainter, option: QStyleOptionViewItem) -> None:
    """The ground of a row of a list: marked at its left where it is chosen, lighter under the mouse."""
    area, palette = option.rect, option.palette
    chosen, hovered = marks_of(option)
    if chosen:
        painter.fillRect(area, palette.highlight())
        painter.fillRect(QRect(area.topLeft(), QSize(3, area.height())), palette.accent())
    elif hovered:
        painter.fillRect(area, palette.alternateBase())


class ColorBar(QWidget):
    """The scale in force: which color means which value; wide enough for the longest number beside it."""

    BAR, GAP = 14, 12

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Color scale")
        self.setFixedWidth(self.BAR + self.GAP + max(64, self.fontMetrics().horizontalAdvance("8.88e-88") + 4))
        self._scale: Scale | None = None
        self._color_map = "green"
        self._outline = False
        self._attribution: tuple[float, str, str, str] | None = None

    def show_scale(self, scale: Scale | None, color_map: str, outline: bool) -> None:
        """Show a scale, or nothing."""
        self._scale, self._color_map, self._outline, self._attribution = scale, color_map, outline, None
        if scale is not None:
            tip(self, f"from {scale.foot:.4g} (nothing) to {scale.peak:.4g} ({COLOR_MAPS[color_map].highest})")
        self.update()

    def show_attribution(
        self,
        limit: float | None,
        positive: "Side | None" = None,
        negative: "Side | None" = None,
        told: str = "",
    ) -> None:
        """Show the scale of an attribution, which ends at `limit`, `told` in words where it is no plain number.

        Nothing is shown without a limit. Without `negative` the scale begins at zero.
        """
        self._scale, self._attribution = None, None
        if limit is not None and positive is not None:
            told = told or (f"{limit:.3g}" if limit > 0 else "nothing")
            self._attribution = limit, positive.word, negative.word if negative is not None else "", told
            blue = f"; blue: {negative.legend}" if negative is not None else ""
            tip(self, f"orange: {positive.legend}{blue}; nothing: no change; full color: {told}")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(64, 200)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._attribution is not None:
            self._paint_attribution(*self._attribution)
            return
        if self._scale is None:
            return
        from explorer.core.drawing.overlay import color_bar

        painter = QPainter(self)
        line = self.fontMetrics().height()
        bar = QRect(6, line + 6, self.BAR, max(40, self.height() - 2 * line - 12))
        painter.drawImage(bar, image_of(color_bar(bar.height(), self._color_map)))
        painter.setPen(self.palette().mid().color())
        painter.drawRect(bar)
        painter.setPen(self.palette().text().color())
        foot, peak = self._scale.foot, self._scale.peak
        painter.drawText(6, line, f"{peak:.3g}" if peak > foot else "nothing")
        painter.drawText(6, bar.bottom() + line, f"{foot:.3g}")
        if self._outline and peak > foot:
            middle = bar.center().y()
            painter.drawLine(bar.left() - 3, middle, bar.right() + 3, middle)
            painter.drawText(self.half_at(), middle + line // 3, f"{(foot + peak) / 2:.2g}")

    def half_at(self) -> int:
        """Where the number of the outline begins, from the left."""
        return 6 + self.BAR + 5

    def _paint_attribution(self, limit: float, positive: str, negative: str, number: str) -> None:
        from explorer.core.drawing.signed_overlay import attribution_bar

        painter = QPainter(self)
        line = self.fontMetrics().height()
        below = 2 if negative else 1
        bar = QRect(6, 2 * line + 6, self.BAR, max(8, self.height() - (2 + below) * line - 14))
        painter.fillRect(bar, Qt.GlobalColor.white)
        painter.drawImage(bar, image_of(attribution_bar(bar.height(), signed=bool(negative))))
        painter.setPen(self.palette().mid().color())
        painter.drawRect(bar)
        painter.setPen(self.palette().text().color())
        painter.drawText(6, line, positive)
        painter.drawText(6, 2 * line, number)
        if negative:
            painter.drawText(6, bar.bottom() + line, negative)
            painter.drawText(6, bar.bottom() + 2 * line, number)
            painter.drawText(bar.right() + 6, bar.center().y() + line // 3, "0")
        else:
            painter.drawText(6, bar.bottom() + line, "0")


class Bars(QWidget):
    """Names with bars and numbers between 0 and 1: the probabilities of a prediction.

    Paints itself: labels would lay the whole window out again with every picture.
    """

    NAME, BAR, NUMBER, GAP = 88, 56, 34, 6

    def __init__(self, lines: int) -> None:
        super().__init__()
        self._lines, self._name = lines, self.NAME
        self.values: list[tuple[str, float]] = []
        self.after: list[float] | None = None
        self.make_room((), 0)

    def make_room(self, names: Iterable[str], most: int) -> None:
        """Be wide enough for these names, of which each gets at most so many pixels; a longer one ends in dots."""
        longest = max((self.fontMetrics().horizontalAdvance(name) + 1 for name in names), default=0)
        self._name = max(self.NAME, min(longest, most))
        self.setFixedWidth(self._name + self.BAR + self.NUMBER + 2 * self.GAP)

    def show_values(self, values: list[tuple[str, float]], after: list[float] | None = None) -> None:
        """Show the first of these (name, value) pairs; an empty list clears all.

        `after` are what the values become in a network that is not the real one, NaN where that is not known yet.
        """
        self.values = values[: self._lines]
        self.after = None if after is None else after[: self._lines]
        numbered = enumerate(self.values)
        self.setAccessibleDescription(", ".join(f"{name} {self._number(position)}" for position, (name, _) in numbered))
        self.update()

    def _number(self, position: int) -> str:
        """The number of a line, or the numbers before and after."""
        value = self.values[position][1]
        if self.after is None:
            return f"{value:.2f}"
        after = self.after[position]
        return f"{value:.3f} → {'…' if math.isnan(after) else f'{after:.3f}'}"

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, metrics = QPainter(self), self.fontMetrics()
        height = metrics.height() + 2
        top = (self.height() - height * len(self.values)) // 2
        middle = Qt.AlignmentFlag.AlignVCenter
        for position, (name, value) in enumerate(self.values):
            line = QRect(0, top + position * height, self.width(), height)
            painter.setPen(self.palette().text().color())
            text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, self._name)
            painter.drawText(QRect(line.left(), line.top(), self._name, height), middle, text)
            painter.drawText(line, middle | Qt.AlignmentFlag.AlignRight, self._number(position))
            if self.after is not None:  # two numbers take the place of the bar
                continue
            bar = QRect(self._name + self.GAP, line.center().y() - 2, self.BAR, 5)
            painter.fillRect(bar, self.palette().mid())
            bar.setWidth(round(self.BAR * min(1.0, max(0.0, value))))
            painter.fillRect(bar, self.palette().accent())


class EmptyPlace(QWidget):
    """What an empty part of the window says: what is missing, and the buttons that bring it, by words of commands."""

    def __init__(self, title: str, hint: str, buttons: list[tuple[str, Callable[[], object]]]) -> None:
        super().__init__()
        self._heading, below = label(title, "title"), label(hint, "quiet", wrap=True)
        for text in (self._heading, below):
            text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        widgets = []
        for name, run in buttons:
            button = PlainButton(name)
            tip(button, name)
            stands_for(button, name)
            button.clicked.connect(lambda checked=False, run=run: run())
            widgets.append(button)
        self.setLayout(column(1, self._heading, below, row(1, *widgets, 1), 1, margin=3 * SPACE))

    def say(self, title: str) -> None:
        """Change the heading."""
        self._heading.setText(title)
