"""Runs what comes after muted filters again, for many muted networks at once, from the values of a kept pass."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import fx

from explorer.core.incremental.propagation import FRESH
from explorer.core.incremental.traced_graph import Graph, operation, run, values_of
from explorer.core.muting.few_channels import FEW, FewChannels, step, tiled
from explorer.core.muting.keys import Replacements, values_for

Value = FewChannels | torch.Tensor
Muted = Mapping[int, Sequence[int]]
"""The filters of each layer that one muted network is without."""

_LEADS, _SAME, _AGAIN = "leads", "same", "again"


def rerun(graph: Graph, points: Mapping[fx.Node, int], muted: Sequence[Muted], replaced: Replacements) -> Any:
    """What the module answers to N pictures in each of V muted networks, as it would to V * N pictures.

    `points` are the nodes that give the maps of layers. All of `muted` have their first point in common.
    """
    return _Rerun(graph, points, muted, replaced).answer()


class _Rerun:
    def __init__(
        self, graph: Graph, points: Mapping[fx.Node, int], muted: Sequence[Muted], replaced: Replacements
    ) -> None:
        self._graph, self._muted, self._replaced = graph, muted, replaced
        layers = {layer for single in muted for layer in single}
        self._points = {node: layer for node, layer in points.items() if layer in layers}
        self._values: dict[fx.Node, Any] = {}
        self._kept: dict[fx.Node, Any] = {}

    def answer(self) -> Any:
        nodes = list(self._graph.module.graph.nodes)
        left = {node: len(node.users) for node in nodes}
        with torch.inference_mode():
            for node in nodes:
                if node.op == "output":
                    return fx.node.map_arg(node.args[0], self._plain)
                changed = any(source in self._values for source in node.all_input_nodes)
                if changed:
                    self._values[node] = self._step(node)
                if node in self._points:
                    self._values[node] = self._mute(node, self._points[node])
                for source in node.all_input_nodes:
                    left[source] -= 1
                    if not left[source]:
                        self._values.pop(source, None)
                        self._kept.pop(source, None)
        raise RuntimeError("a graph without an output")

    def _mute(self, node: fx.Node, layer: int) -> Value:
        base = self._graph.base[node]
        muted_filters = [list(single.get(layer, ())) for single in self._muted]
        count = len(muted_filters[0])
        alike = all(len(filters) == count for filters in muted_filters)
        if node not in self._values and alike and count <= FEW * base.shape[1]:
            channels = torch.tensor(muted_filters, device=base.device)
            values = values_for(self._replaced, layer, channels, base).unsqueeze(1)
            shape = (len(muted_filters), len(base), count, *base.shape[2:])
            return FewChannels(values.expand(shape).contiguous(), channels)
        value = self._values.get(node)
        whole = tiled(base, len(muted_filters)) if value is None else self._dense(node, value).clone()
        apart = whole.view(len(muted_filters), -1, *whole.shape[1:])
        for network_index, filters in enumerate(muted_filters):
            if filters:
                muted_channels = torch.tensor(filters, device=base.device)
                apart[network_index][:, muted_channels] = values_for(self._replaced, layer, muted_channels, base)
        return whole

    def _step(self, node: fx.Node) -> Any:
        changed = [source for source in node.all_input_nodes if source in self._values]
        value = self._values[changed[0]]
        if len(changed) == 1 and isinstance(value, FewChannels):
            stepped = step(self._graph, node, changed[0], value)
            if stepped is not None:
                return stepped
        return self._whole(node)

    def _whole(self, node: fx.Node) -> Any:
        first = node.args[0] if node.args else None
        plain = {source: self._plain(source) for source in node.all_input_nodes}
        # Nobody else looks at what the node may write into: it was made here, for this node.
        own = isinstance(first, fx.Node) and first in self._values and len(first.users) == 1 and self._fresh(first)
        return run(self._graph.module, node, plain, own=own)

    def _fresh(self, node: fx.Node) -> bool:
        return isinstance(self._values[node], FewChannels) or operation(self._graph.module, node) in FRESH

    def _plain(self, node: fx.Node) -> Any:
        """A node's value for all muted networks, computed or kept."""
        if node in self._values:
            return self._dense(node, self._values[node])
        base = self._graph.base[node]
        if len(self._muted) == 1 or node not in self._graph.dependent:
            return base
        if node not in self._kept:
            growth = node.meta["many"]
            if growth == _LEADS:
                self._kept[node] = tiled(base, len(self._muted))
            elif growth == _SAME:
                self._kept[node] = base
            else:
                plain = {source: self._plain(source) for source in node.all_input_nodes}
                self._kept[node] = run(self._graph.module, node, plain)
        return self._kept[node]

    def _dense(self, node: fx.Node, value: Any) -> Any:
        return value.dense(self._graph.base[node]) if isinstance(value, FewChannels) else value


def learn_batches(graph: Graph, picture: torch.Tensor) -> None:
    """Note at every node how its value depends on the number of pictures, found with one (1, C, H, W) and two.

    Tensors whose first axis grows with the pictures can be repeated; what is no tensor (a shape, a list of parts) is
    computed again. Whatever the module's code raises on two pictures, and ValueError for tensors that grow otherwise.
    """
    of_one, of_two = (values_of(graph.module, picture.expand(count, -1, -1, -1).contiguous()) for count in (1, 2))
    for node, single in of_one.items():
        double = of_two[node]
        if not isinstance(single, torch.Tensor):
            node.meta["many"] = _AGAIN
        elif single.shape == double.shape:
            node.meta["many"] = _SAME
        elif single.shape[1:] == double.shape[1:] and 2 * single.shape[0] == double.shape[0]:
            node.meta["many"] = _LEADS
        else:
            raise ValueError(f"{node} grows with the pictures along another axis than the first")
