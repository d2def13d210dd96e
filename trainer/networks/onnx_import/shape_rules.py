"""Shapes of answers that follow from those of the inputs, for the operations that nearly every network consists of.

Torch can find any shape by running an operation on tensors without memory. For these it would first import its
compiler, which takes longer than opening a network.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from trainer.networks.onnx_import.values import Known, Traced

Shape = tuple[int, ...]
_BINARY = (torch.add, torch.sub, torch.mul, torch.div, torch.pow, torch.maximum, torch.minimum)
_UNARY = (torch.abs, torch.neg, torch.sqrt, torch.reciprocal, torch.exp, torch.log, torch.erf)
_REDUCTIONS = (torch.mean, torch.sum, torch.amax, torch.amin)


def answer_shape(target: Any, arguments: Sequence[Any], options: Mapping[str, Any], batch: str) -> Shape | None:
    """The shape of an answer for a batch of "one" or "two"; None where there is no rule, or where sizes do not fit."""
    shapes = [_shape(value, batch) for value in arguments]
    if isinstance(target, nn.Module):
        return _of_module(target, shapes[0])
    if target in _BINARY and len(shapes) == 2:
        return broadcast(*shapes)
    if target in _UNARY:
        return shapes[0]
    if target in _REDUCTIONS and set(options) == {"dim", "keepdim"}:
        kept = [1 if axis in options["dim"] else side for axis, side in enumerate(shapes[0])]
        return tuple(kept if options["keepdim"] else [s for axis, s in enumerate(kept) if axis not in options["dim"]])
    if target is torch.cat and len(arguments) == 2:
        return _joined([_shape(value, batch) for value in arguments[0]], arguments[1])
    return None


def broadcast(first: Shape, second: Shape) -> Shape | None:
    """The shape of an operation on two tensors, number by number; None where they do not fit."""
    count = max(len(first), len(second))
    pairs = zip(*((1,) * (count - len(shape)) + tuple(shape) for shape in (first, second)), strict=True)
    sides = [(max(pair) if min(pair) else 0) if min(pair) <= 1 or pair[0] == pair[1] else -1 for pair in pairs]
    return None if -1 in sides else tuple(sides)


def _of_module(part: nn.Module, shape: Shape) -> Shape | None:
    if isinstance(part, nn.Linear):
        return (*shape[:-1], part.out_features) if shape and shape[-1] == part.in_features else None
    if isinstance(part, nn.AdaptiveAvgPool2d | nn.AdaptiveMaxPool2d):
        return (*shape[:-2], 1, 1) if len(shape) == 4 and part.output_size == (1, 1) else None
    if isinstance(part, nn.LayerNorm):
        return shape if shape[len(shape) - len(part.normalized_shape) :] == tuple(part.normalized_shape) else None
    if isinstance(part, nn.BatchNorm2d | nn.InstanceNorm2d):
        return shape if len(shape) == 4 and shape[1] == part.num_features else None
    if isinstance(part, nn.GroupNorm):
        return shape if len(shape) > 1 and shape[1] == part.num_channels else None
    return shape if isinstance(part, nn.Softmax | nn.LogSoftmax | nn.LocalResponseNorm) else None


def _joined(shapes: Sequence[Shape], axis: int) -> Shape | None:
    others = {(*shape[:axis], *shape[axis + 1 :]) for shape in shapes}
    if len(others) != 1:
        return None
    return (*shapes[0][:axis], sum(shape[axis] for shape in shapes), *shapes[0][axis + 1 :])


def _shape(value: Any, batch: str) -> Shape:
    return tuple(getattr(value, batch).shape) if isinstance(value, Known | Traced) else ()
