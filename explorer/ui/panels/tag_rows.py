"""The tags of the filter in view, a row each, in a place that keeps its height whatever they are."""

from itertools import pairwise

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from explorer.core.tags.book import FilterKey, Tag
from explorer.core.tags.vocabulary import Vocabulary
from explorer.ui.panels.tag_row import TagRow
from explorer.ui.widgets.labels_and_layouts import column

GAP = 6
"""Pixels between two rows."""


class TagRows(QScrollArea):
    """Rows stay where they are while a filter is in view: a new tag comes below the others, in sight.

    The signals are those of `TagRow`.
    """

    described = Signal(object, str, str, str)
    removed = Signal(object, str)
    reviewed = Signal(object, str)
    finished = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._key = FilterKey(0, 0)
        self._rows: dict[tuple[str, str], TagRow] = {}
        self._free: list[TagRow] = []
        inside = self._inside = QWidget()
        self._column = column(1, gap=GAP)
        inside.setLayout(self._column)
        self.setWidget(inside)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for part in (self.viewport(), inside):
            part.setAutoFillBackground(False)
        self.setAccessibleName("Tags of the filter")
        sample_row = self._new()
        self._height, self._kept = sample_row.sizeHint().height(), 1
        self._free.append(sample_row)

    def keep_room(self, rows: int) -> None:
        """Have room for so many rows, whether they are there or not; all room that is left shows more."""
        if rows != self._kept:
            self._kept = rows
            self.updateGeometry()

    @property
    def rows(self) -> list[TagRow]:
        """The rows on show, from above."""
        return sorted(self._rows.values(), key=self._column.indexOf)

    def row_at(self, point: QPoint) -> TagRow | None:
        """The row under a point of this widget."""
        part = self.viewport().childAt(point)
        while part is not None and not isinstance(part, TagRow):
            part = part.parentWidget()
        return part

    def row_of(self, annotator: str, word: str) -> TagRow | None:
        """The row of somebody's tag."""
        return self._rows.get((annotator, word))

    def commit(self) -> None:
        """Tell what is being typed."""
        for tag_row in list(self._rows.values()):
            if tag_row.typing:
                tag_row.commit()

    def show_tags(
        self, key: FilterKey, tags: tuple[Tag, ...], annotator: str, vocabulary: Vocabulary, *, locked: bool
    ) -> None:
        """Show these tags of a filter; those of `annotator` can be changed unless they are locked."""
        wanted = {(tag.annotator, tag.tag): tag for tag in tags}
        for name in [name for name in self._rows if name not in wanted or key != self._key]:
            gone = self._rows.pop(name)
            gone.release()
            self._column.removeWidget(gone)
            self._free.append(gone)
        self._key = key
        newest = None
        for name, tag in sorted(wanted.items(), key=lambda item: (item[0][0] == annotator, item[1].created)):
            if name not in self._rows:
                newest = self._rows[name] = self._free.pop() if self._free else self._new()
                self._column.insertWidget(self._column.count() - 1, newest)
            tag_row = self._rows[name]
            tag_row.show_tag(key, tag, vocabulary.entry(tag.tag), own=name[0] == annotator, locked=locked)
            tag_row.show()
        if newest is not None:
            chain = [part for tag_row in self.rows for part in tag_row.chain()]
            for before, after in pairwise(chain):
                QWidget.setTabOrder(before, after)
            self._bring_into_sight(newest)

    def sizeHint(self) -> QSize:
        return QSize(200, self._kept * self._height + max(0, self._kept - 1) * GAP)

    def minimumSizeHint(self) -> QSize:
        return QSize(100, self.sizeHint().height())

    def _new(self) -> TagRow:
        tag_row = TagRow()
        tag_row.described.connect(self.described)
        tag_row.removed.connect(lambda key, word: self._remove(tag_row, key, word))
        tag_row.reviewed.connect(self.reviewed)
        tag_row.finished.connect(self.finished)
        return tag_row

    def _remove(self, tag_row: TagRow, key: FilterKey, word: str) -> None:
        tag_row.take_back()
        self.commit()  # the button takes no focus: what is typed into another row would not be noticed
        self.removed.emit(key, word)

    def _bring_into_sight(self, tag_row: TagRow) -> None:
        inside = self._inside
        inside.resize(self.viewport().width(), max(self.viewport().height(), inside.sizeHint().height()))
        self._column.activate()
        self.ensureWidgetVisible(tag_row, 0, 0)
