"""The last layers of a network, built from nothing but the names and shapes of their weights."""

import itertools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn

from trainer.networks.matching import Tensors


class NoScores(nn.Module):
    """In the place of last layers that are not there: answers no class score (N, 0)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """An empty answer for each of N pictures."""
        return x.flatten(1)[:, :0]


class ConcatenatedPool(nn.Module):
    """The largest and the average value of each map, one after the other, as fastai's last layers take them."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 2 C, 1, 1) of (N, C, h, w)."""
        return torch.cat([x.amax((2, 3), keepdim=True), x.mean((2, 3), keepdim=True)], 1)


@dataclass(frozen=True)
class Place:
    """Where last layers sit in a network: what reaches them, and whether that is a map (N, C, h, w).

    `features` is the number of values, or of channels of a map.
    """

    features: int
    is_map: bool

    @classmethod
    def of(cls, part: nn.Module) -> "Place | None":
        """The place of a network's own last layers; None where nothing can be said about it."""
        first = next((child for child in part.modules() if list(child.parameters(recurse=False))), None)
        leading = next((child for child in part.modules() if not list(child.children())), part)
        is_map = isinstance(leading, nn.AdaptiveAvgPool2d) or type(first).__name__ == "LayerNorm2d"
        if isinstance(first, nn.Linear):
            return cls(first.in_features, is_map)
        if isinstance(first, nn.Conv2d):
            return None if part is first else cls(first.in_channels, True)
        if isinstance(first, nn.LayerNorm):
            return cls(int(first.normalized_shape[0]), is_map)
        return None


@dataclass(frozen=True)
class Head:
    """Last layers: what they are called one after the other, and the number of their outputs.

    `guessed` is true where an activation stands between layers, of which no file holds a trace.
    """

    module: nn.Module
    outputs: int
    text: str
    guessed: bool


def built(tensors: Tensors, place: Place) -> Head | None:
    """The layers that have these weights (names as they are in the head), for what reaches them; None for others.

    Linear layers or 1 x 1 convolutions, one after the other, with batch norms and PReLU between them, and layer norms
    between linear layers: over maps, the same weights may be those of a group norm.
    A gap in the numbers between two of them is a ReLU. The module has the names of the file, so that it takes its
    weights, which may be on the meta device here.
    """
    groups: dict[str, dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        path, _, leaf = name.rpartition(".")
        groups.setdefault(path, {})[leaf] = tensor
    over_maps = any(tensor.dim() == 4 for tensor in tensors.values())
    for order in (list(groups), sorted(groups, key=_natural)):
        layers = [(path, _layer(groups[path], over_maps)) for path in order]
        recognised = [(path, layer) for path, layer in layers if layer is not None]
        if recognised and len(recognised) == len(layers) and _fit(recognised, place):
            return _joined(recognised, place)
    return None


def _natural(path: str) -> list[tuple[float, str]]:
    """By numbers, then by letters; words without a number come last: fc1, norm1, fc2, fc10, out."""
    return [(int(number) if number else math.inf, word) for word, number in re.findall(r"([^\d.]*)(\d*)", path)]


def _layer(tensors: dict[str, torch.Tensor], over_maps: bool) -> nn.Module | None:
    """The layer that has these weights; `over_maps` where it stands among convolutions."""
    weight, bias = tensors.get("weight"), tensors.get("bias")
    if "running_mean" in tensors:
        norm = nn.BatchNorm2d if over_maps else nn.BatchNorm1d
        return norm(len(tensors["running_mean"]), affine=weight is not None)
    if weight is None or set(tensors) - {"weight", "bias"} or (bias is not None and bias.dim() != 1):
        return None
    if weight.dim() == 2:
        return nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    if weight.dim() == 4 and tuple(weight.shape[2:]) == (1, 1):
        return nn.Conv2d(weight.shape[1], weight.shape[0], 1, bias=bias is not None)
    if weight.dim() == 1 and bias is not None and not over_maps:
        return nn.LayerNorm(len(weight))
    return nn.PReLU() if tuple(weight.shape) == (1,) else None


def _fit(layers: list[tuple[str, nn.Module]], place: Place) -> bool:
    """Whether each takes what the one before it gives, and the last gives scores."""
    width = place.features
    for path, layer in layers:
        if isinstance(layer, nn.Linear | nn.Conv2d):
            takes = layer.in_features if isinstance(layer, nn.Linear) else layer.in_channels
            gives = layer.out_features if isinstance(layer, nn.Linear) else layer.out_channels
        else:
            takes = gives = width if isinstance(layer, nn.PReLU) else _size(layer)
        if takes != width or (not path and len(layers) > 1):
            return False
        width = gives
    kinds = {type(layer) for _, layer in layers} & {nn.Linear, nn.Conv2d}
    last = layers[-2][1] if _ends_in_norm(layers) else layers[-1][1]
    return len(kinds) == 1 and isinstance(last, nn.Linear | nn.Conv2d) and (place.is_map or kinds == {nn.Linear})


def _ends_in_norm(layers: list[tuple[str, nn.Module]]) -> bool:
    """Whether a norm directly follows the last of several linear layers in one sequence (fastai's `bn_final`).

    After a single one, or in a module of its own, it is that of an embedding, which gives no scores.
    """
    if sum(isinstance(layer, nn.Linear) for _, layer in layers) < 2 or not isinstance(layers[-1][1], nn.BatchNorm1d):
        return False
    (parent, _, number), (other, _, following) = (path.rpartition(".") for path, _ in layers[-2:])
    numbered = number.isdecimal() and following.isdecimal()
    return parent == other and numbered and int(following) == int(number) + 1


def _size(layer: nn.Module) -> int:
    return layer.num_features if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d) else _normalised(layer)


def _normalised(layer: nn.Module) -> int:
    return int(layer.normalized_shape[0]) if isinstance(layer, nn.LayerNorm) else 0


def _outputs(layer: nn.Module) -> int:
    if isinstance(layer, nn.Linear):
        return layer.out_features
    return layer.out_channels if isinstance(layer, nn.Conv2d) else 0


def _joined(layers: list[tuple[str, nn.Module]], place: Place) -> Head | None:
    last = layers[-2][1] if _ends_in_norm(layers) else layers[-1][1]
    outputs = _outputs(last)
    if layers[0][0] == "":
        return None if place.is_map else Head(last, outputs, _said(last), False)
    sequence = nn.Sequential()
    if place.is_map and isinstance(last, nn.Linear):
        sequence.add_module("pool", nn.AdaptiveAvgPool2d(1))
        sequence.add_module("flatten", nn.Flatten(1))
    steps = list(_with_activations(layers))
    for path, layer in steps:
        _put(sequence, path, layer)
    if isinstance(last, nn.Conv2d):
        sequence.add_module("pool", nn.AdaptiveAvgPool2d(1))
        sequence.add_module("flatten", nn.Flatten(1))
    text = ", ".join(_said(layer) for _, layer in steps)
    return Head(sequence, outputs, text, any(isinstance(layer, nn.ReLU) for _, layer in steps))


def _with_activations(layers: list[tuple[str, nn.Module]]) -> Iterator[tuple[str, nn.Module]]:
    """The layers with a ReLU before each that is not the first of its kind: in a gap of the numbers that directly
    follows the one before, where a norm follows it, else in the last gap."""
    positions = [position for position, (_, layer) in enumerate(layers) if isinstance(layer, nn.Linear | nn.Conv2d)]
    after: set[int] = set()
    for start, end in itertools.pairwise(positions):
        if not any(isinstance(layer, nn.PReLU) for _, layer in layers[start:end]):
            gaps = [position for position in range(start, end) if _gap(layers[position][0], layers[position + 1][0])]
            at_once = start + 1 < end and gaps[:1] == [start] and layers[start][0].rpartition(".")[2].isdecimal()
            after |= set(gaps[:1] if at_once else gaps[-1:])
    for position, (path, layer) in enumerate(layers):
        yield path, layer
        if position in after:
            parent, dot, leaf = path.rpartition(".")
            yield f"{parent}{dot}{int(leaf) + 1 if leaf.isdecimal() else f'{leaf}_relu'}", nn.ReLU()


def _gap(path: str, following: str) -> bool:
    """Whether something without weights may stand between two layers."""
    before, after = path.rpartition(".")[::2], following.rpartition(".")[::2]
    numbers = before[0] == after[0] and before[1].isdecimal() and after[1].isdecimal()
    return int(after[1]) - int(before[1]) > 1 if numbers else True


def _put(sequence: nn.Sequential, path: str, layer: nn.Module) -> None:
    *parents, leaf = path.split(".")
    for parent in parents:
        if not hasattr(sequence, parent):
            sequence.add_module(parent, nn.Sequential())
        sequence = getattr(sequence, parent)
    sequence.add_module(leaf, layer)


def _said(layer: nn.Module) -> str:
    if isinstance(layer, nn.Linear):
        return f"Linear {layer.in_features} to {layer.out_features}"
    if isinstance(layer, nn.Conv2d):
        return f"1 x 1 convolution {layer.in_channels} to {layer.out_channels}"
    return type(layer).__name__
