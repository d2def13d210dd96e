"""What occlusion measures: a class's score, or the answers of filters; read off whole values or off changed windows."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import torch
from torch import fx

from explorer.core.errors import UserError
from explorer.core.incremental.delta import Changed, dense
from explorer.core.incremental.map_maxima import MaximaOutside
from explorer.core.incremental.patch_windows import DeltaWindow, PaddedMap, margin, side_by_side
from explorer.core.incremental.traced_graph import Graph
from explorer.core.network.class_choice import class_number
from explorer.core.network.forward_pass import source
from explorer.core.network.hooked_layers import LayerInfo
from explorer.core.network.opening import Network
from trainer.measures.prediction import tensor_probabilities

FORMS = "class:NAME, probability:NAME, filter:7:8, filter:7:8:mean, filter:7:8:at:3,4, or all"


@dataclass(frozen=True)
class Target:
    """A parsed target: an output (`output` its number, as a `probability` or a logit), or filters of `layers`.

    The classes of the network may be `independent` of each other, as `Prediction` says.
    `filter` None means every filter of the layers; `reading` is "peak", "mean" or the cell (row, column).
    """

    output: int | None = None
    probability: bool = False
    independent: bool = False
    filter: int | None = None
    reading: str | tuple[int, int] = "peak"
    infos: tuple[LayerInfo, ...] = ()
    layers: Mapping[int, slice] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def every(self) -> bool:
        """Whether all filters are measured."""
        return self.output is None and self.filter is None

    def nodes(self, graph: Graph) -> list[fx.Node]:
        """The graph's nodes to read from; Untraceable where the graph does not show them."""
        if self.output is not None:
            return [graph.output]
        return [graph.run_of(*source(info)) for info in self.infos]


def parse_target(text: str, network: Network) -> Target:
    """Read a target as it is written on the command line; UserError for one that the network does not have."""
    kind, _, rest = text.partition(":")
    if text == "all":
        layers, first = {}, 0
        for info in network.layers:
            layers[info.index] = slice(first, first + info.filters)
            first += info.filters
        return Target(infos=network.layers, layers=MappingProxyType(layers))
    if kind in ("class", "probability"):
        if not network.classes:
            raise UserError(f"{network.name} was opened without class scores; choose a filter ({FORMS}).")
        return Target(
            output=class_number(rest, network.classes, network.name),
            probability=kind == "probability",
            independent=network.output.independent,
        )
    match = re.fullmatch(r"(\d{1,6}):(\d{1,6})(?::(peak|mean|at:(\d{1,6}),(\d{1,6})))?", rest)
    if kind != "filter" or match is None:
        raise UserError(f'"{text}" is no target; write {FORMS}.')
    layer, filter = int(match[1]), int(match[2])
    if layer >= len(network.layers) or filter >= network.layers[layer].filters:
        raise UserError(f"There is no filter {layer}:{filter} in {network.name}.")
    info = network.layers[layer]
    reading: str | tuple[int, int] = match[3] or "peak"
    if match[4]:
        reading = int(match[4]), int(match[5])
        if reading[0] >= info.height or reading[1] >= info.width:
            raise UserError(
                f"The map of filter {layer}:{filter} is {info.height} x {info.width}; {match[3]} is outside."
            )
    return Target(filter=filter, reading=reading, infos=(info,))


def answers(target: Target, changed: Changed | None, base: torch.Tensor, count: int) -> torch.Tensor:
    """The values (count, targets) that a source gives, whose unoccluded value is `base`."""
    if target.output is not None:
        logits = base.expand(count, -1) if changed is None else dense(changed, base)
        if target.probability:
            logits = tensor_probabilities(logits, target.independent)
        return logits[:, target.output : target.output + 1]
    chosen = slice(None) if target.filter is None else slice(target.filter, target.filter + 1)
    if changed is None:
        return _read(base[:, chosen], target.reading).expand(count, -1)
    if isinstance(changed, DeltaWindow):
        delta = side_by_side(changed.delta[:, :, chosen])
        return _read_window(
            DeltaWindow(delta, changed.tops, changed.lefts, changed.size), base[:, chosen], target.reading
        )
    return _read(dense(changed, base)[:, chosen], target.reading)


def _read(maps: torch.Tensor, reading: str | tuple[int, int]) -> torch.Tensor:
    """(N, C) of maps (N, C, h, w)."""
    if isinstance(reading, tuple):
        return maps[:, :, reading[0], reading[1]]
    return maps.amax((2, 3)) if reading == "peak" else maps.mean((2, 3))


def _read_window(window: DeltaWindow, base: torch.Tensor, reading: str | tuple[int, int]) -> torch.Tensor:
    """(N, C) without building whole maps."""
    if reading == "mean":
        whole: torch.Tensor = base.mean((2, 3)) + window.flat.sum((2, 3)) / (window.size[0] * window.size[1])
        return whole
    if isinstance(reading, tuple):
        return window.full(base)[:, :, reading[0], reading[1]]
    return MaximaOutside(base[0]).peaks(window, PaddedMap(base, margin(window.frame, window.size), -torch.inf))
