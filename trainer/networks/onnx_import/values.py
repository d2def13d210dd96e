"""Values while a graph is built: numbers that are known, and tensors that depend on the picture."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import fx

from trainer.networks.onnx_import.model import Unsupported


@dataclass(frozen=True)
class Known:
    """Numbers that do not depend on the picture, `one` for a batch of one picture and `two` for a batch of two.

    The two differ where a graph computes with the size of its batch.
    """

    one: torch.Tensor
    two: torch.Tensor

    @classmethod
    def of(cls, values: torch.Tensor) -> "Known":
        """The same for every batch."""
        return cls(values, values)

    @property
    def fixed(self) -> bool:
        """Whether the numbers are the same for every batch."""
        return self.one is self.two or (self.one.shape == self.two.shape and torch.equal(self.one, self.two))

    @property
    def shape(self) -> tuple[int, ...]:
        """For a batch of one."""
        return tuple(self.one.shape)


@dataclass(frozen=True)
class Traced:
    """What a node of the graph answers; `one` and `two` have its shapes for batches of one and two, and no memory.

    Two things are put off, because mostly nobody needs them: the axes of the tensor are those that ONNX speaks of in
    the `order` given ((0, 2, 3, 1): ONNX sees (N, h, w, C) where the tensor is (N, C, h, w)), and column i of a
    flattened map is column `columns`[i] of the tensor.
    `outer` is how many numbers of the batch's axis lie outside of the batch: L where L x N became one axis.
    """

    node: fx.Node
    one: torch.Tensor
    two: torch.Tensor
    order: tuple[int, ...] = ()
    columns: torch.Tensor | None = None
    outer: int = 1

    @property
    def axes(self) -> tuple[int, ...]:
        """The axis of the tensor for each axis that ONNX sees."""
        return self.order or tuple(range(self.one.dim()))

    @property
    def shape(self) -> tuple[int, ...]:
        """As ONNX sees it, for a batch of one."""
        return tuple(self.one.shape[axis] for axis in self.axes)

    @property
    def shape_of_two(self) -> tuple[int, ...]:
        """As ONNX sees it, for a batch of two."""
        return tuple(self.two.shape[axis] for axis in self.axes)

    @property
    def batch(self) -> int:
        """The axis of the tensor that grows with the batch."""
        return next(axis for axis, side in enumerate(self.one.shape) if side != self.two.shape[axis])

    def axis(self, number: int) -> int:
        """The axis of the tensor that ONNX calls `number`."""
        return self.axes[axis_in(number, self.one.dim())]


Value = Known | Traced


def axis_in(number: int, dimensions: int) -> int:
    """An axis counted from the front; Unsupported where there is none of this number."""
    if not -dimensions <= number < dimensions:
        raise Unsupported(f"it names axis {number} of a tensor with {dimensions}")
    return number % dimensions


def whole_shape(wanted: Sequence[int], numbers: int) -> list[int]:
    """A shape with its one -1 replaced by what is left of so many numbers; Unsupported where it does not fit."""
    rest = math.prod(side for side in wanted if side != -1)
    free = [axis for axis, side in enumerate(wanted) if side == -1]
    if len(free) > 1 or any(side < -1 for side in wanted) or (free and (not rest or numbers % rest)):
        raise Unsupported(f"{numbers} numbers do not fill the shape {list(wanted)}")
    filled = [numbers // rest if side == -1 else side for side in wanted]
    if math.prod(filled) != numbers:
        raise Unsupported(f"{numbers} numbers do not fill the shape {list(wanted)}")
    return filled


def place_of_batch(wanted: Sequence[int], before: int) -> tuple[int, int]:
    """(axis, `outer`) of the batch in a shape for one picture, where `before` numbers lie outside of the batch.

    A batch of one can be told from its shape only by its place in memory. At the border of two axes that leaves a
    choice: an axis of one is the batch, else the batch joins the axis behind the border, but never the last one, which
    holds features.
    """
    first = [math.prod(wanted[:axis]) for axis in range(len(wanted) + 1)]
    for axis, side in enumerate(wanted):
        if side == 1 and first[axis] == before:
            return axis, 1
    for axis in range(len(wanted)):
        if first[axis] < before < first[axis + 1] and before % first[axis] == 0:
            return axis, before // first[axis]
        if first[axis] == before:
            return (axis - 1, before // first[axis - 1]) if 0 < axis == len(wanted) - 1 else (axis, 1)
    raise Unsupported("it mixes the pictures of a batch")
