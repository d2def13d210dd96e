"""Operators that give the same numbers another shape, and those that compute shapes."""

import math
from collections.abc import Sequence

import torch
from torch import nn

from trainer.networks.onnx_import.builder import Builder
from trainer.networks.onnx_import.model import Unsupported
from trainer.networks.onnx_import.operators.arguments import (
    Inputs,
    Operator,
    axes_of,
    first,
    ints,
    ints_of_both,
    needed,
)
from trainer.networks.onnx_import.shape_rules import broadcast
from trainer.networks.onnx_import.values import Known, Traced, Value, axis_in, place_of_batch, whole_shape


def reshaped(builder: Builder, value: Value, one: Sequence[int], two: Sequence[int]) -> Value:
    """The value in another shape, which is given for a batch of one and of two; -1 stands for what is left."""
    if isinstance(value, Known):
        return Known(
            value.one.reshape(whole_shape(one, value.one.numel())),
            value.two.reshape(whole_shape(two, value.two.numel())),
        )
    if list(value.shape) == list(one) and list(value.shape_of_two) == list(two):
        return value
    total = value.one.numel()
    same = list(one) == list(two)
    wanted = whole_shape(one, total)
    after = None if same else whole_shape(two, value.two.numel())
    if value.columns is None and wanted[:1] == [1] and len(wanted) == 2 and value.axes[0] == 0 == value.batch:
        return _flattened(builder, value)
    value = builder.plain(value)
    assert isinstance(value, Traced)
    before = math.prod(value.one.shape[: value.batch]) * value.outer
    if after is None:
        axis, outer = place_of_batch(wanted, before)
        builder.guessed = builder.guessed or len(wanted) > 2 or axis > 0
    else:
        differ = [dim for dim, side in enumerate(wanted) if side != after[dim]]
        axis = differ[0] if len(differ) == 1 else -1
        outside = math.prod(wanted[:axis]) if axis >= 0 else 0
        if not outside or before % outside or wanted[axis] % (before // outside) or after[axis] != 2 * wanted[axis]:
            raise Unsupported("it mixes the pictures of a batch")
        outer = before // outside
    if len(wanted) == 2 and axis == 0 and outer == 1 and value.batch == 0:
        return _flattened(builder, value)
    sides = [-1 if dim == axis else side for dim, side in enumerate(wanted)]
    result = builder.function(torch.reshape, value, sides)
    assert isinstance(result, Traced)
    return Traced(result.node, result.one, result.two, outer=outer)


def _flattened(builder: Builder, value: Traced) -> Value:
    """One row for each picture; that its columns are in another order is kept in mind."""
    if value.one.dim() == 2 and not value.order:
        return value
    plain = Traced(value.node, value.one, value.two)
    flat = builder.module(nn.Flatten(1), plain)
    assert isinstance(flat, Traced)
    sides = tuple(value.one.shape[1:])
    columns = torch.arange(math.prod(sides)).reshape(sides).permute([axis - 1 for axis in value.axes[1:]]).flatten()
    moved = not torch.equal(columns, torch.arange(len(columns)))
    return Traced(flat.node, flat.one, flat.two, columns=columns if moved else None)


def _reshape(builder: Builder, inputs: Inputs) -> Value:
    value = first(inputs)
    if len(inputs) > 1:
        one, two = ints_of_both(needed(inputs, 1))
    else:
        one = two = list(builder.node.ints("shape"))
    if not builder.node.integer("allowzero", 0):
        sides, sides_of_two = _shapes(value)
        one, two = (
            [shape[dim] if side == 0 and dim < len(shape) else side for dim, side in enumerate(wanted)]
            for wanted, shape in ((one, sides), (two, sides_of_two))
        )
    return reshaped(builder, value, one, two)


def _shapes(value: Value) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """As ONNX sees it, for a batch of one and of two."""
    return value.shape, value.shape_of_two if isinstance(value, Traced) else tuple(value.two.shape)


def _flatten(builder: Builder, inputs: Inputs) -> Value:
    value, axis = first(inputs), builder.node.integer("axis", 1)
    axis = len(value.shape) if axis == len(value.shape) else axis_in(axis, len(value.shape))
    return reshaped(builder, value, *([math.prod(shape[:axis]), math.prod(shape[axis:])] for shape in _shapes(value)))


def _squeeze(builder: Builder, inputs: Inputs) -> Value:
    value, axes = first(inputs), axes_of(builder, inputs)
    shapes = _shapes(value)
    ones = [axis for axis, (side, other) in enumerate(zip(*shapes, strict=True)) if side == 1 == other]
    gone = ones if axes is None else [axis_in(axis, len(shapes[0])) for axis in axes]
    if any(shapes[0][axis] != 1 for axis in gone):
        raise Unsupported("it drops an axis that is longer than one")
    return reshaped(
        builder, value, *([side for axis, side in enumerate(shape) if axis not in gone] for shape in shapes)
    )


def _unsqueeze(builder: Builder, inputs: Inputs) -> Value:
    value, axes = first(inputs), axes_of(builder, inputs) or ()
    count = len(value.shape) + len(axes)
    new = sorted(axis_in(axis, count) for axis in axes)
    shapes = [list(shape) for shape in _shapes(value)]
    for shape in shapes:
        for axis in new:
            shape.insert(axis, 1)
    return reshaped(builder, value, *shapes)


def _transpose(builder: Builder, inputs: Inputs) -> Value:
    value = first(inputs)
    count = len(value.shape)
    order = builder.node.ints("perm", tuple(reversed(range(count))))
    if sorted(order) != list(range(count)):
        raise Unsupported(f"it cannot order {count} axes as {list(order)}")
    if isinstance(value, Known):
        return Known(value.one.permute(order), value.two.permute(order))
    if value.columns is not None:
        value = builder.plain(value)
        assert isinstance(value, Traced)
    axes = tuple(value.axes[axis] for axis in order)
    plain = axes == tuple(range(count))
    return Traced(value.node, value.one, value.two, () if plain else axes, outer=value.outer)


def _shape(builder: Builder, inputs: Inputs) -> Value:
    start, end = builder.node.integer("start", 0), builder.node.attributes.get("end")
    one, two = (torch.tensor(shape[start:end], dtype=torch.int64) for shape in _shapes(first(inputs)))
    return Known(one, two)


def _size(builder: Builder, inputs: Inputs) -> Value:
    one, two = (torch.tensor(math.prod(shape)) for shape in _shapes(first(inputs)))
    return Known(one, two)


def _expand(builder: Builder, inputs: Inputs) -> Value:
    value, target = first(inputs), needed(inputs, 1)
    wanted, wanted_of_two = ints_of_both(target)
    if isinstance(value, Traced) and wanted == wanted_of_two and len(wanted) >= len(value.shape):
        batch = value.axes.index(value.batch) - len(value.shape)  # a batch of one is not told from what is not repeated
        if wanted[batch] == value.shape[batch]:
            wanted_of_two = [*wanted]
            wanted_of_two[batch] = value.shape_of_two[batch]
    one, two = (
        broadcast(shape, tuple(sides)) for shape, sides in zip(_shapes(value), (wanted, wanted_of_two), strict=True)
    )
    if one is None or two is None:
        raise Unsupported(f"it cannot repeat {value.shape} to {tuple(wanted)}")
    if isinstance(value, Known):
        for shape in (one, two):
            builder.take(math.prod(shape))
        return Known(value.one.expand(one), value.two.expand(two))
    if (tuple(one), tuple(two)) == _shapes(value):
        return value
    plain = builder.plain(value)
    assert isinstance(plain, Traced)
    if len(one) != plain.one.dim() or one[plain.batch] != plain.one.shape[plain.batch]:
        raise Unsupported("it repeats pictures")
    sides = [-1 if axis == plain.batch else side for axis, side in enumerate(one)]
    return builder.function(torch.Tensor.expand, plain, sides)


def _filled(builder: Builder, inputs: Inputs) -> Value:
    value = builder.node.attributes.get("value", torch.zeros(1))
    shapes = ints_of_both(first(inputs))
    for shape in shapes:
        if min(shape, default=0) < 0:
            raise Unsupported("it fills a shape with negative sides")
        builder.take(math.prod(shape))
    one, two = (value.reshape(-1)[:1].expand(shape) if shape else value.reshape(()) for shape in shapes)
    return Known(one, two)


def _tile(builder: Builder, inputs: Inputs) -> Value:
    value, repeats = first(inputs), ints(needed(inputs, 1))
    if math.prod(repeats) == 1 and len(repeats) == len(value.shape):
        return value
    if isinstance(value, Known):
        builder.take(value.two.numel() * math.prod(map(abs, repeats)))
    return builder.function(torch.Tensor.repeat, value, repeats)


OPERATORS: dict[str, Operator] = {
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Transpose": _transpose,
    "Shape": _shape,
    "Size": _size,
    "Expand": _expand,
    "ConstantOfShape": _filled,
    "Tile": _tile,
}
