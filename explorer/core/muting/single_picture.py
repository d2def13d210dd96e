"""What a network says of one picture while filters are muted."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from explorer.core.arrays import RGB
from explorer.core.errors import UserError
from explorer.core.index import FolderIndex, open_index
from explorer.core.muting.folder_means import FolderMeans
from explorer.core.muting.kept_pass import KeptPass
from explorer.core.muting.keys import Replacements, by_layer
from explorer.core.network.opening import Network
from explorer.core.tags import FilterKey

FILLS = ("zero", "mean", "constant", "resample")
"""What a muted map becomes; docs/muting.md says what each answers."""
LARGEST = 256 << 20
"""Bytes of a kept pass that stays with its network for the next question about the same picture."""


def muted_logits(
    network: Network,
    rgb: RGB,
    keys: Iterable[FilterKey | tuple[int, int] | str],
    fill: str = "zero",
    *,
    index: FolderIndex | FolderMeans | Path | str | None = None,
) -> npt.NDArray[np.float32]:
    """The logits (K,) float32 of a picture (H, W, 3) uint8 while the maps of these filters are replaced.

    `keys` name them: `FilterKey(7, 8)`, (7, 8) or "7:8".

    A layer's map is what `record` gives: after the batch norm that takes the convolution directly. `fill` is "zero";
    "mean", the filter's mean map over the folder; "constant", the mean of that; or "resample", its map on another
    picture, where the logits are the mean over several donors. All but zero need `index`: the folder's index, its
    file, or a `FolderMeans`. Only what comes after the first muted layer is computed, from the newest picture's kept
    pass; a network without a graph runs whole with hooks. UserError for an unknown filter or fill.
    """
    filters = tuple(map(FilterKey.of, keys))
    by_layer(network, filters)
    kept = kept_pass(network, rgb)
    answers = [kept.muted([filters], replaced)[0, 0] for replaced in replacements(network, filters, fill, index)]
    logits: npt.NDArray[np.float32] = np.mean(answers, axis=0, dtype=np.float32)
    return logits


def replacements(
    network: Network, keys: Sequence[FilterKey], fill: str, index: FolderIndex | FolderMeans | Path | str | None
) -> list[Replacements]:
    """What stands for the muted maps: one, or for "resample" one a donor, whose answers are to be averaged."""
    if fill not in FILLS:
        raise UserError(f'Filters are muted with {", ".join(FILLS)}, not "{fill}".')
    if fill == "zero":
        return [None]
    if index is None:
        raise UserError(f'Muting with "{fill}" needs the index of a folder, from whose pictures the maps are taken.')
    if isinstance(index, Path | str):
        with open_index(index) as opened:
            means = FolderMeans.of(network, opened)
    else:
        means = index if isinstance(index, FolderMeans) else FolderMeans.of(network, index)
    return means.replacements(network, fill, {key.layer for key in keys})


def kept_pass(network: Network, rgb: RGB) -> KeptPass:
    """The pass over a picture; that of the newest picture stays with the network as long as its weights do."""
    tensors = [*network.module.parameters(), *network.module.buffers()]
    state = tuple((tensor.data_ptr(), 0 if tensor.is_inference() else tensor._version) for tensor in tensors)
    content = hashlib.sha256(np.ascontiguousarray(rgb).data).hexdigest()
    key = (network.identity, content, rgb.shape, state)
    cache = network.graph_cache
    if isinstance(cache.kept_pass, tuple) and cache.kept_pass[0] == key:
        kept: KeptPass = cache.kept_pass[1]
        return kept
    cache.kept_pass = None
    fresh = KeptPass(network, prepared(network, rgb))
    if fresh.nbytes <= LARGEST:
        cache.kept_pass = key, fresh
    return fresh


def prepared(network: Network, rgb: RGB) -> torch.Tensor:
    """The network's input (1, channels, h, w) of a picture."""
    return network.input.prepare(rgb).unsqueeze(0)
