"""How large a window of its own may be."""

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QWidget

FRAME = QSize(16, 56)
"""Pixels that the desktop puts around a window."""


def screen_room(window: QWidget) -> QSize:
    """What its screen has for it, in pixels, within the desktop's frame."""
    return window.screen().availableSize() - FRAME
