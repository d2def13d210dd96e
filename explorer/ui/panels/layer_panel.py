"""The layers of the network, how far each is tagged, and which one is in view."""

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QListView, QStyledItemDelegate, QStyleOptionViewItem

from explorer.core.counting import counted
from explorer.core.tags.book import FilterKey
from explorer.state.opened.library import Library
from explorer.state.session import Session
from explorer.state.tags.tagging import Tagging
from explorer.state.view.muting import Muting
from explorer.ui.widgets.labels_and_layouts import paint_row
from explorer.ui.widgets.viewed_list import AnyIndex, ListModel, ViewedList

if TYPE_CHECKING:
    from explorer.core.network.hooked_layers import LayerInfo

LEAST, SHORT = 96, 72
"""Pixels of height that some layers always have; the same while others need the room."""
TAGGED, FLAGGED, MUTED = (Qt.ItemDataRole.UserRole + offset for offset in (1, 2, 3))


class LayerModel(ListModel):
    """The layers with the number of their tagged filters."""

    def __init__(self, library: Library, tagging: Tagging, muting: Muting) -> None:
        super().__init__()
        self._tagging, self._muting = tagging, muting
        muting.changed.connect(self.repaint_all)
        self._tagged: dict[int, set[int]] = {}
        self._flagged: dict[int, set[int]] = {}
        library.network_opened.connect(lambda network: self.set_rows(network.layers))
        tagging.reset.connect(self._count)
        tagging.changed.connect(self._count_again)

    def about(self, row: "LayerInfo") -> str:
        norm = f", taken after {row.norm}" if row.norm else ""
        return (
            f"layer {row.index}: {row.name}, {counted(row.filters, 'filter')}, "
            f"{row.height} × {row.width}{norm}; {len(self._tagged.get(row.index, ()))} tagged"
            f"{', some need review' if self._flagged.get(row.index) else ''}"
            f"{f', {muted} muted' if (muted := self._muted(row)) else ''}"
        )

    def data_of(self, row: "LayerInfo", role: int) -> Any:
        if role == Qt.ItemDataRole.UserRole:
            return row
        if role == TAGGED:
            return len(self._tagged.get(row.index, ()))
        if role == MUTED:
            return self._muted(row)
        if role == FLAGGED:
            return bool(self._flagged.get(row.index))
        return f"{row.index}  {row.name}" if role == Qt.ItemDataRole.DisplayRole else None

    def _muted(self, row: "LayerInfo") -> int:
        return sum(key.layer == row.index for key in self._muting.keys)

    def _count(self) -> None:
        self._tagged, self._flagged = {}, {}
        for key, tag in self._tagging.book.entries():
            self._tagged.setdefault(key.layer, set()).add(key.filter)
            if tag.needs_review:
                self._flagged.setdefault(key.layer, set()).add(key.filter)
        self.repaint_all()

    def _count_again(self, key: FilterKey) -> None:
        """Count one filter anew; counting all of a large book for each would hold up the window."""
        tagged = self._tagged.setdefault(key.layer, set())
        (tagged.add if key in self._tagging.book else tagged.discard)(key.filter)
        flagged, needs = self._flagged.setdefault(key.layer, set()), self._tagging.book.tags(key)
        (flagged.add if any(tag.needs_review for tag in needs) else flagged.discard)(key.filter)
        self.repaint_rows(row for row in self.rows if row.index == key.layer)


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
        count = f"{'⚑  ' * bool(index.data(FLAGGED))}{tagged} of {layer.filters}"
        metrics = option.fontMetrics
        right = metrics.horizontalAdvance("⚑ 000 of 000") + 8
        if muted := index.data(MUTED):
            text = f"{muted} muted"
            painter.setPen(palette.brightText().color())
            left = area.adjusted(0, 0, -8 - metrics.horizontalAdvance(f"{count}  "), 0)
            painter.drawText(left, middle | Qt.AlignmentFlag.AlignRight, text)
            painter.fillRect(QRect(area.left() + 3, area.top() + 2, 2, area.height() - 4), palette.brightText())
            right = max(right, metrics.horizontalAdvance(f"{count}  {text}  ") + 8)
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


class LayerList(ViewedList):
    """The layers, with the one in view marked."""

    def __init__(self, session: Session, library: Library, tagging: Tagging, muting: Muting) -> None:
        model = LayerModel(library, tagging, muting)
        super().__init__(session, model, lambda: session.view.layer, "Layers")
        model.setParent(self)
        self.setItemDelegate(LayerDelegate(self))
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerItem)  # no row is cut at the top
        self._least = LEAST
        model.modelReset.connect(self._take_room)
        self._take_room()

    def sizeHint(self) -> QSize:
        return QSize(120, self._least)

    def be_short(self, short: bool) -> None:
        """Keep less room, or as much as usual."""
        self._least = SHORT if short else LEAST
        self._take_room()

    def _take_room(self) -> None:
        """As much as there is, up to all layers."""
        self.setMinimumHeight(self._least)
        rows = self.model().rowCount()
        of_rows = rows * self.sizeHintForRow(0) if rows else 0
        self.setMaximumHeight(max(self._least, of_rows + 2 * self.frameWidth()))
