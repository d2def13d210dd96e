"""Figures of all classes of a network at once: their ROC curves with a mean AUC, and the accuracies."""

from collections.abc import Sequence

import numpy as np

from trainer.files.progress import OnStep, no_step
from trainer.measures.bootstrap import BootstrapResamples, Measure, Numbers, measure
from trainer.measures.metrics import Labels, accuracy, class_accuracy
from trainer.measures.roc_curves import Curve, curve_of
from trainer.measures.scored_class import scored_class


def class_curves(
    labels: Labels,
    probabilities: Numbers,
    classes: Sequence[str],
    draws: BootstrapResamples,
    asked: Sequence[float] = (),
    *,
    columns: Sequence[int] | None = None,
    on_step: OnStep = no_step,
) -> tuple[tuple[Curve, ...], Measure]:
    """The curve of the score of two classes, of every class that occurs of more; and their mean AUC.

    `columns` names other classes to draw a curve of; each needs pictures of it and pictures of others.
    """
    if columns is None:
        columns = [scored_class(classes)] if len(classes) == 2 else np.unique(labels).tolist()
    curves = []
    for done, class_index in enumerate(columns):
        on_step(done, len(columns))
        curves.append(
            curve_of(classes[class_index], probabilities[:, class_index], labels == class_index, draws, asked)
        )
    value = float(np.mean([curve.auc.value for curve, _ in curves]))
    lesions = min(min(draws.lesions_among(side) for side in (labels == k, labels != k)) for k in columns)
    macro = measure(value, np.mean([areas for _, areas in curves], axis=0), len(labels), lesions)
    return tuple(curve for curve, _ in curves), macro


def accuracies(
    labels: Labels, predicted: Labels, classes: int, draws: BootstrapResamples
) -> tuple[Measure, Measure, tuple[Measure, ...]]:
    """Of all pictures, the mean of the classes that occur, and of each class."""
    counts = np.bincount(labels, minlength=classes)
    present = np.flatnonzero(counts)

    def numbers(weights: Numbers) -> Numbers:
        shares = class_accuracy(weights, labels, predicted, classes)
        return np.column_stack([accuracy(weights, labels, predicted), shares[:, present].mean(axis=1), shares])

    value, drawn = numbers(np.ones((1, len(labels))))[0], draws.over(numbers)
    sizes = [len(labels), len(labels), *counts.tolist()]
    lesions = [draws.lesions, 0, *(draws.lesions_among(labels == class_index) for class_index in range(classes))]
    first, second, *rest = (
        measure(value[column], drawn[:, column], size, lesions[column]) for column, size in enumerate(sizes)
    )
    return first, second, tuple(rest)
