"""Poolings over windows and over whole maps."""

import torch
import torch.nn.functional as F
from torch import nn

from trainer.networks.onnx_import.builder import Builder
from trainer.networks.onnx_import.model import Unsupported
from trainer.networks.onnx_import.operators.arguments import Inputs, Operator, first, maps
from trainer.networks.onnx_import.operators.convolutions import margins
from trainer.networks.onnx_import.values import Known, Value


def _windows(builder: Builder, value: Value) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int], list[int]]:
    """Kernel, stride, dilation, and what is padded: [top, left, bottom, right]."""
    node = builder.node
    kernel = node.ints("kernel_shape")
    strides, dilations = node.ints("strides", (1, 1)), node.ints("dilations", (1, 1))
    if len(kernel) != 2 or len(strides) != 2 or len(dilations) != 2:
        raise Unsupported("its windows have not two sides")
    reach = [(length - 1) * dilation + 1 for length, dilation in zip(kernel, dilations, strict=True)]
    pads = margins(builder, value.shape[2:], reach, strides)
    return (kernel[0], kernel[1]), (strides[0], strides[1]), (dilations[0], dilations[1]), pads


def _even(pads: list[int], kernel: tuple[int, int]) -> bool:
    """Whether torch's poolings can pad like this themselves."""
    return pads[:2] == pads[2:] and all(0 <= pad <= length // 2 for pad, length in zip(pads, kernel, strict=False))


def _behind(
    sides: tuple[int, ...], kernel: tuple[int, int], stride: tuple[int, int], pads: list[int], ceil: bool
) -> list[int]:
    """What to pad below and to the right, so that those windows fit that ONNX takes: none begins behind the maps."""
    behind = []
    for side, length, step, before, after in zip(sides, kernel, stride, pads[:2], pads[2:], strict=True):
        room = side + before + after - length
        count = -(-room // step) if ceil else room // step
        if ceil and count * step >= side + before:
            count -= 1
        behind.append(count * step + length - side - before if ceil else after)
    return behind


def _max_pool(builder: Builder, inputs: Inputs) -> Value:
    value = maps(first(inputs), builder)
    kernel, stride, dilation, pads = _windows(builder, value)
    ceil = bool(builder.node.integer("ceil_mode", 0))
    if _even(pads, kernel):
        part = nn.MaxPool2d(kernel, stride, (pads[0], pads[1]), dilation, ceil_mode=ceil)
        return builder.module(part, value)
    reach = (kernel[0] - 1) * dilation[0] + 1, (kernel[1] - 1) * dilation[1] + 1
    below, right = _behind(value.shape[2:], reach, stride, pads, ceil)
    padded = builder.module(nn.ConstantPad2d((pads[1], right, pads[0], below), -torch.inf), value)
    return builder.module(nn.MaxPool2d(kernel, stride, 0, dilation), padded)


def _over_channels(builder: Builder, value: Value) -> Value:
    """The average over neighbouring maps, as PyTorch writes a norm over maps: windows in three directions."""
    node = builder.node
    kernel, strides = node.ints("kernel_shape"), node.ints("strides", (1, 1, 1))
    if len(kernel) != 3 or len(strides) != 3 or any(node.ints("pads")) or set(node.ints("dilations", (1,))) != {1}:
        raise Unsupported("its windows have not two sides")
    (depth, height, width), (inner, down, across) = kernel, strides
    ceil = bool(node.integer("ceil_mode", 0))
    return builder.module(nn.AvgPool3d((depth, height, width), (inner, down, across), ceil_mode=ceil), value)


def _average_pool(builder: Builder, inputs: Inputs) -> Value:
    if len(first(inputs).shape) == 5:
        return _over_channels(builder, first(inputs))
    value = maps(first(inputs), builder)
    kernel, stride, dilation, pads = _windows(builder, value)
    ceil, counted = (bool(builder.node.integer(name, 0)) for name in ("ceil_mode", "count_include_pad"))
    if dilation != (1, 1):
        raise Unsupported("it averages over windows with gaps")
    if _even(pads, kernel):
        part = nn.AvgPool2d(kernel, stride, (pads[0], pads[1]), ceil, counted or not any(pads))
        return builder.module(part, value)
    below, right = _behind(value.shape[2:], kernel, stride, pads, ceil)
    sides = (pads[1], right, pads[0], below)
    average = nn.AvgPool2d(kernel, stride)
    pooled = builder.module(average, builder.module(nn.ZeroPad2d(sides), value))
    if counted and below <= pads[2] and right <= pads[3]:
        return pooled
    builder.take(value.shape[2] * value.shape[3] * 2)
    ones = torch.ones(1, 1, *value.shape[2:])
    if counted:  # what ONNX pads counts, but not what fills the last windows
        ones = F.pad(
            F.pad(ones, (pads[1], pads[3], pads[0], pads[2]), value=1.0), (0, right - pads[3], 0, below - pads[2])
        )
    else:
        ones = F.pad(ones, sides)
    share = average(ones)
    return builder.function(torch.div, pooled, Known.of(share))


def _whole(builder: Builder, inputs: Inputs) -> Value:
    kinds = {"GlobalAveragePool": nn.AdaptiveAvgPool2d, "GlobalMaxPool": nn.AdaptiveMaxPool2d}
    return builder.module(kinds[builder.node.operator]((1, 1)), maps(first(inputs), builder))


OPERATORS: dict[str, Operator] = {
    "MaxPool": _max_pool,
    "AveragePool": _average_pool,
    "GlobalAveragePool": _whole,
    "GlobalMaxPool": _whole,
}
