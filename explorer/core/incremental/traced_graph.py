"""The graph of a module: its operations in order, and what each answered on the unoccluded picture."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import fx, nn

from explorer.core.incremental.patch_windows import PaddedMap, WindowGrid, margin
from explorer.core.incremental.tracing import traced as traced_module
from explorer.core.network.graph_cache import WeightCopies
from explorer.core.network.opening import Network


class Untraceable(Exception):  # noqa: N818 - a property of the module
    """The module's forward pass depends on values, so that no graph of it can be drawn."""


@dataclass(frozen=True)
class Graph:
    """A traced module with the values of its unoccluded pass, and the nodes that depend on the picture.

    `copies` are weights in another order that stay with the network.
    """

    module: fx.GraphModule
    base: Mapping[fx.Node, Any]
    dependent: frozenset[fx.Node]
    copies: WeightCopies = field(default_factory=WeightCopies)
    _cells: dict[str, torch.Tensor] = field(default_factory=dict)
    _surrounds: dict[tuple[fx.Node, float], PaddedMap] = field(default_factory=dict)

    @property
    def output(self) -> fx.Node:
        """The node whose value is what the module answers."""
        (node,) = (node for node in self.module.graph.nodes if node.op == "output")
        source = node.args[0]
        if not isinstance(source, fx.Node):
            raise Untraceable("the module answers more than one tensor")
        return source

    def runs_of(self, name: str) -> list[fx.Node]:
        """The nodes of a module, in the order in which it runs."""
        return [node for node in self.module.graph.nodes if node.op == "call_module" and node.target == name]

    def run_of(self, name: str, run: int) -> fx.Node:
        """One run of a module, counted from 0; Untraceable where the graph does not show it."""
        runs = self.runs_of(name)
        if run >= len(runs):
            raise Untraceable(f"the graph does not show run {run + 1} of {name}")
        return runs[run]

    def around(self, node: fx.Node, frame: WindowGrid, outside: float = 0.0) -> PaddedMap:
        """The unoccluded map of a node, to be looked at in windows that may reach beyond it."""
        height, width = self.base[node].shape[2:]
        need = margin(frame, (height, width))
        surround = self._surrounds.get((node, outside))
        if surround is None or surround.margin[0] < need[0] or surround.margin[1] < need[1]:
            surround = self._surrounds[node, outside] = PaddedMap(self.base[node], need, outside)
        return surround

    def cell_weights(self, node: fx.Node, height: int, width: int) -> torch.Tensor:
        """The weights (height, width, C, outputs) of the linear module of a node that takes a flattened map.

        A copy, because in the module's own order the weights of one cell lie far from each other; a large one is kept
        for this graph only.
        """
        name, weight = str(node.target), module_of(self.module, node).weight
        assert isinstance(weight, torch.Tensor)
        state = (weight.data_ptr(), tuple(weight.shape), 0 if weight.is_inference() else weight._version)
        cells = self._cells.get(name)
        if cells is None:
            cells = self.copies.get(name, state)
            if cells is None:
                cells = _by_cell(weight, height, width)
                self.copies.hold(name, state, cells)
            self._cells[name] = cells
        return cells


def _by_cell(weight: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """A copy of weights (outputs, C * height * width) as (height, width, C, outputs)."""
    cells = weight.view(len(weight), -1, height, width).permute(2, 3, 1, 0)
    copy = torch.empty_like(cells, memory_format=torch.contiguous_format)
    for channel in range(cells.shape[2]):  # twice as fast as one copy
        copy[:, :, channel] = cells[:, :, channel]
    return copy


def graph_of(network: Network, batch: torch.Tensor) -> Graph:
    """The graph of a network over a picture, as `trace` draws it; what depends on the network alone is kept with it."""
    cache = network.graph_cache
    graph = trace(network.module, batch, cache.module)
    cache.module = graph.module
    return replace(graph, copies=cache.copies)


def trace(module: nn.Module, batch: torch.Tensor, known: fx.GraphModule | None = None) -> Graph:
    """Trace a module in eval mode and run it once on `batch` (1, C, H, W); Untraceable where it has no fixed graph.

    `known` is what was traced of the same module before, where it was: that is much faster.
    """
    try:
        traced = traced_module(module) if known is None else known
    except Exception as error:  # tracing runs the module's own code, which may fail in any way
        raise Untraceable(str(error)) from error
    try:
        base = values_of(traced, batch.contiguous(memory_format=torch.channels_last))
    except Exception:  # a module may look at memory with `view`, which that order forbids
        try:
            base = values_of(traced, batch)
        except Exception as error:
            raise Untraceable(f"its graph does not run ({error})") from error
    dependent: set[fx.Node] = set()
    for node in base:
        if node.op == "placeholder" or any(source in dependent for source in node.all_input_nodes):
            dependent.add(node)
    return Graph(traced, base, frozenset(dependent))


def values_of(traced: fx.GraphModule, batch: torch.Tensor) -> dict[fx.Node, Any]:
    """What every node answers on a picture."""
    base: dict[fx.Node, Any] = {}
    with torch.inference_mode():
        for node in traced.graph.nodes:
            if node.op == "placeholder":
                base[node] = batch
            elif node.op != "output":
                base[node] = run(traced, node, base)
    return base


def run(traced: fx.GraphModule, node: fx.Node, values: Mapping[fx.Node, Any], *, own: bool = False) -> Any:
    """Run one node on plain values; it may write into them only where they are its `own`."""
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    arguments, options = (fx.node.map_arg(part, lambda source: values[source]) for part in (node.args, node.kwargs))  # type: ignore[assignment]
    if node.op == "get_attr":
        attribute: Any = traced
        for name in str(node.target).split("."):
            attribute = getattr(attribute, name)
        return attribute
    if not own and writes(traced, node):
        if arguments:
            arguments = (_copied(arguments[0]), *arguments[1:])
        else:
            options = {name: _copied(value) for name, value in options.items()}
    if node.op == "call_module":
        return module_of(traced, node)(*arguments, **options)
    if node.op == "call_method":
        return getattr(arguments[0], str(node.target))(*arguments[1:], **options)
    assert callable(node.target)
    return node.target(*arguments, **options)


def _copied(value: Any) -> Any:
    return value.clone() if isinstance(value, torch.Tensor) else value


def operand(node: fx.Node) -> Any:
    """What a node works on: its first argument, or what is given to it by the name of `input` or `tensors`."""
    return node.args[0] if node.args else node.kwargs.get("input", node.kwargs.get("tensors"))


def writes(traced: fx.GraphModule, node: fx.Node) -> bool:
    """Whether a node writes into its operand."""
    if node.op == "call_module":
        return bool(getattr(module_of(traced, node), "inplace", False))
    name = operation(traced, node)
    if node.op == "call_method":
        return name.endswith("_")
    inplace = node.kwargs.get("inplace") or any(part is True for part in node.args[1:])
    return bool(inplace) or name in ("iadd", "imul", "isub", "itruediv") or name.endswith("_")


def module_of(traced: fx.GraphModule, node: fx.Node) -> nn.Module:
    """The module that a node calls; found once, because walking its name costs as much as a small window."""
    module = node.meta.get("module")
    if module is None:
        module = node.meta["module"] = traced.get_submodule(str(node.target))
    part: nn.Module = module
    return part


def operation(traced: fx.GraphModule, node: fx.Node) -> str:
    """The name of a node's operation: of its module's class, its function or its method."""
    if node.op == "call_module":
        return type(module_of(traced, node)).__name__
    return str(node.target) if node.op == "call_method" else str(getattr(node.target, "__name__", node.target))
