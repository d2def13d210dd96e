"""How a change in a window passes through each operation: one function an operation, named in `RULES`.

A rule takes (traced module, node, what changed among its sources, unoccluded values) and gives the change of the node's
value, or None where this very case has no shortcut and the operation must run whole. To add an operation, write its
rule and name it in `RULES` by its module's class or its function's name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn

from explorer.core.graph import run
from explorer.core.windows import Sliding, Window, slid, union


@dataclass(frozen=True)
class Flat:
    """A changed map that was flattened for a linear layer: its columns are known by the window."""

    window: Window


Changed = Window | Flat | torch.Tensor
"""What became of a value: changes in windows, or the whole changed values of all positions."""

Rule = Callable[[fx.GraphModule, fx.Node, Mapping[fx.Node, Changed], Mapping[fx.Node, Any]], Changed | None]


def dense(value: Changed, base: torch.Tensor) -> torch.Tensor:
    """The whole changed values of all positions."""
    if isinstance(value, torch.Tensor):
        return value
    if isinstance(value, Window):
        return value.full(base)
    window = value.window
    return window.full(base.view(1, -1, *window.size)).flatten(1)


def pair(value: Any) -> tuple[int, int]:
    """(vertical, horizontal) of a setting that may be one number."""
    return (int(value), int(value)) if isinstance(value, int) else (int(value[0]), int(value[1]))


def only(sources: Mapping[fx.Node, Changed]) -> tuple[fx.Node, Changed]:
    """The one changed source."""
    ((node, value),) = sources.items()
    return node, value


def conv(traced: fx.GraphModule, node: fx.Node, sources: Any, base: Any) -> Changed | None:
    """A convolution of the changes, without its bias: the surround did not change."""
    part = traced.get_submodule(str(node.target))
    _, window = only(sources)
    if not isinstance(part, nn.Conv2d) or not isinstance(window, Window) or part.padding_mode != "zeros":
        return None
    padding = part.padding
    if isinstance(padding, str):
        if padding == "valid":
            padding = (0, 0)
        elif all((k - 1) * d % 2 == 0 for k, d in zip(part.kernel_size, part.dilation, strict=True)):
            padding = tuple((k - 1) * d // 2 for k, d in zip(part.kernel_size, part.dilation, strict=True))
        else:
            return None
    down, across = (
        Sliding((part.kernel_size[axis] - 1) * part.dilation[axis] + 1, part.stride[axis], int(padding[axis]))
        for axis in (0, 1)
    )
    source, tops, lefts = slid(window, down, across)
    answer = F.conv2d(source.flat, part.weight, None, part.stride, 0, part.dilation, part.groups)
    return shaped(answer, source, tops, lefts, base[node]).trimmed()


def shaped(
    flat: torch.Tensor, source: Window, tops: tuple[int, ...], lefts: tuple[int, ...], base: torch.Tensor
) -> Window:
    """Windows of a map with the shape of `base` (1, C, H, W)."""
    delta = flat.view(len(source.tops), len(source.lefts), *flat.shape[1:])
    return Window(delta, tops, lefts, (base.shape[2], base.shape[3]))


def batch_norm(traced: fx.GraphModule, node: fx.Node, sources: Any, base: Any) -> Changed | None:
    """In eval mode a factor for each channel."""
    part = traced.get_submodule(str(node.target))
    _, window = only(sources)
    if not isinstance(part, nn.BatchNorm2d) or part.running_var is None or not isinstance(window, Window):
        return None
    factor = torch.rsqrt(part.running_var + part.eps)
    if part.weight is not None:
        factor = factor * part.weight
    return window.like(window.flat * factor.view(1, -1, 1, 1))


def pointwise(traced: fx.GraphModule, node: fx.Node, sources: Any, base: Any) -> Changed | None:
    """An activation: what it gives on the changed values, less what it gave."""
    source, window = only(sources)
    if isinstance(window, Flat) or not isinstance(window, Window) or node.args[0] is not source:
        return None
    values = window.base(base[source]) + window.flat
    answer = run(traced, node, {source: values}) - window.base(base[node])
    return window.like(answer).trimmed()


def max_pool(traced: fx.GraphModule, node: fx.Node, sources: Any, base: Any) -> Changed | None:
    """The maxima over the changed inputs, less what they were."""
    source, window = only(sources)
    settings = pool_settings(traced, node)
    if not isinstance(window, Window) or settings is None or settings.get("return_indices"):
        return None
    kernel, dilation = pair(settings["kernel_size"]), pair(settings.get("dilation", 1))
    stride, padding = pair(settings.get("stride") or kernel), pair(settings.get("padding", 0))
    down, across = (Sliding((kernel[a] - 1) * dilation[a] + 1, stride[a], padding[a]) for a in (0, 1))
    wide, tops, lefts = slid(window, down, across)
    values = wide.base(base[source], outside=-torch.inf) + wide.flat
    answer = shaped(F.max_pool2d(values, kernel, stride, 0, dilation), wide, tops, lefts, base[node])
    return answer.like(answer.flat - answer.base(base[node])).trimmed()


def average_pool(traced: fx.GraphModule, node: fx.Node, sources: Any, base: Any) -> Changed | None:
    """The averages of the changes; a divisor that depends on the place has no shortcut."""
    _, window = only(sources)
    settings = pool_settings(traced, node)
    if not isinstance(window, Window) or settings is None:
        return None
    kernel = pair(settings["kernel_size"])
    stride, padding = pair(settings.get("stride") or kernel), pair(settings.get("padding", 0))
    uneven = padding != (0, 0) and not settings.get("count_include_pad", True)
    if uneven or settings.get("ceil_mode") or settings.get("divisor_override"):
        return None
    down, across = (Sliding(kernel[a], stride[a], padding[a]) for a in (0, 1))
    wide, tops, lefts = slid(window, down, across)
    return shaped(F.avg_pool2d(wide.flat, kernel, stride), wide, tops, lefts, base[node]).trimmed()


def pool_settings(traced: fx.GraphModule, node: fx.Node) -> dict[str, Any] | None:
    """The settings of a pooling module or function by their names; None for what is written in no usual way."""
    if node.op == "call_module":
        return dict(vars(traced.get_submodule(str(node.target))))
    names = ("kernel_size", "stride", "padding")
    if len(node.args) > len(names) + 1:
        return None
    return {**dict(zip(names, node.args[1:], strict=False)), **node.kwargs}


def adaptive_pool(traced: fx.GraphModule, node: fx.Node, sources: Any, base: Any) -> Changed | None:
    """To one cell: the sum of the changes; to as many cells as there are: nothing."""
    source, window = only(sources)
    if not isinstance(window, Window):
        return None
    before, after = base[source], base[node]
    if before.shape == after.shape:
        return window
    if tuple(after.shape[2:]) == (1, 1):
        whole: torch.Tensor = after + window.flat.sum((2, 3), keepdim=True) / (before.shape[2] * before.shape[3])
        return whole
    return None


def mean(traced: fx.GraphModule, node: fx.Node, sources: Any, base: Any) -> Changed | None:
    """The mean over the whole map, as some networks write their global pooling."""
    _, window = only(sources)
    after = base[node]
    if not isinstance(window, Window) or after.dim() != 2:
        return None
    whole: torch.Tensor = after + window.flat.sum((2, 3)) / (window.size[0] * window.size[1])
    return whole


def add(traced: fx.GraphModule, node: fx.Node, sources: Any, base: Any) -> Changed | None:
    """The sum of the changes; what did not change adds nothing."""
    if node.kwargs or len(node.args) != 2:
        return None
    shapes = {tuple(base[source].shape) for source in node.all_input_nodes if isinstance(base[source], torch.Tensor)}
    windows = [sources[part] for part in node.args if isinstance(part, fx.Node) and part in sources]
    if len(shapes) != 1 or not all(isinstance(window, Window) for window in windows):
        return None
    if len(windows) == 1:
        only_one: Window = windows[0]
        return only_one
    first, second = union(*windows)
    return first.like(first.flat + second.flat)


def concatenate(traced: fx.GraphModule, node: fx.Node, sources: Any, base: Any) -> Changed | None:
    """The changes of all parts, one under the other, in windows that hold every part's."""
    dimension = node.args[1] if len(node.args) > 1 else node.kwargs.get("dim", 0)
    parts = node.args[0]
    if dimension not in (1, -3) or not all(isinstance(window, Window) for window in sources.values()):
        return None
    assert isinstance(parts, list | tuple)
    windows: list[Window] = list(sources.values())
    frame = windows[0]
    for other in windows[1:]:
        frame, _ = union(frame, other)
    lattice = (len(frame.tops), len(frame.lefts))
    deltas = []
    for part in parts:
        if part in sources:
            deltas.append(sources[part].moved(frame.tops, frame.lefts, frame.height, frame.width).delta)
        else:
            deltas.append(frame.delta.new_zeros(*lattice, base[part].shape[1], frame.height, frame.width))
    return Window(torch.cat(deltas, 2), frame.tops, frame.lefts, frame.size)


def same(traced: fx.GraphModule, node: fx.Node, sources: Any, base: Any) -> Changed | None:
    """What does nothing in eval mode: dropout, stochastic depth, identity."""
    _, value = only(sources)
    changed: Changed = value
    return changed


def flatten(traced: fx.GraphModule, node: fx.Node, sources: Any, base: Any) -> Changed | None:
    """A map as one long row; its cells are remembered by their window."""
    _, window = only(sources)
    return Flat(window) if isinstance(window, Window) and base[node].dim() == 2 else None


def linear(traced: fx.GraphModule, node: fx.Node, sources: Any, base: Any) -> Changed | None:
    """Only the columns that belong to changed cells, cell by cell of the map, for all positions that change it."""
    part = traced.get_submodule(str(node.target))
    _, value = only(sources)
    if not isinstance(part, nn.Linear) or not isinstance(value, Flat):
        return None
    window = value.window
    height, width = window.size
    weights = part.weight.view(part.out_features, -1, height, width)
    answer = base[node].expand(len(window.tops) * len(window.lefts), -1).clone()
    answer = answer.view(len(window.tops), len(window.lefts), -1)
    for y in range(height):
        rows = [place for place, top in enumerate(window.tops) if top <= y < top + window.height]
        for x in range(width):
            columns = [place for place, left in enumerate(window.lefts) if left <= x < left + window.width]
            if not rows or not columns:
                continue
            i, j = torch.tensor(rows)[:, None], torch.tensor(columns)[None]
            down = torch.tensor([y - window.tops[place] for place in rows])[:, None]
            across = torch.tensor([x - window.lefts[place] for place in columns])[None]
            changes = window.delta[i, j, :, down, across]  # (rows, columns, C)
            answer[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] += changes @ weights[:, :, y, x].T
    whole: torch.Tensor = answer.flatten(0, 1)
    return whole


MODULES = "ReLU ReLU6 LeakyReLU ELU SELU CELU PReLU GELU SiLU Mish Hardswish Hardsigmoid Hardtanh Sigmoid Tanh Softplus"
FUNCTIONS = "relu relu6 relu_ leaky_relu elu selu gelu silu mish hardswish hardsigmoid hardtanh sigmoid tanh softplus"

RULES: dict[str, Rule] = {
    "Conv2d": conv,
    "BatchNorm2d": batch_norm,
    **dict.fromkeys(f"{MODULES} {FUNCTIONS}".split(), pointwise),
    **dict.fromkeys(("MaxPool2d", "max_pool2d"), max_pool),
    **dict.fromkeys(("AvgPool2d", "avg_pool2d"), average_pool),
    **dict.fromkeys(("AdaptiveAvgPool2d", "adaptive_avg_pool2d"), adaptive_pool),
    "mean": mean,
    **dict.fromkeys(("add", "iadd", "add_"), add),
    **dict.fromkeys(("cat", "concat"), concatenate),
    **dict.fromkeys(("Dropout", "Dropout2d", "Identity", "dropout", "stochastic_depth", "contiguous"), same),
    **dict.fromkeys(("Flatten", "flatten"), flatten),
    "Linear": linear,
}
"""Rules by the name of a module's class or of a function; what is not here runs whole."""
