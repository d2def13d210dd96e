"""A pass over pictures whose values are kept, so that muting filters costs only what comes after them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import fx

from explorer.core.incremental.traced_graph import Graph, Untraceable, graph_of
from explorer.core.muting.keys import Replacements, by_layer
from explorer.core.muting.rerun import Muted, learn_batches, rerun
from explorer.core.muting.whole_pass import muted_by_hooks
from explorer.core.network.forward_pass import same_answer, source
from explorer.core.network.opening import Network
from explorer.core.tags import FilterKey

Logits = npt.NDArray[np.float32]

AT_ONCE = 32
"""Pictures times muted networks that are computed at once: more do not fit a processor's caches."""

_AS_ITS_MODULE, _IN_BATCHES = "answers as its module", "answers in batches"


class KeptPass:
    """The pass of a network over N prepared pictures (N, channels, H, W), with every value on the way.

    `logits` (N, K) are those of the network as it is. Where no graph of the network can be drawn, `method` says why,
    and every muted network is one whole pass with hooks.
    """

    def __init__(self, network: Network, batch: torch.Tensor) -> None:
        self._network, self._batch = network, batch.to(network.device)
        self._graph: Graph | None = None
        self._points: dict[fx.Node, int] = {}
        try:
            self.logits = self._drawn()
            self.method = "what comes after, from kept values"
        except Untraceable as error:
            self._graph = None
            self.logits = muted_by_hooks(network, self._batch, ())
            self.method = f"whole passes with hooks: {error}"

    @property
    def nbytes(self) -> int:
        """Bytes of the kept values, as far as they are tensors."""
        if self._graph is None:
            return self._batch.nbytes
        return sum(value.nbytes for value in self._graph.base.values() if isinstance(value, torch.Tensor))

    def muted(self, sets: Sequence[Iterable[FilterKey]], replaced: Replacements = None) -> Logits:
        """The logits (V, N, K) of V networks, each with one set of filters muted; all filters of a set at once.

        Equal to a pass whose hooks set the maps, to rounding. UserError for a filter that the network has not.
        """
        muted = [by_layer(self._network, keys) for keys in sets]
        logits: Logits = np.repeat(self.logits[None], len(muted), axis=0)
        groups: defaultdict[object, list[int]] = defaultdict(list)
        for network_index, layers in enumerate(muted):
            if layers:
                shape = tuple((layer, len(filters)) for layer, filters in layers.items())
                groups[self._first(layers), shape].append(network_index)
        for network_indices in groups.values():
            for portion in self._portions(network_indices):
                logits[portion] = self._run([muted[network_index] for network_index in portion], replaced)
        return logits

    def _drawn(self) -> Logits:
        """Draw the graph and keep its values; Untraceable where it does not answer as the module does."""
        network = self._network
        graph = self._graph = graph_of(network, self._batch)
        self._points = {}
        for info in network.layers:
            node = graph.run_of(*source(info))
            if node in self._points:
                raise Untraceable(f"a batch norm is run by two layers at once ({info.norm})")
            self._points[node] = info.index
        logits: Logits = self._logits(rerun(graph, self._points, [{}], None), 1)[0]
        meta = graph.module.meta
        if _AS_ITS_MODULE not in meta:
            meta[_AS_ITS_MODULE] = same_answer(logits, muted_by_hooks(network, self._batch, ()))
        if not meta[_AS_ITS_MODULE]:
            raise Untraceable("its graph does not answer as it does")
        return logits

    def _first(self, muted: Muted) -> int:
        """The place in the graph of the first muted layer."""
        order = {layer: position for position, layer in enumerate(self._points.values())}
        return min(order.get(layer, layer) for layer in muted)

    def _portions(self, network_indices: Sequence[int]) -> list[list[int]]:
        size = max(1, AT_ONCE // len(self._batch)) if self._graph is not None and self._in_batches() else 1
        return [list(network_indices[start : start + size]) for start in range(0, len(network_indices), size)]

    def _in_batches(self) -> bool:
        """Whether several muted networks can be computed at once: found out once for a graph."""
        graph = self._graph
        assert graph is not None
        meta = graph.module.meta
        if _IN_BATCHES not in meta:
            meta[_IN_BATCHES] = True
            try:
                learn_batches(graph, self._batch[:1])
                last = self._network.layers[-1]
                sets: list[Muted] = [{last.index: [0]}, {last.index: [last.filters - 1]}]
                together = self._run(sets, None)
                apart = np.concatenate([self._run([muted], None) for muted in sets])
                meta[_IN_BATCHES] = same_answer(together, apart)
            except Exception:  # the module's own code, run on another number of pictures than it was written for
                meta[_IN_BATCHES] = False
        return bool(meta[_IN_BATCHES])

    def _run(self, muted: Sequence[Muted], replaced: Replacements) -> Logits:
        if self._graph is None:
            keys = [
                [FilterKey(layer, filter_index) for layer in single for filter_index in single[layer]]
                for single in muted
            ]
            return np.stack([muted_by_hooks(self._network, self._batch, muted_keys, replaced) for muted_keys in keys])
        return self._logits(rerun(self._graph, self._points, muted, replaced), len(muted))

    def _logits(self, answer: object, networks: int) -> Logits:
        table = self._network.logits_in(answer, networks * len(self._batch))
        logits: Logits = table.float().cpu().numpy().reshape(networks, len(self._batch), -1)
        return logits
