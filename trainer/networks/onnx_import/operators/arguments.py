"""What operators ask of their inputs."""

from collections.abc import Callable, Sequence

import torch

from trainer.networks.onnx_import.builder import Builder
from trainer.networks.onnx_import.model import Unsupported
from trainer.networks.onnx_import.values import Known, Traced, Value

Inputs = Sequence[Value | None]
Operator = Callable[[Builder, Inputs], Value | Sequence[Value]]


def given(inputs: Inputs, index: int) -> Value | None:
    """An optional input; None where it is absent."""
    return inputs[index] if index < len(inputs) else None


def first(inputs: Inputs) -> Value:
    """The first input."""
    return needed(inputs, 0)


def needed(inputs: Inputs, index: int) -> Value:
    """An input that must be there."""
    value = given(inputs, index)
    if value is None:
        raise Unsupported(f"its input {index + 1} is missing")
    return value


def constant(value: Value | None) -> torch.Tensor:
    """Numbers that are the same for every picture and batch."""
    if not isinstance(value, Known) or not value.fixed:
        raise Unsupported("it takes from the picture what is read from constants only")
    return value.one


def ints(value: Value | None) -> list[int]:
    """Whole numbers that are the same for every picture and batch."""
    return [int(number) for number in constant(value).reshape(-1).tolist()]


def ints_of_both(value: Value) -> tuple[list[int], list[int]]:
    """Whole numbers for a batch of one and of two."""
    if not isinstance(value, Known):
        raise Unsupported("it takes from the picture what is read from constants only")
    return value.one.reshape(-1).long().tolist(), value.two.reshape(-1).long().tolist()


def axes_of(builder: Builder, inputs: Inputs, index: int = 1) -> tuple[int, ...] | None:
    """The axes, which newer opsets give as an input and older ones as an attribute; None where none are given."""
    value = given(inputs, index)
    if value is not None:
        return tuple(ints(value))
    return builder.node.ints("axes") if "axes" in builder.node.attributes else None


def maps(value: Value, builder: Builder) -> Value:
    """Maps (N, C, h, w) as convolutions take them; Unsupported for another number of axes."""
    plain = builder.plain(value)
    if len(plain.shape) != 4:
        raise Unsupported(f"its input has {len(plain.shape)} axes, not those of pictures")
    return plain


def stored(values: torch.Tensor, like: Traced) -> torch.Tensor | None:
    """A constant that is combined with a tensor, its axes in that tensor's own order; None where it has more axes."""
    dimensions = like.one.dim()
    if values.dim() > dimensions or like.columns is not None:
        return None
    padded = values.reshape((1,) * (dimensions - values.dim()) + tuple(values.shape))
    order = [like.axes.index(axis) for axis in range(dimensions)]
    return padded.permute(order)
