"""The pairs of classes that a network confuses most, with the pictures of which it was surest."""

import base64
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from trainer.cohort.cohort import Cohort

if TYPE_CHECKING:
    from trainer.evaluation.evaluate import Evaluation

PAIRS, SHOWN = 3, 6
_SIDE, _QUALITY = 112, 80


@dataclass(frozen=True)
class Mistaken:
    """A picture that was mistaken: its name, the probability of the wrong class, and it as a JPEG in a data URL."""

    name: str
    probability: float
    picture: str


@dataclass(frozen=True)
class ConfusedPair:
    """`count` of the `of` pictures that are `given` were called `predicted`; `pictures` are those it was surest of."""

    given: str
    predicted: str
    count: int
    of: int
    pictures: tuple[Mistaken, ...]


def confused_pairs(evaluation: "Evaluation", cohort: Cohort) -> tuple[ConfusedPair, ...]:
    """The most frequent mistakes by number of pictures, at most `PAIRS`, each with at most `SHOWN` pictures."""
    mistakes = evaluation.confusion.copy()
    np.fill_diagonal(mistakes, 0)
    frequent = np.argsort(-mistakes, axis=None, kind="stable")[:PAIRS]
    part = evaluation.predictions[0]
    predicted = part.probabilities.argmax(axis=1)
    positions = {name: position for position, name in enumerate(cohort.names)}
    pairs = []
    for given, called in zip(*np.unravel_index(frequent, mistakes.shape), strict=True):
        if not mistakes[given, called]:
            continue
        rows = np.flatnonzero((part.labels == given) & (predicted == called))
        surest = rows[np.argsort(-part.probabilities[rows, called], kind="stable")][:SHOWN].tolist()
        stored = cohort.pictures([positions[part.pictures[row]] for row in surest])
        shown = tuple(
            Mistaken(part.pictures[row], float(part.probabilities[row, called]), _data_url(picture))
            for row, picture in zip(surest, stored, strict=True)
        )
        names = evaluation.classes
        total = int(evaluation.confusion[given].sum())
        pairs.append(ConfusedPair(names[given], names[called], int(mistakes[given, called]), total, shown))
    return tuple(pairs)


def _data_url(rgb: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]") -> str:
    content = io.BytesIO()
    Image.fromarray(rgb).resize((_SIDE, _SIDE), Image.Resampling.BILINEAR).save(content, "JPEG", quality=_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(content.getvalue()).decode()}"
