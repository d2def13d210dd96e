"""What lies on the skin: painted over where it was found, or laid into the picture where a person points."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from explorer.core.arrays import RGB
from explorer.core.errors import UserError
from explorer.core.probes.changes import REMOVED, as_bytes, painted_over
from trainer.concepts.finding import find
from trainer.concepts.working_size import working_size
from trainer.measures.percent import percent
from trainer.synthetic.artifacts import LIGHT_SKIN
from trainer.synthetic.kinds import TEACHING

Floats = npt.NDArray[np.float32]

PAINTED_OVER = REMOVED
"""Concepts that can be taken from a picture."""

LAID = ("hair", "ruler", "ink")
"""Concepts that can be laid into one."""

LARGEST = 1024
"""The longer side at which something is drawn at most; into larger pictures it is enlarged."""

_REACH = {"hair": 0.35, "ruler": np.inf, "ink": np.inf}
"""How far from the place something is drawn, in sides of the picture: hairs fade out, a ruler goes on."""
_SIDE = {"hair": 1.0, "ruler": 1.0, "ink": 0.5}
"""The square that is drawn into, in sides of the picture."""


@dataclass(frozen=True)
class Laid:
    """A concept of `LAID` about a place, `row` and `column` in [0, 1] of the picture's sides.

    `number` says which of its drawings. UserError for other values.
    """

    concept: str
    row: float
    column: float
    number: int = 0

    def __post_init__(self) -> None:
        if self.concept not in LAID:
            raise UserError(f'"{self.concept}" cannot be laid into a picture; take {", ".join(LAID)}.')
        if not (0 <= self.row <= 1 and 0 <= self.column <= 1):
            raise UserError(f"The place {self.row:g},{self.column:g} is not in the picture; take shares from 0 to 1.")

    def __str__(self) -> str:
        return f"{self.concept} {percent(self.column)} from the left and {percent(self.row)} from the top"


def without(rgb: RGB, concepts: Sequence[str]) -> tuple[RGB, tuple[str, ...]]:
    """A picture (H, W, 3) uint8 with some of `PAINTED_OVER` painted over, and those of them that were.

    What is found nowhere, or on more than a fifth of the picture, is left as it is (`painted_over`).
    """
    size = working_size(*rgb.shape[:2])
    concept_maps = find(size.shrunk(rgb))
    changed: Floats | None = None
    done = []
    for concept in concepts:
        before = changed if changed is not None else (rgb / np.float32(255)).astype(np.float32)
        after = painted_over(before, size.grown(concept_maps[concept]))
        if after is not None:
            changed = after
            done.append(concept)
    return (rgb if changed is None else as_bytes(changed)), tuple(done)


def laid_in(rgb: RGB, laid: Laid) -> RGB:
    """A picture (H, W, 3) uint8 with something drawn into it, as those drawings are that teach (`TEACHING`).

    The same drawing lies about the same place of every picture.
    """
    height, width = rgb.shape[:2]
    longest = max(height, width)
    if longest > LARGEST:
        return _enlarged(rgb, laid)
    side = max(8, round(_SIDE[laid.concept] * longest))
    kinds = TEACHING[laid.concept]
    kind = kinds[laid.number % len(kinds)]
    _, coverage = kind(np.random.default_rng(laid.number), np.full((side, side, 3), 0.7, np.float32), LIGHT_SKIN)
    place = laid.row * (height - 1), laid.column * (width - 1)
    top, left = (
        round(coordinate - middle) for coordinate, middle in zip(place, _middle(coverage, laid.concept), strict=True)
    )
    square = _square(rgb, top, left, side)
    drawn, _ = kind(np.random.default_rng(laid.number), square, LIGHT_SKIN)
    down, across = np.ogrid[top : top + side, left : left + side]
    away = np.hypot(down - place[0], across - place[1]) / longest
    share = np.clip(2 - 2 * away / _REACH[laid.concept], 0, 1).astype(np.float32)[..., None]
    mixed = as_bytes(square + (drawn - square) * share)
    result = rgb.copy()
    inside = slice(max(top, 0), min(top + side, height)), slice(max(left, 0), min(left + side, width))
    result[inside] = mixed[inside[0].start - top : inside[0].stop - top, inside[1].start - left : inside[1].stop - left]
    return result


def _enlarged(rgb: RGB, laid: Laid) -> RGB:
    """A large picture, with what is drawn into a small copy of it."""
    height, width = rgb.shape[:2]
    share = LARGEST / max(height, width)
    small = np.asarray(Image.fromarray(rgb).resize((max(1, round(width * share)), max(1, round(height * share)))))
    change = laid_in(small, laid).astype(np.float32) - small
    result = rgb.copy()
    for channel in range(3):
        grown = Image.fromarray(change[..., channel]).resize((width, height), Image.Resampling.BILINEAR)
        result[..., channel] = np.rint(np.clip(np.asarray(grown) + rgb[..., channel], 0, 255))
    return result


def _middle(coverage: Floats, concept: str) -> tuple[float, float]:
    """What comes to the place: the middle of what is drawn; of hairs, which lie everywhere, where most are near."""
    from scipy.ndimage import gaussian_filter

    if concept == "hair":
        near = gaussian_filter(coverage, _REACH["hair"] * len(coverage) / 3, mode="constant")
        row, column = np.unravel_index(int(near.argmax()), near.shape)
        return float(row), float(column)
    total = max(float(coverage.sum()), 1e-6)
    down, across = np.indices(coverage.shape, dtype=np.float32)
    return float((down * coverage).sum()) / total, float((across * coverage).sum()) / total


def _square(rgb: RGB, top: int, left: int, side: int) -> Floats:
    """A square of the picture in [0, 1]; beyond it its edge goes on."""
    rows = np.clip(np.arange(top, top + side), 0, rgb.shape[0] - 1)
    columns = np.clip(np.arange(left, left + side), 0, rgb.shape[1] - 1)
    return (rgb[rows[:, None], columns] / np.float32(255)).astype(np.float32)
