"""Rules of operations that slide over a map, convolutions and poolings, and of the padding before them."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn

from explorer.core.incremental.delta import Changed, Sources, as_windows, only, pair, subtract_base
from explorer.core.incremental.pace import pace_for
from explorer.core.incremental.patch_windows import DeltaWindow, Sliding, slid
from explorer.core.incremental.traced_graph import Graph, module_of


def conv(graph: Graph, node: fx.Node, sources: Sources) -> Changed | None:
    """A convolution of the changes, without its bias: the surround did not change."""
    part = module_of(graph.module, node)
    _, window = only(sources)
    if not isinstance(part, nn.Conv2d) or not isinstance(window, DeltaWindow) or part.padding_mode != "zeros":
        return None
    padding = part.padding
    reach = tuple((k - 1) * d + 1 for k, d in zip(part.kernel_size, part.dilation, strict=True))
    if isinstance(padding, str):
        if padding != "valid" and any(length % 2 == 0 for length in reach):
            return None
        padding = (0, 0) if padding == "valid" else tuple(length // 2 for length in reach)
    down, across = (Sliding(reach[axis], part.stride[axis], int(padding[axis])) for axis in (0, 1))
    frame, wide = slid(window, down, across)
    if part.stride == (1, 1):
        # The library pads while it computes, and leaves out what it would multiply by zero.
        around = (reach[0] - 1, reach[1] - 1)
        output = F.conv2d(_ordered(window.flat), part.weight, None, 1, around, part.dilation, part.groups)
    else:
        seen = _ordered(window.moved(wide).flat)
        output = F.conv2d(seen, part.weight, None, part.stride, 0, part.dilation, part.groups)
    return as_windows(output, frame, graph.base[node]).trimmed()


def pad(graph: Graph, node: fx.Node, sources: Sources) -> Changed | None:
    """The same changes, further down and to the right: what is added around a map never changes."""
    part = module_of(graph.module, node)
    _, window = only(sources)
    if not isinstance(part, nn.ConstantPad2d) or not isinstance(window, DeltaWindow) or min(part.padding) < 0:
        return None
    left, _, top, _ = part.padding
    height, width = graph.base[node].shape[2:]
    tops, lefts = tuple(start + top for start in window.tops), tuple(start + left for start in window.lefts)
    return DeltaWindow(window.delta, tops, lefts, (height, width))


def _ordered(maps: torch.Tensor) -> torch.Tensor:
    """The maps (N, C, h, w) in the memory order that the device likes; as they are, channels last, on a processor."""
    return maps if pace_for(maps).channels_last else maps.contiguous()


def max_pool(graph: Graph, node: fx.Node, sources: Sources) -> Changed | None:
    """The maxima over the changed inputs, less what they were."""
    source, window = only(sources)
    settings = pool_settings(graph.module, node)
    if not isinstance(window, DeltaWindow) or settings is None or settings.get("return_indices"):
        return None
    kernel, dilation = pair(settings["kernel_size"]), pair(settings.get("dilation", 1))
    stride, padding = pair(settings.get("stride") or kernel), pair(settings.get("padding", 0))
    down, across = (Sliding((kernel[a] - 1) * dilation[a] + 1, stride[a], padding[a]) for a in (0, 1))
    frame, wide = slid(window, down, across)
    # Without padding, what lies beyond the map is seen only by outputs beyond theirs.
    outside = -torch.inf if padding != (0, 0) or settings.get("ceil_mode") else 0.0
    values = window.on(graph.around(source, wide, outside), wide)
    output = F.max_pool2d(values.flat, kernel, stride, 0, dilation)
    return subtract_base(as_windows(output, frame, graph.base[node]), graph, node)


def average_pool(graph: Graph, node: fx.Node, sources: Sources) -> Changed | None:
    """The averages of the changes; a divisor that depends on the place has no shortcut."""
    _, window = only(sources)
    settings = pool_settings(graph.module, node)
    if not isinstance(window, DeltaWindow) or settings is None:
        return None
    kernel = pair(settings["kernel_size"])
    stride, padding = pair(settings.get("stride") or kernel), pair(settings.get("padding", 0))
    uneven = padding != (0, 0) and not settings.get("count_include_pad", True)
    if uneven or settings.get("ceil_mode") or settings.get("divisor_override"):
        return None
    down, across = (Sliding(kernel[a], stride[a], padding[a]) for a in (0, 1))
    frame, wide = slid(window, down, across)
    output = F.avg_pool2d(window.moved(wide).flat, kernel, stride)
    return as_windows(output, frame, graph.base[node]).trimmed()


def pool_settings(traced: fx.GraphModule, node: fx.Node) -> dict[str, Any] | None:
    """The settings of a pooling module or function by their names; None for what is written in no usual way."""
    if node.op == "call_module":
        return dict(vars(module_of(traced, node)))
    names = ("kernel_size", "stride", "padding")
    if len(node.args) > len(names) + 1:
        return None
    return {**dict(zip(names, node.args[1:], strict=False)), **node.kwargs}


def adaptive_pool(graph: Graph, node: fx.Node, sources: Sources) -> Changed | None:
    """To one cell: the sum of the changes; to as many cells as there are: nothing."""
    source, window = only(sources)
    if not isinstance(window, DeltaWindow):
        return None
    before, after = graph.base[source], graph.base[node]
    if before.shape == after.shape:
        return window
    if tuple(after.shape[2:]) == (1, 1):
        whole: torch.Tensor = after + window.flat.sum((2, 3), keepdim=True) / (before.shape[2] * before.shape[3])
        return whole
    return None


def mean(graph: Graph, node: fx.Node, sources: Sources) -> Changed | None:
    """The mean over the whole map, as some networks write their global pooling."""
    _, window = only(sources)
    after = graph.base[node]
    if not isinstance(window, DeltaWindow) or after.dim() not in (2, 4) or after.shape[2:].numel() != 1:
        return None
    axes = node.args[1] if len(node.args) > 1 else node.kwargs.get("dim")
    if not isinstance(axes, list | tuple) or sorted(axis % 4 for axis in axes) != [2, 3]:
        return None
    change = window.flat.sum((2, 3)) / (window.size[0] * window.size[1])
    whole: torch.Tensor = after + change.view(-1, *after.shape[1:])
    return whole
