"""What tells architectures apart in a table: the names and shapes of their bodies, as numbers."""

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from torch import nn

from trainer.networks.matching import COUNTER, Tensors, prefixes_of, under

Table = Mapping[str, Mapping[str, Any]]
"""By architecture: `first` and `last`, its first convolution and its last layer, and `sketch`, a sample of its body.

torchvision's have `order`, a number of all of their body in its order.

The body is without the first convolution, whose channels may differ, and without the last layers, which people replace.
"""

_STARTS = 8
"""Convolutions of a file at which a body may begin."""


def places(table: Table, tensors: Tensors) -> Iterator[tuple[str, str]]:
    """(architecture, prefix) wherever names and shapes hold a body of the table's, whatever the last layers are."""
    for prefix, firsts in _beginnings(tensors, {entry["first"] for entry in table.values()}).items():
        numbers = {_number(name, tensor.shape) for name, tensor in under(tensors, prefix).items()}
        for name, entry in table.items():
            if entry["first"] in firsts and numbers.issuperset(entry["sketch"]):
                yield name, prefix


def nearest(table: Table, tensors: Tensors, count: int = 5) -> list[str]:
    """The architectures that share the most names and shapes with these weights, best first."""
    numbers = {_number(name, tensor.shape) for name, tensor in tensors.items()}
    shares = {name: sum(part in numbers for part in row["sketch"]) / len(row["sketch"]) for name, row in table.items()}
    return [name for name in sorted(shares, key=lambda name: -shares[name]) if shares[name] > 0][:count]


def orders(tensors: Tensors, names: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """(number, start, end) for each run of weights that may be a body: what `order_of` gives for one of that order.

    `names` are those of the weights in the file's order, without counters; a run begins at a convolution.
    """
    starts = [index for index, name in enumerate(names) if tensors[name].dim() == 4][:_STARTS]
    for start in starts:
        number, path = 0, names[start].rpartition(".")[0]
        for index in range(start + 1, len(names)):
            if index > start + 1 or names[index] != f"{path}.bias":
                number = _further(number, names[index], tensors[names[index]].shape)
            yield number, start, index + 1


def order_of(state: Tensors, names: Iterable[str]) -> int:
    """A number of the last parts of names and of the shapes of weights in their order."""
    number = 0
    for name in names:
        number = _further(number, name, state[name].shape)
    return number


def _further(number: int, name: str, shape: Iterable[int]) -> int:
    return zlib.crc32(f"{name.rpartition('.')[2]} {tuple(shape)}".encode(), number)


def signature(module: nn.Module, last: str, size: int) -> dict[str, Any]:
    """The row of a module whose last layer is `last`, without `order`; ValueError where it has no such row."""
    state = module.state_dict()
    first = next((key for key, part in module.named_modules() if isinstance(part, nn.Conv2d)), "")
    if not first or f"{last}.weight" not in state:
        raise ValueError("it has no convolution or no last layer")
    body = body_of(state, first, last)
    # The smallest numbers are a fair sample (Broder 1997).
    sketch = sorted({_number(name, state[name].shape) for name in body})[:size]
    return {"first": first, "last": last, "sketch": sketch}


def body_of(state: Tensors, first: str, last: str) -> list[str]:
    """The names of the body's weights, in their order."""
    around = f"{first}.", f"{last.partition('.')[0]}."
    return [name for name in state if not name.startswith(around) and not name.endswith(COUNTER)]


def _beginnings(tensors: Tensors, firsts: Iterable[str]) -> dict[str, set[str]]:
    """Prefixes under which a network may begin, and which of the first convolutions `firsts` stand there."""
    beginnings: dict[str, set[str]] = {}
    for first in firsts:
        for prefix in prefixes_of(f"{first}.weight", tensors):
            if tensors[f"{prefix}{first}.weight"].dim() == 4:
                beginnings.setdefault(prefix, set()).add(first)
    return beginnings


def _number(name: str, shape: Iterable[int]) -> int:
    return zlib.crc32(f"{name} {tuple(shape)}".encode())
