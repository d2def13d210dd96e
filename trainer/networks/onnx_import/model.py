"""What an ONNX file says, in plain values: its nodes, tensors, inputs, outputs and notes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch


class Unsupported(ValueError):  # noqa: N818 - a property of the file
    """Why a node cannot become a part of a network here; the end of a sentence that names the node."""


@dataclass(frozen=True)
class Node:
    """One operation: its outputs are computed from its inputs; an absent optional input is "".

    `scope` is the path of the PyTorch module that it stood in, "" where the exporter does not say.
    """

    operator: str
    domain: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    scope: str = ""

    def ints(self, name: str, otherwise: tuple[int, ...] = ()) -> tuple[int, ...]:
        """An attribute that is a list of whole numbers."""
        return tuple(int(number) for number in self.attributes.get(name, otherwise))

    def number(self, name: str, otherwise: float) -> float:
        """An attribute that is one number."""
        return float(self.attributes.get(name, otherwise))

    def integer(self, name: str, otherwise: int) -> int:
        """An attribute that is one whole number."""
        return int(self.attributes.get(name, otherwise))

    def text(self, name: str, otherwise: str) -> str:
        """An attribute that is a word."""
        return str(self.attributes.get(name, otherwise))


@dataclass(frozen=True)
class Port:
    """An input or output: its `sides`, None where one is free; None in place of them where nothing is said.

    `kind` is the type of its numbers as ONNX calls it, "FLOAT" for example; "" for what is no tensor.
    """

    name: str
    sides: tuple[int | None, ...] | None
    kind: str


@dataclass(frozen=True)
class Model:
    """A parsed file; tensors are float32, int64 or bool, on the CPU. `file` is for messages.

    `mended` holds a sentence for everything that was not read as it stands.
    """

    file: str
    opset: int
    nodes: tuple[Node, ...]
    tensors: Mapping[str, torch.Tensor]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    notes: Mapping[str, str]
    producer: str
    mended: tuple[str, ...] = ()
