"""What stands in an index: the names, shapes and types of its columns. docs/index-file.md tells it to strangers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

FORMAT, VERSION = "feature-map-explorer index", 2

ANSWERS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        # Peaks decide the order of pictures: in half precision near ones would be one. docs/index-file.md has figures.
        "peak": ("float32", "the map's highest value"),
        "inside": ("float32", "the highest value without the map's outermost ring"),
        "mean": ("float32", "the mean of the map"),
        "area": ("float16", "share of the map above the filter's threshold, its 0.995 quantile over the sample"),
        "area_inside": (
            "float16",
            "share of the map without that ring above the 0.995 quantile of its values without it",
        ),
        "ring": ("float16", "share of the answer that lies in the outermost ring, over the ring's share of the map"),
        "relevance": ("float32", "gradient times activation, summed over the map; NaN where it was not asked for"),
    }
)
"""One number for each filter and picture: name -> (type in the file, what it is)."""

QUANTILES = (0.5, 0.9, 0.99, 0.995, 0.999)
QUANTILE_NAMES = ("median", "q90", "q99", "q995", "q999")
QUANTILE_NAMES_INSIDE = tuple(f"{name}_inside" for name in QUANTILE_NAMES)
"""The same of the values without the map's outermost ring."""
BINS = 64
"""Bars of a filter's histogram."""

FILTERS = np.dtype(
    [
        ("layer", "i4"),
        ("filter", "i4"),
        *((name, "f4") for name in QUANTILE_NAMES),
        ("lowest", "f4"),
        ("highest", "f4"),
        ("silent", "?"),
        ("silent_share", "f4"),
        ("peak", "f4"),
        ("ring_ratio", "f4"),
        ("relevance", "f4"),
        ("relevance_share", "f4"),
        *((name, "f4") for name in QUANTILE_NAMES_INSIDE),
        ("highest_inside", "f4"),
        ("silent_share_inside", "f4"),
    ]
)
"""One row for each filter, in the order of layers and filters. The quantiles, `lowest` and `highest` are of the map's
values on the sample and stay as they are; the rest is over all pictures of the index: `silent_share` of pictures
without any value above zero, `peak` and `ring_ratio` as means, `relevance` as the mean of its absolute values, NaN
where there is none, and `relevance_share` what that is of the sum over the filters of its layer. What ends in `_inside`
is the same without the map's outermost ring. `silent` are those that answer to nothing inside: without a value above
zero on any picture, or the same everywhere."""


def inside_of(height: int, width: int) -> tuple[slice, slice]:
    """The rows and the columns of a map without its outermost ring; all of those that a ring leaves nothing of."""
    rows, columns = (slice(1, side - 1) if side > 2 else slice(0, side) for side in (height, width))
    return rows, columns


def ring_share(height: int, width: int) -> float:
    """The share (0..1) of a map that is its outermost ring; all of one that has nothing inside."""
    return 1 - max(0, height - 2) * max(0, width - 2) / (height * width)


def share_in_ring(ratio: float, size: tuple[int, int]) -> float:
    """The share (0..1) of a filter's answer in the outermost ring of its maps of `size`, from its `ring_ratio`."""
    return min(ratio * ring_share(*size), 1.0)


@dataclass(frozen=True)
class NetworkFacts:
    """What an index says of its network; `filters` counts those of each layer."""

    identity: str
    digest: str
    name: str
    architecture: str
    classes: tuple[str, ...]
    independent: bool
    layers: tuple[str, ...]
    filters: tuple[int, ...]


@dataclass(frozen=True)
class Pictures:
    """What is known of the N pictures, in the order of the rows of all columns.

    `names` relative to the folder, with slashes; `digests` SHA-256 (hex) of the files; `sizes` (N, 2) height and
    width; `given` the class from table or folder, "" where none is; `trained_on` (N) whether the network's checkpoint
    lists the picture among those it was trained or chosen on; `lesions` the lesion that each shows, "" where no table
    says, () where none says it of any.
    """

    names: tuple[str, ...]
    digests: tuple[str, ...]
    sizes: npt.NDArray[np.int32]
    given: tuple[str, ...]
    trained_on: npt.NDArray[np.bool_]
    lesions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Contents:
    """What an index says in a few numbers: all of its file but the columns of the parts that it joins.

    `filters` (F,) of dtype `FILTERS`; `counts` (F, BINS) and `edges`
    (F, BINS + 1) are the histograms of the sample; `asked` is the number of pictures in the folder when it was last
    built, `sample` that of the pictures behind quantiles and histograms; `facts` more, as JSON.
    """

    network: NetworkFacts
    pictures: Pictures
    filters: npt.NDArray[np.void]
    counts: npt.NDArray[np.int64]
    edges: npt.NDArray[np.float32]
    asked: int
    sample: int
    facts: Mapping[str, Any] = field(default_factory=dict)
