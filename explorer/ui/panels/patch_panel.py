"""What moved under a patch on the picture: classes and filters, each before and with it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPixmap, QResizeEvent
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QWidget

from explorer.state.lens.occluding import Occluding
from explorer.state.opened.library import Library
from explorer.state.session import Session
from explorer.ui.widgets.filter_model import FilterModel
from explorer.ui.widgets.labels_and_layouts import paint_row, row
from explorer.ui.widgets.lists import BASE, OVERLAY
from explorer.ui.widgets.pixmaps import inscribed
from explorer.ui.widgets.viewed_list import AnyIndex, ListModel, ViewedList

LOWERED, RAISED = QColor(224, 120, 20), QColor(60, 130, 214)
"""The colors of the occlusion map: what covering lowers, what it raises."""

MOST_CLASSES, MOST = 12, 64


BOTH = 560
"""Pixels of width from which on there is room for the classes, which the top of the window has too."""

SIDE = 32
"""Pixels of a filter's thumbnail."""


@dataclass(frozen=True)
class Moved:
    """A class or a filter (`filter` its number, -1 for a class) before and with the patch; a change by `full` fills the
    bar: the whole probability, or the filter's whole scale.

    `tags` are the words that a filter has.
    """

    name: str
    before: float
    after: float
    full: float
    filter: int = -1
    tags: tuple[str, ...] = ()


class MovedModel(ListModel):
    """What the patch moved, most first; filters with their thumbnails, as `filters` draws them without the patch."""

    def __init__(self, filters: FilterModel) -> None:
        super().__init__()
        self._filters = filters
        filters.dataChanged.connect(lambda *changed: self.repaint_all())  # it draws in portions

    def about(self, row: Moved) -> str:
        tags = f"\n{', '.join(row.tags)}" if row.tags else ""
        bar = f"\nA full bar is a change by {row.full:.3g}, where the filter's scale ends." if row.filter >= 0 else ""
        return f"{row.name}: {row.before:.3g} without the patch, {row.after:.3g} with it{bar}{tags}"

    def data_of(self, row: Moved, role: int) -> Any:
        if role in (BASE, OVERLAY):
            return self._filters.data_of(row.filter, role) if row.filter >= 0 else None
        return row if role == Qt.ItemDataRole.UserRole else None

    def row_of_filter(self, filter: int) -> int:
        """The place of a filter; -1 where it is not among what moved."""
        return next((position for position, moved in enumerate(self.rows) if moved.filter == filter), -1)


class MovedDelegate(QStyledItemDelegate):
    """Paints a name, a bar from the middle (to the left what fell, to the right what rose), and both numbers.

    A filter has its thumbnail before the name, and its tags below it.
    """

    NAME, NUMBERS = 84, 140

    def __init__(self, *, thumbnails: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        moved: Moved = index.data(Qt.ItemDataRole.UserRole)
        paint_row(painter, option)
        area, middle = option.rect.adjusted(6, 0, -6, 0), Qt.AlignmentFlag.AlignVCenter
        if self._thumbnails:
            self._paint_thumbnail(painter, area, index)
            area = area.adjusted(SIDE + 6, 0, 0, 0)
        painter.setPen(option.palette.text().color())
        for number, text in enumerate(filter(None, (moved.name, ", ".join(moved.tags)))):
            lines = 2 if moved.tags else 1
            line = QRect(area.left(), area.top() + number * area.height() // lines, self.NAME, area.height() // lines)
            painter.drawText(line, middle, option.fontMetrics.elidedText(text, Qt.TextElideMode.ElideRight, self.NAME))
            painter.setPen(option.palette.placeholderText().color())
        painter.setPen(option.palette.text().color())
        numbers = f"{moved.before:.3g} → {moved.after:.3g}"
        painter.drawText(area, middle | Qt.AlignmentFlag.AlignRight, numbers)
        room = QRect(area.left() + self.NAME, area.center().y() - 3, area.width() - self.NAME - self.NUMBERS, 7)
        center = room.center().x()
        painter.fillRect(QRect(center, room.top() - 2, 1, room.height() + 4), option.palette.mid())
        change = moved.after - moved.before
        length = round(room.width() / 2 * min(1.0, abs(change) / moved.full)) if moved.full > 0 else 0
        if length:
            left = center - length if change < 0 else center + 1
            painter.fillRect(QRect(left, room.top(), length, room.height()), LOWERED if change < 0 else RAISED)

    def _paint_thumbnail(self, painter: QPainter, area: QRect, index: AnyIndex) -> None:
        square = QRect(area.left(), area.center().y() - SIDE // 2 + 1, SIDE, SIDE)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for role in (BASE, OVERLAY):
            drawn = index.data(role)
            if isinstance(drawn, QPixmap):
                painter.drawPixmap(inscribed(drawn.size(), square), drawn)

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        line = option.fontMetrics.height()
        return QSize(260, max(SIDE, 2 * line) + 4 if self._thumbnails else line + 6)


class MovedList(ViewedList):
    """A list of what moved; the filter in view is marked."""

    def __init__(self, session: Session, filters: FilterModel, name: str, *, thumbnails: bool) -> None:
        model = MovedModel(filters)
        super().__init__(session, model, lambda: model.row_of_filter(session.view.filter), name)
        self.model_ = model
        model.setParent(self)
        self.setItemDelegate(MovedDelegate(thumbnails=thumbnails, parent=self))
        self.setAutoScroll(False)  # what moved most is to be seen, wherever the filter in view stands
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def show_moved(self, rows: Iterable[Moved], *, in_order: bool = False) -> None:
        """Show at most `MOST` of these rows, the one that moved most first, or in the order given."""
        listed = list(rows) if in_order else sorted(rows, key=lambda moved: -abs(moved.after - moved.before))
        self.model_.set_rows(listed[:MOST])


class PatchPanel(QWidget):
    """The classes as at the top of the window, and the filters of the layer in view, while a patch is there.

    `filter_picked(filter)`.
    """

    filter_picked = Signal(int)

    def __init__(self, session: Session, library: Library, occluding: Occluding, filters: FilterModel) -> None:
        super().__init__()
        self._session, self._library, self._occluding, self._model = session, library, occluding, filters
        self._classes, self._filters = (
            MovedList(session, filters, f"{kind} that moved", thumbnails=kind == "Filters")
            for kind in ("Classes", "Filters")
        )
        self._filters.picked.connect(lambda row: self.filter_picked.emit(self._filters.model_.rows[row].filter))
        self.setLayout(row(self._classes, self._filters))
        self._filters.setMinimumWidth(280)
        occluding.changed.connect(self._show)
        session.changed.connect(lambda before, after: self._show() if after.layer != before.layer else None)
        filters.tagging.changed.connect(lambda key: self._show())
        self._show()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._classes.setVisible(self.width() >= BOTH)
        super().resizeEvent(event)

    def _show(self) -> None:
        patch, network, layer = self._occluding.patch, self._library.network, self._session.view.layer
        self.setVisible(patch is not None)
        if patch is None or network is None:
            return
        pairs = zip(network.classes, patch.before.probabilities, patch.covered.probabilities, strict=False)
        classes = sorted(pairs, key=lambda pair: -pair[1])[:MOST_CLASSES]  # as at the top of the window
        moved = [Moved(name, float(before), float(after), 1.0) for name, before, after in classes]
        self._classes.show_moved(moved, in_order=True)
        answers = patch.covered.answers.get(layer)
        if answers is None:
            self._filters.show_moved([])
            return
        before = patch.before.answers[layer]
        most = sorted(range(len(answers)), key=lambda filter_index: -abs(answers[filter_index] - before[filter_index]))
        self._filters.show_moved(
            Moved(
                f"{layer}:{filter_index}",
                float(before[filter_index]),
                float(answers[filter_index]),
                self._model.scale_of(filter_index).peak,
                filter_index,
                self._model.words_of(filter_index),
            )
            for filter_index in most[:MOST]
        )
