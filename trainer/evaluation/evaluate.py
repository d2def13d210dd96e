"""A network measured on one part of a cohort."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from trainer.cohort.cohort import Cohort
from trainer.devices.environment import device_name, versions
from trainer.evaluation.ensemble import Ensemble, Member
from trainer.evaluation.fitting import Fitting, HeldOut, calibration_of, check_choosable, fitting_of, threshold_of
from trainer.evaluation.subgroups import Subgroup, subgroups
from trainer.evaluation.threshold import ChosenThreshold, KeptThreshold
from trainer.files.errors import UserError
from trainer.files.progress import OnStep, no_step
from trainer.measures.bootstrap import DRAWS, BootstrapResamples, Measure, Numbers
from trainer.measures.calibration import Calibration
from trainer.measures.class_figures import accuracies, class_curves
from trainer.measures.metrics import Labels, confusion
from trainer.measures.prediction import Prediction
from trainer.measures.reader_study import ReaderResult
from trainer.measures.roc_curves import Curve
from trainer.measures.scored_class import scored_class
from trainer.measures.taxonomy import Match, Taxonomy, about_leaves, levels, match
from trainer.networks.checkpoint import SEEN_DIGITS, seen_digests
from trainer.networks.input_spec import InputSpec


@dataclass(frozen=True)
class ReaderPoint:
    """A reader, and the network's sensitivity at that reader's specificity."""

    reader: ReaderResult
    network: Measure


@dataclass(frozen=True)
class Level:
    """The classes of one level of the taxonomy, each with its AUC, and their mean."""

    level: int
    curves: tuple[Curve, ...]
    macro_auc: Measure


@dataclass(frozen=True)
class PartPredictions:
    """Probabilities (N, classes) of the pictures at `positions` (N) of a cohort, and the classes that were given."""

    part: str
    pictures: tuple[str, ...]
    lesions: tuple[str, ...]
    labels: Labels
    probabilities: Numbers


@dataclass(frozen=True)
class Evaluation:
    """Everything that was measured of a network on one part of a cohort.

    `positive` is the class whose probability is the score of two classes, "" of more. `auc` is its AUC, or the mean
    of those of all classes that occur (macro); `curves` hold one class of two, every one of more. `confusion` counts
    pictures by true class (rows) and predicted class. `class_accuracy` is each class's share predicted rightly, and
    `balanced_accuracy` their mean. `network` are plain facts about where the network comes from. `threshold` is there
    of two classes where it was kept or could be chosen. `predictions` are of the part, and of the validation part
    where it was asked.
    """

    part: str
    classes: tuple[str, ...]
    positive: str
    level: int
    taxonomy: str
    counts: tuple[int, ...]
    pictures: int
    lesions: int
    auc: Measure
    curves: tuple[Curve, ...]
    accuracy: Measure
    balanced_accuracy: Measure
    class_accuracy: tuple[Measure, ...]
    confusion: npt.NDArray[np.int64]
    calibration: Calibration
    subgroups: tuple[Subgroup, ...]
    levels: tuple[Level, ...]
    readers: tuple[ReaderPoint, ...]
    draws: int
    seed: int
    device: str
    seconds: float
    pictures_per_second: float
    versions: dict[str, str]
    network: dict[str, Any]
    notes: tuple[str, ...] = ()
    threshold: ChosenThreshold | None = None
    predictions: tuple[PartPredictions, ...] = ()


def seen_pictures(training: Mapping[str, Any], cohort: Cohort, positions: npt.NDArray[np.intp]) -> int | None:
    """How many of the cohort's pictures a network was trained or chosen on; None where its file does not say."""
    seen = seen_digests(training)
    return None if seen is None else sum(cohort.digests[position][:SEEN_DIGITS] in seen for position in positions)


def evaluate(
    module: nn.Module,
    classes: Sequence[str],
    input_spec: InputSpec,
    cohort: Cohort,
    part: str,
    device: torch.device,
    *,
    independent: bool = False,
    others: Sequence[Member] = (),
    views: int = 1,
    readers: Sequence[ReaderResult] = (),
    taxonomy: Taxonomy | None = None,
    level: int | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    batch: int = 64,
    criterion: str = "",
    kept: KeptThreshold | None = None,
    held_out: HeldOut | None = None,
    network: Mapping[str, Any] | None = None,
    on_step: OnStep = no_step,
) -> Evaluation:
    """Measure a network that predicts `classes` on a part of the cohort; intervals are drawn over its lesions.

    The network decides each class for itself where they are `independent`, as `Prediction` says.
    With `others`, or more than one of the `views`, the mean of all their probabilities is measured (`Ensemble`).
    Temperature and threshold (by `criterion`; "" = youden where one can be chosen) are fitted on the cohort's
    validation part, without one the threshold on what was `held_out` of the train part; a threshold that the network's
    file `kept` wins where it is of these classes.
    UserError where classes do not match, where the part holds one class only, where a criterion is asked for in vain,
    and where there are readers but no two classes to compare them in.
    """
    ensemble = Ensemble((Member(module, tuple(classes), input_spec, independent), *others), views)
    matched = match(classes, cohort.classes, taxonomy, level)
    positions = cohort.positions(part)
    labels = matched.labels[cohort.labels[positions]]
    _check(labels, matched, part, cohort, readers)
    check_choosable(criterion, cohort, part, matched)
    started = time.perf_counter()
    answer = Prediction(ensemble.logits((cohort, positions), device, batch=batch, on_step=on_step), independent)
    seconds = time.perf_counter() - started
    probabilities = matched.probabilities(answer)
    drawn = BootstrapResamples.of([cohort.lesions[position] for position in positions], draws, seed)
    positive = scored_class(matched.classes) if len(matched.classes) == 2 else None
    curves, auc = class_curves(
        labels, probabilities, matched.classes, drawn, [reader.specificity for reader in readers]
    )
    score = next((curve for curve in curves if curve.name.casefold() == "malignant"), curves[0])
    predicted = probabilities.argmax(axis=1)
    right, balanced, of_class = accuracies(labels, predicted, len(matched.classes), drawn)
    fitting = None if part == "validation" else fitting_of(ensemble, cohort, device, batch, matched, drawn)
    calibration = calibration_of(fitting, part, matched, positive, answer, labels, drawn)
    chosen_on = fitting or (held_out.fitting(cohort, matched, drawn) if held_out else None)
    columns = (positive,) if positive is not None else tuple(range(len(matched.classes)))
    scored = "" if positive is None else matched.classes[positive]
    usable = kept if kept is not None and scored and kept.positive == scored else None
    asked = (Fitting(positions, answer, labels, probabilities, drawn, part), *((chosen_on,) if chosen_on else ()))
    return Evaluation(
        part=part,
        classes=matched.classes,
        positive=scored,
        level=0 if taxonomy is None else _level_of(matched, classes, cohort, taxonomy),
        taxonomy=taxonomy.name if taxonomy else "",
        counts=tuple(int(count) for count in np.bincount(labels, minlength=len(matched.classes))),
        pictures=len(positions),
        lesions=drawn.lesions,
        auc=auc,
        curves=curves,
        accuracy=right,
        balanced_accuracy=balanced,
        class_accuracy=of_class,
        confusion=confusion(labels, predicted, len(matched.classes)),
        calibration=calibration,
        subgroups=subgroups(cohort, positions, labels, probabilities, columns, matched.classes, drawn),
        levels=_levels(answer, cohort, positions, classes, taxonomy, drawn),
        readers=tuple(ReaderPoint(reader, score.asked[index]) for index, reader in enumerate(readers)),
        draws=draws,
        seed=seed,
        device=device_name(device),
        seconds=seconds,
        pictures_per_second=len(positions) / seconds,
        versions=versions(),
        network=dict(network or {}),
        notes=(*_notes(labels, matched), *(about_leaves(classes, cohort.classes, taxonomy) if taxonomy else ())),
        threshold=threshold_of(chosen_on, part, criterion, matched, positive, probabilities, labels, drawn, usable),
        predictions=tuple(_predictions(of_part, cohort) for of_part in asked),
    )


def _check(labels: Labels, matched: Match, part: str, cohort: Cohort, readers: Sequence[ReaderResult]) -> None:
    """UserError for what makes the work pointless, before the network runs."""
    present = np.unique(labels)
    if len(present) == 1:
        name = matched.classes[int(present[0])]
        raise UserError(
            f"All {len(labels)} {part} pictures of {cohort.path.name} are {name}; "
            "an evaluation needs pictures of two classes or more."
        )
    if (
        readers
        and len(matched.classes) > 2
        and "malignant" not in [matched.classes[class_index] for class_index in present]
    ):
        raise UserError(
            f"Readers' points need a ROC curve of malignant against the rest, but the classes are "
            f"{', '.join(matched.classes)}; add them up with --taxonomy and --level."
        )


def _predictions(asked: Fitting, cohort: Cohort) -> PartPredictions:
    names, lesions = (
        tuple(column[position] for position in asked.positions.tolist()) for column in (cohort.names, cohort.lesions)
    )
    return PartPredictions(asked.part, names, lesions, asked.labels, asked.probabilities)


def _levels(
    answer: Prediction,
    cohort: Cohort,
    positions: npt.NDArray[np.intp],
    classes: Sequence[str],
    taxonomy: Taxonomy | None,
    draws: BootstrapResamples,
) -> tuple[Level, ...]:
    if taxonomy is None:
        return ()
    measured = []
    for level, matched in levels(classes, cohort.classes, taxonomy):
        labels = matched.labels[cohort.labels[positions]]
        if len(np.unique(labels)) > 1:
            curves, auc = class_curves(labels, matched.probabilities(answer), matched.classes, draws)
            measured.append(Level(level, curves, auc))
    return tuple(measured)


def _level_of(matched: Match, classes: Sequence[str], cohort: Cohort, taxonomy: Taxonomy) -> int:
    """The highest level that has the classes which are evaluated."""
    return next((n for n, other in levels(classes, cohort.classes, taxonomy) if other.classes == matched.classes), 0)


def _notes(labels: Labels, matched: Match) -> tuple[str, ...]:
    missing = [name for class_index, name in enumerate(matched.classes) if not (labels == class_index).any()]
    if not missing:
        return ()
    return (f"No picture of this part is {' or '.join(missing)}, so that no figure is given for that class.",)
