"""What the alarm finds on the open index, asked by a worker of its own as soon as somebody looks."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.core.errors import UserError
from explorer.core.progress import OnStep
from explorer.state.evaluating import NO_CLASSES, NO_INDEX, NO_WORDS, lesions_in
from explorer.state.evidence import Evidence
from explorer.state.given_classes import GivenClasses
from explorer.state.jobs import Jobs
from explorer.state.library import Library

if TYPE_CHECKING:
    from explorer.core.alarm import Alarm

NOT_COMPLETE = "This is asked once the index has every picture of the folder."
VALUES, ARTIFACTS = "values", "artifacts"
_SAID = {VALUES: "Looking at the pictures", ARTIFACTS: "Looking for hair, rulers, ink ... in the pictures"}


@dataclass(frozen=True)
class _Answer:
    stage: str
    heard: "Alarm"


class WorthALook(QObject):
    """What was `found`, and a `sentence` about what is missing or still being looked at; `changed` with each.

    The values of the whole pictures are there in seconds, the artifacts take longer and come after them. Nothing is
    asked before `look`. `problem(error)` carries what was wrong with a list of artifacts.
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
        self.found: Alarm | None = None
        self.sentence = NO_INDEX
        self.lists: Path | None = None
        given.changed.connect(self._again)

    @property
    def busy(self) -> bool:
        """Whether something is being looked for."""
        return self._jobs is not None and self._jobs.busy()

    def look(self, looked_at: bool) -> None:
        """Ask whenever index, classes, words or lists are others, as long as somebody looks."""
        self._looked_at = looked_at
        if self._stale:
            self._again()

    def use_lists(self, path: Path | None) -> None:
        """Take what a person said of the pictures' artifacts from a CSV (image,hair,ruler,...)."""
        self.lists = path
        self._again()

    def close(self) -> None:
        """End the worker."""
        if self._jobs is not None:
            self._jobs.close()

    def _again(self) -> None:
        self._stale = not self._looked_at
        if self._jobs is not None:
            self._jobs.cancel("alarm")
        if self._stale:
            self.found = None
            return
        missing = self._missing()
        self.found = None
        if missing:
            self._say(missing)
        else:
            self._ask(VALUES)

    def _missing(self) -> str:
        index = self._evidence.index
        if index is None:
            return NO_INDEX
        if not index.classes:
            return NO_CLASSES
        if self._given.map is None or self._library.folder is None:
            return NO_WORDS
        return "" if index.complete else NOT_COMPLETE

    def _ask(self, stage: str) -> None:
        index, folder, words, network = (
            self._evidence.index, self._library.folder, self._given.map, self._library.network,
        )  # fmt: skip
        assert index is not None
        assert folder is not None
        lists = self.lists

        def work(on_step: OnStep) -> _Answer:
            from explorer.core.alarm import sound
            from explorer.core.alarm.picture_table import CONCEPTS, WHOLE_PICTURE
            from explorer.core.concepts import read_corrections

            return _Answer(
                stage,
                sound(
                    index,
                    folder.path,
                    words=words,
                    lesions=lesions_in(folder, index),
                    said=read_corrections(lists).said if lists is not None else None,
                    network=network.for_another_thread() if network is not None else None,
                    measurements=(WHOLE_PICTURE,) if stage == VALUES else (CONCEPTS, WHOLE_PICTURE),
                    on_step=on_step,
                ),
            )

        if self._jobs is None:
            self._jobs = Jobs("alarm", self)
            self._jobs.progressed.connect(self._tell)
        self._stage = stage
        self._jobs.submit("alarm", work, self._done, self._failed)
        self._say(f"{_SAID[stage]} …")

    def _tell(self, _slot: str, done: int, total: int) -> None:
        if total:
            self._say(f"{_SAID[self._stage]}: {done:,} of {total:,}")

    def _done(self, answer: _Answer) -> None:
        self.found = answer.heard
        if answer.stage == VALUES:
            self._ask(ARTIFACTS)
        else:
            self._say("")

    def _failed(self, error: BaseException) -> None:
        if self.lists is not None and isinstance(error, UserError):
            self.problem.emit(error)
            self.use_lists(None)
            return
        self._say(str(error) if isinstance(error, UserError) else "It could not be found out; the log says why.")
        if not isinstance(error, UserError):
            self.problem.emit(error)

    def _say(self, sentence: str) -> None:
        self.sentence = sentence
        self.changed.emit()
