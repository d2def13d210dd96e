"""A target's value on pictures as something to differentiate: by the pictures, or by a layer's maps."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn

from explorer.core.arrays import RGB, Map
from explorer.core.attribution.attribution_map import Value
from explorer.core.attribution.target import Target, answers
from explorer.core.errors import UserError
from explorer.core.network.forward_pass import source
from explorer.core.network.hooked_layers import LayerInfo
from explorer.core.network.opening import Network

Run = tuple[str, int]
"""A module's name, and how often it ran before in the same pass."""


@contextmanager
def _keeping(module: nn.Module, runs: Collection[Run]) -> Iterator[dict[Run, torch.Tensor]]:
    """The outputs of these runs, as the rest of the network depends on them."""
    outputs: dict[Run, torch.Tensor] = {}
    counts: Counter[str] = Counter()

    def hook_for(name: str) -> Callable[..., torch.Tensor | None]:
        def hook(_module: nn.Module, _inputs: object, output: torch.Tensor) -> torch.Tensor | None:
            run = name, counts[name]
            counts[name] += 1
            if run not in runs:
                return None
            outputs[run] = output
            return output.clone()  # an in-place activation that follows would write over what is kept

        return hook

    names = {name for name, _ in runs}
    handles = [part.register_forward_hook(hook_for(name)) for name, part in module.named_modules() if name in names]
    try:
        yield outputs
    finally:
        for handle in handles:
            handle.remove()


def valued(
    network: Network, target: Target, pictures: torch.Tensor, layers: Sequence[LayerInfo] = ()
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """The target's values (N,) on prepared pictures (N, C, H, W), and the maps of layers that they depend on.

    UserError where the network's answer does not follow from the pictures in a way that can be differentiated.
    """
    if any(weights.is_inference() for weights in network.module.parameters()):
        raise UserError(
            f"The weights of {network.name} were made within torch.inference_mode(), where nothing has a gradient; "
            "make the network outside of it."
        )
    read = [source(info) for info in target.infos]
    sources = [source(info) for info in layers]
    with _keeping(network.module, {*read, *sources}) as outputs:
        logits = network.logits(pictures.clone())  # a network may begin with an operation in place
        value = outputs[read[0]] if read else logits
        values = answers(target, value, value, len(pictures))[:, 0]
    if not values.requires_grad:
        raise UserError(
            f"{network.name} cuts its gradients off, so that this lens has nothing to follow; try occlusion."
        )
    return values, [outputs[run] for run in sources]


def prepared(network: Network, rgb: RGB) -> torch.Tensor:
    """The network's input (1, C, H, W) of a picture, on the device, with which gradients begin."""
    return network.input.prepare(rgb).unsqueeze(0).to(network.device).requires_grad_()


def gradient(network: Network, target: Target, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The target's values (N,) on prepared pictures (N, C, H, W), each with its gradient by its picture."""
    pictures = pictures.detach().requires_grad_()
    values, _ = valued(network, target, pictures)
    (slopes,) = torch.autograd.grad(values.sum(), pictures, allow_unused=True, materialize_grads=True)
    return values.detach(), slopes


def layer_of(network: Network, layer: Value, target: Target) -> LayerInfo:
    """The layer of this index; where it is negative, backwards from the last one that may lead to the target.

    That is the last of all for a class, and a filter's own. UserError where there is none, or it comes after that.
    """
    count = len(network.layers)
    last = target.infos[-1].index if target.infos else count - 1
    index = layer + last + 1 if isinstance(layer, int) and layer < 0 else layer
    if not isinstance(index, int) or not 0 <= index < count:
        raise UserError(f"{network.name} has no layer {layer}; its layers are 0 to {count - 1}.")
    if index > last:
        raise UserError(
            f"Layer {index} comes after layer {last}, so that its maps do not lead to filter {last}:{target.filter}; "
            f"choose layer {last} or one before it."
        )
    return network.layers[index]


def largest(values: torch.Tensor) -> Map:
    """The largest magnitude over the colors of (C, H, W), as an array (H, W)."""
    return as_map(values.abs().amax(0))


def as_map(values: torch.Tensor) -> Map:
    """Values (H, W) on any device as an array."""
    array: Map = values.detach().float().cpu().numpy()
    return array
