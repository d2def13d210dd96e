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
_MOST = 200


def ends_in_layers(outputs: torch.Tensor) -> bool:
    """Whether outputs are surely sums of a last layer, with no softmax, sigmoid or other function behind it.

    False where that cannot be told, as for outputs that have no gradients.
    """
    steps, seen = [outputs.grad_fn], 0
    while steps:
        step: Any = steps.pop()
        seen += 1
        name = _name(step)
        if seen > _MOST or name not in (*_LAYERS, *_LINEAR):
            return False
        before = [inner for inner, _ in step.next_functions if inner is not None]
        if name in _LINEAR:
            steps += before
        elif any(_name(inner) == "Softmax" for inner in before):  # which a matrix may sum up to larger classes
            return False
    return outputs.grad_fn is not None


def _name(step: object) -> str:
    return type(step).__name__.rstrip("0123456789").removesuffix("Backward")
