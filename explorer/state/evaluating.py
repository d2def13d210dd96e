"""The evaluation of the open index, measured by a worker of its own as soon as somebody looks."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.core.errors import UserError
from explorer.core.progress import OnStep
from explorer.state.evidence import Evidence
from explorer.state.given_classes import GivenClasses
from explorer.state.jobs import Jobs
from explorer.state.library import Folder, Library

if TYPE_CHECKING:
    from explorer.core.evaluation import Evaluation
    from explorer.core.index import FolderIndex

DRAWS = 1000
"""Draws of the bootstrap: the ends of a 95 % interval stand still to two digits."""

NO_INDEX = "There is no index of this folder yet. It is made in the background once a network and a folder are open."
NO_WORDS = "No picture of this folder has a given class. Open the table of their classes (Ctrl+L)."
NO_CLASSES = "This network has no class scores, so that there is no prediction to measure."
MEASURING = "Measuring …"


def lesions_in(folder: Folder | None, index: "FolderIndex") -> dict[str, str]:
    """The lesion of each picture of an index, "" where the folder's table does not say; empty without a table."""
    labels = folder.labels if folder is not None else None
    if labels is None or folder is None:
        return {}
    return {name: labels.lesion(folder.path / name) for name in index.pictures}


class Evaluating(QObject):
    """What was `found` on the open index, or the `sentence` that says why there is nothing; `changed` with each.

    Nothing is measured before `look`. `problem(error)` carries what was wrong with a file of readers.
    """

    changed = Signal()
    problem = Signal(object)

    def __init__(
        self, library: Library, evidence: Evidence, given: GivenClasses, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._library, self._evidence, self._given = library, evidence, given
        self._jobs: Jobs | None = None
        self._looked_at, self._stale = False, True
        self.found: Evaluation | None = None
        self.sentence = NO_INDEX
        self.with_trained_on = False
        self.readers: Path | None = None
        given.changed.connect(self._again)

    @property
    def busy(self) -> bool:
        """Whether it is being measured."""
        return self._jobs is not None and self._jobs.busy()

    def look(self, looked_at: bool) -> None:
        """Measure whenever index, classes or words are others, as long as somebody looks."""
        self._looked_at = looked_at
        if self._stale:
            self._again()

    def count_trained_on(self, counted: bool) -> None:
        """Count the pictures that the network was trained on too, or leave them out."""
        if counted != self.with_trained_on:
            self.with_trained_on = counted
            self._again()

    def show_readers(self, path: Path | None) -> None:
        """Put the readers of a CSV beside the network."""
        self.readers = path
        self._again()

    def close(self) -> None:
        """End the worker."""
        if self._jobs is not None:
            self._jobs.close()

    def _again(self) -> None:
        self._stale = not self._looked_at
        if self._stale:
            return
        index, folder, words = self._evidence.index, self._library.folder, self._given.map
        if index is None or words is None:
            if self._jobs is not None:
                self._jobs.cancel("evaluation")
            self._say(NO_INDEX if index is None else NO_CLASSES if not index.classes else NO_WORDS)
            return
        with_trained_on, path = self.with_trained_on, self.readers

        def work(on_step: OnStep) -> "Evaluation":
            from explorer.core.evaluation import evaluate
            from trainer.measures.reader_study import read_readers

            return evaluate(
                index,
                words,
                lesions=lesions_in(folder, index),
                with_trained_on=with_trained_on,
                readers=read_readers(path) if path is not None else (),
                draws=DRAWS,
                on_step=on_step,
            )

        if self._jobs is None:
            self._jobs = Jobs("evaluating", self)
        self._jobs.submit("evaluation", work, self._done, self._failed)
        if self.found is None:
            self._say(MEASURING)
        else:
            self.changed.emit()

    def _done(self, found: "Evaluation") -> None:
        self.found, self.sentence = found, ""
        self.changed.emit()

    def _failed(self, error: BaseException) -> None:
        if self.readers is not None and isinstance(error, UserError):
            self.problem.emit(error)
            self.show_readers(None)  # whatever else is wrong is said when they are gone
            return
        self._say(str(error) if isinstance(error, UserError) else "It could not be measured; the log says why.")
        if not isinstance(error, UserError):
            self.problem.emit(error)

    def _say(self, sentence: str) -> None:
        self.found, self.sentence = None, sentence
        self.changed.emit()
