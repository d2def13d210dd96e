"""Predictions added up along a taxonomy: the probability of a node is that of the classes below it, in sum."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from explorer.core.progress import OnStep, no_step
from trainer.measures.bootstrap import BootstrapResamples, Measure, Numbers
from trainer.measures.class_figures import accuracies, class_curves
from trainer.measures.metrics import Labels
from trainer.measures.roc_curves import Curve
from trainer.measures.scored_class import scored_class
from trainer.measures.taxonomy import Taxonomy, levels, match


@dataclass(frozen=True)
class Level:
    """The nodes of one level of a taxonomy.

    `curves` and `auc`, their mean, as in `Evaluation`; `sensitivity` of each node is the share of its pictures for
    which it is the likeliest node of the level.
    """

    level: int
    classes: tuple[str, ...]
    curves: tuple[Curve, ...]
    auc: Measure
    sensitivity: tuple[Measure, ...]

    def auc_of(self, name: str) -> Measure | None:
        """The AUC of a node; of two nodes both have the same. None where no picture is of the node."""
        if len(self.classes) == 2:
            return self.curves[0].auc
        return next((curve.auc for curve in self.curves if curve.name == name), None)


def along_taxonomy(
    labels: Labels,
    probabilities: Numbers,
    classes: Sequence[str],
    taxonomy: Taxonomy,
    draws: BootstrapResamples,
    on_step: OnStep = no_step,
    *,
    independent: bool = False,
) -> tuple[Level, ...]:
    """The levels at which two nodes or more have pictures; UserError where tree and classes do not fit.

    Of classes that are `independent` of each other, a node's probability is that of one of them at least.
    """
    match(classes, classes, taxonomy, 1)  # says why they do not
    measured = []
    for level, matched in levels(classes, classes, taxonomy):
        on_step(0, 0)
        of_level, summed = matched.labels[labels], matched.added_up(probabilities, independent=independent)
        if len(np.unique(of_level)) > 1:
            columns = [scored_class(matched.classes)] if len(matched.classes) == 2 else None
            curves, auc = class_curves(of_level, summed, matched.classes, draws, columns=columns, on_step=on_step)
            predicted = summed.argmax(axis=1).astype(np.int64)
            _, _, sensitivity = accuracies(of_level, predicted, len(matched.classes), draws)
            measured.append(Level(level, matched.classes, curves, auc, sensitivity))
    return tuple(measured)
