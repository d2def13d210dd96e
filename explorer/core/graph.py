"""The graph of a module: its operations in order, and what each answered on the unoccluded picture."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx, nn


class Untraceable(Exception):  # noqa: N818 - a property of the module
    """The module's forward pass depends on values, so that no graph of it can be drawn."""


@dataclass(frozen=True)
class Graph:
    """A traced module with the values of its unoccluded pass, and the nodes that depend on the picture."""

    module: fx.GraphModule
    base: Mapping[fx.Node, Any]
    dependent: frozenset[fx.Node]

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


def trace(module: nn.Module, batch: torch.Tensor) -> Graph:
    """Trace a module in eval mode and run it once on `batch` (1, C, H, W); Untraceable where it has no fixed graph."""
    try:
        traced = fx.symbolic_trace(module)
    except Exception as error:  # tracing runs the module's own code, which may fail in any way
        raise Untraceable(str(error)) from error
    base: dict[fx.Node, Any] = {}
    dependent: set[fx.Node] = set()
    with torch.inference_mode():
        for node in traced.graph.nodes:
            if node.op == "placeholder":
                base[node] = batch
                dependent.add(node)
            elif node.op != "output":
                base[node] = run(traced, node, base)
                if any(source in dependent for source in node.all_input_nodes):
                    dependent.add(node)
    return Graph(traced, base, frozenset(dependent))


def run(traced: fx.GraphModule, node: fx.Node, values: Mapping[fx.Node, Any]) -> Any:
    """Run one node on plain values, without writing into them."""
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    arguments, options = (fx.node.map_arg(part, lambda source: values[source]) for part in (node.args, node.kwargs))  # type: ignore[assignment]
    if node.op == "get_attr":
        found: Any = traced
        for name in str(node.target).split("."):
            found = getattr(found, name)
        return found
    if node.op == "call_module":
        part = traced.get_submodule(str(node.target))
        if getattr(part, "inplace", False):
            arguments = (arguments[0].clone(), *arguments[1:])
        return part(*arguments, **options)
    if options.get("inplace"):
        options = {**options, "inplace": False}
    if node.op == "call_method":
        owner = arguments[0]
        if str(node.target).endswith("_") and isinstance(owner, torch.Tensor):
            owner = owner.clone()
        return getattr(owner, str(node.target))(*arguments[1:], **options)
    if operation(traced, node) in ("iadd", "imul", "isub"):
        arguments = (arguments[0].clone(), *arguments[1:])
    assert callable(node.target)
    return node.target(*arguments, **options)


def operation(traced: fx.GraphModule, node: fx.Node) -> str:
    """The name of a node's operation: of its module's class, its function or its method."""
    if node.op == "call_module":
        return type(traced.get_submodule(str(node.target))).__name__
    return str(node.target) if node.op == "call_method" else str(getattr(node.target, "__name__", node.target))
