"""The chosen filter's tags: the words with their keys, detail and note, who said it, and what others said."""

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLineEdit, QWidget

from explorer.core.tags.book import FilterKey, Tag
from explorer.core.tags.vocabulary import Entry, Vocabulary
from explorer.state.session import Session, View
from explorer.state.tagging import Tagging
from explorer.ui.widgets.fields import Suggestions
from explorer.ui.widgets.labels_and_layouts import column, label, row
from explorer.ui.widgets.plain_text import PlainButton, tip
from explorer.ui.widgets.theme import SPACE


class TagPanel(QWidget):
    """Signals: `toggled(word)`, `described(key, word, detail, note)`, `new_word`, and `finished` when typing ended."""

    toggled = Signal(str)
    described = Signal(object, str, str, str)
    new_word = Signal()
    finished = Signal()

    def __init__(self, session: Session, tagging: Tagging, vocabulary: Vocabulary) -> None:
        super().__init__()
        self._session, self._tagging = session, tagging
        self._title = label("Filter", "title")
        self._facts = label("", "quiet", wrap=True, lines=2)
        self._words = column(gap=4)
        self._buttons: dict[str, PlainButton] = {}
        self._about = label("", "quiet", wrap=True)
        self._detail = Suggestions()
        self._detail.setAccessibleName("Detail of the tag")
        self._line = self._detail.line
        self._line.setPlaceholderText("detail: left, dark, ruler …")
        self._detail.activated.connect(lambda index: self._describe())
        self._line.editingFinished.connect(self._describe)
        self._note = QLineEdit()
        self._note.setAccessibleName("Note on the tag")
        self._note.setPlaceholderText("note")
        self._note.editingFinished.connect(self._describe)
        for line in (self._line, self._note):
            line.returnPressed.connect(self.finished)
        self._others = label("", "quiet", wrap=True)
        self._locked = label("", "warning", wrap=True)
        add = PlainButton("Another word …")
        add.setObjectName("word")
        add.clicked.connect(self.new_word)
        self._add = add
        self.setLayout(
            column(
                self._title,
                self._facts,
                label("What does it answer to?", "quiet"),
                self._words,
                add,
                self._about,
                self._detail,
                self._note,
                self._others,
                self._locked,
                gap=6,
            )
        )
        self._word = ""
        self._shown = ("", "")
        self.set_vocabulary(vocabulary)
        session.changed.connect(self._filter_changed)
        tagging.changed.connect(lambda key: self.refresh())
        tagging.reset.connect(self.refresh)
        tagging.annotator_changed.connect(self.refresh)
        tagging.saved.connect(self.refresh)

    def set_vocabulary(self, vocabulary: Vocabulary) -> None:
        """Offer these words."""
        self._vocabulary = vocabulary
        for button in self._buttons.values():
            self._words.removeWidget(button)
            button.deleteLater()
        self._buttons = {}
        for entry in vocabulary.entries:
            button = PlainButton(checkable=True)
            button.setObjectName("word")
            tip(button, entry.description)
            button.setAccessibleName(f"Tag: {entry.title}")
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(lambda checked=False, word=entry.word: self._toggle(word))
            self._words.addWidget(button)
            self._buttons[entry.word] = button
        self.refresh()

    def set_facts(self, text: str) -> None:
        """A line about the filter on this picture."""
        self._facts.setText(text)

    def refresh(self) -> None:
        """Show the chosen filter's tags as they are now."""
        key = FilterKey(self._session.view.layer, self._session.view.filter)
        self._title.setText(f"Filter {key}" if self._tagging.path is not None else "Filter")
        mine = {tag.tag: tag for tag in self._tagging.book.tags(key) if tag.annotator == self._tagging.annotator}
        others = [tag for tag in self._tagging.book.tags(key) if tag.annotator != self._tagging.annotator]
        locked = self._tagging.read_only
        for word, button in self._buttons.items():
            entry = self._vocabulary.entry(word)
            button.setChecked(word in mine)
            button.setText(f"{entry.key or '·'}   {entry.title}{'   ✓' if word in mine else ''}")
            button.setEnabled(not locked)
        if self._word not in mine:
            self._word = max(mine, key=lambda word: mine[word].created, default="")
        self._show_description(mine.get(self._word), locked=bool(locked))
        self._others.setText("\n".join(f"{tag.annotator or 'somebody'}: {described(tag)}" for tag in others))
        self._others.setVisible(bool(others))
        self._locked.setText(locked)
        self._locked.setVisible(bool(locked) and self._tagging.path is not None)
        self._add.setEnabled(not locked)

    def describe(self, word: str) -> None:
        """Let detail and note be those of this word."""
        self._describe()
        self._word = word
        self.refresh()

    def _toggle(self, word: str) -> None:
        self._describe()  # the buttons take no focus: what is typed would not be noticed otherwise
        self.toggled.emit(word)

    def focus_detail(self) -> bool:
        """Put the keyboard into the detail of the tag; False where there is none."""
        if not self._detail.isVisible():
            return False
        self._detail.setFocus()
        self._line.selectAll()
        return True

    def leave_description(self) -> bool:
        """Take the keyboard out of detail and note, and what was typed back; False where it is not there."""
        if not (self._line.hasFocus() or self._note.hasFocus()):
            return False
        self._shown = ("", "")  # nobody is typing any more
        self.refresh()
        self.finished.emit()
        return True

    def _filter_changed(self, before: View, after: View) -> None:
        if (before.layer, before.filter) == (after.layer, after.filter):
            return
        # What was being typed belongs to the filter that was in view.
        self._describe(of=before)
        self._word = ""
        self.refresh()

    def _show_description(self, tag: Tag | None, *, locked: bool) -> None:
        for part in (self._detail, self._note, self._about):
            part.setVisible(tag is not None)
            part.setEnabled(not locked)
        if tag is None:
            return
        where = f" · on {tag.evidence['picture']}" if tag.evidence.get("picture") else ""
        self._about.setText(
            f"{tag.tag}: {tag.annotator or 'somebody'}, {tag.created[:16].replace('T', ' ')} UTC{where}"
        )
        shown, self._shown = self._shown, (self._title.text(), tag.tag)
        if shown == self._shown and (self._line.hasFocus() or self._note.hasFocus()):
            return  # somebody is typing
        with QSignalBlocker(self._detail), QSignalBlocker(self._note):
            if [self._detail.itemText(row) for row in range(self._detail.count())] != list(
                self._vocabulary.entry(tag.tag).details
            ):
                self._detail.clear()
                self._detail.addItems(list(self._vocabulary.entry(tag.tag).details))
            self._detail.setEditText(tag.detail)
            self._note.setText(tag.note)

    def _describe(self, of: View | None = None) -> None:
        if of is not None and not (self._detail.hasFocus() or self._note.hasFocus()):
            return
        view = self._session.view if of is None else of
        key = FilterKey(view.layer, view.filter)
        tag = self._tagging.mine(key, self._word) if self._word else None
        detail, note = self._detail.currentText().strip(), self._note.text().strip()
        if tag is not None and (tag.detail, tag.note) != (detail, note) and not self._tagging.read_only:
            self.described.emit(key, self._word, detail, note)


def described(tag: Tag) -> str:
    """A tag in words: what, which, and what else was written."""
    return " · ".join(part for part in (tag.tag, tag.detail, tag.note) if part)


class WordDialog(QDialog):
    """Asks for a new word of the vocabulary."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Another word")
        self._word, self._key, self._details = QLineEdit(), QLineEdit(maxLength=1), QLineEdit()
        self._word.setPlaceholderText("pigment network")
        self._key.setFixedWidth(48)
        self._details.setPlaceholderText("coarse, fine, broken")
        form = QFormLayout()
        form.setSpacing(SPACE)
        form.addRow("Word", self._word)
        form.addRow("Key (may be empty)", self._key)
        form.addRow("Details to offer", self._details)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        hint = label("The word is written into your own vocabulary file and offered from now on.", "quiet", wrap=True)
        self.setLayout(column(hint, form, row(1, buttons), margin=2 * SPACE))

    def entry(self) -> Entry:
        """What was entered; UserError where it is no word."""
        details = tuple(part.strip() for part in self._details.text().split(",") if part.strip())
        return Entry(self._word.text().strip(), key=self._key.text().strip(), details=details)
