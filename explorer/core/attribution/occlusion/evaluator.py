"""Measures a target with patches at many places at once, the quicker way of two."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import fx

from explorer.core.attribution.occlusion.occluder import Occluder, PatchFill
from explorer.core.attribution.target import Target, answers
from explorer.core.incremental.cost_model import WORTH, change_cost, positions_at_once, whole_cost
from explorer.core.incremental.delta import Changed
from explorer.core.incremental.pace import Pace, pace_of, paced
from explorer.core.incremental.patch_windows import DeltaWindow
from explorer.core.incremental.propagation import propagate, without_rule
from explorer.core.incremental.strided_positions import Starts
from explorer.core.incremental.traced_graph import Graph, Untraceable, graph_of
from explorer.core.network.forward_pass import same_answer, whole_pass
from explorer.core.network.opening import Network
from trainer.measures.percent import percent

Scores = npt.NDArray[np.float32]


class Sweep:
    """Measures one target for lattices of positions, incrementally where the network has a graph and where it pays."""

    def __init__(
        self, network: Network, batch: torch.Tensor, occluder: Occluder, target: Target, pace: Pace | None = None
    ) -> None:
        self._network, self._batch, self._occluder, self.target = network, batch, occluder, target
        self.pace = pace or pace_of(batch.device)
        self._cover = PatchFill(occluder, batch, network.input.mean, network.input.std)
        self._order = torch.channels_last if self.pace.channels_last else torch.preserve_format
        try:
            self.unoccluded = plain(self._of_loop(batch.clone()))[0]
        except RuntimeError:  # a module may look at memory with `view`, which the order forbids
            self._order = torch.preserve_format
            self.unoccluded = plain(self._of_loop(batch.clone()))[0]
        self.positions_at_once = self.pace.pictures
        self.graph: Graph | None = None
        try:
            with paced(self.pace):
                self._plan(graph_of(network, batch), occluder)
        except Untraceable as error:
            self.graph, self.positions_at_once = None, self.pace.pictures
            self.method = f"batched loop: {error}"

    def _plan(self, graph: Graph, occluder: Occluder) -> None:
        """Take the graph where that pays and where it gives the loop's values; Untraceable with the reason if not."""
        self._nodes = self.target.nodes(graph)
        tops, lefts = (occluder.starts(side) for side in self._network.input.size)
        middle = self._change(tops[len(tops) // 2 :][:1], lefts[len(lefts) // 2 :][:1])
        try:
            cost = change_cost(graph, middle, self._nodes)
        except Exception as error:  # whatever operations the module has run here on other values than when traced
            raise Untraceable(f"its graph does not run again ({error})") from error
        share = cost.time / max(1, whole_cost(graph, self._nodes).time)
        if share > WORTH:
            raise Untraceable(f"a patch changes too much of it ({percent(share)} of the work)")
        self.graph, whole = graph, without_rule(graph)
        self.positions_at_once = positions_at_once(cost, self.pace.memory, self.pace)
        self.method = "incremental" + (f"; computed whole: {', '.join(whole)}" if whole else "")
        few = tops[-1:], lefts[:2]
        try:
            scores = self.measure(*few)
        except Exception as error:
            raise Untraceable(f"its graph does not run on several pictures ({error})") from error
        if not same_answer(scores, plain(self._loop(self._batch, self._change(*few))).reshape(scores.shape)):
            raise Untraceable("its graph does not answer as it does")

    def measure(self, tops: Starts, lefts: Starts) -> Scores:
        """The target's values (rows, columns, targets) with patches at these places."""
        return plain(self.values(self._batch, self.graph, tops, lefts)).reshape(len(tops), len(lefts), -1)

    def values(self, batch: torch.Tensor, graph: Graph | None, tops: Starts, lefts: Starts) -> torch.Tensor:
        """The target's values (positions, targets) float32, on the device, for a picture (1, C, H, W) and its graph."""
        with paced(self.pace):
            if batch is self._batch:
                change = self._change(tops, lefts)
            else:
                cover = PatchFill(self._occluder, batch, self._network.input.mean, self._network.input.std)
                change = DeltaWindow(cover.changes(tops, lefts), tops, lefts, self._network.input.size)
            if graph is None:
                return self._loop(batch, change)
            return self.read(graph, propagate(graph, change, self._nodes), change.count)

    def read(self, graph: Graph, changed: Mapping[fx.Node, Changed | None], count: int) -> torch.Tensor:
        """The target's values (count, targets) float32 in what became of the nodes; None is unchanged."""
        columns = [answers(self.target, changed[node], graph.base[node], count) for node in self._nodes]
        return torch.cat(columns, 1).float()

    def alone(self, batch: torch.Tensor, graph: Graph | None) -> torch.Tensor:
        """The target's values (1, targets) float32 without a patch."""
        return self._of_loop(batch) if graph is None else self.read(graph, dict.fromkeys(self._nodes), 1)

    def _change(self, tops: Starts, lefts: Starts) -> DeltaWindow:
        return DeltaWindow(self._cover.changes(tops, lefts), tops, lefts, self._network.input.size)

    def _loop(self, batch: torch.Tensor, change: DeltaWindow) -> torch.Tensor:
        pictures = change.full(batch)
        return torch.cat([self._of_loop(part) for part in torch.split(pictures, self.pace.pictures)])

    def _of_loop(self, pictures: torch.Tensor) -> torch.Tensor:
        """The target's values (N, targets) of whole pictures (N, C, H, W)."""
        logits, maps = whole_pass(self._network, pictures.to(memory_format=self._order), self.target.infos)
        columns = [answers(self.target, value, value, len(pictures)) for value in maps or [logits]]
        return torch.cat(columns, 1).float()


def plain(values: torch.Tensor) -> Scores:
    """Values on any device as an array."""
    array: Scores = values.cpu().numpy()
    return array
