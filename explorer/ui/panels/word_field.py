"""A line for any other word: what is typed tags the filter at once, with suggestions of what is known."""

from collections.abc import Callable, Iterable

from PySide6.QtCore import QEvent, QStringListModel, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QMouseEvent
from PySide6.QtWidgets import QCompleter, QLineEdit, QListView

from explorer.ui.widgets.command_tips import stands_for
from explorer.ui.widgets.plain_text import tip


class WordList(QListView):
    """The suggestions below the line; while they are open no key is a command, and Esc puts them away first."""

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)


class WordField(QLineEdit):
    """`given(text)` when a word was typed or chosen; `words()` are those that are suggested."""

    given = Signal(str)

    def __init__(self, words: Callable[[], Iterable[str]]) -> None:
        super().__init__()
        self._words = words
        self.setAccessibleName("Another word")
        self.setPlaceholderText("another word …")
        tip(self, "Type a word and press Enter: the filter is tagged with it")
        stands_for(self, "Another word …")
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # who tabs through lists goes on giving tags with single keys
        self._known = QStringListModel(self)
        suggested = QCompleter(self._known, self)
        suggested.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        suggested.setFilterMode(Qt.MatchFlag.MatchContains)
        suggested.setMaxVisibleItems(12)
        self._list = WordList()
        suggested.setPopup(self._list)
        self.setCompleter(suggested)
        suggested.activated.connect(self._take)
        self.returnPressed.connect(lambda: self._take(self.text()))

    def focusInEvent(self, event: QFocusEvent) -> None:
        words = list(dict.fromkeys(self._words()))
        if words != self._known.stringList():
            self._known.setStringList(words)
        super().focusInEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        suggested = self.completer()
        if suggested is not None and not self.text():
            suggested.setCompletionPrefix("")
            suggested.complete()

    def leave(self) -> None:
        """Forget what is being typed, and put the suggestions away."""
        self._list.hide()
        self.clear()

    def _take(self, text: str) -> None:
        if text.strip():
            self.clear()
            self.given.emit(text)
            # Qt puts the suggestion that was chosen into the line after this.
            QTimer.singleShot(0, lambda: self.clear() if self.text() == text else None)
