"""Arithmetic on numbers and tensors; a factor or summand for each channel becomes a batch norm."""

from collections.abc import Callable
from math import inf
from typing import Any

import torch
from torch import nn

from trainer.networks.onnx_import.builder import Builder
from trainer.networks.onnx_import.model import Unsupported
from trainer.networks.onnx_import.operators.arguments import Inputs, Operator, first, needed, stored
from trainer.networks.onnx_import.values import Known, Traced, Value

_NO_MAPS = (torch.reshape, torch.permute, torch.select, torch.matmul, torch.einsum, torch.narrow)
"""What gives tensors of four axes that are mostly no maps: the queries of an attention, for example."""


def _quotient(dividend: torch.Tensor, divisor: torch.Tensor) -> torch.Tensor:
    integers = not (dividend.is_floating_point() or divisor.is_floating_point())
    return torch.div(dividend, divisor, rounding_mode="trunc" if integers else None)


def _div(dividend: Any, divisor: Any) -> torch.Tensor:
    return torch.div(dividend, divisor)


def _binary(function: Callable[..., Any], known: Callable[..., Any] | None = None) -> Callable[..., Value]:
    def operator(builder: Builder, inputs: Inputs) -> Value:
        left, right = needed(inputs, 0), needed(inputs, 1)
        if isinstance(left, Known) and isinstance(right, Known):
            return builder.function(known or function, left, right)
        return (
            _for_each_channel(builder, left, right)
            or _in_same_order(builder, function, left, right)
            or builder.function(function, left, right)
        )

    return operator


def _for_each_channel(builder: Builder, left: Value, right: Value) -> Value | None:
    """x * a + b with numbers for each channel; None where this is something else."""
    operator, reverse = builder.node.operator, isinstance(left, Known)
    value, constant = (right, left) if reverse else (left, right)
    if not isinstance(value, Traced) or not isinstance(constant, Known) or not constant.fixed:
        return None
    numbers = stored(constant.one.float(), value)
    if numbers is None or (operator == "Div" and reverse) or operator not in ("Add", "Sub", "Mul", "Div"):
        return None
    if value.one.dim() == 2 and operator == "Add":
        return _bias(builder, nn.Linear, value, numbers, int(reverse))
    if value.one.dim() == 3 and operator == "Add":
        return _bias(builder, nn.Linear, value, numbers.squeeze(0), int(reverse)) if numbers.shape[0] == 1 else None
    channels = value.one.shape[1]
    if value.one.dim() != 4 or value.batch != 0 or (numbers.numel() > 1 and numbers.shape != (1, channels, 1, 1)):
        return None
    if numbers.numel() != channels and value.node.target in _NO_MAPS:
        return None
    numbers = numbers.reshape(-1).expand(channels)
    factor, summand = torch.ones(channels), torch.zeros(channels)
    if operator in ("Add", "Sub"):
        summand = numbers if operator == "Add" or reverse else -numbers
        factor = -factor if operator == "Sub" and reverse else factor
        if operator == "Add" or not reverse:
            biased = _bias(builder, nn.Conv2d, value, summand[None], int(reverse))
            if biased is not None:
                return biased
    else:
        factor = numbers if operator == "Mul" else numbers.double().reciprocal().float()
    norm = builder.fusable(int(reverse), nn.BatchNorm2d)
    if norm is not None and norm.eps == 0:  # one of these: both are one
        # New tensors: the norm's own are the file's, of which further modules are built.
        norm.weight = nn.Parameter(norm.weight * factor, requires_grad=False)
        norm.bias = nn.Parameter(norm.bias * factor + summand, requires_grad=False)
        return value
    return builder.pointwise(_channel_norm(factor, summand), value)


def _bias(builder: Builder, kind: type[nn.Module], value: Traced, numbers: torch.Tensor, index: int) -> Value | None:
    """The value itself, its layer now with these numbers (1, outputs) as its bias; None where that cannot be."""
    layer = builder.fusable(index, kind)
    if layer is None or numbers.dim() != 2 or len(numbers) != 1:
        return None
    outputs = len(layer.weight)
    if numbers.shape[1] not in (1, outputs):
        return None
    old_bias = layer.bias if layer.bias is not None else torch.zeros(outputs)
    layer.bias = nn.Parameter((old_bias + numbers[0]).clone(), requires_grad=False)
    return value


def _in_same_order(builder: Builder, function: Callable[..., Any], left: Value, right: Value) -> Value | None:
    """The function on tensors whose axes are not those that ONNX sees; None where they are."""
    like = left if isinstance(left, Traced) else right
    assert isinstance(like, Traced)
    if not like.order and isinstance(right, Traced) and right.order:
        like = right
    if not like.order:
        return None
    placed: list[Value] = []
    for value in (left, right):
        if isinstance(value, Known):
            numbers = stored(value.one, like) if value.fixed else None
            if numbers is None:
                return None
            placed.append(Known.of(numbers.reshape(()) if numbers.numel() == 1 else numbers))
        elif value.order == like.order:
            placed.append(Traced(value.node, value.one, value.two, outer=value.outer))
        elif len(value.shape) == len(like.shape) and value.columns is None:
            back = tuple(value.axes[like.axes.index(axis)] for axis in range(len(like.shape)))
            placed.append(builder.plain(Traced(value.node, value.one, value.two, back, outer=value.outer)))
        else:
            return None
    result = builder.function(function, *placed)
    assert isinstance(result, Traced)
    return Traced(result.node, result.one, result.two, like.order, outer=result.outer)


def _channel_norm(factor: torch.Tensor, summand: torch.Tensor) -> nn.Module:
    """x * `factor` + `summand` with a number for each channel, as a batch norm in eval mode computes it."""
    part = nn.BatchNorm2d(len(factor), eps=0.0).requires_grad_(False).eval()
    part.weight.copy_(factor)
    part.bias.copy_(summand)
    return part


def _mul(builder: Builder, inputs: Inputs) -> Value:
    """A product; x * sigmoid(x) and its kin are the activations that they spell out."""
    pair = [needed(inputs, 0), needed(inputs, 1)]
    for value, gate in (pair, pair[::-1]):
        if isinstance(value, Traced) and isinstance(gate, Traced) and gate.node.op == "call_module":
            kind = type(builder.root.get_submodule(str(gate.node.target)))
            same = gate.node.args == (value.node,) and gate.order == value.order
            if same and kind in _GATES:
                return builder.pointwise(_GATES[kind](), value)
    return _binary(torch.mul)(builder, inputs)


_GATES: dict[type[nn.Module], type[nn.Module]] = {nn.Sigmoid: nn.SiLU, nn.Hardsigmoid: nn.Hardswish}


def _unary(function: Callable[..., Any]) -> Operator:
    def operator(builder: Builder, inputs: Inputs) -> Value:
        return builder.function(function, first(inputs))

    return operator


def _of_many(pair: Operator) -> Operator:
    def operator(builder: Builder, inputs: Inputs) -> Value:
        result = first(inputs)
        for index in range(1, len(inputs)):
            value = pair(builder, [result, needed(inputs, index)])
            assert isinstance(value, Known | Traced)
            result = value
        return result

    return operator


def _extreme(function: Callable[..., Any], bounds: Callable[[float], tuple[float, float]]) -> Operator:
    """The larger or smaller of two; of maps and one number, maps within the `bounds` that the number is."""

    def operator(builder: Builder, inputs: Inputs) -> Value:
        left, right = needed(inputs, 0), needed(inputs, 1)
        for value, number in ((left, right), (right, left)):
            if isinstance(value, Traced) and isinstance(number, Known) and number.fixed and number.one.numel() == 1:
                low, high = bounds(float(number.one))
                if len(number.shape) <= len(value.shape):
                    return builder.pointwise(nn.ReLU() if (low, high) == (0, inf) else nn.Hardtanh(low, high), value)
        return _binary(function)(builder, inputs)

    return operator


def _modulo(builder: Builder, inputs: Inputs) -> Value:
    return builder.function(torch.fmod if builder.node.integer("fmod", 0) else torch.remainder, *inputs)


def _where(builder: Builder, inputs: Inputs) -> Value:
    condition, yes, no = (needed(inputs, index) for index in range(3))
    if isinstance(condition, Known) and condition.fixed and condition.one.numel() == 1:
        taken, other = (yes, no) if bool(condition.one) else (no, yes)
        repeated = zip(other.shape[::-1], taken.shape[::-1], strict=False)
        longest = max(len(other.shape), len(condition.shape))
        if len(taken.shape) >= longest and all(side in (1, own) for side, own in repeated):
            return taken
    if not all(isinstance(value, Known) for value in (condition, yes, no)):
        raise Unsupported("it chooses by values of the picture")
    return builder.function(torch.where, condition, yes, no)


OPERATORS: dict[str, Operator] = {
    "Add": _binary(torch.add),
    "Sub": _binary(torch.sub),
    "Mul": _mul,
    "Div": _binary(_div, _quotient),
    "Pow": _binary(torch.pow),
    "Mod": _modulo,
    "Max": _of_many(_extreme(torch.maximum, lambda number: (number, inf))),
    "Min": _of_many(_extreme(torch.minimum, lambda number: (-inf, number))),
    "Sum": _of_many(_binary(torch.add)),
    "Equal": _binary(torch.eq),
    "Greater": _binary(torch.gt),
    "GreaterOrEqual": _binary(torch.ge),
    "Less": _binary(torch.lt),
    "LessOrEqual": _binary(torch.le),
    "And": _binary(torch.logical_and),
    "Or": _binary(torch.logical_or),
    "Xor": _binary(torch.logical_xor),
    "Not": _unary(torch.logical_not),
    "Abs": _unary(torch.abs),
    "Neg": _unary(torch.neg),
    "Sqrt": _unary(torch.sqrt),
    "Reciprocal": _unary(torch.reciprocal),
    "Exp": _unary(torch.exp),
    "Log": _unary(torch.log),
    "Erf": _unary(torch.erf),
    "Erfc": _unary(torch.erfc),  # no operator of ONNX, but tf2onnx writes it for Keras' gelu
    "Floor": _unary(torch.floor),
    "Ceil": _unary(torch.ceil),
    "Round": _unary(torch.round),
    "Sign": _unary(torch.sign),
    "Sin": _unary(torch.sin),
    "Cos": _unary(torch.cos),
    "Where": _where,
}
