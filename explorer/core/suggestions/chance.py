"""How many filters chance alone would be suggested something: what the rules find where there is nothing to find."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from explorer.core.alignment.grid import SIDE
from explorer.core.alignment.marks import Marks
from explorer.core.alignment.measure import Measured, RankedMaps
from explorer.core.index.folder_index import FolderIndex
from explorer.core.index.measuring import Measurer
from explorer.core.network.opening import Network
from explorer.core.progress import OnStep
from explorer.core.suggestions.aligning import maps_of, narrow, partners_of, scales_of, stacked
from explorer.core.suggestions.pictures import Looked
from trainer.pictures.image_decoding import read_image

NUMBERS = 240
"""Numbers that are measured of a filter on a picture, about."""
BYTES = 1 << 30
"""Memory for what is measured of several permutations in one pass over the pictures."""


@dataclass(frozen=True)
class Draw:
    """One permutation of N pictures: `of` (N,) whose marks each picture is given, never its own; `moved` (N, 2) by how
    many cells its maps are moved down and to the right before they are compared with the picture's own edge.
    """

    of: tuple[int, ...]
    moved: tuple[tuple[int, int], ...]


def draw(count: int, seed: int) -> Draw:
    """A permutation of `count` pictures in one cycle, which leaves none at its place, and moves of chance."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(count)
    source = np.empty(count, np.int64)
    source[order] = np.roll(order, 1)
    moves = rng.integers(1, SIDE, (count, 2))
    return Draw(tuple(source.tolist()), tuple((int(down), int(right)) for down, right in moves))


def measured_by_chance(
    network: Network,
    index: FolderIndex,
    pictures: Sequence[Looked],
    marks: Sequence[Marks],
    draws: Sequence[Draw],
    on_step: OnStep,
    rows: Sequence[int] | None = None,
) -> Iterator[tuple[Measured, list[Marks]]]:
    """What `align_all` gives of N pictures for each draw, and the marks that it was measured on.

    Masks, concepts and colors are those of other pictures, as long as a rule reads them. The rule for the picture's own
    edge reads none: its null are maps that were moved, each picture's by another step. `rows` are the filters, None
    for all.
    """
    foot, peak = scales_of(index)
    chosen = np.arange(len(foot)) if rows is None else np.asarray(rows)
    runner = Measurer(network)
    at_once = max(1, BYTES // (2 * NUMBERS * len(chosen) * len(pictures)))
    done, total = 0, len(draws) * len(pictures)
    for first in range(0, len(draws), at_once):
        batch = draws[first : first + at_once]
        given = [[marks[row] for row in permutation.of] for permutation in batch]
        others = [partners_of(permuted) for permuted in given]
        measurements: list[list[Measured]] = [[] for _ in batch]
        for row, picture in enumerate(pictures):
            maps = maps_of(runner, network, [read_image(picture.path)])[0, chosen]
            ranked = RankedMaps(maps, foot[chosen], peak[chosen], int(picture.digest[:8], 16))
            for permutation, permuted, partners, records in zip(batch, given, others, measurements, strict=True):
                on_step(done, total)
                records.append(narrow(ranked.on(permuted[row], partners[row].marks(permuted), permutation.moved[row])))
                done += 1
        for permuted, records in zip(given, measurements, strict=True):
            yield stacked(records), permuted
    on_step(done, total)
