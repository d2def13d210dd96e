"""The predictions in an index held against the given classes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from explorer.core.class_words import ClassWords, probabilities_told_apart, told_apart
from explorer.core.errors import UserError
from explorer.core.evaluation.along_taxonomy import Level, along_taxonomy
from explorer.core.evaluation.left_out import LeftOut, chosen_pictures
from explorer.core.evaluation.thresholds import Thresholds, thresholds_of
from explorer.core.index import FolderIndex
from explorer.core.progress import OnStep, no_step
from trainer.measures.bootstrap import DRAWS, BootstrapResamples, Measure, Numbers
from trainer.measures.calibration import Reliability, reliability
from trainer.measures.class_figures import accuracies, class_curves
from trainer.measures.metrics import Labels, confusion
from trainer.measures.reader_study import ReaderResult
from trainer.measures.roc_curves import Curve
from trainer.measures.scored_class import scored_class
from trainer.measures.taxonomy import Taxonomy


@dataclass(frozen=True)
class ConfusedPair:
    """Pictures of one class that are predicted as another, the surest first; `share` of the class's pictures."""

    given: str
    predicted: str
    share: float
    pictures: tuple[str, ...]


@dataclass(frozen=True)
class Evaluation:
    """What was measured on N pictures of an index; every interval is a 95 % one of the bootstrap over `drawn_over`.

    `pictures` (N) names them, `labels` and `predicted` (N) number their given and predicted class, `probabilities`
    (N, K) are the network's. `scored` numbers the class whose probability is the score of two classes, None of more.
    `curves` hold that class, or every class that occurs; `thresholds` belong to them. `confusion` (K, K) counts
    pictures by given (rows) and predicted class.
    `readers` come with the network's sensitivity at their specificity; `levels` with a taxonomy alone.
    """

    classes: tuple[str, ...]
    pictures: tuple[str, ...]
    labels: Labels
    predicted: Labels
    probabilities: Numbers
    scored: int | None
    auc: Measure
    curves: tuple[Curve, ...]
    thresholds: tuple[Thresholds, ...]
    accuracy: Measure
    balanced_accuracy: Measure
    class_accuracy: tuple[Measure, ...]
    confusion: npt.NDArray[np.int64]
    reliability: Reliability
    left_out: LeftOut
    drawn_over: str
    readers: tuple[tuple[ReaderResult, Measure], ...] = ()
    levels: tuple[Level, ...] = ()

    @cached_property
    def confused(self) -> tuple[ConfusedPair, ...]:
        """The pairs off the diagonal of the confusion, the most pictures first."""
        sizes = self.confusion.sum(axis=1)
        pairs = [
            ConfusedPair(
                self.classes[given],
                self.classes[predicted],
                float(self.confusion[given, predicted] / sizes[given]),
                self.cell(given, predicted),
            )
            for given, predicted in np.argwhere(self.confusion)
            if given != predicted
        ]
        return tuple(sorted(pairs, key=lambda pair: (-len(pair.pictures), -pair.share)))

    def called_at(self, threshold: float) -> Labels:
        """The predicted classes (N) of two classes where the scored one is called from this probability on."""
        if self.scored is None:
            return self.predicted
        called = self.probabilities[:, self.scored] >= threshold
        return np.where(called, self.scored, 1 - self.scored).astype(np.int64)

    def confusion_at(self, threshold: float) -> npt.NDArray[np.int64]:
        """The confusion (K, K) of `called_at`."""
        return confusion(self.labels, self.called_at(threshold), len(self.classes))

    def cell(self, given: int, predicted: int, threshold: float | None = None) -> tuple[str, ...]:
        """The pictures of a class that are predicted as a class, the surest first."""
        called = self.predicted if threshold is None else self.called_at(threshold)
        rows = np.flatnonzero((self.labels == given) & (called == predicted))
        order = np.argsort(-self.probabilities[rows, predicted], kind="stable")
        return tuple(self.pictures[row] for row in rows[order])


def evaluate(
    index: FolderIndex,
    words: ClassWords,
    *,
    lesions: Mapping[str, str] | None = None,
    with_trained_on: bool = False,
    readers: Sequence[ReaderResult] = (),
    taxonomy: Taxonomy | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    on_step: OnStep = no_step,
) -> Evaluation:
    """Measure an index's predictions on the pictures that the network was not trained on.

    `words` maps given words to the network's classes; `lesions` maps names of pictures to lesions, over which the
    bootstrap draws where any is known, and of which none is measured that the network was trained on. UserError where
    classes and words or the taxonomy do not fit, or fewer than two classes are left to measure.
    """
    classes = told_apart(index.classes)
    if not classes:
        raise UserError("The network has no class scores: there is no prediction to measure.")
    if words.classes != classes:
        raise UserError("The words are given to the classes of another network; propose them anew.")
    lesion_of = {name: lesion for name, lesion in (lesions or {}).items() if lesion}
    rows, labels, left_out = chosen_pictures(index, words, lesion_of, with_trained_on=with_trained_on)
    _check(labels, classes, left_out)
    on_step(0, 0)
    names = tuple(index.pictures[row] for row in rows)
    resamples = BootstrapResamples.of([lesion_of.get(name, name) for name in names], draws, seed)
    probabilities = probabilities_told_apart(index.probabilities[rows])
    predicted = probabilities.argmax(axis=1).astype(np.int64)
    scored = scored_class(classes) if len(classes) == 2 else None
    columns = [scored] if scored is not None else np.unique(labels).tolist()
    specificities = [reader.specificity for reader in readers]
    curves, auc = class_curves(
        labels, probabilities, classes, resamples, specificities, columns=columns, on_step=on_step
    )
    thresholds = []
    for class_index in columns:
        on_step(0, 0)
        thresholds.append(thresholds_of(probabilities[:, class_index], labels == class_index, resamples))
    accuracy, balanced_accuracy, class_accuracy = accuracies(labels, predicted, len(classes), resamples)
    confusion_counts = confusion(labels, predicted, len(classes))
    readers_curve = _readers_curve(curves, scored)
    independent = index.contents.network.independent
    levels: tuple[Level, ...] = ()
    if taxonomy is not None:
        levels = along_taxonomy(labels, probabilities, classes, taxonomy, resamples, on_step, independent=independent)
    return Evaluation(
        classes=classes,
        pictures=names,
        labels=labels,
        predicted=predicted,
        probabilities=probabilities,
        scored=scored,
        auc=auc,
        curves=curves,
        thresholds=tuple(thresholds),
        accuracy=accuracy,
        balanced_accuracy=balanced_accuracy,
        class_accuracy=class_accuracy,
        confusion=confusion_counts,
        reliability=reliability(probabilities, labels, scored, resamples, independent=independent),
        left_out=left_out,
        drawn_over="lesions" if any(name in lesion_of for name in names) else "pictures",
        readers=tuple(zip(readers, readers_curve.asked, strict=True)) if readers_curve is not None else (),
        levels=levels,
    )


def _check(labels: Labels, classes: Sequence[str], left_out: LeftOut) -> None:
    if not len(labels):
        raise UserError(f"No picture is left to measure the network on. {left_out.refusal}")
    if len(np.unique(labels)) == 1:
        raise UserError(
            f"All {len(labels):,} pictures that are left to measure are {classes[int(labels[0])]}; it takes two "
            f"classes. {left_out.refusal}"
        )


def _readers_curve(curves: Sequence[Curve], scored: int | None) -> Curve | None:
    """The curve that readers stand beside: that of two classes, or that of malignant against all others."""
    if scored is not None:
        return curves[0]
    return next((curve for curve in curves if curve.name.casefold() == "malignant"), None)
