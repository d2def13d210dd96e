"""What a network says for one class, and what each filter pushes towards it, from the numbers of an index."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ScoredPictures:
    """The N pictures that count for one class: `class_index` numbers it, `labels` and `scores` (N) are theirs.

    `rows` (N) are their places in the index, and `units` (N) name their lesions, or themselves where none is known.
    """

    rows: npt.NDArray[np.intp]
    names: tuple[str, ...]
    units: tuple[str, ...]
    labels: npt.NDArray[np.int64]
    class_index: int
    scores: Numbers


def class_scores(logits: npt.NDArray[np.floating], class_index: int) -> Numbers:
    """The logit of a class less that of the strongest other (N) of logits (N, K); of one output itself, or less it.

    A network of one output tells class 1 from class 0, which is all else.
    """
    exact: Numbers = np.asarray(logits, np.float64)
    if exact.shape[1] == 1:
        return exact[:, 0] if class_index == 1 else -exact[:, 0]
    others = np.delete(exact, class_index, axis=1)
    margin: Numbers = exact[:, class_index] - others.max(axis=1)
    return margin


def towards(
    logits: npt.NDArray[np.floating], class_index: int, target: str = "margin", classes: Sequence[str] = ()
) -> Numbers:
    """By what the relevance of an index is multiplied so that it speaks for a class (N): 1, -1, or NaN for not at all.

    Relevance is for `target`: the margin between the predicted class and the strongest other, or "class:NAME" of the
    network's `classes`.
    """
    if target.startswith("class:"):
        name = target.removeprefix("class:")
        if len(classes) == 1:  # of one output the class itself stands at 1, and what it is not at 0
            return np.full(len(logits), 1.0 if class_index == 1 else -1.0)
        return np.full(len(logits), 1.0 if name in classes and list(classes).index(name) == class_index else np.nan)
    if target != "margin":
        return np.full(len(logits), np.nan)
    if logits.shape[1] == 1:
        return np.where((logits[:, 0] >= 0) == (class_index == 1), 1.0, -1.0)
    order = np.argsort(-logits, axis=1, kind="stable")
    return np.where(order[:, 0] == class_index, 1.0, np.where(order[:, 1] == class_index, -1.0, np.nan))
