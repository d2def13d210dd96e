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
    """An artifact that goes with the class `place`, in the direction `sign`."""

    @property
    def artifact(self) -> Artifact:
        """The artifact."""

    @property
    def place(self) -> int:
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
        some = slice(first, min(count, first + AT_ONCE))
        for kind, name in enumerate(ANSWERS):
            answers = index.rows_answers(some, name)[:, rows]
            for at, one in enumerate(asked):
                followed = within_class(one.artifact.values, answers, labels)
                rho[at, kind, some], error[at, kind, some], counted[at, kind, some] = followed
        relevance = index.rows_answers(some, "relevance")[:, rows].astype(np.float64)
        for at, one in enumerate(asked):
            pushed[at, some] = _pushed(relevance, index, rows, labels, one)
    rho[:, :, table["silent"]] = np.nan
    return [_chosen(table, rho[at], error[at], pushed[at], counted[at]) for at, one in enumerate(asked)]


def _pushed(
    relevance: Numbers, index: FolderIndex, rows: npt.NDArray[np.intp], labels: npt.NDArray[np.int64], one: Asked
) -> Numbers:
    """How much more each filter (F, N) speaks for the class with the artifact than without: mean over classes (F,)."""
    target = str(index.contents.facts.get("relevance", "margin"))
    speaks = relevance * towards(index.logits[rows], one.place, target, index.classes)
    have, lack = one.artifact.sides(one.sign)
    usable = np.isfinite(speaks).all(axis=0)
    found = []
    for of in (labels == place for place in np.unique(labels)):
        sides = [of & side & usable for side in (have, lack)]
        if all(side.any() for side in sides):
            found.append(speaks[:, sides[0]].mean(axis=1) - speaks[:, sides[1]].mean(axis=1))
    return np.mean(found, axis=0) if found else np.full(len(relevance), np.nan)


def _chosen(
    table: npt.NDArray[np.void], rho: Numbers, error: Numbers, pushed: Numbers, counted: npt.NDArray[np.int64]
) -> Followers:
    q = corrected(chance(rho, error))
    better = np.nan_to_num(np.abs(rho)).argmax(axis=0)
    at = better, np.arange(len(table))
    follows = (q[at] <= LEVEL) & (np.abs(np.nan_to_num(rho[at])) >= LEAST_RHO)
    push = np.where(follows, np.nan_to_num(pushed), 0.0)
    layers = np.unique(table["layer"])
    if np.isfinite(pushed).any():
        # Early layers push to and fro by far more than arrives: what counts is what is left of it.
        layer = layers[np.argmax([push[table["layer"] == one].sum() for one in layers])]
        of = np.flatnonzero((table["layer"] == layer) & (push > 0))
        of = of[np.argsort(-push[of], kind="stable")]
        needed = int(np.searchsorted(np.cumsum(push[of]), OF_THE_PUSH * push[of].sum())) + 1 if len(of) else 0
        of = of[: min(needed, TOP)]
    else:
        of = np.flatnonzero(follows)
        of = of[np.argsort(-np.abs(rho[at][of]), kind="stable")][:TOP]
    top = tuple(
        Following(
            FilterKey(int(table["layer"][row]), int(table["filter"][row])),
            ANSWERS[better[row]],
            as_measure(float(rho[better[row], row]), float(error[better[row], row]), int(counted[better[row], row])),
            float(q[better[row], row]),
            float(pushed[row]),
        )
        for row in of
    )
    return Followers(int(follows.sum()), len(table), top)
