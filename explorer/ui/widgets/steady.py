"""Boxes, sliders and numbers that stay as they were chosen where a person scrolls past them."""

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QSlider, QSpinBox, QWidget

NOT_BY_WHEEL = Qt.FocusPolicy.StrongFocus
"""The wheel gives a number no keyboard: it would change with the next turn."""


class Choice(QComboBox):
    """A box of choices; the wheel over it scrolls what lies around."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class Slider(QSlider):
    """A slider; the wheel moves it only while it has the keyboard."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        if _turns(self, event):
            super().wheelEvent(event)


class Number(QSpinBox):
    """A whole number; the wheel changes it only while it has the keyboard."""

    def __init__(self, **properties: Any) -> None:
        super().__init__(**properties)
        self.setFocusPolicy(NOT_BY_WHEEL)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if _turns(self, event):
            super().wheelEvent(event)


class Decimal(QDoubleSpinBox):
    """A number with decimals; the wheel changes it only while it has the keyboard."""

    def __init__(self, **properties: Any) -> None:
        super().__init__(**properties)
        self.setFocusPolicy(NOT_BY_WHEEL)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if _turns(self, event):
            super().wheelEvent(event)


def _turns(widget: QWidget, event: QWheelEvent) -> bool:
    """Whether the wheel is for this widget; else it scrolls what lies around."""
    event.setAccepted(widget.hasFocus())
    return widget.hasFocus()
