"""The history of the open tags: a list to search in, and the way back from every change."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QDialog, QHeaderView, QLineEdit, QTableView, QWidget

from explorer.core.tags.history import Change
from explorer.state.tags.history import TagHistory, cells_of
from explorer.ui.widgets.labels_and_layouts import column, label, row
from explorer.ui.widgets.plain_text import PlainButton, tip
from explorer.ui.widgets.screen_room import resize_on_screen
from explorer.ui.widgets.theme import SPACE

TITLES = ("When (UTC)", "Who", "Filter", "What", "Tag", "Before", "After")
WIDTHS = (150, 100, 64, 84, 150, 150)
LONGEST = 600
"""Characters of what was said before and after that are shown below the list."""
Index = QModelIndex | QPersistentModelIndex


class HistoryModel(QAbstractTableModel):
    """Changes, a row each."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.rows: list[Change] = []

    def show_rows(self, rows: list[Change]) -> None:
        """Show other rows."""
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt asks without one
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return len(TITLES)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return TITLES[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return " ".join(cells_of(self.rows[index.row()])[index.column()].split())


class HistoryDialog(QDialog):
    """Stays open beside the window; `restored(change)` asks for what was before, `shown(key)` for the filter."""

    restored = Signal(object)
    shown = Signal(object)

    def __init__(self, history: TagHistory, locked: Callable[[], str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._history, self._locked = history, locked
        self.setWindowTitle("History of the tags")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        resize_on_screen(self, 960, 520)
        self.search = QLineEdit()
        self.search.setAccessibleName("Search the history")
        self.search.setPlaceholderText("search: a filter, a word, a name, a day")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._show)
        self.model = HistoryModel(self)
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setAccessibleName("Changes, the newest first")
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setTabKeyNavigation(False)
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + SPACE)
        for section, width in enumerate(WIDTHS):
            self.table.setColumnWidth(section, width)
        self.table.horizontalHeader().setSectionResizeMode(len(TITLES) - 1, QHeaderView.ResizeMode.Stretch)
        self.table.horizontalHeader().setHighlightSections(False)
        self._whole = label("", "quiet", wrap=True)  # a cell may be too narrow for its text
        self._whole.setMinimumHeight(2 * self._whole.fontMetrics().lineSpacing())
        self._count = label("", "quiet")
        self.show_it, self.restore = PlainButton("Show the filter"), PlainButton("Restore what was before")
        tip(self.restore, "The tag becomes what it was before this change; Ctrl+Z takes that back.")
        close = PlainButton("Close")
        for button in (self.show_it, self.restore, close):
            button.setAutoDefault(False)  # Enter in the search restores nothing
        self.show_it.clicked.connect(lambda: self._ask(self.shown, lambda change: change.key))
        self.restore.clicked.connect(lambda: self._ask(self.restored, lambda change: change))
        close.clicked.connect(self.close)
        buttons = row(self._count, 1, self.show_it, self.restore, close)
        self.setLayout(column(self.search, self.table, self._whole, buttons, margin=2 * SPACE, gap=SPACE))
        self.table.selectionModel().selectionChanged.connect(self._offer)
        history.changed.connect(self._show)
        self.finished.connect(lambda result: history.look(False))
        history.look(True)
        self._show()

    def _show(self) -> None:
        changes = self._history.found(self.search.text())
        self.model.show_rows(changes)
        self._count.setText(f"{len(changes):,} change{'s' * (len(changes) != 1)}")
        if changes:
            self.table.selectRow(0)
        self._offer()

    def _offer(self) -> None:
        index = self.table.currentIndex()
        selected = index.isValid()
        self._whole.setText(" → ".join(cells_of(self.model.rows[index.row()])[5:])[:LONGEST] if selected else "")
        self.show_it.setEnabled(selected)
        self.restore.setEnabled(selected and not self._locked())

    def _ask(self, signal: Any, value_of: Callable[[Change], object]) -> None:
        index = self.table.currentIndex()
        if index.isValid():
            signal.emit(value_of(self.model.rows[index.row()]))
