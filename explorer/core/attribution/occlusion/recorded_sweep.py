"""Sweeps with the same settings over one picture after another: recorded as CUDA graphs, and replayed.

The first picture is swept as everywhere, which also tells how. The second is swept while its passes are recorded:
everything between the picture and the values, with the picture at a fixed place. From the third on nothing is launched
but those graphs. A network keeps the records of the newest settings only.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from explorer.core.attribution.occlusion.evaluator import Scores, Sweep, plain
from explorer.core.attribution.occlusion.occluder import Occluder
from explorer.core.attribution.target import Target
from explorer.core.incremental.pace import Pace, pace_of, paced
from explorer.core.incremental.strided_positions import Starts
from explorer.core.incremental.traced_graph import Graph, values_of
from explorer.core.network.opening import Network
from trainer.devices.cuda_graph import on_a_side_stream, recorded

Work = Callable[[], torch.Tensor]
Recorded = tuple[torch.Tensor, Callable[[], object]]
"""Where the answer of some work lies, and what does the work again into the same place."""
Record = Callable[[Work], Recorded]


def cuda_graphs(device: torch.device) -> Record:
    """Records work as CUDA graphs of this device, which share their memory, because they never run at once."""
    pool = torch.cuda.graph_pool_handle()

    def record(work: Work) -> Recorded:
        with torch.cuda.device(device):
            on_a_side_stream(work, device)
            graph, output = recorded(work, device, pool)
            graph.replay()
        return output, graph.replay

    return record


@dataclass
class _Kept:
    """What stays with a network: the sweep that was planned, for which settings, and its records once there are any."""

    settings: object
    sweep: Sweep
    replayed: "Replayed | None" = None
    refused: bool = False


class Replayed:
    """A planned sweep over other pictures of the same size, recorded part by part when a part is first asked for."""

    def __init__(self, sweep: Sweep, batch: torch.Tensor, record: Record) -> None:
        self._sweep, self._record = sweep, record
        self._batch = batch.clone()
        self._graph = sweep.graph
        self._parts: dict[tuple[Starts, Starts], Recorded] = {}
        self.method, self.positions_at_once = f"{sweep.method}; recorded", sweep.positions_at_once
        self._alone = record(self._unoccluded)
        self.unoccluded: Scores = plain(self._alone[0])[0]

    def show(self, batch: torch.Tensor) -> None:
        """Take another picture (1, C, H, W)."""
        self._batch.copy_(batch)
        output, replay = self._alone
        replay()
        self.unoccluded = plain(output)[0]

    def measure(self, tops: Starts, lefts: Starts) -> Scores:
        """The target's values (rows, columns, targets) with patches at these places."""
        recording = self._parts.get((tops, lefts))
        if recording is None:
            try:
                recording = self._parts[tops, lefts] = self._record(lambda: self._occluded(tops, lefts))
            except RuntimeError:  # too little memory for another record
                recording = self._occluded(tops, lefts), lambda: None
        else:
            recording[1]()
        return plain(recording[0]).reshape(len(tops), len(lefts), -1)

    def _unoccluded(self) -> torch.Tensor:
        with torch.inference_mode(), paced(self._sweep.pace):
            if self._graph is not None:
                self._graph = replace(self._graph, base=values_of(self._graph.module, self._batch), _surrounds={})
            return self._sweep.alone(self._batch, self._graph)

    def _occluded(self, tops: Starts, lefts: Starts) -> torch.Tensor:
        with torch.inference_mode():
            # What lies around windows depends on the picture, so it is made anew in every part.
            graph: Graph | None = self._graph and replace(self._graph, _surrounds={})
            return self._sweep.values(self._batch, graph, tops, lefts)


def sweep_of(
    network: Network,
    batch: torch.Tensor,
    occluder: Occluder,
    target: Target,
    pace: Pace | None = None,
    record: Record | None = None,
) -> Sweep | Replayed:
    """The way to sweep over a picture (1, C, H, W): planned, or replayed where the pace says so and it was before."""
    pace = pace or pace_of(batch.device)
    if not pace.captured or (record is None and batch.device.type != "cuda"):
        return Sweep(network, batch, occluder, target, pace)
    settings = (occluder, target, replace(pace, memory=0), batch.shape)
    kept = network.graph_cache.sweep
    if not isinstance(kept, _Kept) or kept.settings != settings or kept.refused:
        planned = Sweep(network, batch, occluder, target, pace)
        if not isinstance(kept, _Kept) or kept.settings != settings:
            network.graph_cache.sweep = _Kept(settings, planned)
        return planned
    try:
        if kept.replayed is None:
            kept.replayed = Replayed(kept.sweep, batch, record or cuda_graphs(batch.device))
        else:
            kept.replayed.show(batch)
        return kept.replayed
    except RuntimeError:  # something in this network cannot be recorded, or there is too little memory for it
        kept.replayed, kept.refused = None, True
        return Sweep(network, batch, occluder, target, pace)
