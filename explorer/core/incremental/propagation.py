"""Runs a network again for many small changes of its input, computing only what they change.

The module is traced with torch.fx; `rules.py` says for every operation how a change passes through it. An operation
without a rule runs whole, on the whole batch: that is always right, only slower.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import fx

from explorer.core.incremental.delta import Changed, Flat, dense
from explorer.core.incremental.patch_windows import DeltaWindow, side_by_side
from explorer.core.incremental.rules import RULES
from explorer.core.incremental.traced_graph import Graph, operand, operation, run

DENSE_SHARE = 0.7
"""From this share of a map on, its whole computation is cheaper than cutting and pasting windows."""

FRESH = ("Conv2d", "BatchNorm2d", "Linear")
"""Operations whose answer is a tensor of its own, into which the one that follows may write."""

OnValue = Callable[[fx.Node, Changed], None]


def without_rule(graph: Graph) -> tuple[str, ...]:
    """The operations on the picture that have no rule and run whole, each once."""
    nodes = (node for node in graph.module.graph.nodes if node in graph.dependent and node.op != "placeholder")
    names = dict.fromkeys(operation(graph.module, node) for node in nodes)
    return tuple(name for name in names if name not in RULES)


def nothing(node: fx.Node, value: Changed) -> None:
    """Watch no values."""


def propagate(
    graph: Graph, change: DeltaWindow, wanted: Iterable[fx.Node], on_value: OnValue = nothing
) -> dict[fx.Node, Changed | None]:
    """Pass a change of the input through the graph; what `wanted` nodes became, None where nothing changed.

    `on_value` is called with every node and what it became; it may raise to end the work.
    """
    keep = set(wanted)
    values: dict[fx.Node, Changed] = {}
    left = {node: len(node.users) for node in graph.module.graph.nodes}
    wanted_values: dict[fx.Node, Changed | None] = dict.fromkeys(keep)
    with torch.inference_mode():
        for node in graph.module.graph.nodes:
            if node.op == "placeholder":
                values[node] = DeltaWindow(side_by_side(change.delta), change.tops, change.lefts, change.size)
            elif node.op != "output" and any(source in values for source in node.all_input_nodes):
                values[node] = _step(graph, node, values, wanted_values, change.count)
            if node in values:
                on_value(node, values[node])
            if node in keep:
                wanted_values[node] = values.get(node)
                keep.discard(node)
                if not keep:
                    break
            for source in node.all_input_nodes:
                left[source] -= 1
                if not left[source]:
                    values.pop(source, None)
    return wanted_values


def _step(
    graph: Graph, node: fx.Node, values: Mapping[fx.Node, Changed], wanted: Mapping[fx.Node, object], count: int
) -> Changed:
    sources = {source: values[source] for source in node.all_input_nodes if source in values}
    rule = RULES.get(operation(graph.module, node))
    if rule is not None and all(isinstance(value, DeltaWindow | Flat) for value in sources.values()):
        changed = rule(graph, node, sources)
        if isinstance(changed, DeltaWindow) and changed.fills(DENSE_SHARE):
            return changed.full(graph.base[node])
        if changed is not None:
            return changed
    return _whole(graph, node, sources, wanted, count)


def _whole(
    graph: Graph, node: fx.Node, sources: Mapping[fx.Node, Changed], wanted: Mapping[fx.Node, object], count: int
) -> torch.Tensor:
    """The node's values of all positions, computed as the module itself would."""
    plain: dict[fx.Node, Any] = {}
    for source in node.all_input_nodes:
        base = graph.base[source]
        if source in sources:
            plain[source] = dense(sources[source], base)
        elif source in graph.dependent and isinstance(base, torch.Tensor) and base.dim() > 1 and base.shape[0] == 1:
            plain[source] = base.expand(count, *base.shape[1:])
        else:
            plain[source] = base
    first = operand(node)
    # Nobody else looks at what the node may write into.
    own = (
        isinstance(first, fx.Node)
        and len(first.users) == 1
        and first in sources
        and first not in wanted
        and (not isinstance(sources[first], torch.Tensor) or operation(graph.module, first) in FRESH)
    )
    output: torch.Tensor = run(graph.module, node, plain, own=own)
    return output
