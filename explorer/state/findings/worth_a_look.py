"""What the alarm finds on the open index, asked as soon as somebody looks."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from explorer.core.progress import OnStep
from explorer.state.artifacts.lists import ArtifactLists
from explorer.state.index.evidence import Evidence
from explorer.state.index.given_classes import GivenClasses
from explorer.state.index.question import NO_WORDS, SLOT, FolderQuestion, lesions_in
from explorer.state.opened.library import Library

if TYPE_CHECKING:
    from explorer.core.alarm import Alarm

NOT_COMPLETE = "This is asked once the index has every picture of the folder."
VALUES, ARTIFACTS = "Looking at the pictures", "Looking for hair, rulers, ink ... in the pictures"


class WorthALook(FolderQuestion):
    """What was `found`, and a `sentence` about what is missing or still being looked at.

    The values of the whole pictures are there in seconds, the artifacts take longer and come after them. What a person
    says in `lists` wins over what is found in the pictures.
    """

    found: "Alarm | None"
    _stage = VALUES

    def __init__(
        self,
        library: Library,
        evidence: Evidence,
        given: GivenClasses,
        lists: ArtifactLists,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(library, evidence, given, parent)
        self._lists = lists
        lists.changed.connect(self._again)

    def _again(self) -> None:
        self.found = None  # what was asked of others is not shown while it is asked anew
        self._jobs.cancel(SLOT)
        super()._again()

    def _missing(self) -> str:
        index, missing = self._evidence.index, super()._missing()
        if missing or index is None:
            return missing
        if self._library.folder is None:
            return NO_WORDS
        return "" if index.complete else NOT_COMPLETE

    def _ask(self) -> None:
        self._look_for(VALUES)

    def _look_for(self, stage: str) -> None:
        index, folder, words = self._evidence.index, self._library.folder, self._given.map
        network, statements, before = self._library.network, self._lists.said, self.found
        with_trained_on = self._given.with_trained_on
        assert index is not None
        assert folder is not None

        def work(on_step: OnStep) -> "Alarm":
            from explorer.core.alarm import sound
            from explorer.core.alarm.picture_table import CONCEPTS, WHOLE_PICTURE

            return sound(
                index,
                folder.path,
                words=words,
                lesions=lesions_in(folder, index),
                said=statements,
                network=network.for_another_thread() if network is not None else None,
                before=before,
                with_trained_on=with_trained_on,
                measurements=(WHOLE_PICTURE,) if stage == VALUES else (CONCEPTS, WHOLE_PICTURE),
                on_step=on_step,
            )

        self._stage = stage
        self._submit(work, self._done)
        self._say(f"{stage} …")

    def _progressed(self, done: int, total: int) -> None:
        if total:
            self._say(f"{self._stage}: {done:,} of {total:,}")

    def _done(self, alarm: "Alarm") -> None:
        self.found = alarm
        if self._stage == VALUES:
            self._look_for(ARTIFACTS)
        else:
            self._say("")

    def _end_with(self, why: str) -> None:
        """What the values of the whole pictures told stays where the artifacts cannot be looked for."""
        if self._stage == ARTIFACTS and self.found is not None:
            self._say(why)
        else:
            super()._end_with(why)

    def _say(self, sentence: str) -> None:
        self.sentence = sentence
        self.changed.emit()
