"""Mutes filters by hooks in one pass of the whole network: what everything quicker is held against."""

from collections import Counter
from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from explorer.core.muting.keys import Replacements, by_layer, values_for
from explorer.core.network.forward_pass import source
from explorer.core.network.opening import Network
from explorer.core.tags import FilterKey


def muted_by_hooks(
    network: Network, batch: torch.Tensor, keys: Iterable[FilterKey], replaced: Replacements = None
) -> npt.NDArray[np.float32]:
    """The logits (N, K) of prepared pictures (N, channels, H, W) while the maps of these filters are replaced."""
    muted = by_layer(network, keys)
    layers = {source(network.layers[layer]): layer for layer in muted}
    runs: Counter[str] = Counter()
    parts = dict(network.module.named_modules())
    handles = []

    def hook_for(name: str) -> Callable[..., torch.Tensor | None]:
        def hook(_module: nn.Module, _inputs: object, output: torch.Tensor) -> torch.Tensor | None:
            layer = layers.get((name, runs[name]))
            runs[name] += 1
            if layer is None:
                return None
            filters = torch.tensor(muted[layer], device=output.device)
            changed = output.clone()
            changed[:, filters] = values_for(replaced, layer, filters, output)
            return changed

        return hook

    try:
        for name in {name for name, _ in layers}:
            handles.append(parts[name].register_forward_hook(hook_for(name)))
        with torch.inference_mode():
            return network.logits(batch).float().cpu().numpy()
    finally:
        for handle in handles:
            handle.remove()
