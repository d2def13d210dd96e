"""Where the next filter is."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from explorer.core.tags.book import FilterKey, TagBook

if TYPE_CHECKING:
    from explorer.core.network.hooked_layers import LayerInfo


def next_untagged(layers: "Sequence[LayerInfo]", book: TagBook, key: FilterKey, step: int = 1) -> FilterKey | None:
    """The next filter without a tag after `key`, layer by layer, beginning again at the end; None where all have one.

    `step` -1 walks backwards.
    """
    every = [FilterKey(layer.index, filter) for layer in layers for filter in range(layer.filters)]
    place = every.index(key) if key in every else 0
    for distance in range(1, len(every) + 1):
        found = every[(place + step * distance) % len(every)]
        if found not in book:
            return found
    return None


def beside(rows: Sequence[int], current: int, step: int) -> int | None:
    """The row's value `step` places after `current`, held at the ends; the first where `current` is not in it."""
    if not rows:
        return None
    if current not in rows:
        return rows[0]
    return rows[max(0, min(rows.index(current) + step, len(rows) - 1))]
