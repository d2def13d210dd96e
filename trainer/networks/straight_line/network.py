"""The module of a straight line, with the names that its weights have in the file."""

import math
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import nn

from trainer.networks.straight_line.arrangement import POOLS, Arrangement
from trainer.networks.straight_line.reading import Line, Unit

_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky": lambda: nn.LeakyReLU(0.01),
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}


class StraightLine(nn.Module):
    """Convolutions, pools, fully connected layers, one after the other; what has no weights is named by its place.

    Pictures (N, channels, h, w) float32 -> logits (N, classes); (N, 0) where no layer gives class scores.
    """

    def __init__(self, line: Line, arrangement: Arrangement) -> None:
        super().__init__()
        self._steps: list[str] = []
        self._scoreless = not has_scores(line)
        for number, unit in enumerate(line.convolutions):
            last = number == len(line.convolutions) - 1
            stride = dict(arrangement.strides).get(number, 1)
            self._convolution(number, unit, stride, arrangement, activated=not (last and not line.connected))
        if arrangement.ending == "average":
            self._add("average", nn.AdaptiveAvgPool2d(math.isqrt(line.per_place) if line.connected else 1))
        self._add("flat", nn.Flatten(1))
        for number, unit in enumerate(line.connected):
            self._put(unit.layer.path, nn.Linear(unit.layer.shape[1], unit.outputs, bias=unit.layer.bias))
            if number < len(line.connected) - 1:
                self._after(unit, arrangement, nn.BatchNorm1d)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits (N, classes)."""
        for step in self._steps:
            x = self.get_submodule(step)(x)
        return x[:, :0] if self._scoreless else x

    def _convolution(self, number: int, unit: Unit, stride: int, arrangement: Arrangement, *, activated: bool) -> None:
        padding = (unit.kernel[0] // 2, unit.kernel[1] // 2) if arrangement.same else (0, 0)
        convolution = nn.Conv2d(
            unit.layer.shape[1] * unit.groups,
            unit.outputs,
            unit.kernel,
            stride,
            padding,
            groups=unit.groups,
            bias=unit.layer.bias,
        )
        self._put(unit.layer.path, convolution)
        pool = f"pool{number}" if number in arrangement.pooled else ""
        self._after(unit, arrangement if activated else replace(arrangement, activation="none"), nn.BatchNorm2d, pool)

    def _after(
        self, unit: Unit, arrangement: Arrangement, norm: type[nn.BatchNorm1d | nn.BatchNorm2d], pool: str = ""
    ) -> None:
        """The norm, the activation and the pool of a unit, in the order that its numbers or the arrangement say."""
        order = unit.order(arrangement.norm)
        if unit.norm and order == "first":
            self._put(unit.norm.path, norm(unit.norm.shape[0], affine=unit.norm.affine))
        self._activate(unit, arrangement)
        if unit.norm and order == "last":
            self._put(unit.norm.path, norm(unit.norm.shape[0], affine=unit.norm.affine))
        if pool:
            side, step = POOLS[arrangement.pool]
            self._add(pool, (nn.AvgPool2d if arrangement.pool.startswith("avg") else nn.MaxPool2d)(side, step))
        if unit.norm and order == "pool":
            self._put(unit.norm.path, norm(unit.norm.shape[0], affine=unit.norm.affine))

    def _activate(self, unit: Unit, arrangement: Arrangement) -> None:
        if unit.prelu:
            self._put(unit.prelu.path, nn.PReLU(unit.prelu.shape[0]))
        elif arrangement.activation != "none":
            self._add(f"{arrangement.activation}{len(self._steps)}", _ACTIVATIONS[arrangement.activation]())

    def _add(self, name: str, module: nn.Module) -> None:
        while hasattr(self, name):
            name += "_"
        self._put(name, module)

    def _put(self, path: str, module: nn.Module) -> None:
        *parents, leaf = path.split(".")
        owner: nn.Module = self
        for parent in parents:
            if not hasattr(owner, parent):
                owner.add_module(parent, nn.Module())
            owner = getattr(owner, parent)
        owner.add_module(leaf, module)
        self._steps.append(path)


def has_scores(line: Line) -> bool:
    """Whether the last layer can give class scores: a fully connected one, or a 1 x 1 convolution after others."""
    last = line.convolutions[-1]
    return bool(line.connected) or (len(line.convolutions) > 1 and last.kernel == (1, 1) and 1 <= last.outputs <= 1000)


def outputs_of(line: Line) -> int:
    """The number of class scores."""
    return (line.connected or line.convolutions)[-1].outputs if has_scores(line) else 0


def place_of(arrangement: Arrangement, line: Line) -> tuple[int, int]:
    """The size (height, width) of the last maps for pictures of the arrangement's side; (0, 0) where one vanishes."""
    height = width = arrangement.side
    strides = dict(arrangement.strides)
    for number, unit in enumerate(line.convolutions):
        down, across = unit.kernel
        step = strides.get(number, 1)
        height = (height + 2 * (down // 2 if arrangement.same else 0) - down) // step + 1
        width = (width + 2 * (across // 2 if arrangement.same else 0) - across) // step + 1
        if number in arrangement.pooled:
            side, step = POOLS[arrangement.pool]
            height, width = (height - side) // step + 1, (width - side) // step + 1
        if height < 1 or width < 1:
            return 0, 0
    return height, width


def fits(arrangement: Arrangement, line: Line) -> bool:
    """Whether the weights work for it: the maps give as many values as the first fully connected layer takes."""
    map_size = place_of(arrangement, line)
    if not all(map_size):
        return False
    if arrangement.ending == "average" or not line.connected:
        side = math.isqrt(line.per_place)
        return not line.connected or (side * side == line.per_place and min(map_size) >= side)
    return map_size[0] * map_size[1] == line.per_place
