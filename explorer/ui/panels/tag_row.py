"""One tag of the filter in view: what, by whom and when, its detail and note, and the way to take it away."""

from PySide6.QtCore import QRectF, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QLineEdit, QWidget

from explorer.core.tags.book import FilterKey, Tag
from explorer.core.tags.vocabulary import Entry
from explorer.ui.widgets.elided_label import ElidedLabel
from explorer.ui.widgets.fields import Suggestions, leave_drops_to_window
from explorer.ui.widgets.labels_and_layouts import column, label, row
from explorer.ui.widgets.overlay_grid import readable_on
from explorer.ui.widgets.plain_text import PlainTool, tip

SIGN = 16
"""Pixels of the sign of a word."""


class Sign(QWidget):
    """A word's symbol on its color; hidden where the word has neither."""

    def __init__(self) -> None:
        super().__init__()
        self._color, self._symbol = "", ""
        self.setFixedSize(SIGN, SIGN)

    def show_entry(self, entry: Entry) -> None:
        """Show the sign of a word."""
        self._color, self._symbol = entry.color, entry.symbol[:1]
        self.setVisible(bool(entry.color or entry.symbol))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = QColor(self._color) if self._color else self.palette().alternateBase().color()
        painter.setBrush(ground)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawRoundedRect(QRectF(self.rect()), 3, 3)
        painter.setPen(readable_on(ground))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._symbol)


class TagRow(QFrame):
    """Shows one tag after the other; only this person's own can be changed.

    `described(key, word, detail, note)` when typing ended with another text, `removed(key, word)`,
    `reviewed(key, word)` when the mark of review was pressed, and `finished` when Enter was.
    """

    described = Signal(object, str, str, str)
    removed = Signal(object, str)
    reviewed = Signal(object, str)
    finished = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.key, self.tag = FilterKey(0, 0), Tag("-")
        self._own, self._fresh = False, True
        self._sign, self._title = Sign(), label("", "tag")
        self._about = ElidedLabel("", "quiet")
        self.review = PlainTool(CALM, checkable=True)
        self.review.setObjectName("mark")
        self.review.clicked.connect(lambda: self.reviewed.emit(self.key, self.tag.tag))
        self.remove = PlainTool("✕")
        self.remove.setObjectName("mark")
        self.remove.clicked.connect(lambda: self.removed.emit(self.key, self.tag.tag))
        self.detail = Suggestions()
        self.detail.setMinimumContentsLength(1)
        self.line = self.detail.line
        self.line.setPlaceholderText("detail")
        self.note = QLineEdit()
        self.note.setPlaceholderText("note")
        self._texts = label("", "quiet", wrap=True)
        self.detail.activated.connect(lambda index: self.commit())
        for line in (self.line, self.note):
            line.editingFinished.connect(self.commit)
            line.returnPressed.connect(self.finished)
        fields = row(self.detail, self.note, gap=4)
        for position in range(2):
            fields.setStretch(position, 1)
        head = row(self._sign, self._title, self._about, row(self.review, self.remove, gap=0), gap=6)
        head.setStretch(2, 1)
        self.setLayout(column(head, fields, self._texts, gap=2))
        leave_drops_to_window(self)  # rows come after the window was put together

    @property
    def typing(self) -> bool:
        """Whether the keyboard is in the detail or the note."""
        return self.line.hasFocus() or self.note.hasFocus()

    @property
    def changeable(self) -> bool:
        """Whether it is this person's own, and the tags are not locked."""
        return self.remove.isVisibleTo(self) and self.remove.isEnabled()

    @property
    def name(self) -> tuple[str, str]:
        """Whose tag of which word it is."""
        return self.tag.annotator, self.tag.tag

    def show_tag(self, key: FilterKey, tag: Tag, entry: Entry, *, own: bool, locked: bool) -> None:
        """Show a tag of a filter; what is being typed into the same one stays."""
        same = not self._fresh and (key, self.name) == (self.key, (tag.annotator, tag.tag))
        self.key, self.tag, self._own, self._fresh = key, tag, own, False
        self._say(entry)
        for part in (self.detail, self.note, self.remove):
            part.setVisible(own)
            part.setEnabled(own and not locked)
        self.review.setVisible(own or tag.needs_review)
        self.review.setEnabled(own and not locked)
        self.review.setChecked(tag.needs_review)
        self.review.setText(REVIEW if tag.needs_review else CALM)
        self._texts.setText(" · ".join(text for text in (tag.detail, tag.note) if text))
        self._texts.setVisible(not own and bool(self._texts.text()))
        if own and not (same and self.typing):
            self._fill(entry)

    def take_back(self) -> None:
        """Forget what is being typed."""
        with QSignalBlocker(self.detail), QSignalBlocker(self.note):
            self.detail.setEditText(self.tag.detail)
            self.note.setText(self.tag.note)

    def commit(self) -> None:
        """Tell what was typed, where it differs."""
        detail, note = self.detail.currentText().strip(), self.note.text().strip()
        changed = (detail, note) != (self.tag.detail, self.tag.note)
        if changed and self._own and not self._fresh and self.detail.isEnabled():
            self.described.emit(self.key, self.tag.tag, detail, note)

    def release(self) -> None:
        """Show no tag any more."""
        self._fresh = True
        self.hide()

    def chain(self) -> tuple[QWidget, ...]:
        """What the Tab key goes through, in its order."""
        return self.detail, self.note, self.review, self.remove

    def _say(self, entry: Entry) -> None:
        tag, who = self.tag, self.tag.annotator or "somebody"
        title = entry.title if len(entry.title) <= LONGEST else f"{entry.title[: LONGEST - 1]}…"
        self._sign.show_entry(entry)
        self._title.setText(title)
        tip(self._title, entry.title)
        when = tag.created[:16].replace("T", " ")
        day = when[5:10]
        self._about.set_texts(f"{who} · {when[5:]}", f"{who} · {day}", day if self._own else who)
        where = f"\non {tag.evidence['picture']}" if tag.evidence.get("picture") else ""
        tip(self._about, f"{who}, {when} UTC{where}")
        self.remove.setAccessibleName(f"Remove {tag.tag}")
        tip(self.remove, f"Remove {entry.title}{f' ({entry.key})' if entry.key else ''}")
        self.review.setAccessibleName(f"Needs review: {tag.tag}")
        tip(self.review, f"{'Needs' if tag.needs_review else 'Mark it as needing'} review (Q: all tags of this filter)")
        self.detail.setAccessibleName(f"Detail of {tag.tag}")
        self.note.setAccessibleName(f"Note on {tag.tag}")

    def _fill(self, entry: Entry) -> None:
        offered = list(entry.details)
        if [self.detail.itemText(index) for index in range(self.detail.count())] != offered:
            with QSignalBlocker(self.detail):
                self.detail.clear()
                self.detail.addItems(offered)
        self.take_back()


REVIEW, CALM = "⚑", "⚐"
"""The signs of a tag that needs review, and of one that does not."""
LONGEST = 18
"""Characters of a title that leave room for who gave the tag."""
