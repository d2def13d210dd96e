"""Rules of a linear layer that takes a flattened map: only the columns of changed cells are computed."""

from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import fx, nn

from explorer.core.incremental.delta import Changed, Flat, Sources, only
from explorer.core.incremental.pace import pace_for
from explorer.core.incremental.patch_windows import DeltaWindow
from explorer.core.incremental.traced_graph import Graph, module_of


def flatten(graph: Graph, node: fx.Node, sources: Sources) -> Changed | None:
    """A map as one long row; its cells are remembered by their window."""
    _, window = only(sources)
    return Flat(window) if isinstance(window, DeltaWindow) and graph.base[node].dim() == 2 else None


def linear(graph: Graph, node: fx.Node, sources: Sources) -> Changed | None:
    """Cell by cell of the map, for all positions that change it; cells that the same positions change, together."""
    part = module_of(graph.module, node)
    _, value = only(sources)
    if not isinstance(part, nn.Linear) or not isinstance(value, Flat):
        return None
    window = value.window
    if pace_for(window.delta).gathered:
        return None  # one large product, instead of hundreds of small ones
    weights = graph.cell_weights(node, *window.size)
    cells = window.delta.permute(0, 1, 3, 4, 2)  # (rows, columns, h, w, C)
    base = graph.base[node]
    outputs = base.expand(window.count, -1).clone().view(len(window.tops), len(window.lefts), -1)
    across = list(_stretches(window.lefts, window.width, window.size[1]))
    for y, below, rows in _stretches(window.tops, window.height, window.size[0], single=True):
        down = y - torch.tensor(window.tops[rows])[:, None, None]
        i = torch.arange(len(window.tops))[rows, None, None]
        for x, end, columns in across:
            j = torch.arange(len(window.lefts))[None, columns, None]
            right = x - torch.tensor(window.lefts[columns])[None, :, None] + torch.arange(end - x)
            changes = cells[i, j, down, right]  # (rows, columns, cells, C)
            weight = weights[y:below, x:end].reshape(-1, weights.shape[3])
            outputs[rows, columns] += (changes.reshape(-1, len(weight)) @ weight).view(*changes.shape[:2], -1)
    whole: torch.Tensor = outputs.flatten(0, 1)
    return whole


def _stretches(
    starts: tuple[int, ...], length: int, side: int, *, single: bool = False
) -> Iterator[tuple[int, int, slice]]:
    """(first cell, end, positions) of all stretches of a side whose cells are covered by the same windows."""
    edges = {0, side, *starts, *(start + length for start in starts)}
    cuts = list(range(side + 1)) if single else sorted(edge for edge in edges if 0 <= edge <= side)
    for first, end in pairwise(cuts):
        positions = [position for position, start in enumerate(starts) if start <= first < start + length]
        if positions:
            yield first, end, slice(positions[0], positions[-1] + 1)
