"""Runs a network again for many small changes of its input, computing only what they change.

The module is traced with torch.fx; `rules.py` says for every operation how a change passes through it. An operation
without a rule runs whole, on the whole batch: that is always right, only slower.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import fx

from explorer.core.graph import Graph, operation, run
from explorer.core.rules import RULES, Changed, Flat, dense
from explorer.core.windows import Window

DENSE_SHARE = 0.7
"""From this share of a map on, its whole computation is cheaper than cutting and pasting windows."""


def without_rule(graph: Graph) -> tuple[str, ...]:
    """The operations on the picture that have no rule and run whole, each once."""
    nodes = (node for node in graph.module.graph.nodes if node in graph.dependent and node.op != "placeholder")
    names = dict.fromkeys(operation(graph.module, node) for node in nodes)
    return tuple(name for name in names if name not in RULES)


def propagate(
    graph: Graph, change: Window, wanted: Iterable[fx.Node], sizes: list[int] | None = None
) -> dict[fx.Node, Changed | None]:
    """Pass a change of the input through the graph; what `wanted` nodes became, None where nothing changed.

    `sizes` gets the number of values of every step, for judging the memory of many positions by that of one.
    """
    keep = set(wanted)
    values: dict[fx.Node, Changed] = {}
    left = {node: len(node.users) for node in graph.module.graph.nodes}
    found: dict[fx.Node, Changed | None] = dict.fromkeys(keep)
    with torch.inference_mode():
        for node in graph.module.graph.nodes:
            if node.op == "placeholder":
                values[node] = change
            elif node.op != "output" and any(source in values for source in node.all_input_nodes):
                values[node] = _step(graph, node, values)
                if sizes is not None:
                    sizes.append(volume(values[node]))
            if node in keep:
                found[node] = values.get(node)
                keep.discard(node)
                if not keep:
                    break
            for source in node.all_input_nodes:
                left[source] -= 1
                if not left[source]:
                    values.pop(source, None)
    return found


def _step(graph: Graph, node: fx.Node, values: Mapping[fx.Node, Changed]) -> Changed:
    rule = RULES.get(operation(graph.module, node))
    if rule is not None:
        sources = {source: values[source] for source in node.all_input_nodes if source in values}
        if not any(isinstance(value, torch.Tensor) for value in sources.values()):
            answer = rule(graph.module, node, sources, graph.base)
            if answer is not None:
                if isinstance(answer, Window) and answer.fills(DENSE_SHARE):
                    return answer.full(graph.base[node])
                return answer
    count = positions(next(values[source] for source in node.all_input_nodes if source in values))
    plain: dict[fx.Node, Any] = {}
    for source in node.all_input_nodes:
        base = graph.base[source]
        if source in values:
            plain[source] = dense(values[source], base)
        elif isinstance(base, torch.Tensor) and base.dim() > 1 and base.shape[0] == 1 and source.op != "get_attr":
            plain[source] = base.expand(count, *base.shape[1:])
        else:
            plain[source] = base
    answer_of_all: torch.Tensor = run(graph.module, node, plain)
    return answer_of_all


def volume(value: Changed) -> int:
    """How many numbers a changed value holds."""
    if isinstance(value, torch.Tensor):
        return value.numel()
    return (value.window if isinstance(value, Flat) else value).delta.numel()


def positions(value: Changed) -> int:
    """How many positions a changed value holds."""
    if isinstance(value, torch.Tensor):
        return value.shape[0]
    window = value.window if isinstance(value, Flat) else value
    return len(window.tops) * len(window.lefts)
