"""Measures a target with patches at many places at once, the quicker way of two."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import fx

from explorer.core.changes import Changed
from explorer.core.cost import BATCH, WORTH, change_cost, positions_at_once, whole_cost
from explorer.core.graph import Graph, Untraceable, graph_of
from explorer.core.incremental import propagate, without_rule
from explorer.core.lattice import Starts
from explorer.core.network import Network
from explorer.core.occluder import Cover, Occluder
from explorer.core.occlusion_target import Target, answers
from explorer.core.whole_pass import same_answer, whole_pass
from explorer.core.windows import Window

Scores = npt.NDArray[np.float32]


class Sweep:
    """Measures one target for lattices of positions, incrementally where the network has a graph and where it pays."""

    def __init__(self, network: Network, batch: torch.Tensor, occluder: Occluder, target: Target, memory: int) -> None:
        self._network, self._batch, self._target = network, batch, target
        self._cover = Cover(occluder, batch, network.input.mean, network.input.std)
        # On processors convolutions are 1.1 to 1.9 times as fast in this order.
        self._order = torch.channels_last if batch.device.type == "cpu" else torch.preserve_format
        try:
            self.unoccluded = self._of_loop(batch.clone())[0]
        except RuntimeError:  # a module may look at memory with `view`, which the order forbids
            self._order = torch.preserve_format
            self.unoccluded = self._of_loop(batch.clone())[0]
        self.positions_at_once = BATCH
        self._graph: Graph | None = None
        try:
            self._plan(graph_of(network, batch), occluder, memory)
        except Untraceable as error:
            self._graph, self.positions_at_once = None, BATCH
            self.method = f"batched loop: {error}"

    def _plan(self, graph: Graph, occluder: Occluder, memory: int) -> None:
        """Take the graph where that pays and where it gives the loop's values; Untraceable with the reason if not."""
        self._nodes = self._target.nodes(graph)
        tops, lefts = (occluder.starts(side) for side in self._network.input.size)
        middle = self._change(tops[len(tops) // 2 :][:1], lefts[len(lefts) // 2 :][:1])
        try:
            cost = change_cost(graph, middle, self._nodes)
        except Exception as error:  # whatever operations the module has run here on other values than when traced
            raise Untraceable(f"its graph does not run again ({error})") from error
        share = cost.time / max(1, whole_cost(graph, self._nodes).time)
        if share > WORTH:
            raise Untraceable(f"a patch changes too much of it ({share:.0%} of the work)")
        self._graph, whole = graph, without_rule(graph)
        self.positions_at_once = positions_at_once(cost, memory)
        self.method = "incremental" + (f"; computed whole: {', '.join(whole)}" if whole else "")
        few = tops[-1:], lefts[:2]
        try:
            found = self.measure(*few)
        except Exception as error:
            raise Untraceable(f"its graph does not run on several pictures ({error})") from error
        if not same_answer(found, self._loop(self._change(*few))):
            raise Untraceable("its graph does not answer as it does")

    def measure(self, tops: Starts, lefts: Starts) -> Scores:
        """The target's values (rows, columns, targets) with patches at these places."""
        change = self._change(tops, lefts)
        if self._graph is None:
            return self._loop(change)
        found = propagate(self._graph, change, self._nodes)
        return self._read(self._graph, found, change.count).reshape(len(tops), len(lefts), -1)

    def _change(self, tops: Starts, lefts: Starts) -> Window:
        return Window(self._cover.changes(tops, lefts), tops, lefts, self._network.input.size)

    def _read(self, graph: Graph, found: Mapping[fx.Node, Changed | None], count: int) -> Scores:
        columns = [
            answers(self._target, place, found[node], graph.base[node], count) for place, node in enumerate(self._nodes)
        ]
        return torch.cat(columns, 1).float().cpu().numpy()

    def _loop(self, change: Window) -> Scores:
        pictures = change.full(self._batch)
        found = [self._of_loop(part) for part in torch.split(pictures, BATCH)]
        return np.concatenate(found).reshape(len(change.tops), len(change.lefts), -1)

    def _of_loop(self, pictures: torch.Tensor) -> Scores:
        """The target's values (N, targets) of whole pictures (N, C, H, W)."""
        logits, maps = whole_pass(self._network, pictures.to(memory_format=self._order), self._target.infos)
        values = maps or [logits]
        columns = [answers(self._target, place, value, value, len(pictures)) for place, value in enumerate(values)]
        return torch.cat(columns, 1).float().cpu().numpy()
