"""Lists and grids whose marked row is what is looked at: the session moves the mark, and nothing else does."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSignalBlocker,
    QStringListModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QFocusEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QListView

from explorer.state.session import Session
from explorer.ui.widgets.plain_text import tip_text

AnyIndex = QModelIndex | QPersistentModelIndex


class ListModel(QStringListModel):
    """A list of rows that is replaced whole or repainted whole; a subclass gives `about` and `data_of` of a row.

    Qt's own list of empty texts keeps the count of the rows: a view asks for it twice a row whenever one of them has
    changed, and 40,000 answers of Python's would hold up the window.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: Sequence[Any] = ()
        self._places: Mapping[Any, int] | None = None

    def about(self, row: Any) -> str:
        """A row in words: under the mouse, and for who cannot see it."""
        raise NotImplementedError

    def data_of(self, row: Any, role: int) -> Any:
        """What is drawn of a row."""
        raise NotImplementedError

    def row_of(self, row: Any) -> int:
        """The place of a row; -1 where it is not shown."""
        if self._places is None:
            self._places = {shown: position for position, shown in enumerate(self.rows)}
        return self._places.get(row, -1)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip_text(self.about(row))
        return self.about(row) if role == Qt.ItemDataRole.AccessibleTextRole else self.data_of(row, role)

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        plain = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemNeverHasChildren
        return plain if index.isValid() else Qt.ItemFlag.NoItemFlags

    def set_rows(self, rows: Sequence[Any], places: Mapping[Any, int] | None = None) -> None:
        """Replace the rows, whose places may be known; where they are the same, only repaint them."""
        if list(rows) == list(self.rows):
            self.repaint_all()
            return
        self.rows, self._places = rows, places
        self.setStringList([""] * len(rows))

    def repaint_rows(self, rows: Iterable[Any]) -> None:
        """Tell the views that these rows may look different; those that are not there are left out."""
        for row in rows:
            position = self.row_of(row)
            if position >= 0:
                self.dataChanged.emit(self.index(position), self.index(position))

    def repaint_all(self) -> None:
        """Tell the views that every row may look different."""
        if self.rows:
            self.dataChanged.emit(self.index(0), self.index(len(self.rows) - 1))


class Mark(QItemSelectionModel):
    """One marked row, or none. What Qt would mark by itself, for whatever reason, is only a wish: `wished(row)`."""

    wished = Signal(int)

    def put(self, row: int) -> None:
        """Mark a row; a negative one, or one that is not there, marks none."""
        index, flag = self.model().index(row, 0), QItemSelectionModel.SelectionFlag
        super().select(QItemSelection(index, index) if index.isValid() else QItemSelection(), flag.ClearAndSelect)
        super().setCurrentIndex(index, flag.NoUpdate)

    def setCurrentIndex(self, index: AnyIndex, command: QItemSelectionModel.SelectionFlag) -> None:
        if index.isValid():
            self.wished.emit(index.row())

    def select(self, chosen: object, command: QItemSelectionModel.SelectionFlag) -> None:
        """Nothing: what is selected follows what is current."""

    def clear(self) -> None:
        """Nothing: there is no list without a mark where its row is there."""

    def clearCurrentIndex(self) -> None:
        """Nothing, as `clear`."""

    def reset(self) -> None:
        """Forget the row, because the rows are others now."""
        with QSignalBlocker(self):
            super().select(QItemSelection(), QItemSelectionModel.SelectionFlag.Clear)
            super().clearCurrentIndex()


class ViewedList(QListView):
    """Marks the row `in_view()` whatever happens, and brings it into sight; `picked(row)` when a person wants another.

    `in_view` gives -1 where what is looked at has no row here.
    """

    picked = Signal(int)

    def __init__(
        self,
        session: Session,
        model: ListModel,
        in_view: Callable[[], int],
        name: str,
    ) -> None:
        super().__init__()
        self._in_view = in_view
        self._from_top = False
        self.setAccessibleName(name)
        self.setModel(model)
        qt_own = self.selectionModel()
        self._mark = Mark(model, self)
        self.setSelectionModel(self._mark)
        qt_own.deleteLater()
        self._mark.wished.connect(self.picked)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        session.changed.connect(self._view_changed)
        model.modelReset.connect(self.follow)
        self.follow()

    def follow(self) -> None:
        """Mark the row of what is looked at."""
        row = self._in_view()
        if row != self.currentIndex().row():  # -1 where none is marked
            self._mark.put(row)

    def show_from_top(self, wanted: bool) -> None:
        """Stand at the first row until another picture or filter is looked at: a search begins with what it found."""
        self._from_top = wanted
        self._bring_into_sight()

    def _view_changed(self) -> None:
        self._from_top = False
        self.follow()

    def keyboardSearch(self, search: str) -> None:
        """Nothing: letters are the window's keys."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            event.ignore()  # the window's
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        with QSignalBlocker(self._mark):  # Qt would mark the first row where none is marked: nobody wished that
            super().focusInEvent(event)

    def doItemsLayout(self) -> None:
        super().doItemsLayout()
        self._bring_into_sight()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if not self.isWrapping() or event.size().width() == event.oldSize().width():
            self._bring_into_sight()  # otherwise a new layout follows

    def _bring_into_sight(self) -> None:
        if self._from_top:
            self.scrollToTop()
            return
        index = self.currentIndex()
        if index.isValid() and self.isVisible() and self.hasAutoScroll():
            self.scrollTo(index)
