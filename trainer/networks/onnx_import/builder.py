"""Puts a graph together: what is known is computed at once, what depends on the picture becomes a node."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import fx, nn

from trainer.networks.onnx_import import naming
from trainer.networks.onnx_import.model import Model, Node, Unsupported
from trainer.networks.onnx_import.shape_rules import answer_shape
from trainer.networks.onnx_import.values import Known, Traced, Value

MOST_MEMORY = 8 << 30
"""Bytes of all values of one picture, and of all numbers that are computed while a graph is built."""


class Builder:
    """The graph so far. `operators` are written in terms of what it offers; `node` is the one that is being read.

    Every operation is run on shapes alone when it is added, once for a batch of one and once for a batch of two.
    """

    def __init__(self, model: Model, nodes: Sequence[Node]) -> None:
        self.model, self.opset = model, model.opset
        self.root, self.graph = nn.Module(), fx.Graph()
        self.guessed = False
        """Whether the place of the batch in some shape was told by its place in memory alone."""
        self.node = nodes[0]
        self._left = MOST_MEMORY
        self._uses: dict[str, int] = {}
        for name in (name for node in nodes for name in node.inputs):
            self._uses[name] = self._uses.get(name, 0) + 1
        self._made: dict[object, str] = {}
        self._start = naming.shared_start(
            [naming.wished(node, self._weight(node)) for node in nodes if self._weight(node)]
        )

    def input(self, sides: tuple[int, int, int], order: tuple[int, ...]) -> Traced:
        """The picture (channels, height, width), seen by the graph in this order of axes."""
        node = self.graph.placeholder("picture")
        self._picture = node
        one, two = (torch.empty(count, *sides, device="meta") for count in (1, 2))
        return Traced(node, one, two, () if order == (0, 1, 2, 3) else order)

    def module(self, part: nn.Module, source: Value, *, key: object = None) -> Value:
        """What a module answers; the same module where the same `key` came before."""
        source = self.plain(source)
        if isinstance(source, Known):
            return self._computed(part, [source], {})
        name = self._made.get(key) if key is not None else None
        if name is None:
            name = naming.add(self.root, self._name(), part)
            if key is not None:
                self._made[key] = name
        node = self.graph.call_module(name, (source.node,))
        return self._noted(node, part, [source], {})

    def pointwise(self, part: nn.Module, source: Value) -> Value:
        """What a module answers that treats every number by itself, in whatever order the axes are."""
        if isinstance(source, Known):
            return self.module(part, source)
        node = self.graph.call_module(naming.add(self.root, self._name(), part), (source.node,))
        self.take(source.one.numel())
        return replace(source, node=node)

    def function(self, target: Callable[..., Any], *arguments: Any, **options: Any) -> Value:
        """What a function of torch answers; values may stand in lists."""
        values = [value for value in _leaves((arguments, options)) if isinstance(value, Known | Traced)]
        if all(isinstance(value, Known) for value in values):
            return self._computed(target, arguments, options)
        arguments, options = _mapped((arguments, options), self._operand)
        plain = _mapped((arguments, options), lambda value: value.node if isinstance(value, Traced) else value)
        node = self.graph.call_function(target, *plain)
        return self._noted(node, target, arguments, options)

    def plain(self, value: Value) -> Value:
        """The value with its axes and columns as ONNX sees them."""
        if isinstance(value, Known):
            return value
        if value.columns is not None:
            columns = self.buffer(value.columns)
            node = self.graph.call_function(torch.index_select, (value.node, 1, columns))
            return Traced(node, value.one, value.two, outer=value.outer)
        if value.order and value.order != tuple(range(value.one.dim())):
            node = self.graph.call_function(torch.permute, (value.node, value.order))
            one, two = value.one.permute(value.order), value.two.permute(value.order)
            return Traced(node, one, two, outer=value.outer)
        return Traced(value.node, value.one, value.two, outer=value.outer)

    def buffer(self, values: torch.Tensor) -> fx.Node:
        """A constant that lies in the network."""
        holder = nn.Module()
        holder.register_buffer("values", values.contiguous())
        return self.graph.get_attr(f"{naming.add(self.root, f'{self._name()}_constant', holder)}.values")

    def batched(self, one: torch.Tensor, two: torch.Tensor) -> Traced:
        """A constant that is repeated for every picture; Unsupported where it is another for each."""
        axes = [axis for axis, side in enumerate(one.shape) if side != two.shape[axis]]
        if len(axes) != 1 or one.shape[axes[0]] != 1 or not torch.equal(one.expand_as(two), two):
            raise Unsupported("it computes other numbers for each picture of a batch")
        count = self.graph.call_method("size", (self._picture, 0))
        sides: list[Any] = list(one.shape)
        sides[axes[0]] = count
        node = self.graph.call_method("expand", (self.buffer(one), sides))
        return Traced(node, one.to("meta"), two.to("meta"))

    def fusable(self, index: int, kind: type[nn.Module]) -> Any:
        """The module that gives input `index` of this node, if it is one of this kind and nobody else looks at it."""
        name, value = self.node.inputs[index], self._values.get(self.node.inputs[index])
        if not isinstance(value, Traced) or value.node.op != "call_module" or self._uses.get(name) != 1:
            return None
        if value.node.target in self._made.values():
            return None
        part = self.root.get_submodule(str(value.node.target))
        return part if isinstance(part, kind) else None

    def sole_key(self, *names: str) -> object:
        """Tells a module apart whose weights stand under these names, if several nodes use them; else None."""
        shared = names[0] in self.model.tensors and self._uses.get(names[0], 0) > 1
        settings = sorted((name, repr(value)) for name, value in self.node.attributes.items())
        return (self.node.operator, names, tuple(settings)) if shared else None

    def watch(self, values: Mapping[str, Value]) -> None:
        """Look up the values of names here."""
        self._values = values

    def take(self, numbers: int, width: int = 4) -> None:
        """Count memory; Unsupported where there is none left."""
        self._left -= numbers * width
        if self._left < 0:
            raise Unsupported(f"its values for one picture take more than {MOST_MEMORY >> 30} GB")

    def _name(self) -> str:
        return naming.wished(self.node, self._weight(self.node)).removeprefix(self._start)

    def _weight(self, node: Node) -> str:
        weighted = node.operator in ("Conv", "ConvTranspose", "Gemm", "MatMul", "BatchNormalization")
        return next((name for name in node.inputs[1:2] if weighted and name in self.model.tensors), "")

    def _operand(self, value: Any) -> Any:
        """A value as it stands in a call: numbers as Python has them, constants as a part of the network."""
        if isinstance(value, Traced):
            return self.plain(value)
        if not isinstance(value, Known):
            return value
        if not value.fixed:
            return self.batched(value.one, value.two)
        if value.one.numel() == 1 and value.one.dim() <= 1:
            return value.one.item()
        return Traced(self.buffer(value.one), value.one.to("meta"), value.one.to("meta"))

    def _computed(self, target: Callable[..., Any], arguments: Sequence[Any], options: Mapping[str, Any]) -> Known:
        """A function of known values, unless its answer is too large."""
        fixed = all(value.fixed for value in _leaves((arguments, options)) if isinstance(value, Known))
        results = []
        for batch in ("one",) if fixed else ("one", "two"):
            given, named = _mapped((arguments, options), partial(_of, batch=batch))
            result = target(*given, **named)
            self.take(result.numel(), result.element_size())
            results.append(result.float() if result.dtype == torch.float64 else result)
        return Known(results[0], results[-1])

    def _noted(self, node: fx.Node, target: Any, arguments: Any, options: Mapping[str, Any]) -> Traced:
        """The value of a new node, its shapes found by running it on shapes."""
        one, two = (_shaped(target, arguments, options, batch) for batch in ("one", "two"))
        self.take(one.numel())
        differ = [axis for axis, side in enumerate(one.shape) if side != two.shape[axis]]
        if one.dim() != two.dim() or len(differ) != 1 or two.shape[differ[0]] != 2 * one.shape[differ[0]]:
            raise Unsupported("it mixes the pictures of a batch")
        outer = next(
            (
                value.outer
                for value in _leaves((arguments, options))
                if isinstance(value, Traced) and value.one.shape != value.two.shape
            ),
            1,
        )
        return Traced(node, one, two, outer=outer if one.shape[differ[0]] % outer == 0 else 1)


def _of(value: Any, batch: str) -> Any:
    return getattr(value, batch) if isinstance(value, Known | Traced) else value


def _shaped(target: Any, arguments: Sequence[Any], options: Mapping[str, Any], batch: str) -> torch.Tensor:
    """What a module or function answers, without memory."""
    shape = answer_shape(target, arguments, options, batch)
    if shape is not None:
        return torch.empty(shape, device="meta")
    given, named = _mapped((arguments, options), partial(_of, batch=batch))
    run = _on_shapes(target) if isinstance(target, nn.Module) else target
    answer: torch.Tensor = run(*given, **named)
    return answer


def _on_shapes(part: nn.Module) -> Callable[..., torch.Tensor]:
    held = {name: value.to("meta") for name, value in [*part.named_parameters(), *part.named_buffers()]}
    return lambda *given: torch.func.functional_call(part, held, given)


def _leaves(tree: Any) -> list[Any]:
    if isinstance(tree, Mapping):
        return [leaf for value in tree.values() for leaf in _leaves(value)]
    return [leaf for value in tree for leaf in _leaves(value)] if isinstance(tree, list | tuple) else [tree]


def _mapped(tree: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(tree, Mapping):
        return {name: _mapped(value, change) for name, value in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)(_mapped(value, change) for value in tree)
    return change(tree)
