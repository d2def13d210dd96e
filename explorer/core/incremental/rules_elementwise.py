"""Rules of operations that keep every value in its place: activations, batch norms, sums, concatenations."""

import torch
from torch import fx, nn

from explorer.core.incremental.delta import Changed, Sources, only, subtract_base
from explorer.core.incremental.pace import pace_for
from explorer.core.incremental.patch_windows import DeltaWindow, WindowGrid, empty_windows, union
from explorer.core.incremental.traced_graph import Graph, module_of, operand, run


def pointwise(graph: Graph, node: fx.Node, sources: Sources) -> Changed | None:
    """An activation: what it gives on the changed values, less what it gave."""
    source, window = only(sources)
    if not isinstance(window, DeltaWindow) or node.all_input_nodes != [source] or operand(node) is not source:
        return None
    values = window.on(graph.around(source, window.frame), window.frame)
    output = run(graph.module, node, {source: values.flat}, own=True)
    return subtract_base(window.like(output), graph, node)


def batch_norm(graph: Graph, node: fx.Node, sources: Sources) -> Changed | None:
    """In eval mode a factor for each channel."""
    part = module_of(graph.module, node)
    _, window = only(sources)
    if not isinstance(part, nn.BatchNorm2d) or part.running_var is None or not isinstance(window, DeltaWindow):
        return None
    factor = torch.rsqrt(part.running_var + part.eps)
    if part.weight is not None:
        factor = factor * part.weight
    return window.like(window.flat * factor.view(1, -1, 1, 1))


def add(graph: Graph, node: fx.Node, sources: Sources) -> Changed | None:
    """The sum of the changes; what did not change adds nothing."""
    if node.kwargs or len(node.args) != 2:
        return None
    base = graph.base
    shapes = {tuple(base[source].shape) for source in node.all_input_nodes if isinstance(base[source], torch.Tensor)}
    windows = [sources[part] for part in node.args if isinstance(part, fx.Node) and part in sources]
    delta_windows = [window for window in windows if isinstance(window, DeltaWindow)]
    if len(shapes) != 1 or len(delta_windows) != len(windows):
        return None
    if len(delta_windows) == 1:
        return delta_windows[0]
    larger, smaller = sorted(delta_windows, key=lambda window: window.height * window.width, reverse=True)
    frame = union(delta_windows)
    total = larger.moved(frame)
    if total is larger:
        total = DeltaWindow(larger.delta.clone(), larger.tops, larger.lefts, larger.size)
    smaller.add_to(total.delta, frame)
    return total


def concatenate(graph: Graph, node: fx.Node, sources: Sources) -> Changed | None:
    """The changes of all parts, one under the other, in windows that hold every part's."""
    dimension = node.args[1] if len(node.args) > 1 else node.kwargs.get("dim", 0)
    parts = operand(node)
    windows = [window for window in sources.values() if isinstance(window, DeltaWindow)]
    if dimension not in (1, -3) or len(windows) != len(sources) or not isinstance(parts, list | tuple):
        return None
    frame: WindowGrid = union(windows)
    delta = empty_windows(graph.base[node], graph.base[node].shape[1], frame).zero_()
    first = 0
    for part in parts:
        assert isinstance(part, fx.Node)
        channels = graph.base[part].shape[1]
        window = sources.get(part)
        if isinstance(window, DeltaWindow):
            part_of = delta[:, :, first : first + channels]
            if pace_for(delta).gathered:
                part_of.copy_(window.moved(frame).delta)
            else:
                for new, old in window.places(frame):
                    part_of[new] = window.delta[old]
        first += channels
    return DeltaWindow(delta, frame.tops, frame.lefts, windows[0].size)


def same(graph: Graph, node: fx.Node, sources: Sources) -> Changed | None:
    """What does nothing in eval mode: dropout, stochastic depth, identity."""
    return only(sources)[1]
