"""One filter on one picture, from what it reads to what it hands on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import fx, nn

from explorer.core.arrays import RGB, Map, Maps
from explorer.core.errors import UserError
from explorer.core.incremental.rules import FUNCTIONS, MODULES
from explorer.core.incremental.traced_graph import Graph, Untraceable, graph_of, operation
from explorer.core.index.receptive_field import ReceptiveField, fields_of
from explorer.core.network.hooked_layers import LayerInfo
from explorer.core.network.opening import Network
from explorer.core.tags import FilterKey

CONVOLUTION, BIAS, NORM, ACTIVATION, POOLING = "convolution", "bias", "norm", "activation", "pooling"
INPUT = "input"

_ACTIVATIONS = frozenset(f"{MODULES} {FUNCTIONS}".split())
_POOLS = frozenset({"MaxPool2d", "AvgPool2d", "max_pool2d", "avg_pool2d", "boolean_dispatch"})
_SAME = frozenset({"Dropout", "Dropout2d", "dropout", "Identity", "contiguous"})
"""What may stand between two steps and changes nothing of a picture that is only looked at."""


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
            read, answer, nodes = graph.base[source], graph.base[node], dict(_after(graph, node, info))
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


def _after(graph: Graph, node: fx.Node, info: LayerInfo) -> Iterator[tuple[str, fx.Node]]:
    """What answers after each step that follows directly, with the step's name; each kind of step at most once."""
    if info.norm:
        node = graph.run_of(info.norm, info.norm_run)
        yield NORM, node
    for kind, names in ((ACTIVATION, _ACTIVATIONS), (POOLING, _POOLS)):
        follower = _next(graph, node, names)
        if follower is not None:
            node = follower
            yield kind, node


def _next(graph: Graph, node: fx.Node, names: frozenset[str]) -> fx.Node | None:
    """The operation of one of these names that takes what a node gave; None where none does."""
    for user in node.users:
        name = operation(graph.module, user)
        if name in names and user.args[:1] == (node,) and isinstance(graph.base.get(user), torch.Tensor):
            return user
        if name in _SAME:
            return _next(graph, user, names)
    return None


def _array(values: torch.Tensor) -> npt.NDArray[np.float32]:
    return np.ascontiguousarray(values.detach().float().cpu().numpy())
