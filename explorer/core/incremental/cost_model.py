"""What a sweep costs, counted on the graph: whether computing only the changes pays, and how many positions at once."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import fx, nn

from explorer.core.incremental.delta import Changed, Flat
from explorer.core.incremental.pace import PROCESSOR, Pace, pace_for
from explorer.core.incremental.patch_windows import DeltaWindow
from explorer.core.incremental.propagation import propagate
from explorer.core.incremental.traced_graph import Graph, module_of, operand, operation

PER_VALUE = 50
PER_CHANGE = 100
"""Multiply-adds in whose time one value of a whole map, or of a window, is brought from and to memory; measured."""

WORTH = 0.8
"""Only below this share of the whole cost the changes alone are computed: the rest is the count's own error."""


@dataclass(frozen=True)
class Cost:
    """Multiply-adds, and values written, for one position; the largest window and the largest whole map of it."""

    macs: int
    values: int
    windowed: int
    largest_window: int
    largest_map: int

    @property
    def time(self) -> int:
        """Everything in multiply-adds."""
        return self.macs + PER_VALUE * (self.values - self.windowed) + PER_CHANGE * self.windowed


def whole_cost(graph: Graph, wanted: Iterable[fx.Node]) -> Cost:
    """The cost of one whole pass as far as the last wanted node."""
    macs = values = largest = 0
    left = set(wanted)
    for node in graph.module.graph.nodes:
        base = graph.base.get(node)
        if node in graph.dependent and isinstance(base, torch.Tensor) and node.op != "placeholder":
            macs += base.numel() * per_output(graph, node)
            values += base.numel()
            largest = max(largest, base.numel())
        left.discard(node)
        if not left:
            break
    return Cost(macs, values, 0, 0, largest)


def change_cost(graph: Graph, change: DeltaWindow, wanted: Iterable[fx.Node]) -> Cost:
    """The cost of computing only what a change (of one position) changes; found by doing it once."""
    macs = values = windowed = largest_window = largest_map = 0
    flats: dict[fx.Node, int] = {}

    def count(node: fx.Node, value: Changed) -> None:
        nonlocal macs, values, windowed, largest_window, largest_map
        if isinstance(value, Flat):
            flats[node] = value.window.delta.numel()
        elif isinstance(value, torch.Tensor):
            source = operand(node)
            by_cell = not pace_for(value).gathered
            terms = flats.get(source) if by_cell and isinstance(source, fx.Node) else None
            macs += value.numel() * (terms or per_output(graph, node))
            values += value.numel()
            largest_map = max(largest_map, value.numel())
        elif isinstance(value, DeltaWindow):
            size = value.delta.numel()
            macs += size * per_output(graph, node)
            values += size
            windowed += size
            largest_window = max(largest_window, size)

    propagate(graph, change, wanted, count)
    return Cost(macs, values, windowed, largest_window, largest_map)


def per_output(graph: Graph, node: fx.Node) -> int:
    """Multiply-adds for one value of a node."""
    if operation(graph.module, node) not in ("Conv2d", "Linear") or node.op != "call_module":
        return 0
    part = module_of(graph.module, node)
    return part.weight[0].numel() if isinstance(part, nn.Conv2d | nn.Linear) else 0


def positions_at_once(cost: Cost, memory: int, pace: Pace = PROCESSOR) -> int:
    """How many positions one batch holds within `memory` bytes for their changes, and within the pace's work."""
    # float32; source, surround, result and one to spare
    most = memory // (16 * max(cost.largest_window, cost.largest_map, 1))
    if cost.largest_map:
        most = min(most, max(pace.pictures, pace.shared // (4 * cost.largest_map)))
    return max(1, min(most, max(pace.pictures, pace.work // max(cost.time, 1))))
