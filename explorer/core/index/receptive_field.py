"""Which part of the picture each value of a map depends on: the receptive field of a layer, by its arithmetic.

The graph of the network is followed from the input. For every operation, each row (and each column) of its answer is
said to depend on rows from a first to a last of the input; kernel, stride, padding and dilation decide how these
follow from those of what it takes. Padding depends on nothing, so that fields end at the picture's edge.
For the closed form of plain chains see Araujo, Norris & Sim, "Computing Receptive Fields of Convolutional Neural
Networks", Distill 2019.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import fx

from explorer.core.incremental.delta import pair
from explorer.core.incremental.rules import BOUNDS, FUNCTIONS, MODULES
from explorer.core.incremental.rules_conv_pool import pool_settings
from explorer.core.incremental.traced_graph import Graph, Untraceable, graph_of, module_of, operation
from explorer.core.network.opening import Network
from trainer.networks.input_spec import Box, InputSpec

Span = npt.NDArray[np.int64]
"""(length, 2): for each place the first input row (or column) it depends on, and the one after the last."""
Spans = tuple[Span, Span]
"""Those of the rows and those of the columns."""

SAME = "BatchNorm2d Dropout Dropout2d Identity dropout stochastic_depth contiguous float clone detach"
JOINED = "add iadd add_ sub mul imul mul_ truediv cat concat"
IN_PLACE = frozenset(f"{MODULES} {FUNCTIONS} {BOUNDS} {SAME} {JOINED}".split())
"""Operations whose values depend on what stands in the same place in all that they take."""


@dataclass(frozen=True, eq=False)
class ReceptiveField:
    """What each place of a layer's map depends on: `rows` (h, 2) and `columns` (w, 2) of the network's input.

    `exact` is False where an operation on the way is not known, which then counts as depending on everything.
    """

    rows: Span
    columns: Span
    input: InputSpec
    exact: bool = True

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in input pixels of the largest field of the map."""
        height, width = (int((span[:, 1] - span[:, 0]).max()) for span in (self.rows, self.columns))
        return height, width

    @property
    def whole(self) -> bool:
        """Whether some place depends on the whole input."""
        return self.size == tuple(self.input.size)

    def box(self, place: tuple[int, int]) -> Box:
        """The field of a place (row, column) of the map in input pixels."""
        (top, bottom), (left, right) = self.rows[place[0]], self.columns[place[1]]
        return Box(float(top), float(left), float(bottom - top), float(right - left))

    def in_picture(self, place: tuple[int, int], height: int, width: int, frame: Box | None = None) -> Box:
        """The field in the pixels of a picture of this height and width, as far as it lies on the picture."""
        return in_picture(self.box(place), self.input, height, width, frame)

    def cell(self, place: tuple[int, int], height: int, width: int, frame: Box | None = None) -> Box:
        """The part of the picture over which that place of the map is drawn, in the same pixels."""
        down, across = self.input.size[0] / len(self.rows), self.input.size[1] / len(self.columns)
        return in_picture(Box(place[0] * down, place[1] * across, down, across), self.input, height, width, frame)


def in_picture(box: Box, input: InputSpec, height: int, width: int, frame: Box | None = None) -> Box:
    """A box of input pixels in the pixels of a picture of this height and width, cut at the picture's edge.

    `frame` is what the network sees of the picture, where that is not the same for all of that size.
    """
    frame = frame or input.frame(height, width)
    down, across = frame.height / input.size[0], frame.width / input.size[1]
    top, left = frame.top + box.top * down, frame.left + box.left * across
    bottom, right = min(height, top + box.height * down), min(width, left + box.width * across)
    top, left = max(0.0, top), max(0.0, left)
    return Box(top, left, max(0.0, bottom - top), max(0.0, right - left))


def receptive_fields(network: Network) -> tuple[ReceptiveField, ...]:
    """The receptive field of every layer, from one pass of the network over an empty picture.

    A network whose graph cannot be drawn gives fields of the whole input that are not `exact`.
    """
    size = network.input.size
    empty = torch.zeros(1, network.input.channels, *size, device=network.device)
    try:
        graph = graph_of(network, empty)
        fields = _Fields(graph, size)
        spans = [fields.of(graph.run_of(layer.module, layer.run)) for layer in network.layers]
    except Untraceable:
        spans = [(_whole(layer.height, size[0]), _whole(layer.width, size[1]), False) for layer in network.layers]
    return tuple(ReceptiveField(rows, columns, network.input, exact) for rows, columns, exact in spans)


def fields_of(graph: Graph, nodes: Mapping[str, fx.Node], input: InputSpec) -> dict[str, ReceptiveField]:
    """The receptive fields of what some operations of a network's graph answer, by the same names."""
    fields = _Fields(graph, input.size)
    spans = {name: fields.of(node) for name, node in nodes.items()}
    return {name: ReceptiveField(rows, columns, input, exact) for name, (rows, columns, exact) in spans.items()}


class _Fields:
    """The spans of every node of a graph that holds maps."""

    def __init__(self, graph: Graph, size: tuple[int, int]) -> None:
        self._graph, self._size = graph, size
        self._spans: dict[fx.Node, Spans] = {}
        self._rough: set[fx.Node] = set()
        for node in graph.module.graph.nodes:
            shape = _shape(graph, node)
            if shape is not None and node in graph.dependent:
                self._spans[node] = self._follow(node, shape)

    def of(self, node: fx.Node) -> tuple[Span, Span, bool]:
        """The spans of a node, and whether they are exact."""
        rows, columns = self._spans[node]
        return rows, columns, node not in self._rough

    def _follow(self, node: fx.Node, shape: tuple[int, int]) -> Spans:
        if node.op == "placeholder":
            return _each(shape[0]), _each(shape[1])
        sources = [source for source in node.all_input_nodes if source in self._graph.dependent]
        if any(source in self._rough for source in sources):
            self._rough.add(node)
        taken = [self._spans[source] for source in sources if source in self._spans]
        name = operation(self._graph.module, node)
        if len(taken) == len(sources):
            sizes = {(len(rows), len(columns)) for rows, columns in taken}
            if name in IN_PLACE and sizes <= {shape, (1, 1)}:
                return _union([spans[0] for spans in taken], shape[0]), _union([spans[1] for spans in taken], shape[1])
            steps = self._steps(node, name)
            if steps is not None and len(taken) == 1:
                (rows, columns), (down, across) = taken[0], steps
                return down(rows, shape[0]), across(columns, shape[1])
        self._rough.add(node)
        return _whole(shape[0], self._size[0]), _whole(shape[1], self._size[1])

    def _steps(self, node: fx.Node, name: str) -> "tuple[Step, Step] | None":
        part: Any = module_of(self._graph.module, node) if node.op == "call_module" else None
        if name == "Conv2d":
            dilation, kernel, padding = pair(part.dilation), pair(part.kernel_size), part.padding
            if part.padding_mode != "zeros":
                return None
            if isinstance(padding, str):  # of an odd number, "same" puts the smaller half before
                padding = tuple(
                    (k - 1) * d // 2 if padding == "same" else 0 for k, d in zip(kernel, dilation, strict=True)
                )
            return sliding(kernel, pair(part.stride), pair(padding), dilation)
        if name in ("ZeroPad2d", "ConstantPad2d"):
            left, _, top, _ = part.padding
            return sliding((1, 1), (1, 1), (top, left), (1, 1))
        if name in ("AdaptiveAvgPool2d", "adaptive_avg_pool2d", "AdaptiveMaxPool2d", "adaptive_max_pool2d"):
            return adaptive, adaptive
        if name == "mean" and self._graph.base[node].shape[2:].numel() == 1:
            return adaptive, adaptive
        if name not in ("MaxPool2d", "max_pool2d", "AvgPool2d", "avg_pool2d"):
            return None
        settings = pool_settings(self._graph.module, node)
        if settings is None:
            return None
        kernel = pair(settings["kernel_size"])
        stride, padding = settings.get("stride") or kernel, settings.get("padding", 0)
        return sliding(kernel, pair(stride), pair(padding), pair(settings.get("dilation", 1)))


Step = Callable[[Span, int], Span]
"""From the spans of what an operation takes to those of so many places that it answers, in one direction."""
Pair = tuple[int, int]


def sliding(kernel: Pair, stride: Pair, padding: Pair, dilation: Pair) -> tuple[Step, Step]:
    """The steps of an operation that slides over what it takes, down and across."""

    def step(axis: int) -> Step:
        def over(span: Span, length: int) -> Span:
            taps = np.arange(kernel[axis]) * dilation[axis] - padding[axis]
            positions = np.arange(length)[:, None] * stride[axis] + taps
            valid = (positions >= 0) & (positions < len(span))
            return _hull(span[np.clip(positions, 0, len(span) - 1)], valid)

        return over

    return step(0), step(1)


def adaptive(span: Span, length: int) -> Span:
    """The step of an adaptive pooling, whose cells share what it takes out among them and may overlap."""
    positions, cells = np.arange(len(span)), np.arange(length)[:, None]
    covered = (positions >= cells * len(span) // length) & (positions < -(-(cells + 1) * len(span) // length))
    return _hull(np.broadcast_to(span, (length, *span.shape)), covered)


def _union(spans: list[Span], length: int) -> Span:
    taken = np.stack([np.broadcast_to(span, (length, 2)) for span in spans], axis=1)
    return _hull(taken, np.ones(taken.shape[:2], bool))


def _hull(taken: Span, valid: npt.NDArray[np.bool_]) -> Span:
    """From the first to the last of the spans (length, taps, 2) that are `valid`; (0, 0) where none is."""
    valid = valid & (taken[..., 1] > taken[..., 0])
    last = np.where(valid, taken[..., 1], 0).max(axis=1)
    first = np.where(valid, taken[..., 0], np.iinfo(np.int64).max).min(axis=1)
    return np.stack([np.where(last > 0, first, 0), last], axis=1)


def _each(length: int) -> Span:
    return np.stack([np.arange(length), np.arange(length) + 1], axis=1)


def _whole(length: int, size: int) -> Span:
    return np.broadcast_to(np.array([0, size]), (length, 2))


def _shape(graph: Graph, node: fx.Node) -> Pair | None:
    value = graph.base.get(node)
    if not isinstance(value, torch.Tensor) or value.dim() != 4:
        return None
    return int(value.shape[2]), int(value.shape[3])
