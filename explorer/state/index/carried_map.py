"""A map that was laid out of a part of the pictures, while the index of all of them grows."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from explorer.core.index import FolderIndex
    from explorer.core.index.kept_map import PlacedPoints


def of_a_part(points: "PlacedPoints", index: "FolderIndex") -> "PlacedPoints":
    """The same, with a word about what it lacks."""
    return replace(points, said=f"{_laid_out_on(len(index.pictures), index)} {points.said}".strip())


def carried(
    points: "PlacedPoints", names: Sequence[str] | None, laid_on: int, index: "FolderIndex"
) -> "PlacedPoints | None":
    """A map that was laid out of so many pictures for an index with more of them, which have no place yet.

    `names` are those of its points, None where these are filters. None where nothing of it is left.
    """
    if names is None:
        return replace(points, said=_laid_out_on(laid_on, index))
    coordinates = np.full((len(index.pictures), 2), np.nan, np.float32)
    for row, name in enumerate(names):
        if name in index.rows:
            coordinates[index.rows[name]] = points.places[row]
    placed_count = int(np.isfinite(coordinates[:, 0]).sum())
    return replace(points, places=coordinates, said=_laid_out_on(placed_count, index)) if placed_count else None


def _laid_out_on(pictures: int, index: "FolderIndex") -> str:
    then = "all are being laid out" if index.complete else "laid out anew when all are measured"
    return f"Laid out of {pictures:,} of {index.contents.asked:,} pictures; {then}."
