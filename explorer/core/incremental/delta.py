"""What a change of the picture makes of a value in the network: changes in windows, or the whole changed values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx

from explorer.core.incremental.patch_windows import DeltaWindow, WindowGrid
from explorer.core.incremental.traced_graph import Graph


@dataclass(frozen=True)
class Flat:
    """A changed map that was flattened for a linear layer: its columns are known by the window."""

    window: DeltaWindow


Changed = DeltaWindow | Flat | torch.Tensor
"""What became of a value: changes in windows, or the whole changed values of all positions."""

Sources = Mapping[fx.Node, Changed]
"""What became of those sources of a node that changed."""

Rule = Callable[[Graph, fx.Node, Sources], Changed | None]
"""Gives the change of a node's value; None where this very case has no shortcut and the operation must run whole."""


def dense(value: Changed, base: torch.Tensor) -> torch.Tensor:
    """The whole changed values of all positions; sizes and other numbers are what they are."""
    if isinstance(value, DeltaWindow):
        return value.full(base)
    if isinstance(value, Flat):
        return value.window.full(base.view(1, -1, *value.window.size)).flatten(1)
    return value


def only(sources: Sources) -> tuple[fx.Node, Changed]:
    """The one changed source."""
    ((node, value),) = sources.items()
    return node, value


def as_windows(flat: torch.Tensor, frame: WindowGrid, base: torch.Tensor) -> DeltaWindow:
    """Windows of a map with the shape of `base` (1, C, H, W), given as one batch."""
    delta = flat.view(len(frame.tops), len(frame.lefts), *flat.shape[1:])
    return DeltaWindow(delta, frame.tops, frame.lefts, (base.shape[2], base.shape[3]))


def subtract_base(values: DeltaWindow, graph: Graph, node: fx.Node) -> DeltaWindow:
    """Changed values made changes, in place: less what the node answers on the unoccluded picture."""
    graph.around(node, values.frame).take_from(values.delta, values.frame)
    return values.trimmed()


def pair(value: Any) -> tuple[int, int]:
    """(vertical, horizontal) of a setting that may be one number."""
    return (int(value), int(value)) if isinstance(value, int) else (int(value[0]), int(value[1]))
