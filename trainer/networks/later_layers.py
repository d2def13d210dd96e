"""Layers beside a recognised network that take its outputs, as `self.fc` after `self.backbone`."""

from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import replace

import torch
from torch import nn

from trainer.networks.candidate import Blueprint
from trainer.networks.fitting import head_sentence
from trainer.networks.heads import Head, Place, built
from trainer.networks.matching import COUNTER, Tensors

_OF_LAYERS = {"weight", "bias", "running_mean", "running_var", COUNTER}
_MOST_SHOWN = 4

Layers = dict[str, dict[str, torch.Tensor]]


def with_later(blueprint: Blueprint, tensors: Tensors, named: Collection[int]) -> Blueprint:
    """The network with the layers that take its outputs, or with a sentence about those that are not computed.

    `tensors` are the weights under the names of `blueprint.foreign`; `named` are the numbers of class names in
    the file: outputs that it names are its classes.
    """
    layers = _layers(blueprint.foreign, tensors)
    widths = {path: tuple(layer["weight"].shape) for path, layer in layers.items() if _is_linear(layer)}
    if not blueprint.classes or not widths or blueprint.classes in named:
        return blueprint
    place = Place(blueprint.classes, False)
    rest = {f"{path}.{leaf}": tensor for path, layer in layers.items() for leaf, tensor in layer.items()}
    head = built(rest, place)
    return _not_computed(blueprint, widths) if head is None else _continued(blueprint, rest, place, head, layers)


def _layers(foreign: tuple[str, ...], tensors: Tensors) -> Layers:
    """Linear layers and norms among weights that are none of the network's: by path, then by the name in the layer."""
    groups: Layers = {}
    for name in foreign:
        path, _, leaf = name.rpartition(".")
        if name in tensors and path:
            groups.setdefault(path, {})[leaf] = tensors[name]
    return {path: layer for path, layer in groups.items() if set(layer) <= _OF_LAYERS and _is_layer(layer)}


def _is_layer(layer: Mapping[str, torch.Tensor]) -> bool:
    return _is_linear(layer) or "running_mean" in layer or ("bias" in layer and "weight" in layer)


def _is_linear(layer: Mapping[str, torch.Tensor]) -> bool:
    weight = layer.get("weight")
    return weight is not None and weight.dim() == 2 and weight.is_floating_point()


def _continued(blueprint: Blueprint, rest: Tensors, place: Place, head: Head, layers: Layers) -> Blueprint:
    plain, activated = blueprint.build, _skips_a_number(blueprint.prefix, next(iter(layers)))

    def build() -> nn.Module:
        again = built(rest, place)
        assert again is not None
        between: list[tuple[str, nn.Module]] = [("relu", nn.ReLU())] if activated else []
        return nn.Sequential(OrderedDict([("body", plain()), *between, ("later", again.module)]))

    stands = "no activation was taken to stand between them; one would change"
    if activated:
        stands = "a module without weights stands between them, taken for a ReLU; another activation would change"
    elif _begins_later(next(iter(layers))):
        stands = "a module without weights stands first, which was taken for a dropout; an activation would change"
    text = (
        f"{head_sentence(', '.join(layers), head)} They take the {blueprint.classes} outputs of {blueprint.name}, and "
        f"{stands} the scores, not the maps."
    )
    used = {f"{path}.{leaf}" for path, layer in layers.items() for leaf in layer}
    return replace(
        blueprint,
        tensors={
            **{f"body.{name}": tensor for name, tensor in blueprint.tensors.items()},
            **{f"later.{name}": tensor for name, tensor in rest.items()},
        },
        build=build,
        classes=head.outputs,
        assumed=(*blueprint.assumed, text),
        foreign=tuple(name for name in blueprint.foreign if name not in used),
    )


def _begins_later(path: str) -> bool:
    """Whether numbers before this one are left out in its `nn.Sequential`."""
    parent, _, number = path.rpartition(".")
    return bool(parent) and number.isdecimal() and int(number) > 0


def _skips_a_number(prefix: str, path: str) -> bool:
    """Whether both stand in one `nn.Sequential`, with a module without weights between them."""
    (parent, _, number), (other, _, following) = prefix.rstrip(".").rpartition("."), path.rpartition(".")
    counted = parent == other and number.isdecimal() and following.isdecimal()
    return counted and int(following) - int(number) > 1


def _not_computed(blueprint: Blueprint, widths: Mapping[str, tuple[int, ...]]) -> Blueprint:
    """The network with a word on the layers behind it, where these take something else besides its outputs."""
    outputs = blueprint.classes
    beside = {tensor.shape[1] for tensor in blueprint.tensors.values() if tensor.dim() == 2}
    given = {gives for gives, _ in widths.values()}
    sure = {path: shape for path, shape in widths.items() if shape[1] == outputs or shape[1] - outputs in given}
    # What takes as much as the last layers do stands beside them.
    maybe = {path: shape for path, shape in widths.items() if shape[1] > outputs and shape[1] not in beside}
    if not (sure or maybe):
        return blueprint
    text = f"{_listed(sure or maybe)}{' so that' if sure else ' where it takes its outputs,'} the {outputs} outputs "
    text += "are not the network's classes; its own class opens with all its layers (file.py:factory)."
    names = tuple(f"output {number}" for number in range(outputs)) if sure and not blueprint.names else blueprint.names
    return replace(blueprint, assumed=(*blueprint.assumed, text), names=names)


def _listed(widths: Mapping[str, tuple[int, ...]]) -> str:
    shown = [f"{path[:60]}, {takes} to {gives}" for path, (gives, takes) in list(widths.items())[:_MOST_SHOWN]]
    shown += ["..."] if len(widths) > _MOST_SHOWN else []
    several = len(widths) > 1
    return f"{'Later layers are' if several else 'A later layer is'} not computed ({'; '.join(shown)}),"
