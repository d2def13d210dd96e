"""Arrays as Qt pictures."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QImage, QPixmap

if TYPE_CHECKING:
    from explorer.core.arrays import RGB, RGBA


def image_of(values: "RGB | RGBA") -> QImage:
    """A QImage of (H, W, 1), (H, W, 3) or straight-alpha (H, W, 4) uint8; it owns its pixels."""
    import numpy as np  # here, because a window without pictures needs none

    values = np.ascontiguousarray(values)
    height, width, channels = values.shape
    formats = {1: QImage.Format.Format_Grayscale8, 3: QImage.Format.Format_RGB888, 4: QImage.Format.Format_RGBA8888}
    # The QImage made here only borrows the array's memory: the copy is what may outlive it.
    return QImage(values.data, width, height, width * channels, formats[channels]).copy()


def pixmap_of(values: "RGB | RGBA") -> QPixmap:
    """A QPixmap of the same arrays as `image_of` takes."""
    return QPixmap.fromImage(image_of(values))


def pixmap_on(screen: "RGBA") -> QPixmap:
    """A QPixmap over the memory of what `for_screen` made, without a copy: the array has to outlive it."""
    height, width, _ = screen.shape
    return QPixmap.fromImage(QImage(screen.data, width, height, 4 * width, QImage.Format.Format_RGB32))


def inscribed(size: QSize, area: QRect) -> QRect:
    """The rectangle in the middle of an area that a picture of this size fills; never thinner than a pixel."""
    fitted = size.scaled(area.size(), Qt.AspectRatioMode.KeepAspectRatio).expandedTo(QSize(1, 1))
    target = QRect(0, 0, fitted.width(), fitted.height())
    target.moveCenter(area.center())
    return target
