"""The history of the open tags, read while somebody looks at it."""

import re
from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from explorer.core.progress import OnStep
from explorer.core.tags.book import Tag
from explorer.core.tags.history import Change
from explorer.state.opened.library import Library
from explorer.state.tags.tagging import Tagging

SLOT = "history of the tags"
DID = {
    "tag": "tagged",
    "change": "changed",
    "remove": "removed",
    "undo": "undone",
    "redo": "done again",
    "restore": "restored",
    "import": "imported",
    "found": "was there",
    "merge": "merged",
}
"""What happened, in words."""

STEP = 1000


class TagHistory(QObject):
    """Follows the book while `looked_at`; `changed` when the rows are others."""

    changed = Signal()

    def __init__(self, library: Library, tagging: Tagging, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._library, self._tagging = library, tagging
        self._rows: Sequence[tuple[Change, str]] = ()
        self._looked_at = False
        tagging.changed.connect(lambda key: self._read())
        tagging.reset.connect(self._read)

    def look(self, looked_at: bool) -> None:
        """Somebody looks at it now, or nobody any more."""
        self._looked_at = looked_at
        self._read()

    def found(self, search: str) -> list[Change]:
        """The changes in whose words every word of the search occurs, the newest first."""
        patterns = [re.compile(pattern_of(word)) for word in search.casefold().split()]
        return [change for change, text in self._rows if all(word.search(text) for word in patterns)]

    def restore(self, change: Change) -> bool:
        """Let a tag be as it was before a change; False where it is so already. UserError where tags are locked."""
        return self._tagging.restore(change)

    def _read(self) -> None:
        if not self._looked_at:
            self._rows = ()
            return
        history = self._tagging.book.history.copy()

        def work(on_step: OnStep) -> list[tuple[Change, str]]:
            rows = []
            for number, change in enumerate(history.changes()):
                rows.append((change, " ".join(cells_of(change)).casefold()))
                if number % STEP == STEP - 1:
                    on_step(number, 0)
            return sorted(reversed(rows), key=lambda row: row[0].when, reverse=True)

        self._library.reading.submit(SLOT, work, self._take)

    def _take(self, rows: list[tuple[Change, str]]) -> None:
        self._rows = rows
        self.changed.emit()


def pattern_of(word: str) -> str:
    """What finds a word of a search, anywhere in a text; the key of a filter (7:1) is not found in another's (7:10)."""
    pattern = re.escape(word)
    return rf"(?<!\d){pattern}(?!\d)" if re.fullmatch(r"\d+:\d+", word) else pattern


def cells_of(change: Change) -> tuple[str, str, str, str, str, str, str]:
    """When, who, filter, what, the tag, and what was said before and after, in words."""
    of = "" if change.annotator == change.who else f" of {change.annotator or 'somebody'}"
    return (
        change.when[:19].replace("T", " "),
        change.who or "the program",
        str(change.key),
        DID.get(change.what, change.what),
        f"{change.tag}{of}",
        said(change.before),
        said(change.after),
    )


def said(tag: Tag | None) -> str:
    """What a tag says beside its word, "given" where that is nothing; "–" where there is no tag."""
    if tag is None:
        return "–"
    return " · ".join(text for text in (tag.detail, tag.note, "needs review" * tag.needs_review) if text) or "given"
