"""Activations: operators that treat every number by itself."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from trainer.networks.onnx_import.builder import Builder
from trainer.networks.onnx_import.model import Node, Unsupported
from trainer.networks.onnx_import.operators.arguments import Inputs, Operator, constant, first, given, stored
from trainer.networks.onnx_import.values import Known, Traced, Value, axis_in

_SELU = (1.6732632423543772, 1.0507009873554805)
"""Alpha and gamma of torch's SELU."""


def _module(make: Callable[[Node], nn.Module]) -> Operator:
    def operator(builder: Builder, inputs: Inputs) -> Value:
        return builder.pointwise(make(builder.node), first(inputs))

    return operator


def _hard_sigmoid(builder: Builder, inputs: Inputs) -> Value:
    alpha, beta = builder.node.number("alpha", 0.2), builder.node.number("beta", 0.5)
    if abs(alpha - 1 / 6) < 1e-6 and beta == 0.5:
        return builder.pointwise(nn.Hardsigmoid(), first(inputs))
    scaled = builder.function(torch.add, builder.function(torch.mul, first(inputs), alpha), beta)
    return builder.module(nn.Hardtanh(0.0, 1.0), scaled)


def _clip(builder: Builder, inputs: Inputs) -> Value:
    low, high = (
        float(constant(bound)) if (bound := given(inputs, index)) is not None else builder.node.number(name, otherwise)
        for index, name, otherwise in ((1, "min", -torch.inf), (2, "max", torch.inf))
    )
    value = first(inputs)
    if isinstance(value, Known):
        return builder.function(torch.clamp, value, low, high)
    if low == 0 and high in (6, torch.inf):
        return builder.pointwise(nn.ReLU6() if high == 6 else nn.ReLU(), value)
    if low >= high:
        raise Unsupported(f"its bounds {low} and {high} leave one number")
    return builder.pointwise(nn.Hardtanh(low, high), value)


def _prelu(builder: Builder, inputs: Inputs) -> Value:
    value, slope = first(inputs), constant(given(inputs, 1))
    if isinstance(value, Traced):
        placed = stored(slope, value)
        if placed is not None and (placed.numel() == 1 or placed.numel() == placed.shape[1]):
            part = nn.PReLU(placed.numel(), device="meta")
            part.weight = nn.Parameter(placed.reshape(-1).clone(), requires_grad=False)
            return builder.pointwise(part, value)
    raise Unsupported("its slopes are not one for each channel")


def _softmax(builder: Builder, inputs: Inputs) -> Value:
    value = first(inputs)
    newer = builder.opset >= 13
    sides = value.shape
    axis = axis_in(builder.node.integer("axis", -1 if newer else 1), len(sides))
    if not newer and any(side != 1 for side in sides[axis + 1 :]):  # of old, all axes from this one on were one
        raise Unsupported("it is a softmax over several axes")
    kind = nn.LogSoftmax if builder.node.operator == "LogSoftmax" else nn.Softmax
    return builder.module(kind(axis), value)


def _selu(builder: Builder, inputs: Inputs) -> Value:
    """The ELU times gamma; torch's SELU has the usual numbers alone."""
    alpha, gamma = builder.node.number("alpha", _SELU[0]), builder.node.number("gamma", _SELU[1])
    if np.allclose((alpha, gamma), _SELU, rtol=1e-6, atol=0):
        return builder.pointwise(nn.SELU(), first(inputs))
    return builder.function(torch.mul, builder.pointwise(nn.ELU(alpha), first(inputs)), gamma)


def _swish(builder: Builder, inputs: Inputs) -> Value:
    """x * sigmoid(alpha * x)."""
    value, alpha = first(inputs), builder.node.number("alpha", 1.0)
    if alpha == 1:
        return builder.pointwise(nn.SiLU(), value)
    gate = builder.pointwise(nn.Sigmoid(), builder.function(torch.mul, value, alpha))
    return builder.function(torch.mul, value, gate)


def _gelu(node: Node) -> nn.Module:
    return nn.GELU(approximate="tanh" if node.text("approximate", "none") == "tanh" else "none")


OPERATORS: dict[str, Operator] = {
    "Relu": _module(lambda node: nn.ReLU()),
    "LeakyRelu": _module(lambda node: nn.LeakyReLU(node.number("alpha", 0.01))),
    "Elu": _module(lambda node: nn.ELU(node.number("alpha", 1.0))),
    "Celu": _module(lambda node: nn.CELU(node.number("alpha", 1.0))),
    "Selu": _selu,
    "Sigmoid": _module(lambda node: nn.Sigmoid()),
    "Tanh": _module(lambda node: nn.Tanh()),
    "Softplus": _module(lambda node: nn.Softplus()),
    "Softsign": _module(lambda node: nn.Softsign()),
    "HardSwish": _module(lambda node: nn.Hardswish()),
    "Swish": _swish,
    "Mish": _module(lambda node: nn.Mish()),
    "Gelu": _module(_gelu),
    "ThresholdedRelu": _module(lambda node: nn.Threshold(node.number("alpha", 1.0), 0.0)),
    "HardSigmoid": _hard_sigmoid,
    "Clip": _clip,
    "PRelu": _prelu,
    "Softmax": _softmax,
    "LogSoftmax": _softmax,
}
