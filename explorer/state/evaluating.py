"""The evaluation of the open index, measured as soon as somebody looks."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from explorer.core.progress import OnStep
from explorer.state.evidence import Evidence
from explorer.state.given_classes import GivenClasses
from explorer.state.library import Library
from explorer.state.on_look import OnLook, lesions_in

if TYPE_CHECKING:
    from explorer.core.evaluation import Evaluation

DRAWS = 1000
"""Draws of the bootstrap: the ends of a 95 % interval stand still to two digits."""
MEASURING = "Measuring …"


class Evaluating(OnLook):
    """What was `found` on the open index; `file` is a CSV of readers, who are put beside the network."""

    found: "Evaluation | None"

    def __init__(
        self, library: Library, evidence: Evidence, given: GivenClasses, parent: QObject | None = None
    ) -> None:
        super().__init__(library, evidence, given, parent)
        self.with_trained_on = False

    def count_trained_on(self, counted: bool) -> None:
        """Count the pictures that the network was trained on too, or leave them out."""
        if counted != self.with_trained_on:
            self.with_trained_on = counted
            self._again()

    def _ask(self) -> None:
        index, folder, words = self._evidence.index, self._library.folder, self._given.map
        assert index is not None
        assert words is not None
        with_trained_on, path = self.with_trained_on, self.file

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

        self._submit(work, self._done)
        if self.found is None:
            self.sentence = MEASURING
        self.changed.emit()

    def _done(self, found: "Evaluation") -> None:
        self.found, self.sentence = found, ""
        self.changed.emit()
