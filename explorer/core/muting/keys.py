"""Which filters are muted, and where in a network their maps come to be."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import torch

from explorer.core.errors import UserError
from explorer.core.network.opening import Network
from explorer.core.tags import FilterKey

Replacements = Mapping[int, torch.Tensor] | None
"""What stands for muted maps: of each layer (C, h, w), or (C, 1, 1) for constants; None is zero."""


def by_layer(network: Network, keys: Iterable[FilterKey]) -> dict[int, list[int]]:
    """The filters of each layer, each once and in order; UserError where the network has no such filter."""
    filters: defaultdict[int, set[int]] = defaultdict(set)
    for key in keys:
        if key.layer >= len(network.layers) or key.filter >= network.layers[key.layer].filters:
            raise UserError(f"{network.name} has no filter {key}.")
        filters[key.layer].add(key.filter)
    return {layer: sorted(filters[layer]) for layer in sorted(filters)}


def values_for(replaced: Replacements, layer: int, filters: torch.Tensor, maps: torch.Tensor) -> torch.Tensor:
    """What some filters (...) of a layer answer while they are muted, (..., h, w) or (..., 1, 1), like its `maps`."""
    if replaced is None:
        return maps.new_zeros(*filters.shape, 1, 1)
    return replaced[layer].to(maps)[filters]
