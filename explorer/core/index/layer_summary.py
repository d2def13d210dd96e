"""What an index says of the filters of a layer side by side: by what they can be put in order, and what marks them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.core.index.class_separation import surely_apart
from explorer.core.index.folder_index import FolderIndex
from explorer.core.index.likeness import CELLS, TWINS, layer_correlations
from explorer.core.index.muted_alone import changes_of
from explorer.core.index.schema import ring_share
from explorer.core.progress import OnStep, no_step

BY = "inside"
"""The answer that orders filters: peaks at the picture's edge come from zero padding as often as from skin."""
MOSTLY, ABOVE_CHANCE = 0.5, 1.5
"""Share of a filter's answer in the outermost ring above which it is mostly at the edge; and how many times more than
the ring's share of the map that has to be, because the ring of a 7 x 7 map is half of it."""
REORDERED = 1024
"""Filters up to which neighbours are put in their best order, which takes the cube of their number."""

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LayerSummary:
    """The C filters of a layer.

    `relevance` (C,) as the share of |relevance| in the layer; `strength` (C,) the mean peak inside over the pictures;
    `separation` (C,) how far a class is surely told from the others, see `separation`; NaN where a filter is silent,
    and where too few pictures have a class. `muting` (C,) the mean absolute change of the margin without the filter,
    NaN where that was not measured. `alike` all filters so that those that answer alike stand side by side.
    `silent`, and `edge` (mostly at the picture's edge), name filters; `twins` those that have some.
    """

    relevance: Values
    strength: Values
    separation: Values
    alike: tuple[int, ...]
    silent: frozenset[int]
    edge: frozenset[int]
    twins: Mapping[int, tuple[int, ...]]
    muting: Values


def summary_of(
    index: FolderIndex,
    layer: int,
    size: tuple[int, int],
    *,
    given: Sequence[str] | None = None,
    with_trained_on: bool = False,
    on_step: OnStep = no_step,
) -> LayerSummary:
    """Read and compare the answers of a layer whose maps are `size` (height, width), some at a time.

    `given` says the class of each picture in other words than the index does, such as the network's; pictures that the
    network was trained or chosen on tell classes apart only `with_trained_on`.
    """
    left_out = np.zeros(len(index.pictures), bool) if with_trained_on else index.trained_on
    filters = index.filters()
    rows = filters[filters["layer"] == layer]
    strength, separated = np.zeros(len(rows)), np.zeros(len(rows))
    words, first = (
        np.array(index.given if given is None else given, dtype=object),
        int(np.searchsorted(filters["layer"], layer)),
    )
    at_once = max(1, CELLS // max(1, len(index.pictures)))
    for start in range(0, len(rows), at_once):
        on_step(start, 3 * len(rows))
        block = slice(start, min(len(rows), start + at_once))
        answers = index.rows_answers(slice(first + block.start, first + block.stop), BY)
        strength[block] = answers.mean(axis=1, dtype=np.float64)
        apart = separation(answers, words, left_out, on_step)
        separated[block] = np.where(rows["silent"][block], np.nan, apart)  # what lies below zero is no answer
    alike = layer_correlations(index, layer, by=BY, on_step=lambda done, _: on_step(len(rows) + done, 3 * len(rows)))
    return LayerSummary(
        relevance=rows["relevance_share"].astype(np.float64),
        strength=strength,
        separation=separated,
        alike=side_by_side(alike),
        silent=frozenset(np.flatnonzero(rows["silent"]).tolist()),
        edge=frozenset(row for row, ratio in enumerate(rows["ring_ratio"]) if mostly_at_edge(float(ratio), size)),
        twins=twins_of(alike),
        muting=changes_of(index)[1][filters["layer"] == layer],
    )


def mostly_at_edge(ratio: float, size: tuple[int, int]) -> bool:
    """Whether a filter with this ring ratio answers mostly in the outermost ring of its maps of `size`."""
    return ratio > ABOVE_CHANCE and ratio * ring_share(*size) > MOSTLY


def separation(
    answers: npt.NDArray[np.floating],
    given: npt.NDArray[np.object_],
    left_out: npt.NDArray[np.bool_],
    on_step: OnStep = no_step,
) -> Values:
    """How far answers (C, N) surely tell one of the classes from the others: (C,), the largest of `surely_apart`.

    NaN where no class has enough pictures, or fewer than two are known.
    """
    counted = (given != "") & ~left_out
    answers, words = answers[:, counted], given[counted]
    names = sorted(set(words))
    largest = np.full(len(answers), np.nan)
    for name in names[:1] if len(names) == 2 else names:  # of two, one says it of both
        on_step(2, 3)
        largest = np.fmax(largest, surely_apart(answers, words == name))
    return largest


def side_by_side(r: npt.NDArray[np.floating]) -> tuple[int, ...]:
    """All filters as the leaves of a tree of their |r| (C, C), by average linkage (Sokal & Michener, 1958).

    Where there are not too many, branches are turned so that neighbours are most alike (Bar-Joseph et al., 2001).
    """
    if len(r) < 3:
        return tuple(range(len(r)))
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    distance = 1 - np.abs(np.nan_to_num(r, nan=0.0)).astype(np.float64)
    distance = np.maximum((distance + distance.T) / 2, 0)
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance, checks=False), "average", optimal_ordering=len(r) <= REORDERED)
    return tuple(int(row) for row in leaves_list(tree))


def twins_of(r: npt.NDArray[np.floating], above: float = TWINS) -> dict[int, tuple[int, ...]]:
    """For each filter that has some, its twins: those with |r| (C, C) above this, the most alike first."""
    twins: defaultdict[int, list[tuple[float, int]]] = defaultdict(list)
    for row, column in zip(*np.nonzero(np.abs(r) > above), strict=True):
        if row != column:
            twins[int(row)].append((-abs(float(r[row, column])), int(column)))
    return {row: tuple(other for _, other in sorted(others)) for row, others in twins.items()}


def ordered(values: Values) -> list[int]:
    """The filters with the largest value (C,) first, those without one last."""
    return [int(row) for row in np.argsort(-values, kind="stable")]
