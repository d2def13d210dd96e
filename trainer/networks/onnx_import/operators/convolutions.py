"""Convolutions, and the padding that stands before one."""

import torch
import torch.nn.functional as F
from torch import nn

from trainer.networks.onnx_import.builder import Builder
from trainer.networks.onnx_import.model import Unsupported
from trainer.networks.onnx_import.operators.arguments import (
    Inputs,
    Operator,
    axes_of,
    constant,
    first,
    given,
    ints,
    maps,
    needed,
)
from trainer.networks.onnx_import.values import Known, Traced, Value, axis_in


def margins(builder: Builder, sides: tuple[int, ...], reach: list[int], strides: tuple[int, ...]) -> list[int]:
    """What a node pads, [top, left, bottom, right], from its pads or its auto_pad."""
    auto, count = builder.node.text("auto_pad", "NOTSET"), len(sides)
    if auto == "VALID":
        return [0] * 2 * count
    if auto not in ("SAME_UPPER", "SAME_LOWER"):
        pads = list(builder.node.ints("pads", (0,) * 2 * count))
        if len(pads) != 2 * count:
            raise Unsupported(f"it pads {len(pads)} edges, not {2 * count}")
        return pads
    needed_ = [
        max((-(-side // stride) - 1) * stride + length - side, 0)
        for side, length, stride in zip(sides, reach, strides, strict=True)
    ]
    less, more = [total // 2 for total in needed_], [total - total // 2 for total in needed_]
    return [*less, *more] if auto == "SAME_UPPER" else [*more, *less]


def _conv(builder: Builder, inputs: Inputs) -> Value:
    node, value = builder.node, maps(first(inputs), builder)
    weight = constant(needed(inputs, 1))
    bias = constant(inputs[2]) if given(inputs, 2) is not None else None
    if weight.dim() != 4:
        raise Unsupported(f"it is a convolution over {weight.dim() - 2} axes")
    strides, dilations = node.ints("strides", (1, 1)), node.ints("dilations", (1, 1))
    kernel = (int(weight.shape[2]), int(weight.shape[3]))
    if len(strides) != 2 or len(dilations) != 2:
        raise Unsupported("its strides or dilations are not two numbers")
    reach = [(length - 1) * dilation + 1 for length, dilation in zip(kernel, dilations, strict=True)]
    top, left, bottom, right = margins(builder, value.shape[2:], reach, strides)
    padding = (top, left) if (top, left) == (bottom, right) and min(top, left) >= 0 else (0, 0)
    if padding != (top, left) or padding != (bottom, right):
        value = builder.module(nn.ZeroPad2d((left, right, top, bottom)), value)
    group = node.integer("group", 1)
    part = nn.Conv2d(
        int(weight.shape[1]) * group,
        int(weight.shape[0]),
        kernel,
        stride=(strides[0], strides[1]),
        padding=padding,
        dilation=(dilations[0], dilations[1]),
        groups=group,
        bias=bias is not None,
        device="meta",
    )
    fill(part, weight, bias)
    key = builder.sole_key(*node.inputs[1:3])
    return builder.module(part, value, key=key)


def _transposed(builder: Builder, inputs: Inputs) -> Value:
    node, value = builder.node, maps(first(inputs), builder)
    weight = constant(needed(inputs, 1))
    bias = constant(inputs[2]) if given(inputs, 2) is not None else None
    pads, group = node.ints("pads", (0, 0, 0, 0)), node.integer("group", 1)
    unusual = node.text("auto_pad", "NOTSET") != "NOTSET" or "output_shape" in node.attributes
    if weight.dim() != 4 or unusual or tuple(pads[:2]) != tuple(pads[2:]):
        raise Unsupported("it is a transposed convolution with uneven padding")
    strides, dilations, extra = (
        node.ints(name, (otherwise, otherwise))
        for name, otherwise in (("strides", 1), ("dilations", 1), ("output_padding", 0))
    )
    part = nn.ConvTranspose2d(
        int(weight.shape[0]),
        int(weight.shape[1]) * group,
        (int(weight.shape[2]), int(weight.shape[3])),
        stride=(strides[0], strides[1]),
        padding=(pads[0], pads[1]),
        output_padding=(extra[0], extra[1]),
        groups=group,
        bias=bias is not None,
        dilation=(dilations[0], dilations[1]),
        device="meta",
    )
    fill(part, weight, bias)
    return builder.module(part, value)


def fill(part: nn.Module, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
    """Give a module its weights; Unsupported where their shapes differ from what it expects."""
    for name, values in (("weight", weight), ("bias", bias)):
        expected = getattr(part, name)
        if values is None:
            continue
        if expected is None or expected.shape != values.shape or not values.is_floating_point():
            raise Unsupported(f"its {name} has the shape {tuple(values.shape)}")
        setattr(part, name, nn.Parameter(values.contiguous(), requires_grad=False))


def _pad(builder: Builder, inputs: Inputs) -> Value:
    node, value = builder.node, first(inputs)
    mode = node.text("mode", "constant")
    pads = ints(inputs[1]) if given(inputs, 1) is not None else list(node.ints("pads"))
    filler = float(constant(inputs[2])) if given(inputs, 2) is not None else node.number("value", 0.0)
    count = len(value.shape)
    axes = axes_of(builder, inputs, 3) or tuple(range(count))
    if len(pads) != 2 * len(axes):
        raise Unsupported(f"it pads {len(pads)} edges of {len(axes)} axes")
    order = value.axes if isinstance(value, Traced) else tuple(range(count))
    before, after = [0] * count, [0] * count
    for position, axis in enumerate(axes):
        stored_axis = order[axis_in(axis, count)]
        before[stored_axis], after[stored_axis] = pads[position], pads[position + len(axes)]
    if not any(before) and not any(after):
        return value
    padded = [pair for axis in reversed(range(count)) for pair in (before[axis], after[axis])]
    spatial = count == 4 and not any((*before[:2], *after[:2]))
    if isinstance(value, Traced) and value.columns is None and spatial:
        kinds = {"reflect": nn.ReflectionPad2d, "edge": nn.ReplicationPad2d}
        sides = (padded[0], padded[1], padded[2], padded[3])
        if mode == "constant":
            part: nn.Module = nn.ZeroPad2d(sides) if filler == 0 else nn.ConstantPad2d(sides, filler)
        elif mode in kinds:
            part = kinds[mode](sides)
        else:
            raise Unsupported(f'it pads in the mode "{mode}"')
        plain = Traced(value.node, value.one, value.two, outer=value.outer)
        result = builder.module(part, plain)
        assert isinstance(result, Traced)
        return Traced(result.node, result.one, result.two, value.order, outer=result.outer)
    if mode != "constant":
        raise Unsupported(f'it pads in the mode "{mode}"')
    if isinstance(value, Known) and max(map(abs, padded)) > 1 << 20:
        raise Unsupported("it pads by millions")
    plain_value = value if isinstance(value, Known) or not value.order else builder.plain(value)
    if plain_value is not value:
        raise Unsupported("it pads more than the sides of maps")
    return builder.function(F.pad, value, padded, value=filler)


OPERATORS: dict[str, Operator] = {"Conv": _conv, "ConvTranspose": _transposed, "Pad": _pad}
