"""What is found out about the open index by a worker of its own, as soon as and as long as somebody looks."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from explorer.core.errors import UserError
from explorer.core.index.known_lesions import known_lesions
from explorer.state.index.evidence import Evidence
from explorer.state.index.given_classes import GivenClasses
from explorer.state.opened.library import Folder, Library
from explorer.state.workers.jobs import Jobs, Work

if TYPE_CHECKING:
    from explorer.core.index import FolderIndex

NO_INDEX = "The index of this folder is not there yet. It is made in the background; the line below says how far it is."
NO_WORDS = "No picture of this folder has a given class. Open the table of their classes (Ctrl+L)."
NO_CLASSES = "This network has no class scores, so that there is no prediction to measure."
FAILED = "It could not be measured; the log says why."
SLOT = "on look"
FLAG, BUTTON = "--with-trained-on", 'The button "with training pictures"'
"""What a sentence of the core names for the command line, and what stands for it here."""


class FolderQuestion(QObject):
    """A question about index, classes and words, which is asked anew whenever one of them is another.

    Nothing is asked before `look`. The `sentence` says why there is no answer; `changed` with each of the two.
    `file` is a table that a person added to the question, None for none; `problem(error)` says what was wrong with it.
    """

    changed = Signal()
    problem = Signal(object)

    def __init__(
        self, library: Library, evidence: Evidence, given: GivenClasses, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._library, self._evidence, self._given = library, evidence, given
        self._jobs = Jobs("on look", self)
        self._jobs.progressed.connect(lambda slot, now, total: self._progressed(now, total))
        self._looked_at, self._stale = False, True
        self.found: Any = None
        self.sentence = NO_INDEX
        self.file: Path | None = None
        given.changed.connect(self._again)

    @property
    def busy(self) -> bool:
        """Whether it is being found out."""
        return self._jobs.busy()

    def look(self, looked_at: bool) -> None:
        """Ask whenever index, classes, words or file are others, as long as somebody looks."""
        self._looked_at = looked_at
        if self._stale:
            self._again()

    def use_file(self, path: Path | None) -> None:
        """Ask with a person's table, or without one."""
        self.file = path
        self._again()

    def close(self) -> None:
        """End the worker."""
        self._jobs.close()

    def _again(self) -> None:
        """Ask anew; while nobody looks, only note that it has to be asked."""
        self._stale = not self._looked_at
        if self._stale:
            return
        missing = self._missing()
        if missing:
            self._jobs.cancel(SLOT)
            self._give_up(missing)
        else:
            self._ask()

    def _missing(self) -> str:
        """What has to be there first; "" where everything is."""
        index = self._evidence.index
        if index is None:
            return NO_INDEX
        return "" if self._given.map is not None else NO_WORDS if index.classes else NO_CLASSES

    def _ask(self) -> None:
        """Begin to find out."""
        raise NotImplementedError

    def _submit(self, work: Work, done: Callable[[Any], None]) -> None:
        self._jobs.submit(SLOT, work, done, self._failed)

    def _progressed(self, done: int, total: int) -> None:
        """Say how far it is, where that takes long."""

    def _failed(self, error: BaseException) -> None:
        known = isinstance(error, UserError)
        if self.file is not None and known:
            self.problem.emit(error)
            self.use_file(None)  # whatever else is wrong is said when it is gone
            return
        self._end_with(BUTTON.join(str(error).split(FLAG)) if known else FAILED)
        if not known:
            self.problem.emit(error)

    def _end_with(self, why: str) -> None:
        """Say why it was not found out to its end."""
        self._give_up(why)

    def _give_up(self, sentence: str) -> None:
        self.found, self.sentence = None, sentence
        self.changed.emit()


def lesions_in(folder: Folder | None, index: "FolderIndex") -> dict[str, str]:
    """The lesion of each picture of which the table of the folder knows it, or without a table the index."""
    if folder is None or folder.table is None:
        return index.lesions
    return known_lesions(index, folder.labels, [folder.path / name for name in index.pictures])
