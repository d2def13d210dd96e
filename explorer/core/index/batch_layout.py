"""How a module is laid out in memory for long runs over batches, and which of its maps it writes over itself."""

from collections.abc import Iterable

import numpy as np
import torch

from explorer.core.network.forward_pass import same_answer
from explorer.core.network.hooked_layers import watching
from explorer.core.network.opening import Network


def fast_copy(network: Network) -> Network:
    """The network around a module of its own with channels last, where it computes the same so; else as it is.

    Convolutions are up to twice as fast on processors so; a module that views its maps as rows cannot be run so.
    """
    plain, fast = network.for_another_thread(), network.copy()
    with torch.inference_mode(False):  # relevance asks these weights for gradients
        fast.module.to(memory_format=torch.channels_last)
    picture = _picture(network)
    with torch.inference_mode():
        before = network_answer(plain, picture)
        try:
            after = network_answer(fast, picture.to(memory_format=torch.channels_last))
        except RuntimeError:
            return plain
    return fast if same_answer(after, before) else plain


def network_answer(network: Network, batch: torch.Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """The logits of a batch as numpy has them."""
    return network.logits(batch).float().cpu().numpy()


def overwritten(network: Network, sources: "dict[tuple[str, int], int]") -> frozenset[int]:
    """The layers whose maps are written over by what follows them in the same pass, an in-place activation mostly."""
    seen: dict[int, tuple[torch.Tensor, int]] = {}

    def note(name: str, run: int, _source: torch.Tensor, output: torch.Tensor) -> None:
        if (name, run) in sources:
            seen[sources[name, run]] = output, output._version

    with torch.inference_mode(False), torch.no_grad(), watching(network.module, _names(sources), note):
        network.module(_picture(network))
    return frozenset(layer for layer, (maps, version) in seen.items() if maps._version != version)


def _names(sources: Iterable[tuple[str, int]]) -> set[str]:
    return {name for name, _ in sources}


def _picture(network: Network) -> torch.Tensor:
    spec = network.input
    drawn = torch.Generator().manual_seed(0)
    return torch.rand(1, spec.channels, *spec.size, generator=drawn).to(network.device)
