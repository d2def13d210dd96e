"""Two pictures on one plane: side by side as a whole; enlarged, each in its half of the view, at the same place."""

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QTransform
from PySide6.QtWidgets import QGraphicsItem, QGraphicsPixmapItem, QGraphicsRectItem, QGraphicsScene

from explorer.ui.widgets.pixmaps import pixmap_of

if TYPE_CHECKING:
    from explorer.core.arrays import RGB, RGBA
    from trainer.networks.input_spec import Box

CLIPS = QGraphicsItem.GraphicsItemFlag.ItemClipsChildrenToShape
GAP = 0.03
"""Between the two as a whole, in widths of the picture."""
LINE = 1.0
"""Half of the line between the two halves, in pixels of the screen."""


class Halves:
    """The ground of `picture` and that of `beside`, which is as high; further items of the picture lie on `right`."""

    def __init__(self, scene: QGraphicsScene, picture: QGraphicsPixmapItem, beside: QGraphicsPixmapItem) -> None:
        self.left, self.right = QGraphicsRectItem(), QGraphicsRectItem()
        self._picture, self._beside = picture, beside
        self.linked = False
        """Whether each is in its own half."""
        for ground, item in ((self.left, beside), (self.right, picture)):
            ground.setPen(Qt.PenStyle.NoPen)
            item.setParentItem(ground)
            scene.addItem(ground)

    def arrange(self, seen: QRectF, scale: float, fitted: bool) -> None:
        """Put the two in their places; `seen` is what the view shows of the plane, at `scale` pixels a unit."""
        half, wide = seen.width() / 2, self._picture.boundingRect().width()
        self.linked = self._beside.isVisible() and not fitted and wide > half
        for ground, left in ((self.left, seen.left()), (self.right, seen.left() + half + LINE / scale)):
            ground.setFlag(CLIPS, self.linked)
            if self.linked:
                ground.setRect(left, seen.top(), half - LINE / scale, seen.height())
        apart = half if self.linked else self._beside.boundingRect().width() * self._beside.scale() + GAP * wide
        self._beside.setPos(-apart, 0)

    def corners(self, seen: QRectF) -> tuple[QPointF, QPointF]:
        """Where on the plane the picture beside, and the picture, begin in what the view shows of it."""
        grounds = (self.left.rect(), self.right.rect()) if self.linked else (seen, seen)
        items = (self._beside, self._picture)
        pairs = zip(grounds, (item.mapRectToScene(item.boundingRect()) for item in items), strict=True)
        beside, picture = (QPointF(max(a.left(), b.left()), max(a.top(), b.top())) for a, b in pairs)
        return beside, picture

    def on_picture(self, place: QPointF, under: QPointF, width: int) -> QPointF:
        """What lies `under` a place of a view of this `width`; no place of the picture in the half of the other."""
        return QPointF(math.nan, math.nan) if self.linked and place.x() < width / 2 else under

    def same_place(self, place: QPoint, under: QPointF, width: int) -> tuple[QPoint, QPointF]:
        """Where in a view of this `width`, and where on the plane, the picture has what lies `under` a place of it.

        The place itself where that is not the picture beside.
        """
        beside = self._beside.mapRectToScene(self._beside.boundingRect())
        on_beside = self._beside.isVisible() and place.x() < width / 2 and (self.linked or beside.contains(under))
        return (place + QPoint(width // 2, 0), under - self._beside.pos()) if on_beside else (place, under)


def lay(item: QGraphicsPixmapItem, drawn: "RGBA | RGB", frame: "Box") -> None:
    """Lay what is drawn, in any resolution, over a frame in the pixels of the picture."""
    item.setPixmap(pixmap_of(drawn))
    across, down = frame.width / drawn.shape[1], frame.height / drawn.shape[0]
    item.setTransform(QTransform(across, 0, 0, down, frame.left, frame.top))
