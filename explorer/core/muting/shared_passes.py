"""Passes over the pictures of an index that several muted sets share: each picture is read and run once for all."""

from collections.abc import Callable, Sequence

import numpy as np

from explorer.core.index import FolderIndex
from explorer.core.muting.folder_pass import FolderLogits, folder_logits
from explorer.core.network.opening import Network
from explorer.core.progress import OnStep
from explorer.core.tags import FilterKey

Keys = tuple[FilterKey, ...]
Expand = Callable[[Keys], Sequence[Sequence[FilterKey]]]
"""The sets that are muted for one set of filters: it alone, or it and random ones beside it."""

MOST_BYTES = 256 << 20
"""Of logits that are kept for others to ask for; where there would be more, each set has passes of its own."""


class SharedPasses:
    """What a network says while filters are muted, for sets that are asked one after the other.

    `together` are all that will be asked for with the same pictures; the first question answers those of the others.
    """

    def __init__(self, network: Network, index: FolderIndex, together: Sequence[Keys] = ()) -> None:
        self._network, self._index, self._together = network, index, tuple(together)
        self._kept: dict[tuple[object, ...], dict[Keys, FolderLogits]] = {}

    def logits(
        self, kind: object, rows: Sequence[int], keys: Keys, expand: Expand, fill: str, on_step: OnStep
    ) -> FolderLogits:
        """`folder_logits` of `expand(keys)` on `rows` of the index; `kind` names everything that `expand` does."""
        question = (kind, tuple(rows), fill)
        kept = self._kept.get(question, {})
        if keys not in kept:
            every = {some_keys: expand(some_keys) for some_keys in dict.fromkeys((keys, *self._together))}
            classes = self._index.logits.shape[1]
            if sum(map(len, every.values())) * len(rows) * classes * 4 > MOST_BYTES:
                every = {keys: every[keys]}
            kept = self._kept[question] = self._run(rows, every, fill, on_step)
        return kept[keys]

    def _run(
        self, rows: Sequence[int], every: dict[Keys, Sequence[Sequence[FilterKey]]], fill: str, on_step: OnStep
    ) -> dict[Keys, FolderLogits]:
        sets = [filter_set for own_sets in every.values() for filter_set in own_sets]
        whole = folder_logits(self._network, self._index, rows, sets, fill, on_step=on_step)
        ends = np.cumsum([len(own_sets) for own_sets in every.values()])
        return {
            keys: FolderLogits(whole.rows, whole.before, whole.after[end - len(own_sets) : end])
            for (keys, own_sets), end in zip(every.items(), ends.tolist(), strict=True)
        }
