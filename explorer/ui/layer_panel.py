"""The layers of the network, how far each is tagged, and which one is in view."""

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QResizeEvent
from PySide6.QtWidgets import QListView, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from explorer.core.tags import FilterKey
from explorer.state.library import Library
from explorer.state.session import Session
from explorer.state.tagging import Tagging
from explorer.ui.lists import ListModel
from explorer.ui.parts import paint_row

if TYPE_CHECKING:
    from explorer.core.layers import LayerInfo

AnyIndex = QModelIndex | QPersistentModelIndex
TAGGED = Qt.ItemDataRole.UserRole + 1


class LayerModel(ListModel):
    """The layers with the number of their tagged filters."""

    def __init__(self, library: Library, tagging: Tagging) -> None:
        super().__init__()
        self._tagging = tagging
        self._tagged: dict[int, int] = {}
        library.network_opened.connect(lambda network: self.set_rows(network.layers))
        tagging.reset.connect(self._count)
        tagging.changed.connect(lambda key: self._count())

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        layer: LayerInfo = self.rows[index.row()]
        if role == Qt.ItemDataRole.UserRole:
            return layer
        if role == TAGGED:
            return self._tagged.get(layer.index, 0)
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{layer.index}  {layer.name}"
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            norm = f", taken after {layer.norm}" if layer.norm else ""
            tagged = self._tagged.get(layer.index, 0)
            return (
                f"layer {layer.index}: {layer.name}, {layer.filters} filters, "
                f"{layer.height} × {layer.width}{norm}; {tagged} tagged"
            )
        return None

    def _count(self) -> None:
        keys: tuple[FilterKey, ...] = self._tagging.book.keys()
        self._tagged = {}
        for key in keys:
            self._tagged[key.layer] = self._tagged.get(key.layer, 0) + 1
        self.repaint_all()


class LayerDelegate(QStyledItemDelegate):
    """One line: number, name, bar and count."""

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        return QSize(120, option.fontMetrics.height() + 10)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        layer: LayerInfo = index.data(Qt.ItemDataRole.UserRole)
        tagged: int = index.data(TAGGED)
        area, palette = option.rect, option.palette
        painter.save()
        paint_row(painter, option)
        middle = Qt.AlignmentFlag.AlignVCenter
        count = f"{tagged} of {layer.filters}"
        metrics = option.fontMetrics
        right = metrics.horizontalAdvance("000 of 000") + 8
        painter.setPen(palette.text().color())
        painter.drawText(area.adjusted(10, 0, 0, 0), middle, str(layer.index))
        painter.setPen(palette.placeholderText().color())
        painter.drawText(area.adjusted(0, 0, -8, 0), middle | Qt.AlignmentFlag.AlignRight, count)
        name = QRect(area.left() + 36, area.top(), area.width() - 36 - right - 8, area.height())
        text = metrics.elidedText(layer.name, Qt.TextElideMode.ElideLeft, name.width())
        painter.drawText(name, middle, text)
        bar = QRect(name.left(), area.bottom() - 3, name.width(), 2)
        painter.fillRect(bar, palette.mid())
        bar.setWidth(round(bar.width() * tagged / layer.filters))
        painter.fillRect(bar, palette.accent())
        painter.restore()


class LayerList(QListView):
    """Chooses the layer in view; `picked(layer)`."""

    picked = Signal(int)

    def __init__(self, session: Session, library: Library, tagging: Tagging, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Layers")
        self.setModel(LayerModel(library, tagging))
        self.model().setParent(self)
        self.setItemDelegate(LayerDelegate(self))
        self.setMouseTracking(True)
        self.setMinimumHeight(120)
        self.setUniformItemSizes(True)
        self.clicked.connect(lambda index: self.picked.emit(index.row()))
        session.changed.connect(lambda before, after: self._follow(after.layer))
        library.network_opened.connect(lambda network: self._follow(session.view.layer))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.currentIndex().isValid():  # the tag panel above grows and shrinks
            self.scrollTo(self.currentIndex())

    def _follow(self, layer: int) -> None:
        index = self.model().index(layer, 0)
        if index != self.currentIndex():
            self.setCurrentIndex(index)
            self.scrollTo(index)
