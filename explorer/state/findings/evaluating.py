"""The evaluation of the open index, measured as soon as somebody looks."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from explorer.core.errors import UserError
from explorer.core.progress import OnStep
from explorer.state.index.evidence import Evidence
from explorer.state.index.given_classes import GivenClasses
from explorer.state.index.question import FolderQuestion, lesions_in
from explorer.state.opened.library import Library

if TYPE_CHECKING:
    from collections.abc import Sequence

    from explorer.core.evaluation import Evaluation
    from trainer.measures.taxonomy import Taxonomy

MEASURING = "Measuring …"


class TaxonomyRefused(UserError):  # noqa: N818 - a sentence, not a fault of the program
    """A taxonomy that makes no tree, or is one of other classes."""


class Evaluating(FolderQuestion):
    """What was `found` on the open index; `file` is a CSV of readers, who are put beside the network.

    `taxonomy` is a TOML file along which the classes are added up, None for none.
    """

    found: "Evaluation | None"

    def __init__(
        self, library: Library, evidence: Evidence, given: GivenClasses, parent: QObject | None = None
    ) -> None:
        super().__init__(library, evidence, given, parent)
        self.taxonomy: Path | None = None

    @property
    def with_trained_on(self) -> bool:
        """Whether the pictures that the network was trained on are counted too."""
        return self._given.with_trained_on

    @property
    def of_training(self) -> int:
        """How many pictures of the index the network was trained or chosen on."""
        index = self._evidence.index
        return int(index.trained_on.sum()) if index is not None else 0

    def count_trained_on(self, counted: bool) -> None:
        """Count them too, or leave them out, here and in every other number about classes."""
        self._given.count_trained_on(counted)

    def use_taxonomy(self, path: Path | None) -> None:
        """Add the classes up along a person's tree too, or along none."""
        self.taxonomy = path
        self._again()

    def _ask(self) -> None:
        index, folder, words = self._evidence.index, self._library.folder, self._given.map
        assert index is not None
        assert words is not None
        with_trained_on, path, tree = self.with_trained_on, self.file, self.taxonomy

        def work(on_step: OnStep) -> "Evaluation":
            from explorer.core.evaluation import evaluate
            from trainer.measures.reader_study import read_readers

            return evaluate(
                index,
                words,
                lesions=lesions_in(folder, index),
                with_trained_on=with_trained_on,
                readers=read_readers(path) if path is not None else (),
                taxonomy=_fitting(tree, words.classes) if tree is not None else None,
                on_step=on_step,
            )

        self._submit(work, self._done)
        if self.found is None:
            self.sentence = MEASURING
        self.changed.emit()

    def _done(self, evaluation: "Evaluation") -> None:
        self.found, self.sentence = evaluation, ""
        self.changed.emit()

    def _failed(self, error: BaseException) -> None:
        if isinstance(error, TaxonomyRefused):
            self.problem.emit(error)
            self.use_taxonomy(None)
        else:
            super()._failed(error)


def _fitting(path: Path, classes: "Sequence[str]") -> "Taxonomy":
    """The tree of a file; TaxonomyRefused where it is none of these classes."""
    from trainer.measures.taxonomy import match, read_taxonomy

    try:
        taxonomy = read_taxonomy(path)
        match(classes, classes, taxonomy, 1)
    except UserError as error:
        raise TaxonomyRefused(str(error)) from error
    return taxonomy
