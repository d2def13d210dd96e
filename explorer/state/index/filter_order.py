"""In which order the filters of a layer are shown."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explorer.core.arrays import Maps
    from explorer.core.index.layer_summary import LayerSummary

ORDERS = {
    "number": "by number",
    "answer": "strongest on this picture",
    "relevance": "by what matters",
    "muting": "by what muting it does",
    "folder": "strongest over the folder",
    "separation": "by class separation",
    "likeness": "alike side by side",
    "untagged": "untagged first",
}
OVER_FOLDER = frozenset({"relevance", "muting", "folder", "separation", "likeness"})
"""Orders that need the folder's index ("muting" also what `mute --agreement` measured); else they are by number."""


def arranged(
    filters: Sequence[int],
    order: str,
    summary: "LayerSummary | None",
    maps: "Maps | None",
    tagged: Callable[[int], bool],
) -> list[int]:
    """Filters of a layer, given by number, in a key of `ORDERS`; by number where it cannot be had.

    `summary` is what the index says of the layer, `maps` (C, h, w) are its maps on the picture on show.
    """
    if order == "untagged":
        return sorted(filters, key=tagged)
    if order == "answer" and maps is not None and max(filters, default=0) < len(maps):
        strength = maps.max(axis=(1, 2))
        return sorted(filters, key=lambda filter: -float(strength[filter]))
    if order not in OVER_FOLDER or summary is None:
        return list(filters)
    from explorer.core.index.layer_summary import ordered

    wanted = set(filters)
    by = {"relevance": summary.relevance, "muting": summary.muting}
    by |= {"folder": summary.strength, "separation": summary.separation}
    rows = summary.alike if order == "likeness" else ordered(by[order])
    return [filter for filter in rows if filter in wanted]


def marks(filter: int, summary: "LayerSummary | None") -> tuple[bool, tuple[int, ...]]:
    """Whether a filter answers mostly at the picture's edge, and its twins in the layer."""
    return (False, ()) if summary is None else (filter in summary.edge, summary.twins.get(filter, ()))
