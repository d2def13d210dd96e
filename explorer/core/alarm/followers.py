"""The filters that follow an artifact within class, and what they do to the score for the class."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from explorer.core.alarm.artifacts import Artifact
from explorer.core.alarm.class_score import towards
from explorer.core.alarm.finding import Following
from explorer.core.alarm.within_class import as_measure, chance, within_class
from explorer.core.index import FolderIndex
from explorer.core.progress import OnStep, no_step
from explorer.core.tags import FilterKey
from trainer.measures.multiple_testing import corrected

Numbers = npt.NDArray[np.float64]

ANSWERS = ("mean", "peak")
"""What of a filter may follow: an artifact that is small raises the peak before the mean."""
LEVEL, LEAST_RHO = 0.05, 0.3
"""Corrected p and Spearman's rho from which a filter follows."""
TOP, OF_THE_PUSH = 12, 0.8
"""At most so many filters are named, as many as it takes for this share of what all of their layer push."""
AT_ONCE = 256
"""Filters whose answers are held at once."""


class Asked(Protocol):
    """An artifact that goes with the class `class_index`, in the direction `sign`."""

    @property
    def artifact(self) -> Artifact:
        """The artifact."""

    @property
    def class_index(self) -> int:
        """The number of the class."""

    @property
    def sign(self) -> int:
        """1 for more of it, -1 for less."""


@dataclass(frozen=True)
class Followers:
    """`count` of `filters` filters follow; `top` are those that push the score most, all of one layer."""

    count: int
    filters: int
    top: tuple[Following, ...]


def followers_of(
    index: FolderIndex,
    rows: npt.NDArray[np.intp],
    labels: npt.NDArray[np.int64],
    asked: Sequence[Asked],
    on_step: OnStep = no_step,
) -> list[Followers]:
    """The followers of each artifact over the pictures `rows` (N) with classes `labels` (N).

    A silent filter follows nothing: what lies below zero is no answer.
    """
    table = index.filters()
    count, kinds = len(table), len(ANSWERS)
    rho = np.full((len(asked), kinds, count), np.nan)
    error, pushed = rho.copy(), np.full((len(asked), count), np.nan)
    counted = np.zeros(rho.shape, np.int64)
    for first in range(0, count, AT_ONCE):
        on_step(first, count)
        block = slice(first, min(count, first + AT_ONCE))
        for kind, name in enumerate(ANSWERS):
            answers = index.rows_answers(block, name)[:, rows]
            for number, candidate in enumerate(asked):
                followed = within_class(candidate.artifact.values, answers, labels)
                rho[number, kind, block], error[number, kind, block], counted[number, kind, block] = followed
        relevance = index.rows_answers(block, "relevance")[:, rows].astype(np.float64)
        for number, candidate in enumerate(asked):
            pushed[number, block] = _pushed(relevance, index, rows, labels, candidate)
    rho[:, :, table["silent"]] = np.nan
    return [
        _chosen(table, rho[number], error[number], pushed[number], counted[number])
        for number, candidate in enumerate(asked)
    ]


def _pushed(
    relevance: Numbers, index: FolderIndex, rows: npt.NDArray[np.intp], labels: npt.NDArray[np.int64], candidate: Asked
) -> Numbers:
    """How much more each filter (F, N) speaks for the class with the artifact than without: mean over classes (F,)."""
    target = str(index.contents.facts.get("relevance", "margin"))
    speaks = relevance * towards(index.logits[rows], candidate.class_index, target, index.classes)
    have, lack = candidate.artifact.sides(candidate.sign)
    usable = np.isfinite(speaks).all(axis=0)
    differences = []
    for of_class in (labels == label for label in np.unique(labels)):
        sides = [of_class & side & usable for side in (have, lack)]
        if all(side.any() for side in sides):
            differences.append(speaks[:, sides[0]].mean(axis=1) - speaks[:, sides[1]].mean(axis=1))
    return np.mean(differences, axis=0) if differences else np.full(len(relevance), np.nan)


def _chosen(
    table: npt.NDArray[np.void], rho: Numbers, error: Numbers, pushed: Numbers, counted: npt.NDArray[np.int64]
) -> Followers:
    q = corrected(chance(rho, error))
    answer_index = np.nan_to_num(np.abs(rho)).argmax(axis=0)
    best_answer = answer_index, np.arange(len(table))
    follows = (q[best_answer] <= LEVEL) & (np.abs(np.nan_to_num(rho[best_answer])) >= LEAST_RHO)
    push = np.where(follows, np.nan_to_num(pushed), 0.0)
    layers = np.unique(table["layer"])
    if np.isfinite(pushed).any():
        # Early layers push to and fro by far more than arrives: what counts is what is left of it.
        layer = layers[np.argmax([push[table["layer"] == candidate].sum() for candidate in layers])]
        chosen = np.flatnonzero((table["layer"] == layer) & (push > 0))
        chosen = chosen[np.argsort(-push[chosen], kind="stable")]
        needed = (
            int(np.searchsorted(np.cumsum(push[chosen]), OF_THE_PUSH * push[chosen].sum())) + 1 if len(chosen) else 0
        )
        chosen = chosen[: min(needed, TOP)]
    else:
        chosen = np.flatnonzero(follows)
        chosen = chosen[np.argsort(-np.abs(rho[best_answer][chosen]), kind="stable")][:TOP]
    top = tuple(
        Following(
            FilterKey(int(table["layer"][row]), int(table["filter"][row])),
            ANSWERS[answer_index[row]],
            as_measure(
                float(rho[answer_index[row], row]),
                float(error[answer_index[row], row]),
                int(counted[answer_index[row], row]),
            ),
            float(q[answer_index[row], row]),
            float(pushed[row]),
        )
        for row in chosen
    )
    return Followers(int(follows.sum()), len(table), top)
