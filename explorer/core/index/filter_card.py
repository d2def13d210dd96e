"""All that an index says of one filter, in one piece: its card."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from explorer.core.index.class_separation import ClassSeparation, class_separation
from explorer.core.index.folder_index import FolderIndex
from explorer.core.index.layer_summary import BY, mostly_at_edge
from explorer.core.index.likeness import Alike, likeness
from explorer.core.index.muted_alone import changes_of
from explorer.core.index.schema import share_in_ring
from explorer.core.progress import OnStep, no_step
from explorer.core.tags import FilterKey
from trainer.measures.spoken import signed

BARS = 48
COMPARED = 4096
"""Filters up to which all of a network are compared with one; of more only those of its layer."""


@dataclass(frozen=True)
class FilterCard:
    """A filter over N pictures.

    `counts` (BARS,) and `edges` (BARS + 1,) are the distribution of `peaks` (N,), the highest value inside on each
    picture; `silent_share` (0..1) of them are not above zero. `relevance` is its share of |relevance| in its layer
    (0..1, NaN where unknown), `rank` its place by that among the `filters` of the layer, from 1. `ring` is the share
    (0..1) of its answer in the map's outermost ring. A `silent` filter has no such peak above zero, or answers the
    same everywhere: there are no `classes` of it, and no share that it is stronger than. `margin_change` is by how many
    logits muting it alone changes the margin on average, `margin_change_abs` the mean of the absolute changes; NaN
    where that was not measured.
    """

    key: FilterKey
    peaks: npt.NDArray[np.float32]
    counts: npt.NDArray[np.int64]
    edges: npt.NDArray[np.float64]
    silent: bool
    silent_share: float
    relevance: float
    rank: int
    filters: int
    ring: float
    at_edge: bool
    classes: ClassSeparation
    alike: tuple[Alike, ...]
    opposed: tuple[Alike, ...]
    twins: tuple[Alike, ...]
    margin_change: float = float("nan")
    margin_change_abs: float = float("nan")

    @property
    def muting(self) -> str:
        """What muting the filter by itself does, in words; "" where that was not measured."""
        if not np.isfinite(self.margin_change):
            return ""
        sizes = f"{signed(self.margin_change)} logits on average, by {self.margin_change_abs:.3f} either way"
        return f"muting it alone changes the margin by {sizes}"

    def stronger_than(self, peak: float) -> float:
        """The share (0..1) of the pictures on which the filter answers less than this; equal ones count half.

        NaN where the filter is silent.
        """
        if self.silent:
            return float("nan")
        if not len(self.peaks):
            return 0.0
        return float(((self.peaks < peak).sum() + 0.5 * (self.peaks == peak).sum()) / len(self.peaks))


def filter_card(
    index: FolderIndex,
    key: FilterKey,
    size: tuple[int, int],
    *,
    with_trained_on: bool = False,
    on_step: OnStep = no_step,
) -> FilterCard:
    """The card of a filter whose maps are `size` (height, width).

    Classes leave out pictures that the network was trained or chosen on, unless they are asked for `with_trained_on`.
    """
    rows = index.filters()
    own, layer = rows[index.row(key)], rows[rows["layer"] == key.layer]
    peaks = index.answers(key, BY)
    finite = peaks[np.isfinite(peaks)]
    counts, edges = np.histogram(finite, bins=BARS)
    on_step(1, 3)
    silent = bool(own["silent"])
    classes = class_separation(index, key, by=BY, trained_on=with_trained_on)
    if silent:
        classes = replace(classes, classes=())
    on_step(2, 3)
    filter_likeness = likeness(index, key, by=BY, layer=None if len(rows) <= COMPARED else key.layer, on_step=on_step)
    change, absolute = changes_of(index)
    return FilterCard(
        key,
        peaks,
        counts,
        edges,
        silent=silent,
        silent_share=float(own["silent_share_inside"]),
        relevance=float(own["relevance_share"]),
        rank=1 + int((layer["relevance_share"] > own["relevance_share"]).sum()),
        filters=len(layer),
        ring=share_in_ring(float(own["ring_ratio"]), size),
        at_edge=mostly_at_edge(float(own["ring_ratio"]), size),
        classes=classes,
        alike=tuple(filter_likeness.alike(4)),
        opposed=tuple(filter_likeness.opposed(2)),
        twins=tuple(filter_likeness.twins()),
        margin_change=float(change[index.row(key)]),
        margin_change_abs=float(absolute[index.row(key)]),
    )
