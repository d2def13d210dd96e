"""Pictures that probably show what a person found in others: the candidates of a list that is being corrected."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.core.alarm.artifacts import Said
from explorer.core.alarm.picture_table import CONCEPTS, measured_so_far
from explorer.core.index import FolderIndex

Ranked = list[tuple[str, float]]


@dataclass(frozen=True)
class Candidate:
    """A picture of which nobody said whether it has an artifact.

    `likeness` is that of `likely_pictures`, None while no picture is confirmed; `found` is how sure the program is
    that it has one (0 to 1), None where it was not measured.
    """

    picture: str
    likeness: float | None
    found: float | None


def candidates(index: FolderIndex, artifact: str, said: Said, n: int | None = None) -> tuple[Candidate, ...]:
    """The pictures of which nobody `said` whether they have an artifact, the likeliest first.

    That is the most like the confirmed ones; as long as none is confirmed, those in which the program is surest, as far
    as it has looked; then the order of the index.
    """
    statements = {picture: row[artifact] for picture, row in said.items() if artifact in row}
    sure = measured_so_far(index, CONCEPTS).get(artifact, np.full(len(index.pictures), np.nan))
    confirmed = [picture for picture, present in statements.items() if present]
    ranked = likely_pictures(index, confirmed, [picture for picture, present in statements.items() if not present])
    likeness = dict(ranked)
    if not ranked:
        order = np.argsort(-np.nan_to_num(sure, nan=-1.0), kind="stable")
        ranked = [(name, 0.0) for name in (index.pictures[row] for row in order) if name not in statements]

    def sureness(name: str) -> float | None:
        value = float(sure[index.rows[name]])
        return value if value == value else None

    return tuple(Candidate(name, likeness.get(name), sureness(name)) for name, _ in ranked[:n])


def likely_pictures(
    index: FolderIndex, confirmed: Collection[str], rejected: Collection[str] = (), n: int | None = None
) -> Ranked:
    """The pictures of which nobody said anything, the most like the confirmed ones first, each with its likeness.

    Likeness is the cosine of the last hidden layer's answers, less their mean over the folder, with the nearest of the
    `confirmed` pictures, less that with the nearest of the `rejected` ones, as far as a picture is like one at all: it
    lies within -1 to 1. Empty without a confirmed picture; names that the index does not have are passed over.
    """
    confirmed_rows = [index.rows[name] for name in confirmed if name in index.rows]
    rejected_rows = [index.rows[name] for name in rejected if name in index.rows]
    if not confirmed_rows or not index.hidden.width:
        return []
    mean = np.zeros(index.hidden.width)
    for _, block in index.hidden.blocks():
        mean += block.sum(axis=0, dtype=np.float64) / len(index.pictures)
    like = _directions(index.hidden.of(confirmed_rows), mean)
    unlike = _directions(index.hidden.of(rejected_rows), mean)
    likeness = np.zeros(len(index.pictures))
    for rows, block in index.hidden.blocks():
        answers = _directions(block, mean)
        likeness[rows] = (answers @ like.T).max(axis=1)
        if rejected_rows:
            likeness[rows] -= np.maximum((answers @ unlike.T).max(axis=1), 0)
    open_rows = np.setdiff1d(np.arange(len(likeness)), [*confirmed_rows, *rejected_rows])
    order = open_rows[np.argsort(-likeness[open_rows], kind="stable")][:n]
    return [(index.pictures[row], float(np.clip(likeness[row], -1, 1))) for row in order]


def _directions(answers: npt.NDArray[np.float32], mean: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Answers (n, D) less their mean (D,), each of length 1; zeros where nothing is left."""
    rest = answers - mean
    length = np.linalg.norm(rest, axis=1, keepdims=True)
    directions: npt.NDArray[np.float64] = np.divide(rest, length, out=np.zeros_like(rest), where=length > 0)
    return directions
