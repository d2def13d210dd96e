"""What is fitted on the validation part alone: the temperature of the probabilities, and a threshold."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from trainer.cohort.cohort import Cohort
from trainer.evaluation.ensemble import Ensemble
from trainer.evaluation.threshold import ChosenThreshold, KeptThreshold, at_threshold, choose
from trainer.files.errors import UserError
from trainer.measures.bootstrap import BootstrapResamples, Numbers
from trainer.measures.calibration import Calibration, fit_temperature, reliability
from trainer.measures.metrics import Labels
from trainer.measures.prediction import Prediction
from trainer.measures.taxonomy import Match

CROSS_VALIDATED = "train, cross-validated"
"""What reports call answers to training pictures by networks that did not see them."""


@dataclass(frozen=True)
class Fitting:
    """A part of a cohort, asked; on the validation part a temperature and a threshold are fitted."""

    positions: npt.NDArray[np.intp]
    answer: Prediction
    labels: Labels
    probabilities: Numbers
    draws: BootstrapResamples
    part: str = "validation"


@dataclass(frozen=True)
class HeldOut:
    """The answer to training pictures at `positions` (N) of a cohort by networks that did not see them."""

    positions: npt.NDArray[np.intp]
    answer: Prediction

    def fitting(self, cohort: Cohort, matched: Match, draws: BootstrapResamples) -> Fitting:
        """What a threshold is chosen on, with draws as these are."""
        drawn = BootstrapResamples.of(
            [cohort.lesions[position] for position in self.positions], draws.count, draws.seed
        )
        labels, probabilities = matched.labels[cohort.labels[self.positions]], matched.probabilities(self.answer)
        return Fitting(self.positions, self.answer, labels, probabilities, drawn, CROSS_VALIDATED)


def fitting_of(
    ensemble: Ensemble, cohort: Cohort, device: torch.device, batch: int, matched: Match, draws: BootstrapResamples
) -> Fitting | None:
    """None where there is no validation part with two classes."""
    positions = np.flatnonzero(cohort.splits == "validation")
    labels = matched.labels[cohort.labels[positions]]
    if len(np.unique(labels)) < 2:
        return None
    answer = Prediction(ensemble.logits((cohort, positions), device, batch=batch), ensemble.independent)
    drawn = BootstrapResamples.of([cohort.lesions[position] for position in positions], draws.count, draws.seed)
    return Fitting(positions, answer, labels, matched.probabilities(answer), drawn)


def check_choosable(criterion: str, cohort: Cohort, part: str, matched: Match) -> None:
    """UserError where a threshold is asked for that nothing can choose; "" asks for none."""
    if not criterion:
        return
    if len(matched.classes) != 2:
        raise UserError(
            f"--threshold {criterion} chooses a threshold of two classes, and these are {len(matched.classes)}; leave "
            "it out, or add the classes up with --taxonomy and --level."
        )
    if part == "validation":
        raise UserError(
            f"--threshold {criterion} is chosen on the validation part; measure another --split, or leave it out."
        )
    if len(np.unique(matched.labels[cohort.labels[cohort.splits == "validation"]])) < 2:
        raise UserError(
            f"--threshold {criterion} is chosen on the validation part, of which {cohort.path.name} has none with two "
            "classes; leave it out, or prepare the cohort with one."
        )


def calibration_of(
    fitting: Fitting | None,
    part: str,
    matched: Match,
    positive: int | None,
    answer: Prediction,
    labels: Labels,
    draws: BootstrapResamples,
) -> Calibration:
    """Reliability as trained, and after the temperature that was fitted; the reason where there is none."""
    class_name = "the predicted class" if positive is None else matched.classes[positive]
    alone = answer.independent
    before = reliability(matched.probabilities(answer), labels, positive, draws, independent=alone)
    if fitting is None:
        reason = (
            "The temperature is fitted on the validation part, so that it is not measured on that very part."
            if part == "validation"
            else "The cohort has no validation part with two classes, so that no temperature was fitted."
        )
        return Calibration(class_name, before, None, None, reason)
    fitted = fit_temperature(fitting.answer, fitting.labels, matched, fitting.draws)
    after = reliability(matched.probabilities(answer, fitted.value), labels, positive, draws, independent=alone)
    return Calibration(class_name, before, after, fitted)


def threshold_of(
    fitting: Fitting | None,
    part: str,
    criterion: str,
    matched: Match,
    positive: int | None,
    probabilities: Numbers,
    labels: Labels,
    draws: BootstrapResamples,
    kept: KeptThreshold | None = None,
) -> ChosenThreshold | None:
    """The threshold of two classes, the `kept` one or by `criterion`; None of more, or where nothing can choose it.

    "" = youden.
    """
    if positive is None:
        return None
    criterion = criterion or "youden"
    name, scores, true = matched.classes[positive], probabilities[:, positive], labels == positive
    if kept is not None:
        applied = at_threshold(part, scores, true, kept.value, draws)
        also = None
        if fitting is not None:
            held_scores, held_true = fitting.probabilities[:, positive], fitting.labels == positive
            also = at_threshold(fitting.part, held_scores, held_true, kept.value, fitting.draws)
        return ChosenThreshold(name, kept.criterion, kept.value, None, applied, kept, also)
    if fitting is None:
        return None
    held_scores, held_true = fitting.probabilities[:, positive], fitting.labels == positive
    value = choose(held_scores, held_true, criterion)
    chosen_on = at_threshold(fitting.part, held_scores, held_true, value, fitting.draws)
    return ChosenThreshold(name, criterion, value, chosen_on, at_threshold(part, scores, true, value, draws))
