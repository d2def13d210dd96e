"""Matrix products; those with constant weights are linear layers."""

import torch
from torch import nn

from trainer.networks.onnx_import.builder import Builder
from trainer.networks.onnx_import.model import Unsupported
from trainer.networks.onnx_import.operators.arguments import Inputs, Operator, constant, first, given, needed
from trainer.networks.onnx_import.operators.convolutions import fill
from trainer.networks.onnx_import.values import Known, Traced, Value


def _linear(builder: Builder, value: Traced, weight: torch.Tensor, bias: torch.Tensor | None, key: object) -> Value:
    """A linear layer with weights (outputs, inputs), on maps that were flattened in whatever order."""
    if value.columns is not None and len(value.columns) == weight.shape[1]:
        moved = torch.empty_like(weight)
        moved[:, value.columns] = weight
        weight, key = moved, None
        value = Traced(value.node, value.one, value.two, outer=value.outer)
    part = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None, device="meta")
    fill(part, weight, bias)
    return builder.module(part, value, key=key)


def _gemm(builder: Builder, inputs: Inputs) -> Value:
    node, value, right = builder.node, first(inputs), needed(inputs, 1)
    alpha, beta = node.number("alpha", 1.0), node.number("beta", 1.0)
    if node.integer("transA", 0) or not isinstance(value, Traced):
        raise Unsupported("it multiplies from the other side")
    weight = constant(right)
    if weight.dim() != 2 or len(value.shape) != 2:
        raise Unsupported("it multiplies what are no tables")
    weight = (weight if node.integer("transB", 0) else weight.T) * alpha
    bias = constant(inputs[2]) * beta if given(inputs, 2) is not None else None
    if bias is not None:
        if bias.numel() not in (1, len(weight)):
            raise Unsupported("it adds another number to each picture")
        bias = bias.reshape(-1).expand(len(weight))
    return _linear(builder, value, weight, bias, builder.sole_key(*node.inputs[1:3]))


def _matmul(builder: Builder, inputs: Inputs) -> Value:
    value, right = first(inputs), needed(inputs, 1)
    is_table = isinstance(right, Known) and right.fixed and right.one.dim() == 2
    if isinstance(value, Traced) and is_table:
        return _linear(builder, value, constant(right).T, None, builder.sole_key(*builder.node.inputs[1:2]))
    return builder.function(torch.matmul, value, right)


def _einsum(builder: Builder, inputs: Inputs) -> Value:
    return builder.function(torch.einsum, builder.node.text("equation", ""), *inputs)


OPERATORS: dict[str, Operator] = {"Gemm": _gemm, "MatMul": _matmul, "Einsum": _einsum}
