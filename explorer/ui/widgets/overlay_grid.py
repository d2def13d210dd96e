"""Many small pictures with overlays: the filters of a layer, or one filter over many pictures."""

from collections.abc import Callable

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QListView, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from explorer.state.session import Session
from explorer.ui.widgets.labels_and_layouts import marks_of
from explorer.ui.widgets.lists import BASE, COLORS, HINTS, MARKS, MUTED, NAME, OVERLAY, SELECTED
from explorer.ui.widgets.pixmaps import inscribed
from explorer.ui.widgets.viewed_list import AnyIndex, ListModel, ViewedList

GAP, RING = 6, 3
"""Pixels between cells, and of the ring around the chosen one."""


class CellDelegate(QStyledItemDelegate):
    """Draws one cell: picture, overlay, badge, marks, and a ring around the chosen one."""

    def __init__(self, cell: int, parent: QWidget | None = None, *, across: int = 0) -> None:
        super().__init__(parent)
        self.cell, self._least_across = cell, across
        self.overlay_opacity = 1.0

    @property
    def across(self) -> int:
        """Pixels of a cell's width: its side, or what the words below it need."""
        return max(self.cell, self._least_across)

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        return QSize(self.cell + GAP, self.cell + GAP)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        area = QRect(0, 0, self.cell, self.cell)
        area.moveCenter(option.rect.center())
        painter.save()
        base, drawn = index.data(BASE), index.data(OVERLAY)
        if isinstance(base, QPixmap):
            target = inscribed(base.size(), area)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(target, base)
            if isinstance(drawn, QPixmap):
                painter.setOpacity(self.overlay_opacity)
                painter.drawPixmap(target, drawn)
                painter.setOpacity(1.0)
        else:
            painter.fillRect(area, option.palette.alternateBase())
        if index.data(MUTED):
            self._mute(painter, option, area)
        inner = area.adjusted(RING, RING, -RING, -RING)  # no ring lies over a word
        self._badge(painter, option, inner, str(index.data(NAME) or ""))
        self._badge(painter, option, inner, str(index.data(HINTS) or ""), right=True)
        self._tags(painter, option, inner, index)
        chosen, hovered = marks_of(option)
        if chosen:
            painter.setPen(QPen(option.palette.accent().color(), RING))
            painter.drawRect(area.adjusted(1, 1, -2, -2))
        elif index.data(SELECTED):
            painter.setPen(QPen(option.palette.accent().color(), 2, Qt.PenStyle.DashLine))
            painter.drawRect(area.adjusted(1, 1, -2, -2))
        elif hovered:
            painter.setPen(QPen(option.palette.placeholderText().color(), 1))
            painter.drawRect(area.adjusted(0, 0, -1, -1))
        painter.restore()

    @staticmethod
    def _mute(painter: QPainter, option: QStyleOptionViewItem, area: QRect) -> None:
        """What is muted is faint, struck through in amber, and says so."""
        faint = QColor(option.palette.base().color())
        faint.setAlpha(170)
        painter.fillRect(area, faint)
        amber = option.palette.brightText().color()
        painter.setPen(QPen(amber, 2))
        inner = area.adjusted(4, 4, -5, -5)
        painter.drawRect(inner)
        painter.drawLine(inner.bottomLeft(), inner.topRight())
        box = QRect(0, 0, option.fontMetrics.horizontalAdvance("muted") + 10, option.fontMetrics.height() + 2)
        box.moveCenter(area.center())
        painter.fillRect(box, amber)
        painter.setPen(option.palette.base().color())
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "muted")

    def _badge(
        self, painter: QPainter, option: QStyleOptionViewItem, area: QRect, text: str, *, right: bool = False
    ) -> None:
        """Words in an upper corner, light on dark."""
        if not text:
            return
        self._set_font(painter, option, bold=False)
        text = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, area.width() - 12)
        box = self._box(painter, text)
        box.moveTopRight(area.topRight()) if right else box.moveTopLeft(area.topLeft())
        painter.fillRect(box, QColor(0, 0, 0, 150))
        painter.setPen(QColor("white"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _tags(self, painter: QPainter, option: QStyleOptionViewItem, area: QRect, index: AnyIndex) -> None:
        """The signs of the tags from the lower right corner on, each on its color, as many as there is room for."""
        signs = str(index.data(MARKS) or "").split()
        colors: tuple[str, ...] = index.data(COLORS) or ()
        self._set_font(painter, option, bold=True)
        corner = area.bottomRight()
        for position in reversed(range(len(signs))):
            sign, color = signs[position], colors[position] if position < len(colors) else ""
            box = self._box(painter, sign)
            more = self._box(painter, signs[position - 1]).width() + 2 if position else 0
            full = corner.x() - box.width() - more < area.left()
            if full and position:
                sign, color = "…", ""
                box = self._box(painter, sign)
            box.moveBottomRight(corner)
            ground = QColor(color) if color else option.palette.accent().color()
            painter.fillRect(box, ground)
            painter.setPen(readable_on(ground))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, sign)
            if full:
                break
            corner = QPoint(box.left() - 2, corner.y())

    @staticmethod
    def _set_font(painter: QPainter, option: QStyleOptionViewItem, *, bold: bool) -> None:
        font = QFont(option.font)
        font.setPointSizeF(font.pointSizeF() * 0.85)
        font.setBold(bold)
        painter.setFont(font)

    @staticmethod
    def _box(painter: QPainter, text: str) -> QRect:
        metrics = painter.fontMetrics()
        return QRect(0, 0, metrics.horizontalAdvance(text) + 8, metrics.height() + 1)


def readable_on(ground: QColor) -> QColor:
    """Black or white, whichever is read more easily on a color (WCAG 2, relative luminance)."""
    parts = ground.redF(), ground.greenF(), ground.blueF()
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return QColor("black") if luminance > 0.179 else QColor("white")


class OverlayGrid(ViewedList):
    """A grid of cells over a model with the roles of `lists`.

    Where `several` cells can be selected: `extended(row)` for a click with Shift, `toggled(row)` for one with Ctrl.
    """

    extended = Signal(int)
    toggled = Signal(int)

    def __init__(
        self,
        session: Session,
        model: ListModel,
        in_view: Callable[[], int],
        name: str,
        cell: int = 88,
        delegate: CellDelegate | None = None,
    ) -> None:
        super().__init__(session, model, in_view, name)
        self._delegate = delegate or CellDelegate(cell)
        self._delegate.setParent(self)
        self.setItemDelegate(self._delegate)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.verticalScrollBar().setSingleStep(self._delegate.cell // 3)
        self.several = False
        self.hint = ""
        """What stands in an empty grid: why it is empty, and what to do."""

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.hint and not self.model().rowCount():
            painter = QPainter(self.viewport())
            painter.setPen(self.palette().placeholderText().color())
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.viewport().rect().adjusted(GAP, GAP, -GAP, -GAP), flags, self.hint)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        keys, index = event.modifiers(), self.indexAt(event.position().toPoint())
        shift, control = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
        wanted = self.several and event.button() == Qt.MouseButton.LeftButton and index.isValid()
        if wanted and keys & (shift | control):
            (self.extended if keys & shift else self.toggled).emit(index.row())
            event.accept()
        else:
            super().mousePressEvent(event)

    def columns(self) -> int:
        """How many cells stand in one row of the grid."""
        return max(1, self.viewport().width() // (self._delegate.across + GAP))

    def set_cell(self, side: int) -> None:
        """Draw cells of this side, in pixels."""
        if side != self._delegate.cell:
            self._delegate.cell = side
            self.verticalScrollBar().setSingleStep(side // 3)
            self.scheduleDelayedItemsLayout()

    def set_opacity(self, opacity: float) -> None:
        """Opacity of the overlays, 0 to 1."""
        self._delegate.overlay_opacity = opacity
        self.viewport().update()
