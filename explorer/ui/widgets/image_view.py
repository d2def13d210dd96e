"""The picture with its overlay: zoom with the wheel, pan by dragging, the untouched picture beside it."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QCursor,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QGraphicsPixmapItem,
    QGraphicsRectItem,
    QGraphicsScene,
    QGraphicsSimpleTextItem,
    QGraphicsView,
    QWidget,
)

from explorer.ui.widgets.corner_words import CornerWords
from explorer.ui.widgets.halves import Halves, lay
from explorer.ui.widgets.info_mark import InfoMark
from explorer.ui.widgets.pixmaps import pixmap_of, pixmap_on

if TYPE_CHECKING:
    from explorer.core.arrays import RGB, RGBA
    from trainer.networks.input_spec import Box

WHAT_IT_SEES = "what the network sees"
MIN_ZOOM, MAX_ZOOM = 0.02, 64.0
CLICK = 4
"""Pixels that the mouse may move between press and release of a click."""
AIM = 0.04
"""Side of the square around a place, as a share of the picture's longer side."""


class ImageView(QGraphicsView):
    """Shows one picture in its own pixels as scene coordinates; `hovered(x, y)` in them, or (nan, nan) outside."""

    hovered = Signal(float, float)
    clicked = Signal(float, float)
    """The mouse was pressed and let go at one place, in scene coordinates."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Picture with the overlay of the chosen filter")
        self.setScene(QGraphicsScene(self))
        self._picture, self._beside, self._overlay = (QGraphicsPixmapItem() for _ in range(3))
        self._frame, self._outlined, self._aimed = (QGraphicsRectItem() for _ in range(3))
        self._patch = QGraphicsPixmapItem()
        self._over_beside = QGraphicsPixmapItem(self._beside)
        self._over_beside.setTransformationMode(Qt.TransformationMode.SmoothTransformation)
        self._pressed: QPointF | None = None
        for item in (self._picture, self._beside, self._overlay):
            item.setTransformationMode(Qt.TransformationMode.SmoothTransformation)
        self._halves = Halves(self.scene(), self._picture, self._beside)
        for added in (self._patch, self._overlay, self._frame, self._outlined, self._aimed):
            added.setParentItem(self._halves.right)
        self._frame.setPen(QPen(QColor(255, 255, 255, 160), 0, Qt.PenStyle.DashLine))
        for line in (self._outlined, self._aimed):
            line.setPen(QPen(QColor(255, 255, 255), 0))
        self._sees = QGraphicsSimpleTextItem(WHAT_IT_SEES, self._frame)
        self._sees.setFlag(QGraphicsSimpleTextItem.GraphicsItemFlag.ItemIgnoresTransformations)
        self._sees.setBrush(QColor(255, 255, 255, 200))
        self.about_frame = InfoMark("frame")
        self.about_frame.setParent(self)
        self.about_frame.hide()
        self._frame.hide()
        self._outlined.hide()
        self._aimed.hide()
        self._beside.hide()
        self._screen: RGBA | None = None
        self._other: RGB | None = None
        self._fitted = True
        self._words = words = CornerWords(self, self._corners)
        self.readout, self.caption, self.front = words.readout, words.caption, words.front
        self.setFrameShape(QGraphicsView.Shape.NoFrame)
        self.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        self.setDragMode(QGraphicsView.DragMode.ScrollHandDrag)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        for policy in (self.setHorizontalScrollBarPolicy, self.setVerticalScrollBarPolicy):
            policy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.viewport().setMouseTracking(True)
        self.viewport().setCursor(Qt.CursorShape.CrossCursor)
        self.setMinimumSize(160, 120)

    def set_picture(self, screen: "RGBA | None") -> None:
        """Show a picture, as `for_screen` gives it, without overlay, or nothing."""
        pixmap = pixmap_on(screen) if screen is not None else QPixmap()
        same_size = pixmap.size() == self._picture.pixmap().size()
        self._picture.setPixmap(pixmap)
        self._screen = screen  # held for as long as it is on show, because the pixmap has no memory of its own
        self.set_picture_beside(None)
        self.set_overlay(None, None)
        self.set_patch(None)
        self.outline(None)
        self.set_frame(None)
        if not same_size:
            self.fit()

    def set_overlay(self, drawn: "RGBA | RGB | None", frame: "Box | None") -> None:
        """Lay an overlay of any resolution over `frame` of the picture."""
        if drawn is None or frame is None:
            self._overlay.setPixmap(QPixmap())
            return
        lay(self._overlay, drawn, frame)

    def set_overlay_beside(self, drawn: "RGBA | RGB | None", frame: "Box | None", caption: str = "") -> None:
        """Lay another overlay over the picture beside, and say in its corner what that is."""
        if drawn is None or frame is None:
            self._over_beside.setPixmap(QPixmap())
        else:
            lay(self._over_beside, drawn, frame)
        self._words.say(self.caption, caption)

    def set_caption(self, text: str) -> None:
        """Say in the corner of the picture itself what lies over it; "" for nothing."""
        self._words.say(self.front, text)

    def set_picture_beside(self, rgb: "RGB | None") -> None:
        """Show another picture (H, W, 3) beside, as high as the one in view, or that one itself."""
        whole = self._picture.pixmap()
        if rgb is self._other and (rgb is not None or self._beside.pixmap().cacheKey() == whole.cacheKey()):
            return  # the same as before
        self._other = rgb
        pixmap = pixmap_of(rgb) if rgb is not None else whole
        scale = whole.height() / pixmap.height() if rgb is not None else 1.0
        self._beside.setPixmap(pixmap)
        self._beside.setScale(scale)
        self._arrange()
        if self._fitted and self._beside.isVisible():
            self.fit()

    def set_frame(self, frame: "Box | None", about: str = "") -> None:
        """Draw the rectangle that the network sees, where it is not all of it or there are words `about` it."""
        whole = self._picture.pixmap().rect()
        cut = frame is not None and (frame.left, frame.top, frame.width, frame.height) != whole.getRect()
        self.about_frame.setVisible(cut)
        if frame is None or not (cut or about):
            self._frame.hide()
            return
        self._sees.setText(about or WHAT_IT_SEES)
        self._frame.setRect(frame.left, frame.top, frame.width, frame.height)
        self._sees.setPos(max(frame.left, whole.left()), max(frame.top, whole.top()))
        self._frame.show()

    def set_patch(self, colors: "RGB | None", top: int = 0, left: int = 0) -> None:
        """Put a patch (h, w, 3) uint8 on the picture, or take it away."""
        self._patch.setPixmap(pixmap_of(colors) if colors is not None else QPixmap())
        self._patch.setPos(left, top)

    def outline(self, rectangle: tuple[float, float, float, float] | None) -> None:
        """Draw the line of a patch (left, top, width, height), or take it away."""
        self._outlined.setVisible(rectangle is not None)
        if rectangle is not None:
            self._outlined.setRect(*rectangle)

    def aim(self, place: tuple[float, float] | None) -> None:
        """Draw a small square around a place in shares of the picture's sides (row, column), or take it away."""
        whole = self._picture.pixmap().rect()
        side = AIM * max(whole.width(), whole.height())
        self._aimed.setVisible(place is not None)
        if place is not None:
            across, down = place[1] * whole.width(), place[0] * whole.height()
            self._aimed.setRect(across - side / 2, down - side / 2, side, side)

    def set_panning(self, wanted: bool) -> None:
        """Whether dragging moves the picture."""
        mode = QGraphicsView.DragMode
        self.setDragMode(mode.ScrollHandDrag if wanted else mode.NoDrag)
        self.viewport().setCursor(Qt.CursorShape.CrossCursor)

    def set_opacity(self, opacity: float) -> None:
        """Opacity of the overlay, 0 to 1."""
        self._overlay.setOpacity(opacity)
        self._over_beside.setOpacity(opacity)

    def set_beside(self, wanted: bool) -> None:
        """Show the untouched picture at the left of the one with the overlay."""
        if wanted != self._beside.isVisible():
            self._beside.setVisible(wanted)
            self.fit()

    def hide_overlay(self, hidden: bool) -> None:
        """Take the overlay away for as long as a key is held."""
        self._overlay.setVisible(not hidden)
        self._over_beside.setVisible(not hidden)

    def set_muted(self, muted: bool) -> None:
        """Put an amber frame around everything: what is said of the picture is not said by the real network."""
        if bool(self.property("muted")) != muted:
            self.setProperty("muted", muted)
            self.setFrameShape(QGraphicsView.Shape.Box if muted else QGraphicsView.Shape.NoFrame)
            self.style().unpolish(self)  # Qt reads properties of a style sheet only then
            self.style().polish(self)

    def fit(self) -> None:
        """Show the whole picture."""
        self._fitted = True
        self._arrange()
        shown = self._picture.mapRectToScene(QRectF(self._picture.pixmap().rect()))
        if self._beside.isVisible():
            shown = shown.united(self._beside.mapRectToScene(QRectF(self._beside.pixmap().rect())))
        margin = 2 * max(shown.width(), shown.height())
        self.setSceneRect(shown.adjusted(-margin, -margin, margin, margin))
        if not shown.isEmpty():
            self.fitInView(shown, Qt.AspectRatioMode.KeepAspectRatio)
        self._words.place()

    def zoom(self, factor: float) -> None:
        """Enlarge by a factor about the mouse, or about the middle where the mouse is elsewhere."""
        scale = self.transform().m11() * factor
        if (scale <= MIN_ZOOM and factor < 1) or (scale >= MAX_ZOOM and factor > 1):  # the whole may be beyond both
            return
        self._fitted = False
        # Qt's own anchor is where the view saw the mouse last, which may be nowhere or long ago.
        place = self.viewport().mapFromGlobal(QCursor.pos())
        if not self.viewport().rect().contains(place):
            place = self.viewport().rect().center()
        place, under = self._halves.same_place(place, self.mapToScene(place), self.viewport().width())
        self.scale(factor, factor)
        moved = self.mapFromScene(under) - place
        for bar, pixels in ((self.horizontalScrollBar(), moved.x()), (self.verticalScrollBar(), moved.y())):
            bar.setValue(bar.value() + pixels)
        self._arrange()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        super().scrollContentsBy(dx, dy)
        self._arrange()

    def _arrange(self) -> None:
        self._halves.arrange(self._seen, self.transform().m11(), self._fitted)
        self._words.place()

    @property
    def _seen(self) -> QRectF:
        """What the view shows of the plane."""
        return self.mapToScene(self.viewport().rect()).boundingRect()

    def _corners(self) -> tuple[QPoint, QPoint]:
        beside, picture = (self.mapFromScene(corner) for corner in self._halves.corners(self._seen))
        return beside, picture

    def set_readout(self, text: str) -> None:
        """A line of text in the corner: what is under the mouse."""
        self._words.say(self.readout, text)

    def set_hint(self, text: str) -> None:
        """A sentence in the middle: what to do while there is no picture; "" for none."""
        self._words.say(self._words.hint, text)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.about_frame.isVisible():  # behind its words, wherever the picture was moved
            words = QPoint(round(self._sees.boundingRect().width()) + 4, 0)
            self.about_frame.put_near(self.mapFromScene(self._sees.scenePos()) + words)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.zoom(1.0015 ** event.angleDelta().y())
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.fit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.position()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        self.viewport().setCursor(Qt.CursorShape.CrossCursor)
        pressed, self._pressed = self._pressed, None
        still = pressed is not None and (event.position() - pressed).manhattanLength() < CLICK
        if event.button() == Qt.MouseButton.LeftButton and still:
            under = self.mapToScene(event.position().toPoint())
            place = self._halves.on_picture(event.position(), under, self.width())
            self.clicked.emit(place.x(), place.y())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        place = self._halves.on_picture(event.position(), self.mapToScene(event.position().toPoint()), self.width())
        inside = QRectF(self._picture.pixmap().rect()).contains(place)
        self.hovered.emit(*((place.x(), place.y()) if inside else (float("nan"), float("nan"))))

    def leaveEvent(self, event: object) -> None:
        self.hovered.emit(float("nan"), float("nan"))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._fitted:
            self.fit()
        self._words.place()
