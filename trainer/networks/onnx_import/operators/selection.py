"""Operators that pass on, take parts, put parts together, or make constants."""

import operator as python
from typing import Any

import torch

from trainer.networks.onnx_import.builder import Builder
from trainer.networks.onnx_import.model import Unsupported
from trainer.networks.onnx_import.operators.arguments import (
    Inputs,
    Operator,
    constant,
    first,
    given,
    ints,
    needed,
)
from trainer.networks.onnx_import.operators.shapes import reshaped
from trainer.networks.onnx_import.values import Known, Traced, Value, axis_in

_KINDS = {1: torch.float32, 10: torch.float32, 11: torch.float32, 16: torch.float32, 9: torch.bool}
_KINDS |= dict.fromkeys((2, 3, 4, 5, 6, 7, 12, 13), torch.int64)
"""ONNX's number for a kind -> how it is computed here."""


def _same(builder: Builder, inputs: Inputs) -> Value:
    return first(inputs)


def _dropout(builder: Builder, inputs: Inputs) -> list[Value]:
    return [first(inputs)]


def _constant(builder: Builder, inputs: Inputs) -> Value:
    for name, value in builder.node.attributes.items():
        if name == "value" and isinstance(value, torch.Tensor):
            return Known.of(value)
        if name in ("value_float", "value_floats"):
            return Known.of(torch.tensor(value, dtype=torch.float32))
        if name in ("value_int", "value_ints"):
            return Known.of(torch.tensor(value, dtype=torch.int64))
    raise Unsupported("it is a constant of another kind than numbers")


def _cast(builder: Builder, inputs: Inputs) -> Value:
    value, number = first(inputs), builder.node.integer("to", 1)
    kind = _KINDS.get(number)
    if kind is None:
        raise Unsupported(f"it turns numbers into those of ONNX's kind {number}")
    if isinstance(value, Known):
        return Known(value.one.to(kind), value.two.to(kind))
    if kind != torch.float32 or value.one.dtype != torch.float32:
        raise Unsupported("it rounds values that depend on the picture")
    return value


def _concat(builder: Builder, inputs: Inputs) -> Value:
    values = [value for value in inputs if value is not None]
    axis = axis_in(builder.node.integer("axis", 0), len(values[0].shape))
    traced = next((value for value in values if isinstance(value, Traced)), None)
    if traced is None:
        return builder.function(torch.cat, values, axis)
    alike = all(isinstance(value, Traced) and value.order == traced.order and value.columns is None for value in values)
    if alike:
        bare = [Traced(value.node, value.one, value.two) for value in values if isinstance(value, Traced)]
        joined = builder.function(torch.cat, bare, traced.axis(axis))
        assert isinstance(joined, Traced)
        return Traced(joined.node, joined.one, joined.two, traced.order, outer=traced.outer)
    plain = builder.plain(traced)
    assert isinstance(plain, Traced)
    parts: list[Any] = []
    for value in values:
        if isinstance(value, Known) and value.fixed and plain.batch != axis:
            sides = [-1] * value.one.dim()
            sides[plain.batch] = plain.two.shape[plain.batch]
            value = builder.batched(value.one, value.one.expand(sides))
        parts.append(value)
    return builder.function(torch.cat, parts, axis)


def _part(builder: Builder, value: Value, axis: int, start: int, length: int) -> Value:
    """Numbers `start` to `start + length` of an axis as ONNX counts it."""
    if isinstance(value, Known) or value.columns is not None:
        return builder.function(torch.narrow, value, axis, start, length)
    bare = Traced(value.node, value.one, value.two, outer=value.outer)
    narrowed = builder.function(torch.narrow, bare, value.axis(axis), start, length)
    assert isinstance(narrowed, Traced)
    return Traced(narrowed.node, narrowed.one, narrowed.two, value.order, outer=narrowed.outer)


def _slice(builder: Builder, inputs: Inputs) -> Value:
    value, node = first(inputs), builder.node
    count = len(value.shape)
    if len(inputs) > 1:
        starts, ends = ints(needed(inputs, 1)), ints(needed(inputs, 2))
        axes = ints(inputs[3]) if given(inputs, 3) is not None else list(range(len(starts)))
        steps = ints(inputs[4]) if given(inputs, 4) is not None else [1] * len(starts)
    else:
        starts, ends = list(node.ints("starts")), list(node.ints("ends"))
        axes, steps = list(node.ints("axes", tuple(range(len(starts))))), [1] * len(starts)
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        if not step:
            raise Unsupported("it goes in steps of 0")
        dim = axis_in(axis, count)
        side = value.shape[dim]
        taken = range(*slice(start, end if end >= -side or step > 0 else None, step).indices(side))
        if len(taken) == side and step == 1:
            continue
        if step == 1:
            value = _part(builder, value, dim, taken.start, len(taken))
        elif isinstance(value, Known) or step < 0:
            value = builder.function(torch.index_select, value, dim, Known.of(torch.tensor(taken)))
        else:
            value = builder.plain(value)
            slices: list[Any] = [slice(None)] * count
            slices[dim] = slice(taken.start, taken.stop, step)
            value = builder.function(python.getitem, value, tuple(slices))
    return value


def _reverse_sequence(builder: Builder, inputs: Inputs) -> Value:
    """All of an axis in reverse, as tf2onnx writes TensorFlow's `reverse`."""
    value, lengths = first(inputs), constant(needed(inputs, 1))
    axis = axis_in(builder.node.integer("time_axis", 0), len(value.shape))
    side = value.shape[axis]
    if not bool((lengths == side).all()):
        raise Unsupported("it reverses a part of an axis")
    return builder.function(torch.index_select, value, axis, Known.of(torch.arange(side - 1, -1, -1)))


def _split(builder: Builder, inputs: Inputs) -> list[Value]:
    value, node = first(inputs), builder.node
    axis = axis_in(node.integer("axis", 0), len(value.shape))
    if given(inputs, 1) is not None:
        sizes = ints(inputs[1])
    elif "split" in node.attributes:
        sizes = list(node.ints("split"))
    else:
        count = node.integer("num_outputs", len(node.outputs))
        part_size = -(-value.shape[axis] // max(count, 1))
        sizes = [min(part_size, value.shape[axis] - start) for start in range(0, value.shape[axis], max(part_size, 1))]
    starts = [sum(sizes[:index]) for index in range(len(sizes))]
    return [_part(builder, value, axis, start, size) for start, size in zip(starts, sizes, strict=True)]


def _gather(builder: Builder, inputs: Inputs) -> Value:
    value, indices = first(inputs), needed(inputs, 1)
    axis = axis_in(builder.node.integer("axis", 0), len(value.shape))
    numbers = constant(indices).long()
    if isinstance(value, Known):
        return builder.function(_taken, value, axis, Known.of(numbers))
    side = value.shape[axis]
    if numbers.numel() and not -side <= int(numbers.min()) <= int(numbers.max()) < side:
        raise Unsupported(f"it takes parts {int(numbers.min())} to {int(numbers.max())} of an axis of {side}")
    numbers = numbers % side
    if torch.equal(numbers.reshape(-1), torch.arange(side)):  # all of them, in another shape
        shapes = ([*shape[:axis], *numbers.shape, *shape[axis + 1 :]] for shape in (value.shape, value.shape_of_two))
        return reshaped(builder, value, *shapes)
    if numbers.dim() == 0:
        return builder.function(torch.select, value, axis, int(numbers))
    if numbers.dim() == 1:
        if len(numbers) == 1:  # a part of one
            return _part(builder, value, axis, int(numbers), 1)
        return builder.function(torch.index_select, value, axis, Known.of(numbers))
    raise Unsupported("it takes parts of a map in more than one direction")


def _taken(values: torch.Tensor, axis: int, indices: torch.Tensor) -> torch.Tensor:
    side = values.shape[axis]
    flat = torch.where(indices < 0, indices + side, indices).reshape(-1)
    selected = torch.index_select(values, axis, flat)
    return selected.reshape([*values.shape[:axis], *indices.shape, *values.shape[axis + 1 :]])


def _gather_nd(builder: Builder, inputs: Inputs) -> Value:
    value, indices = first(inputs), constant(needed(inputs, 1)).long()
    if not isinstance(value, Known) or builder.node.integer("batch_dims", 0):
        raise Unsupported("it takes single numbers out of values that depend on the picture")
    return builder.function(lambda values, index: values[tuple(index.unbind(-1))], value, Known.of(indices))


def _scatter_nd(builder: Builder, inputs: Inputs) -> Value:
    value, indices, updates = (needed(inputs, position) for position in range(3))
    if not isinstance(value, Known) or builder.node.text("reduction", "none") != "none":
        raise Unsupported("it writes single numbers into values that depend on the picture")

    def written(values: torch.Tensor, index: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
        return values.clone().index_put(tuple(index.long().unbind(-1)), new)

    return builder.function(written, value, indices, updates)


def _range(builder: Builder, inputs: Inputs) -> Value:
    start, end, step = (constant(needed(inputs, index)).reshape(()).item() for index in range(3))
    if not step or (end - start) / step > 1 << 24:
        raise Unsupported("it counts too far")
    return Known.of(torch.arange(start, end, step))


def _trilu(builder: Builder, inputs: Inputs) -> Value:
    k = int(constant(inputs[1])) if given(inputs, 1) is not None else 0
    function = torch.triu if builder.node.integer("upper", 1) else torch.tril
    return builder.function(function, first(inputs), k)


OPERATORS: dict[str, Operator] = {
    "Identity": _same,
    "Dropout": _dropout,
    "Constant": _constant,
    "Cast": _cast,
    "CastLike": _same,
    "Concat": _concat,
    "Slice": _slice,
    "ReverseSequence": _reverse_sequence,
    "Split": _split,
    "Gather": _gather,
    "GatherND": _gather_nd,
    "ScatterND": _scatter_nd,
    "Range": _range,
    "Trilu": _trilu,
}
