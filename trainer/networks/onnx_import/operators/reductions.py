"""Means, sums and other numbers over whole axes."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from trainer.networks.onnx_import.builder import Builder
from trainer.networks.onnx_import.model import Unsupported
from trainer.networks.onnx_import.operators.arguments import Inputs, Operator, axes_of, first
from trainer.networks.onnx_import.operators.shapes import reshaped
from trainer.networks.onnx_import.values import Traced, Value, axis_in


def _reduction(function: Callable[..., Any], pool: type[nn.Module] | None = None) -> Operator:
    def operator(builder: Builder, inputs: Inputs) -> Value:
        value, node = first(inputs), builder.node
        count, keep = len(value.shape), bool(node.integer("keepdims", 1))
        axes = axes_of(builder, inputs)
        if not axes:
            if node.integer("noop_with_empty_axes", 0):  # what is done to each number by itself is done all the same
                return builder.function(torch.abs, value) if function is _norm else value
            axes = tuple(range(count))
        dims = sorted(axis_in(axis, count) for axis in axes)
        if isinstance(value, Traced) and value.columns is None and pool is not None and count == 4:
            inside = sorted(value.axes[axis] for axis in dims)
            if inside == [2, 3]:
                plain = Traced(value.node, value.one, value.two, outer=value.outer)
                pooled = builder.module(pool((1, 1)), plain)
                assert isinstance(pooled, Traced)
                seen = Traced(pooled.node, pooled.one, pooled.two, value.order, outer=pooled.outer)
                kept = [axis for axis in range(count) if axis not in dims]
                return (
                    seen
                    if keep
                    else reshaped(
                        builder, seen, *([shape[axis] for axis in kept] for shape in (seen.shape, seen.shape_of_two))
                    )
                )
        return builder.function(function, value, dim=dims, keepdim=keep)

    return operator


def _product(value: torch.Tensor, dim: list[int], keepdim: bool) -> torch.Tensor:
    for axis in reversed(dim):
        value = value.prod(axis, keepdim=keepdim)
    return value


def _norm(value: torch.Tensor, dim: list[int], keepdim: bool) -> torch.Tensor:
    norms: torch.Tensor = torch.linalg.vector_norm(value, dim=dim, keepdim=keepdim)
    return norms


def _arg_max(builder: Builder, inputs: Inputs) -> Value:
    raise Unsupported("it answers with the number of a class alone; export the network with its scores")


OPERATORS: dict[str, Operator] = {
    "ReduceMean": _reduction(torch.mean, nn.AdaptiveAvgPool2d),
    "ReduceMax": _reduction(torch.amax, nn.AdaptiveMaxPool2d),
    "ReduceSum": _reduction(torch.sum),
    "ReduceMin": _reduction(torch.amin),
    "ReduceProd": _reduction(_product),
    "ReduceL2": _reduction(_norm),
    "ArgMax": _arg_max,
}
