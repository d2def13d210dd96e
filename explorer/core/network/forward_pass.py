"""One plain pass of a network over a batch, with the maps of chosen layers."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from explorer.core.network.hooked_layers import LayerInfo, watching
from explorer.core.network.opening import Network


def source(info: LayerInfo) -> tuple[str, int]:
    """(module name, run) of what gives a layer's map: of its batch norm where it has one."""
    return (info.norm, info.norm_run) if info.norm else (info.module, info.run)


def whole_pass(
    network: Network, batch: torch.Tensor, layers: Sequence[LayerInfo]
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """The logits (N, K) and each layer's maps (N, C, h, w) of prepared pictures (N, channels, H, W)."""
    kept: dict[tuple[str, int], torch.Tensor] = {}
    sources = [source(info) for info in layers]

    def keep(name: str, run: int, _source: torch.Tensor, output: torch.Tensor) -> None:
        if (name, run) in sources:
            kept[name, run] = output.clone()  # an in-place activation may follow

    with torch.inference_mode(), watching(network.module, {name for name, _ in sources}, keep):
        logits = network.logits(batch)
    return logits, [kept[module_run] for module_run in sources]


def same_answer(first: npt.NDArray[np.float32], second: npt.NDArray[np.float32]) -> bool:
    """Whether two ways to compute the same values differ by rounding only."""
    if first.shape != second.shape:
        return False
    largest = float(np.abs(second).max(initial=0.0))
    return bool((np.abs(first - second) <= 1e-4 * max(largest, 1e-6)).all())
