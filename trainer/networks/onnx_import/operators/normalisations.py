"""Normalisations with weights of their own."""

import torch
from torch import nn

from trainer.networks.onnx_import.builder import Builder
from trainer.networks.onnx_import.model import Unsupported
from trainer.networks.onnx_import.operators.arguments import Inputs, Operator, constant, first, given, maps, needed
from trainer.networks.onnx_import.operators.convolutions import fill
from trainer.networks.onnx_import.values import Traced, Value, axis_in


def _batch_norm(builder: Builder, inputs: Inputs) -> Value:
    value = first(inputs)
    weight, bias, mean, variance = (constant(needed(inputs, index)) for index in range(1, 5))
    if builder.node.integer("training_mode", 0):
        raise Unsupported("it is in training mode; export the network in eval mode")
    kind = nn.BatchNorm2d if len(value.shape) == 4 else nn.BatchNorm1d
    part = kind(len(weight), eps=builder.node.number("epsilon", 1e-5), device="meta").eval()
    fill(part, weight, bias)
    if mean.shape != weight.shape or variance.shape != weight.shape:
        raise Unsupported("its mean or variance has another length than its weights")
    part.running_mean, part.running_var = mean.float().contiguous(), variance.float().contiguous()
    part.num_batches_tracked = torch.tensor(0)
    if len(value.shape) != 4 and isinstance(value, Traced) and len(value.shape) not in (2, 3):
        raise Unsupported(f"its input has {len(value.shape)} axes")
    return builder.module(part, value)


def _instance_norm(builder: Builder, inputs: Inputs) -> Value:
    weight, bias = constant(needed(inputs, 1)), constant(needed(inputs, 2))
    part = nn.InstanceNorm2d(len(weight), eps=builder.node.number("epsilon", 1e-5), affine=True, device="meta").eval()
    fill(part, weight, bias)
    return builder.module(part, maps(first(inputs), builder))


def _layer_norm(builder: Builder, inputs: Inputs) -> Value:
    value, weight = first(inputs), constant(needed(inputs, 1))
    bias = constant(inputs[2]) if given(inputs, 2) is not None else None
    axis = axis_in(builder.node.integer("axis", -1), len(value.shape))
    shape = list(value.shape[axis:])
    part = nn.LayerNorm(shape, eps=builder.node.number("epsilon", 1e-5), bias=bias is not None, device="meta")
    fill(part, weight.expand(shape), None if bias is None else bias.expand(shape))
    return builder.module(part, value)


def _group_norm(builder: Builder, inputs: Inputs) -> Value:
    value, weight, bias = first(inputs), constant(needed(inputs, 1)), constant(needed(inputs, 2))
    groups, channels = builder.node.integer("num_groups", 1), value.shape[1]
    if len(weight) == groups != channels:  # until opset 20, one for each group
        weight, bias = (numbers.repeat_interleave(channels // groups) for numbers in (weight, bias))
    part = nn.GroupNorm(groups, channels, eps=builder.node.number("epsilon", 1e-5), device="meta")
    fill(part, weight, bias)
    return builder.module(part, value)


def _response_norm(builder: Builder, inputs: Inputs) -> Value:
    node, value, size = builder.node, maps(first(inputs), builder), builder.node.integer("size", 1)
    part = nn.LocalResponseNorm(size, node.number("alpha", 1e-4), node.number("beta", 0.75), node.number("bias", 1.0))
    if size % 2:
        return builder.module(part, value)
    # Of an even number of maps, ONNX has the one more behind the middle, torch before it.
    turned = builder.module(part, builder.function(torch.flip, value, (1,)))
    return builder.function(torch.flip, turned, (1,))


OPERATORS: dict[str, Operator] = {
    "BatchNormalization": _batch_norm,
    "InstanceNormalization": _instance_norm,
    "LayerNormalization": _layer_norm,
    "GroupNormalization": _group_norm,
    "LRN": _response_norm,
}
