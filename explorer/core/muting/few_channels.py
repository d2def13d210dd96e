"""Maps of which only a few channels are others than in the kept pass: what muting one filter makes of its layer.

What treats every channel alike (an activation, a pooling) is computed for these channels alone; what is linear in them
(a convolution, a fully connected layer) takes their change and adds it to the kept answer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn

from explorer.core.incremental.traced_graph import Graph, module_of, operation, run

FEW = 0.5
"""Up to this share of a layer's channels."""

_ALIKE = frozenset(
    {
        *("ReLU", "relu", "ReLU6", "relu6", "LeakyReLU", "leaky_relu", "SiLU", "silu", "Sigmoid", "sigmoid", "ELU"),
        *("Hardswish", "hardswish", "Hardsigmoid", "hardsigmoid", "GELU", "gelu", "Tanh", "tanh", "Softplus", "elu"),
        *("Identity", "Dropout", "Dropout2d", "MaxPool2d", "max_pool2d", "AvgPool2d", "avg_pool2d"),
        *("AdaptiveAvgPool2d", "adaptive_avg_pool2d", "AdaptiveMaxPool2d", "adaptive_max_pool2d"),
    }
)
_AFTER_FLATTENING = frozenset({"ReLU", "relu", "Identity", "Dropout"})


@dataclass(frozen=True)
class FewChannels:
    """The new values (V, N, c, h, w) of `channels` (V, c) for V muted networks and N pictures; the rest is as kept.

    With `flat` the map stands in the graph as (N, C * h * w).
    """

    values: torch.Tensor
    channels: torch.Tensor
    flat: bool = False

    def change(self, base: torch.Tensor) -> torch.Tensor:
        """The new values less those of the kept map (N, C, h, w) or, with `flat`, (N, C * h * w)."""
        if self.flat:
            base = base.reshape(len(base), -1, *self.values.shape[3:])
        return self.values - torch.stack([base[:, channels] for channels in self.channels])

    def dense(self, base: torch.Tensor) -> torch.Tensor:
        """All values (V * N, ...)."""
        whole = tiled(base, len(self.values))
        maps = whole.view(len(whole), -1, *self.values.shape[3:]) if self.flat else whole
        apart = maps.view(len(self.values), -1, *maps.shape[1:])
        for network_index, channels in enumerate(self.channels):
            apart[network_index][:, channels] = self.values[network_index]
        return whole


def tiled(base: torch.Tensor, times: int) -> torch.Tensor:
    """A copy (times * N, ...) of kept values (N, ...), in their order of memory."""
    shape = (times * len(base), *base.shape[1:])
    last = base.dim() == 4 and base.is_contiguous(memory_format=torch.channels_last)
    whole = torch.empty(
        shape,
        dtype=base.dtype,
        device=base.device,
        memory_format=torch.channels_last if last else torch.contiguous_format,
    )
    whole.view(times, *base.shape).copy_(base.expand(times, *base.shape))
    return whole


def step(graph: Graph, node: fx.Node, source: fx.Node, value: FewChannels) -> "FewChannels | torch.Tensor | None":
    """What a node makes of `value`, which its only changed input became; None where only all channels will do."""
    name = operation(graph.module, node)
    if node.all_input_nodes != [source] or not node.args or node.args[0] is not source:
        return None
    if name in (_AFTER_FLATTENING if value.flat else _ALIKE):
        answer: torch.Tensor = run(graph.module, node, {source: value.values.flatten(0, 1)})
        return replace(value, values=answer.reshape(*value.values.shape[:2], *answer.shape[1:]))
    rule = _RULES.get(name)
    return rule(graph, node, source, value) if rule is not None else None


def _norm(graph: Graph, node: fx.Node, source: fx.Node, value: FewChannels) -> FewChannels | None:
    norm: Any = module_of(graph.module, node)
    if norm.running_mean is None or norm.training or value.flat:
        return None
    factor = torch.rsqrt(norm.running_var + norm.eps)
    if norm.weight is not None:
        factor = factor * norm.weight
    shift = -norm.running_mean * factor if norm.bias is None else norm.bias - norm.running_mean * factor

    def of(numbers: torch.Tensor) -> torch.Tensor:
        return numbers[value.channels][:, None, :, None, None]

    return replace(value, values=value.values * of(factor) + of(shift))


def _flatten(graph: Graph, node: fx.Node, source: fx.Node, value: FewChannels) -> FewChannels | None:
    if node.op == "call_module":
        part: Any = module_of(graph.module, node)
        ends = part.start_dim, part.end_dim
    else:
        given = dict(zip(("start_dim", "end_dim"), node.args[1:], strict=False)) | dict(node.kwargs)
        ends = given.get("start_dim", 0), given.get("end_dim", -1)
    return replace(value, flat=True) if ends in ((1, -1), (1, 3)) and not value.flat else None


def _linear(graph: Graph, node: fx.Node, source: fx.Node, value: FewChannels) -> torch.Tensor | None:
    line: Any = module_of(graph.module, node)
    if not value.flat:
        return None
    change = value.change(graph.base[source])
    weight = line.weight.view(len(line.weight), -1, change.shape[3] * change.shape[4])
    base: torch.Tensor = graph.base[node]
    whole = base.new_empty(len(change), *base.shape)
    for network_index, channels in enumerate(value.channels):
        columns = weight[:, channels[0]] if len(channels) == 1 else weight[:, channels].flatten(1)
        torch.addmm(base, change[network_index].flatten(1), columns.T, out=whole[network_index])
    return whole.flatten(0, 1)


def _convolution(graph: Graph, node: fx.Node, source: fx.Node, value: FewChannels) -> torch.Tensor | None:
    part: Any = module_of(graph.module, node)
    if part.groups != 1 or part.padding_mode != "zeros" or value.flat:
        return None
    change = value.change(graph.base[source])
    whole = tiled(graph.base[node], len(change))
    apart = whole.view(len(change), *graph.base[node].shape)
    for network_index, channels in enumerate(value.channels):
        weight = part.weight[:, channels]
        apart[network_index] += F.conv2d(change[network_index], weight, None, part.stride, part.padding, part.dilation)
    return whole


_Rule = Callable[[Graph, fx.Node, fx.Node, FewChannels], FewChannels | torch.Tensor | None]
_RULES: Mapping[str, _Rule] = {
    nn.BatchNorm2d.__name__: _norm,
    nn.Flatten.__name__: _flatten,
    "flatten": _flatten,
    nn.Linear.__name__: _linear,
    nn.Conv2d.__name__: _convolution,
}
