"""Where the next filter is."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from explorer.core.tags.book import FilterKey, TagBook

if TYPE_CHECKING:
    from explorer.core.network.hooked_layers import LayerInfo


def next_untagged(layers: "Sequence[LayerInfo]", book: TagBook, key: FilterKey, step: int = 1) -> FilterKey | None:
    """The next filter without a tag after `key`; None where all have one."""
    return next_where(layers, lambda candidate: candidate not in book, key, step)


def next_where(
    layers: "Sequence[LayerInfo]", wanted: Callable[[FilterKey], bool], key: FilterKey, step: int = 1
) -> FilterKey | None:
    """The next filter that is wanted after `key`, layer by layer, beginning again at the end; None where none is.

    `step` -1 walks backwards.
    """
    every = [FilterKey(layer.index, filter) for layer in layers for filter in range(layer.filters)]
    start = every.index(key) if key in every else 0
    for distance in range(1, len(every) + 1):
        candidate = every[(start + step * distance) % len(every)]
        if wanted(candidate):
            return candidate
    return None


def beside(rows: Sequence[int], current: int, step: int) -> int | None:
    """The row's value `step` places after `current`, held at the ends; the first where `current` is not in it."""
    if not rows:
        return None
    if current not in rows:
        return rows[0]
    return rows[max(0, min(rows.index(current) + step, len(rows) - 1))]
