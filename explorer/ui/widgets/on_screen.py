"""Windows that are no larger than the screen."""

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QWidget

FRAME = QSize(16, 56)
"""Pixels of the frame that the desktop puts around a window."""


def resize_on_screen(window: QWidget, width: int, height: int) -> None:
    """Give a window this size, as far as the screen has room for it and its frame."""
    window.resize(QSize(width, height).boundedTo(window.screen().availableSize() - FRAME))
