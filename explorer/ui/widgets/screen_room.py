"""Windows that are no larger than the screen."""

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QWidget

FRAME = QSize(16, 56)
"""Pixels of the frame that the desktop puts around a window."""


def screen_room(window: QWidget) -> QSize:
    """What its screen has for a window, in pixels, within the desktop's frame."""
    return window.screen().availableSize() - FRAME


def resize_on_screen(window: QWidget, width: int, height: int) -> None:
    """Give a window this size, as far as the screen has room for it."""
    window.resize(QSize(width, height).boundedTo(screen_room(window)))
