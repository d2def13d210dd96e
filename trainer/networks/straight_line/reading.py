"""Weights -> the run of layers that they belong to: convolutions, then fully connected ones, with their norms."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch

from trainer.networks.matching import Tensors

_MOST_LAYERS = 100


@dataclass(frozen=True)
class Layer:
    """One layer with weights: `path` is its name in the file, `shape` that of its weight.

    `kind` is "conv", "linear", "norm" (with running statistics) or "prelu". `gap` is the number of modules without
    weights between it and the next layer in one `nn.Sequential`; None where the names do not say it.
    """

    path: str
    kind: str
    shape: tuple[int, ...]
    bias: bool
    gap: int | None = None
    affine: bool = True


@dataclass(frozen=True)
class Unit:
    """A convolution or fully connected layer with what directly belongs to it, in this order.

    `gap` is the number of modules without weights after the whole unit, None where the names do not say it;
    `inner` is that between the layer and its norm.
    """

    layer: Layer
    norm: Layer | None = None
    prelu: Layer | None = None
    inner: int | None = None
    gap: int | None = None
    groups: int = 1

    @property
    def kernel(self) -> tuple[int, int]:
        """(height, width) of a convolution's kernel."""
        return self.layer.shape[2], self.layer.shape[3]

    def order(self, otherwise: str) -> str:
        """Where its norm stands (a key of `NORMS`) by the numbers of its names; `otherwise` where they do not say it.

        One number left out before the norm is that of the activation, a second one may be that of the pool.
        """
        if self.inner is None:
            return otherwise
        if self.inner == 0:
            return "first"
        return "pool" if otherwise == "pool" and self.inner > 1 else "last"

    @property
    def outputs(self) -> int:
        """Channels, or values, that it gives."""
        return self.layer.shape[0]


@dataclass(frozen=True)
class Line:
    """A straight line: `channels` of its pictures, its convolutions and its fully connected layers, in their order.

    `per_place` is the number of values that the first fully connected layer takes for each channel, 0 without one.
    `tensors` are the weights; `prefix` stood before their names in the file.
    """

    channels: int
    convolutions: tuple[Unit, ...]
    connected: tuple[Unit, ...]
    per_place: int
    tensors: Tensors = field(repr=False, compare=False)


def read_line(tensors: Tensors) -> Line | None:
    """The straight line that has these weights; None where they are those of no such network."""
    groups: dict[str, dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        path, _, leaf = name.rpartition(".")
        groups.setdefault(path, {})[leaf] = tensor
    if not 0 < len(groups) <= 3 * _MOST_LAYERS:
        return None
    for order in (list(groups), sorted(groups, key=natural)):
        layers = [_layer(path, groups[path]) for path in order]
        if any(layer is None for layer in layers):
            return None
        line = _line(_with_gaps([layer for layer in layers if layer is not None]), tensors)
        if line is not None:
            return line
    return None


def natural(path: str) -> list[tuple[str, int]]:
    """Words by their letters and numbers by their size: conv2 before conv10, convolutions before what is connected."""
    return [(word, int(number or -1)) for word, number in re.findall(r"([^\d.]*)(\d*)\.?", path)]


def _layer(path: str, tensors: dict[str, torch.Tensor]) -> Layer | None:
    weight, bias = tensors.get("weight"), "bias" in tensors
    if "running_mean" in tensors:
        allowed = {"weight", "bias", "running_mean", "running_var", "num_batches_tracked"}
        fine = tensors["running_mean"].dim() == 1 and set(tensors) <= allowed
        return (
            Layer(path, "norm", tuple(tensors["running_mean"].shape), bias, affine=weight is not None) if fine else None
        )
    if weight is None or not weight.is_floating_point() or set(tensors) - {"weight", "bias"}:
        return None
    kinds = {4: "conv", 2: "linear"}
    if weight.dim() in kinds and all(weight.shape):
        return Layer(path, kinds[weight.dim()], tuple(weight.shape), bias)
    return Layer(path, "prelu", tuple(weight.shape), False) if weight.dim() == 1 and not bias else None


def _with_gaps(layers: list[Layer]) -> list[Layer]:
    """The layers with the numbers that are left out between neighbours of one `nn.Sequential`.

    Where no number is left out in a whole list of layers it is an `nn.ModuleList`, whose numbers say nothing.
    """
    paths = [layer.path.rpartition(".") for layer in layers]
    gaps: list[int | None] = []
    for (parent, _, number), (other, _, following) in itertools.pairwise(paths):
        counted = parent == other and number.isdecimal() and following.isdecimal()
        gaps.append(int(following) - int(number) - 1 if counted else None)
    silent = {
        parent
        for parent, _, _ in paths
        if not any(gap for (name, _, _), gap in zip(paths, gaps, strict=False) if name == parent)
    }
    known_gaps = [None if parent in silent else gap for (parent, _, _), gap in zip(paths, [*gaps, None], strict=True)]
    return [
        Layer(layer.path, layer.kind, layer.shape, layer.bias, gap if gap is None or gap >= 0 else None, layer.affine)
        for layer, gap in zip(layers, known_gaps, strict=True)
    ]


def _line(layers: list[Layer], tensors: Tensors) -> Line | None:
    units = list(_units(layers))
    convolutions = [unit for unit in units if unit.layer.kind == "conv"]
    connected = units[len(convolutions) :]
    fits = convolutions and len(units) <= _MOST_LAYERS and all(unit.layer.kind == "linear" for unit in connected)
    if not fits or [unit.layer.kind for unit in units[: len(convolutions)]] != ["conv"] * len(convolutions):
        return None
    channels = convolutions[0].layer.shape[1]
    if channels not in (1, 3) or sum(len(list(_parts(unit))) for unit in units) != len(layers):
        return None
    chained: list[Unit] = []
    before = channels
    for unit in convolutions:
        takes = unit.layer.shape[1]
        groups = before // takes if before % takes == 0 else 0
        # Other groups than one are those of depthwise convolutions: each channel by itself.
        if groups != 1 and not (takes == 1 and unit.outputs % before == 0):
            return None
        chained.append(Unit(unit.layer, unit.norm, unit.prelu, unit.inner, unit.gap, groups))
        before = unit.outputs
    per_place = 0
    if connected:
        per_place, rest = divmod(connected[0].layer.shape[1], before)
        sizes = [unit.layer.shape for unit in connected]
        if rest or not per_place or any(shape[0] != following[1] for shape, following in itertools.pairwise(sizes)):
            return None
    return Line(channels, tuple(chained), tuple(connected), per_place, tensors)


def _parts(unit: Unit) -> Iterator[Layer]:
    yield unit.layer
    if unit.norm:
        yield unit.norm
    if unit.prelu:
        yield unit.prelu


def _units(layers: list[Layer]) -> Iterator[Unit]:
    """Layers with the norm and the PReLU that follow them and are of their width."""
    index = 0
    while index < len(layers):
        layer, norm, prelu = layers[index], None, None
        index += 1
        if layer.kind not in ("conv", "linear"):
            return
        inner = None
        if index < len(layers) and layers[index].kind == "norm" and layers[index].shape == layer.shape[:1]:
            norm, inner = layers[index], layers[index - 1].gap
            index += 1
        if index < len(layers) and layers[index].kind == "prelu" and layers[index].shape[0] in (1, layer.shape[0]):
            prelu = layers[index]
            index += 1
        yield Unit(layer, norm, prelu, inner, layers[index - 1].gap)
