"""What was done last to get a network's outputs, read off the graph that gradients follow."""

from typing import Any

import torch

_LAYERS = ("Addmm", "Mm", "Bmm", "Convolution", "MkldnnConvolution", "NativeBatchNorm", "CudnnBatchNorm")
_LINEAR = (
    *("View", "UnsafeView", "ReshapeAlias", "Squeeze", "Unsqueeze", "Transpose", "T", "Permute", "Expand", "Clone"),
    *("Slice", "Select", "IndexSelect", "Index", "Split", "SplitWithSizes", "Cat", "Stack", "Alias", "ToCopy", "Copy"),
    *("Add", "Sub", "Mul", "Div", "Neg", "Mean", "AvgPool2D", "AdaptiveAvgPool2D", "MkldnnAdaptiveAvgPool2D"),
)
"""Of these, sums of what lies in [0, 1] are none of themselves; what stands before them decides."""
_PRODUCTS = ("Mm", "Bmm")
"""Layers without a bias, or what sums probabilities up, as einsum does; what stands before them decides."""
_PROBABILITIES = ("Softmax", "Sigmoid")
_MOST = 200


def ends_in_layers(outputs: torch.Tensor) -> bool:
    """Whether outputs are surely sums of a last layer, with no softmax, sigmoid or other function behind it.

    False where that cannot be told, as for outputs that have no gradients.
    """
    ends, only_linear = _reached(outputs.grad_fn, _LINEAR)
    if not only_linear or not ends or any(_name(end) not in _LAYERS for end in ends):
        return False
    for end in ends:  # of a product, a factor may be probabilities, which a matrix sums up to larger classes
        for factor, _ in end.next_functions:
            before, whole = _reached(factor, (*_LINEAR, *_PRODUCTS))
            if not whole or any(_name(step) in _PROBABILITIES for step in before):
                return False
    return True


def _reached(start: Any, passing: tuple[str, ...]) -> tuple[list[Any], bool]:
    """The first steps back from `start` that are none of the `passing`, and whether all were looked at."""
    steps: list[Any] = [start] if start is not None else []
    seen: set[Any] = set()
    found: list[Any] = []
    while steps and len(seen) <= _MOST:
        step = steps.pop()
        if step in seen:
            continue
        seen.add(step)
        if _name(step) in passing:
            steps += [inner for inner, _ in step.next_functions if inner is not None]
        else:
            found.append(step)
    return found, not steps


def _name(step: object) -> str:
    return type(step).__name__.rstrip("0123456789").removesuffix("Backward")
