"""The pictures of the folder: search, thumbnails, class and prediction."""

from pathlib import Path

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QLineEdit, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from explorer.core.counting import counted
from explorer.state.opened.library import Library
from explorer.state.pictures.chosen import ChosenPictures
from explorer.state.pictures.search import EXAMPLES, PictureSearch
from explorer.state.session import Session
from explorer.ui.widgets.command_tips import stands_for
from explorer.ui.widgets.elided_label import ElidedLabel
from explorer.ui.widgets.info_mark import InfoMark
from explorer.ui.widgets.labels_and_layouts import column, label, paint_row, row
from explorer.ui.widgets.lists import CLASS, PREDICTION, PROBLEM, PictureModel
from explorer.ui.widgets.pixmaps import inscribed
from explorer.ui.widgets.plain_text import PlainTool, tip
from explorer.ui.widgets.theme import SPACE
from explorer.ui.widgets.viewed_list import AnyIndex, ViewedList

THUMB = 56


class PictureDelegate(QStyledItemDelegate):
    """A thumbnail with three short lines beside it."""

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        return QSize(160, THUMB + 8)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        area, palette = option.rect, option.palette
        painter.save()
        paint_row(painter, option)
        square = QRect(area.left() + 8, area.top() + 4, THUMB, THUMB)
        thumbnail, problem = index.data(Qt.ItemDataRole.DecorationRole), index.data(PROBLEM)
        if isinstance(thumbnail, QPixmap):
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(inscribed(thumbnail.size(), square), thumbnail)
        else:
            painter.fillRect(square, palette.alternateBase())
            if problem:
                painter.drawText(square, Qt.AlignmentFlag.AlignCenter, "✕")
        lines = [str(index.data(Qt.ItemDataRole.DisplayRole))]
        if problem:
            lines.append("cannot be read")
        else:
            lines += [text for text in (index.data(CLASS), index.data(PREDICTION)) if text]
        height = option.fontMetrics.height()
        top = square.center().y() - height * len(lines) // 2
        for number, text in enumerate(lines):
            line = QRect(square.right() + 9, top + number * height, area.right() - square.right() - 13, height)
            painter.setPen((palette.text() if number == 0 else palette.placeholderText()).color())
            text = option.fontMetrics.elidedText(text, Qt.TextElideMode.ElideMiddle, line.width())
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()


class PicturePanel(QWidget):
    """`picked(path)` when a person chooses a picture."""

    picked = Signal(object)
    left = Signal()
    """The search was left with Escape or Enter."""
    searched = Signal(bool)
    """Other words are searched for, or none any more."""

    def __init__(self, session: Session, library: Library, chosen: ChosenPictures, search: PictureSearch) -> None:
        super().__init__()
        self._chosen, self._library = chosen, library
        self.model = PictureModel(library, search)
        self.model.setParent(self)
        self._search = QLineEdit()
        self._search.setPlaceholderText("search, or class:melanoma")
        self._search.setAccessibleName("Search pictures by name, class, or what the index knows")
        tip(self._search, EXAMPLES)
        stands_for(self._search, "Find pictures")
        self._search.textChanged.connect(self._find)
        self._search.returnPressed.connect(self.left)
        self._nothing = label("", "quiet", wrap=True)
        self._nothing.hide()
        self.list = ViewedList(session, self.model, lambda: self.model.row_of(session.view.picture), "Pictures")
        self.list.setItemDelegate(PictureDelegate(self.list))
        self.searched.connect(self.list.show_from_top)
        self.list.picked.connect(lambda index: self.picked.emit(self.model.rows[index]))
        self._alone = ElidedLabel("", "quiet")
        self._all = PlainTool("all")
        self._all.setAccessibleName("List all pictures again")
        self._all.clicked.connect(chosen.clear)
        self._alone.hide()
        self._all.hide()
        chosen.changed.connect(self._show_chosen)
        self.model.modelReset.connect(self._say_found)
        above = row(self._search, InfoMark("pictures"), gap=4)
        self.setLayout(column(above, row(self._alone, self._all), self._nothing, self.list, gap=SPACE))
        self.setMinimumWidth(206)

    def beside(self, picture: Path | None, step: int) -> Path | None:
        """The picture `step` rows further down; None where the list ends."""
        position = self.model.row_of(picture)
        wanted = max(0, min(position + step, len(self.model.rows) - 1)) if position >= 0 else 0
        return self.model.rows[wanted] if self.model.rows else None

    def focus_search(self) -> None:
        """Put the keyboard into the search line."""
        self._search.setFocus()
        self._search.selectAll()

    def leave_search(self) -> bool:
        """Take the keyboard out of the search line, and the words in it away; False where it is not there."""
        if not self._search.hasFocus():
            return False
        self._search.clear()
        self.left.emit()
        return True

    def _show_chosen(self) -> None:
        pictures = self._chosen.pictures
        self._alone.setText(f"{len(pictures or ()):,} · {self._chosen.words}")
        for part in (self._alone, self._all):
            part.setVisible(pictures is not None)
        self.model.show_only(pictures)

    def _find(self, text: str) -> None:
        # Not from the start: loading the button's picture is a twentieth of the time until the window can be used.
        self._search.setClearButtonEnabled(bool(text))
        self.model.search(text)
        self.searched.emit(bool(text.strip()))
        self._say_found()

    def _say_found(self) -> None:
        """How many pictures a search found, or why none."""
        folder, rows = self._library.folder, len(self.model.rows)
        sentence = self.model.problem or f"{rows:,} of {counted(len(folder.pictures) if folder else 0, 'picture')}"
        if not rows and not self.model.problem:
            sentence = f"No picture matches. {EXAMPLES}"
        self._nothing.setText(sentence)
        self._nothing.setVisible(bool(self._search.text()) and folder is not None)
