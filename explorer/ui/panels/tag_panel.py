"""The filter in view: what it answers in numbers, the words with their keys, and its tags, a row each."""

from PySide6.QtCore import QCoreApplication, QEvent, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer.core.tags.book import FilterKey
from explorer.core.tags.vocabulary import Vocabulary
from explorer.state.session import Session, View
from explorer.state.tags.last_step import LastStep
from explorer.state.tags.tagging import Tagging
from explorer.state.view.filter_selection import FilterSelection
from explorer.ui.panels.filter_card import FilterCardPanel
from explorer.ui.panels.last_step_line import LastStepLine
from explorer.ui.panels.suggestion_line import SuggestionLine
from explorer.ui.panels.tag_rows import TagRows
from explorer.ui.panels.word_buttons import WordButtons
from explorer.ui.panels.word_field import WordField
from explorer.ui.widgets.content_area import ContentArea
from explorer.ui.widgets.info_mark import InfoMark
from explorer.ui.widgets.labels_and_layouts import column, label, row

SEVERAL = "A key tags all of them; Esc selects {} alone. Its tags:"
"""Said while several filters are selected, with the one in view."""


ENOUGH, WITH_TAG = 420, 480
"""Height in pixels from which on the words stay in sight, whatever is scrolled below them, and two tags have room; and
from which on a tag stays in sight, too, while Why is scrolled below it."""


class TagPanel(QWidget):
    """The filter, Why and what was done last stay in sight; the rest is scrolled between where there is little room.

    Signals: `toggled(word)`, `described(key, word, detail, note)`, `removed(key, word)`, `reviewed(key, word)`,
    `given(word)` where a word was typed, and `finished` when typing ended.
    """

    toggled = Signal(str)
    described = Signal(object, str, str, str)
    removed = Signal(object, str)
    reviewed = Signal(object, str)
    given = Signal(str)
    finished = Signal()

    def __init__(
        self,
        session: Session,
        tagging: Tagging,
        selection: FilterSelection,
        last: LastStep,
        vocabulary: Vocabulary,
        suggestion: SuggestionLine,
        card: FilterCardPanel,
    ) -> None:
        super().__init__()
        self._session, self._tagging, self._selection = session, tagging, selection
        self._numbers = ""
        self._title = label("Filter", "title")
        self._facts = label("", "quiet", wrap=True, lines=2)
        self.words = WordButtons()
        self.words.clicked.connect(self._toggle)
        self.rows = TagRows()
        self.rows.described.connect(self.described)
        self.rows.removed.connect(self.removed)
        self.rows.reviewed.connect(self.reviewed)
        self.rows.finished.connect(self.finished)
        self.last = LastStepLine(last)
        self._locked = label("", "warning", wrap=True)
        self.other = WordField(self._suggested)
        self.other.given.connect(self._give)
        head = row(self._title, InfoMark("filter"), 1, card.toggle, gap=6)
        self._offered = QWidget()
        self._offered.setLayout(
            column(label("What does it answer to?", "quiet"), self.words, self.other, self._locked, gap=6)
        )
        tag_area = self._tag_area = QWidget()
        tag_area.setLayout(column(self.rows))
        self._suggestion, self._below = suggestion, column(suggestion, tag_area, card)
        self._below.setStretchFactor(card, 3)
        inner = QWidget()
        inner.setLayout(self._below)
        self._area = ContentArea(inner)
        self._whole = column(head, self._facts, self._offered, self._area, self.last, gap=6)
        self.setLayout(self._whole)
        self._words_stay: bool | None = None
        self._tag_stays = self._unfolded = False
        card.unfolded.connect(self._why_unfolded)
        card.folded.connect(self._why_folded)
        self._word = ""
        self.set_vocabulary(vocabulary)
        session.changed.connect(self._filter_changed)
        tagging.changed.connect(lambda key: self.refresh())
        tagging.reset.connect(self.refresh)
        tagging.annotator_changed.connect(self.refresh)
        tagging.saved.connect(self.refresh)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        stay = event.size().height() >= ENOUGH
        if stay != self._words_stay:
            self._words_stay = stay
            self._whole.insertWidget(2, self._offered) if stay else self._below.insertWidget(0, self._offered)
        self._arrange()

    def _why_unfolded(self) -> None:
        """Bring what is suggested and why together below the tags, without room between them."""
        self._unfolded = True
        self._arrange()
        QTimer.singleShot(0, self._area, self._scroll_to_why)  # when it has its room

    def _why_folded(self) -> None:
        """Let all stand as it did before."""
        self._unfolded = False
        self._arrange()
        self._area.verticalScrollBar().setValue(0)

    def _arrange(self) -> None:
        """What is suggested stands above the tags; while Why is unfolded between them and it, and a tag stays in sight.

        Why has the room then that is kept otherwise, so that nothing moves from filter to filter.
        """
        unfolded, stay = self._unfolded, bool(self._words_stay)
        tag_stays = unfolded and self.height() >= WITH_TAG
        if tag_stays != self._tag_stays:
            self._tag_stays = tag_stays
            if tag_stays:
                self._whole.insertWidget(self._whole.indexOf(self._area), self._tag_area)
            else:
                self._below.insertWidget(0 if stay else 1, self._tag_area)
        if not tag_stays:
            first, then = (self._tag_area, self._suggestion) if unfolded else (self._suggestion, self._tag_area)
            if self._below.indexOf(first) > self._below.indexOf(then):
                self._below.removeWidget(first)
                self._below.insertWidget(self._below.indexOf(then), first)
        self._below.setStretchFactor(self._tag_area, 0 if unfolded else 1)
        across = self._tag_area.sizePolicy().horizontalPolicy()
        down = QSizePolicy.Policy.Fixed if unfolded else QSizePolicy.Policy.Expanding
        self._tag_area.setSizePolicy(across, down)  # more room shows more rows
        self._suggestion.keep_room(stay and not unfolded)
        self.last.keep_room(not unfolded)
        self._keep_room_of_tags()

    def _keep_room_of_tags(self) -> None:
        if self._unfolded:
            self.rows.keep_room(min(1, len(self.rows.rows)))
        else:
            self.rows.keep_room(2 if self._words_stay else 1)

    def _scroll_to_why(self) -> None:
        """Below the words, with the tag and what is being suggested, where what is suggested leaves room for these."""
        QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)  # it stands where it will stay
        first = self._suggestion if self._suggestion.says_something else self._tag_area
        self._area.verticalScrollBar().setValue(0 if self._tag_stays else first.y())

    @property
    def key(self) -> FilterKey:
        """The filter in view."""
        return FilterKey(self._session.view.layer, self._session.view.filter)

    def set_vocabulary(self, vocabulary: Vocabulary) -> None:
        """Offer these words."""
        self._vocabulary = vocabulary
        self.words.offer(vocabulary)
        self.refresh()

    def set_facts(self, text: str) -> None:
        """A line about the filter on this picture; while several are selected, what that means stands there."""
        self._numbers = text
        self._facts.setText(SEVERAL.format(self.key) if self._session.view.also else text)

    def refresh(self) -> None:
        """Show the chosen filter's tags as they are now."""
        key, tagging, keys = self.key, self._tagging, self._selection.keys
        title = f"{len(keys)} filters selected" if len(keys) > 1 else f"Filter {key}"
        self._title.setText(title if tagging.path is not None else "Filter")
        self.set_facts(self._numbers)
        tags, locked = tagging.book.tags(key), tagging.read_only
        given = [word for word in tagging.words(key) if all(tagging.mine(selected, word) for selected in keys)]
        self.words.show_given(given, locked=bool(locked))
        self.rows.show_tags(key, tags, tagging.annotator, self._vocabulary, locked=bool(locked))
        self._keep_room_of_tags()
        self._locked.setText(locked)
        self._locked.setVisible(bool(locked) and tagging.path is not None)
        self.other.setEnabled(not locked)

    def describe(self, word: str) -> None:
        """Let the detail that a person asks for next be that of this word."""
        self._word = word

    def focus_detail(self) -> bool:
        """Put the keyboard into the detail of the tag that was given last; False where there is none."""
        mine = {tag.tag: tag for tag in self._tagging.book.tags(self.key) if tag.annotator == self._tagging.annotator}
        word = self._word if self._word in mine else max(mine, key=lambda word: mine[word].created, default="")
        tag_row = self.rows.row_of(self._tagging.annotator, word)
        if tag_row is None or not tag_row.detail.isEnabled():
            return False
        self.rows.ensureWidgetVisible(tag_row, 0, 0)
        tag_row.detail.setFocus()
        tag_row.line.selectAll()
        return True

    def leave_description(self) -> bool:
        """Take the keyboard out of the panel's lines, and what was typed back; False where it is not there."""
        typing = next((tag_row for tag_row in self.rows.rows if tag_row.typing), None)
        if typing is None and not self.other.hasFocus():
            return False
        self.other.leave()
        if typing is not None:
            typing.take_back()
        self.finished.emit()
        return True

    def ask_word(self) -> bool:
        """Put the keyboard into the line for another word; False where no tag can be given."""
        self.other.setFocus()
        return self.other.isEnabled()

    def _suggested(self) -> list[str]:
        """The titles of the words, those without a button first, and what else is in the book."""
        entries = sorted(self._vocabulary.entries, key=lambda entry: entry.listed)
        known = {entry.word for entry in entries}
        used = sorted({tag.tag for _, tag in self._tagging.book.entries()} - known)
        return [*used, *(entry.title for entry in entries)]

    def _give(self, text: str) -> None:
        self.given.emit(text)
        self.finished.emit()

    def _toggle(self, word: str) -> None:
        self.rows.commit()  # the buttons take no focus: what is typed would not be noticed otherwise
        self.toggled.emit(word)

    def _filter_changed(self, before: View, after: View) -> None:
        if (before.layer, before.filter) != (after.layer, after.filter):
            self.rows.commit()  # what was being typed belongs to the filter that was in view
            self._word = ""
            self.refresh()
        elif before.also != after.also:
            self.refresh()
