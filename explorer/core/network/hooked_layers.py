"""Which convolutional layers a module has: found by running it once and watching."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class LayerInfo:
    """One run of a convolution, in the order in which the layers run.

    `name` is the module's dotted name; a module that runs again in the same forward pass is a layer of its own,
    with "@2", "@3" after its name. `height` and `width` are those of the map at the network's input size.
    `norm` names the batch norm that takes this convolution's output directly, "" where there is none.
    """

    index: int
    name: str
    filters: int
    height: int
    width: int
    module: str
    run: int
    norm: str = ""
    norm_run: int = 0


OnOutput = Callable[[str, int, torch.Tensor, torch.Tensor], None]
"""Called with (module name, how often it ran before, its input, its output)."""


@contextmanager
def watching(module: nn.Module, names: set[str], on_output: OnOutput) -> Iterator[None]:
    """Call `on_output` whenever one of the named submodules has run; the hooks go when the block ends."""
    runs: Counter[str] = Counter()

    def hook_for(name: str) -> Callable[..., None]:
        def hook(_module: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
            run = runs[name]
            runs[name] += 1
            on_output(name, run, inputs[0], output)

        return hook

    handles = []
    try:
        for name, part in module.named_modules():
            if name in names:
                handles.append(part.register_forward_hook(hook_for(name)))
        yield
    finally:
        for handle in handles:
            handle.remove()


def trace_layers(module: nn.Module, picture: torch.Tensor) -> tuple[LayerInfo, ...]:
    """The convolutional layers of `module` in the order in which they run on `picture` (1, C, h, w).

    A batch norm belongs to a layer where it takes that layer's output itself, not a copy or a sum.
    """
    convolutions = {name for name, part in module.named_modules() if isinstance(part, nn.Conv2d)}
    norms = {name for name, part in module.named_modules() if isinstance(part, nn.BatchNorm2d)}
    layer_runs: list[tuple[str, int, torch.Tensor]] = []
    taken: dict[int, tuple[str, int]] = {}
    shapes: list[torch.Size] = []

    def note(name: str, run: int, source: torch.Tensor, output: torch.Tensor) -> None:
        if name in convolutions:
            # The tensors stay alive until the pass ends: an identity must not be given twice.
            layer_runs.append((name, run, output))
            shapes.append(output.shape)
        else:
            for position, (_, _, tensor) in enumerate(layer_runs):
                if tensor is source:
                    taken[position] = (name, run)

    with torch.inference_mode(), watching(module, convolutions | norms, note):
        module(picture)
    return tuple(
        LayerInfo(
            index=index,
            name=name if run == 0 else f"{name}@{run + 1}",
            filters=shapes[index][1],
            height=shapes[index][2],
            width=shapes[index][3],
            module=name,
            run=run,
            norm=taken.get(index, ("", 0))[0],
            norm_run=taken.get(index, ("", 0))[1],
        )
        for index, (name, run, _) in enumerate(layer_runs)
    )
