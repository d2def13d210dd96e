"""A threshold that is chosen on the validation part and then kept: what it does there, and on the part that counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trainer.files.errors import UserError
from trainer.measures.bootstrap import BootstrapResamples, Measure, Numbers, measure

CRITERIA = "youden, sensitivity:0.95 or specificity:0.9"


@dataclass(frozen=True)
class AtThreshold:
    """What one threshold does on a part: shares of its pictures, with intervals over its lesions."""

    part: str
    sensitivity: Measure
    specificity: Measure
    balanced_accuracy: Measure
    true_positives: int
    false_positives: int
    true_negatives: int
    false_negatives: int


@dataclass(frozen=True)
class KeptThreshold:
    """What the file of a network says of its threshold: whose it is, and the part that it was chosen on there."""

    file: str
    positive: str
    criterion: str
    value: float
    part: str

    @property
    def origin(self) -> str:
        """In words: who chose it, how and on what."""
        return f"kept in {self.file}, whose training chose it on {self.part} by {self.criterion}"


@dataclass(frozen=True)
class ChosenThreshold:
    """A picture is called `positive` from the probability `value` on; `criterion` says how it was chosen.

    `chosen_on` flatters, because it was chosen there; `applied_to` does not. A threshold that was `kept` by a network's
    file was chosen on the pictures of its training, which are not at hand: `chosen_on` is None, and `on_validation`
    what it does on the validation part of the cohort that is measured, where there is one.
    """

    positive: str
    criterion: str
    value: float
    chosen_on: AtThreshold | None
    applied_to: AtThreshold
    kept: KeptThreshold | None = None
    on_validation: AtThreshold | None = None

    @property
    def points(self) -> tuple[tuple[AtThreshold, str], ...]:
        """What it does on each part, and why that part is named."""
        named = (
            (self.chosen_on, "where it was chosen, and so too good"),
            (self.on_validation, "which may be among the pictures that it was chosen on"),
            (self.applied_to, "where it was applied"),
        )
        return tuple((point, role) for point, role in named if point is not None)


def kept_threshold(training: Mapping[str, Any], file: str) -> KeptThreshold | None:
    """The threshold that a checkpoint's training says; None where it says none, or nothing that is one."""
    record = training.get("threshold")
    if not isinstance(record, dict):
        return None
    words = [record.get(name) for name in ("positive", "criterion", "chosen_on")]
    value = record.get("value")
    if not all(isinstance(word, str) for word in words) or not isinstance(value, int | float) or not 0 <= value <= 1:
        return None
    positive, criterion, part = map(str, words)
    return KeptThreshold(file, positive, criterion, float(value), part)


def check_criterion(text: str) -> str:
    """The criterion as it was written; UserError where it is none of `CRITERIA`."""
    kind, _, share = text.partition(":")
    try:
        fits = text == "youden" or (kind in ("sensitivity", "specificity") and 0 < float(share) <= 1)
    except ValueError:
        fits = False
    if not fits:
        raise UserError(f'--threshold "{text[:40]}" is not {CRITERIA}, with a share over 0 and up to 1.')
    return text


def choose(scores: Numbers, positive: npt.NDArray[np.bool_], criterion: str) -> float:
    """The threshold for scores (N) of pictures of the class or not, from which on they are called positive.

    "youden" maximises sensitivity + specificity (Youden, Cancer 3:32, 1950); "sensitivity:s" is the highest one whose
    sensitivity is at least s, "specificity:s" the lowest one whose specificity is. It lies halfway to the next score,
    so that rounding decides nothing.
    """
    order = np.argsort(-scores, kind="stable")
    falling, right = scores[order], positive[order]
    last = np.append(np.diff(falling) != 0, True)
    sensitivity = np.append(0.0, np.cumsum(right)[last] / max(int(positive.sum()), 1))
    specificity = np.append(1.0, 1 - np.cumsum(~right)[last] / max(int((~positive).sum()), 1))
    kind, _, share = criterion.partition(":")
    if kind == "sensitivity":
        best = int(np.argmax(sensitivity >= float(share) - 1e-9))
    elif kind == "specificity":
        best = len(specificity) - 1 - int(np.argmax((specificity >= float(share) - 1e-9)[::-1]))
    else:
        best = int(np.argmax(sensitivity + specificity))
    values = np.concatenate([[1.0], falling[last], [0.0]])
    if best == 0 and values[1] >= 1:
        return float(np.nextafter(1.0, 2.0))  # nothing is called: halfway between 1 and 1 would call what has 1
    return float((values[best] + values[best + 1]) / 2)


def at_threshold(
    part: str, scores: Numbers, positive: npt.NDArray[np.bool_], value: float, draws: BootstrapResamples
) -> AtThreshold:
    """What the threshold does to scores (N) of pictures of the class or not."""
    called = scores >= value
    cells = np.stack([called & positive, called & ~positive, ~called & ~positive, ~called & positive], axis=1)

    def numbers(weights: Numbers) -> Numbers:
        true_positives, false_positives, true_negatives, false_negatives = (weights @ cells.astype(np.float64)).T
        with np.errstate(invalid="ignore", divide="ignore"):
            sensitivity, specificity = (
                true_positives / (true_positives + false_negatives),
                true_negatives / (true_negatives + false_positives),
            )
        return np.column_stack([sensitivity, specificity, (sensitivity + specificity) / 2])

    values, drawn = numbers(np.ones((1, len(scores))))[0], draws.over(numbers)
    sizes = int(positive.sum()), int((~positive).sum()), len(scores)
    lesions = [len(np.unique(draws.lesion[mask])) for mask in (positive, ~positive)]
    sensitivity, specificity, balanced = (
        measure(values[column], drawn[:, column], size, several)
        for column, (size, several) in enumerate(zip(sizes, (*lesions, min(lesions)), strict=True))
    )
    return AtThreshold(part, sensitivity, specificity, balanced, *cells.sum(axis=0).tolist())
