"""One filter on one picture, from what it reads to what it hands on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import torch
from torch import fx, nn

from explorer.core.arrays import RGB, Map, Maps
from explorer.core.errors import UserError
from explorer.core.incremental.rules import BOUNDS, FUNCTIONS, MODULES
from explorer.core.incremental.traced_graph import Graph, Untraceable, graph_of, operation
from explorer.core.index.receptive_field import ReceptiveField, fields_of
from explorer.core.network.hooked_layers import LayerInfo
from explorer.core.network.opening import Network
from explorer.core.tags import FilterKey

CONVOLUTION, BIAS, NORM, ACTIVATION, POOLING = "convolution", "bias", "norm", "activation", "pooling"
INPUT = "input"

_NORMS = (
    "BatchNorm2d FrozenBatchNorm2d GroupNorm InstanceNorm2d LayerNorm LocalResponseNorm "
    "batch_norm group_norm instance_norm layer_norm local_response_norm"
)
_ACTIVATIONS = f"{MODULES} {FUNCTIONS} {BOUNDS}"
_POOLS = (
    "MaxPool2d AvgPool2d LPPool2d AdaptiveAvgPool2d AdaptiveMaxPool2d max_pool2d avg_pool2d lp_pool2d "
    "adaptive_avg_pool2d adaptive_max_pool2d boolean_dispatch"
)
_KINDS: Mapping[str, str] = MappingProxyType(
    {
        name: kind
        for kind, names in ((NORM, _NORMS), (ACTIVATION, _ACTIVATIONS), (POOLING, _POOLS))
        for name in names.split()
    }
)
"""The kinds of steps by the operations that are one."""

_SAME = frozenset({"Dropout", "Dropout2d", "dropout", "Identity", "contiguous", "stochastic_depth", "StochasticDepth"})
"""What may stand between two steps and changes nothing of a picture that is only looked at."""

_NEXT = "Conv2d ConvTranspose2d Linear conv2d linear Flatten flatten view reshape squeeze mean output"
_HANDED_ON = frozenset(_NEXT.split())
"""What takes a layer's answer as it is: the next layer, and what stands before the scores."""

_MIXED = {
    **dict.fromkeys(("add", "iadd", "add_"), "A sum with other maps follows."),
    **dict.fromkeys(("cat", "concat"), "Other maps are put beside it then."),
    **dict.fromkeys(("mul", "imul", "mul_"), "It is multiplied by other values then."),
}
"""What is said where a layer's answer meets others."""


@dataclass(frozen=True, eq=False)
class FilterStages:
    """What filter `key` reads of a picture, and what it makes of it.

    `channels` (I,) numbers what it reads, what its kernels weigh most first: channels of the picture where
    `reads_picture`, else maps before it; `inputs` (I, h, w) float32 are these, `kernels` (I, kh, kw) float32 the kernel
    for each, `weights` (I,) their L2 norms. `maps` are its map after each step that the network has, in order, by name:
    "convolution" (the kernels alone), "bias", "norm", "activation", "pooling". A step that does not follow directly is
    left out, and `note` says where that cannot be known. `fields` are the receptive fields of every step and of
    `INPUT`, what is read; none of a network whose graph cannot be drawn.
    """

    key: FilterKey
    reads_picture: bool
    channels: npt.NDArray[np.intp]
    inputs: Maps
    kernels: Maps
    weights: npt.NDArray[np.float32]
    maps: Mapping[str, Map]
    note: str = ""
    fields: Mapping[str, ReceptiveField] = field(default_factory=dict)

    @property
    def read(self) -> str:
        """What its kernels read: "colors" or "grey" of the picture, or "maps"."""
        return {1: "grey", 3: "colors"}.get(len(self.channels), "maps") if self.reads_picture else "maps"

    def own_kernel(self) -> tuple[npt.NDArray[np.float32], str]:
        """A kernel of its own for the colors of a picture, as `convolved` takes it, and what it is, in words.

        Those for each color (3, kh, kw) where it reads them, else the one (kh, kw) that weighs most.
        """
        if self.read == "colors":
            return self.kernels[self.channels.argsort()], "its kernels, one for each color, added up"
        if len(self.channels) == 1:
            return self.kernels[0], "its kernel, over each color"
        return self.kernels[0], f"its strongest kernel, for map {int(self.channels[0])}, over each color"


def filter_stages(network: Network, rgb: RGB, key: FilterKey) -> FilterStages:
    """The stages of a filter on a picture (H, W, 3) uint8; UserError where the network has no such filter.

    Values are those of one plain pass. What stands in the graph behind the filter's layer is found by tracing; for a
    module whose graph cannot be drawn, the stages end with convolution and bias.
    """
    if key.layer >= len(network.layers) or key.filter >= network.layers[key.layer].filters:
        raise UserError(f"There is no filter {key} in {network.name}.")
    info = network.layers[key.layer]
    convolution = network.module.get_submodule(info.module)
    assert isinstance(convolution, nn.Conv2d)
    batch, note = network.input.prepare(rgb).unsqueeze(0).to(network.device), ""
    with torch.inference_mode():
        try:
            graph = graph_of(network, batch)
            node = graph.run_of(info.module, info.run)
            (source,) = node.args
            assert isinstance(source, fx.Node)
            read, answer = graph.base[source], graph.base[node]
            nodes, note = _after(graph, node, info)
            after = {name: _array(graph.base[step][0, key.filter]) for name, step in nodes.items()}
            first = source.op == "placeholder"
            fields = fields_of(graph, {INPUT: source, CONVOLUTION: node, BIAS: node, **nodes}, network.input)
        except (Untraceable, KeyError, ValueError, AssertionError):
            read, answer = _by_hooks(network, batch, info)
            first, after, fields = read.shape == batch.shape and bool(torch.equal(read, batch)), {}, {}
            note = "The graph of this network cannot be drawn: what follows the convolution is not shown."
    bias = 0.0 if convolution.bias is None else float(convolution.bias[key.filter])
    maps = {CONVOLUTION: _array(answer[0, key.filter] - bias)}
    if convolution.bias is not None:
        maps[BIAS] = _array(answer[0, key.filter])
    kernels = _array(convolution.weight[key.filter])
    begin = key.filter // (convolution.out_channels // convolution.groups) * kernels.shape[0]
    weights = np.linalg.norm(kernels.reshape(len(kernels), -1), axis=1).astype(np.float32)
    order = np.argsort(-weights, kind="stable")
    inputs = _array(read[0, begin : begin + len(kernels)])
    ordered = order + begin, inputs[order], kernels[order], weights[order]
    return FilterStages(key, first, *ordered, maps | after, note, fields)


def _by_hooks(network: Network, batch: torch.Tensor, info: LayerInfo) -> tuple[torch.Tensor, torch.Tensor]:
    """What the layer's convolution took and gave in its run."""
    from explorer.core.network.hooked_layers import watching

    recorded: list[tuple[torch.Tensor, torch.Tensor]] = []

    def keep(name: str, run: int, source: torch.Tensor, output: torch.Tensor) -> None:
        if run == info.run:
            recorded.append((source.clone(), output.clone()))

    with watching(network.module, {info.module}, keep):
        network.logits(batch)
    return recorded[0]


def _after(graph: Graph, node: fx.Node, info: LayerInfo) -> tuple[dict[str, fx.Node], str]:
    """What answers after each step that follows, by the step's name in order, and what is said of where they end."""
    steps: dict[str, fx.Node] = {}

    def add(kind: str, step: fx.Node) -> None:
        count = sum(name.startswith(kind) for name in steps)
        steps[f"{kind} {count + 1}" if count else kind] = step

    if info.norm:
        node = graph.run_of(info.norm, info.norm_run)
        add(NORM, node)
    while True:
        users = [user for user in node.users if user.op == "output" or _is_tensor(graph, user)]
        if len(users) != 1:
            return steps, _of_several([operation(graph.module, user) for user in users])
        (user,), name = users, operation(graph.module, users[0])
        own = user.args[:1] == (node,) and len([source for source in user.all_input_nodes if source != node]) == 0
        if own and name in _SAME:
            node = user
        elif own and name in _KINDS and _is_map(graph, user, info):
            node = user
            add(_KINDS[name], node)
        else:
            return steps, _of_one("output" if user.op == "output" else name, own)


def _is_tensor(graph: Graph, node: fx.Node) -> bool:
    return isinstance(graph.base.get(node), torch.Tensor)


def _is_map(graph: Graph, node: fx.Node, info: LayerInfo) -> bool:
    """Whether a node gives a map for each of the layer's filters."""
    return bool(graph.base[node].ndim == 4 and graph.base[node].shape[1] == info.filters)


def _of_several(names: list[str]) -> str:
    return "Several operations read it then." if names and _HANDED_ON.isdisjoint(names) else ""


def _of_one(name: str, own: bool) -> str:
    if name in _HANDED_ON:
        return ""
    return _MIXED[name] if name in _MIXED and not own else f"What follows then ({name}) is not shown."


def _array(values: torch.Tensor) -> npt.NDArray[np.float32]:
    return np.ascontiguousarray(values.detach().float().cpu().numpy())
