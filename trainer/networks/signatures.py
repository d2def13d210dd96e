"""What tells architectures apart in a table: the names and shapes of their bodies, as numbers."""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from torch import nn

from trainer.networks.matching import COUNTER, Tensors, prefixes_of, under

Table = Mapping[str, Mapping[str, Any]]
"""By architecture: `first` and `last`, its first convolution and its last layer, and `sketch`, a sample of its body.

The body is without the first convolution, whose channels may differ, and without the last layers, which people replace.
"""


def places(table: Table, tensors: Tensors) -> Iterator[tuple[str, str]]:
    """(architecture, prefix) wherever names and shapes hold a body of the table's, whatever the last layers are."""
    for prefix, firsts in _beginnings(tensors, {entry["first"] for entry in table.values()}).items():
        own = {_number(name, tensor.shape) for name, tensor in under(tensors, prefix).items()}
        for name, entry in table.items():
            if entry["first"] in firsts and own.issuperset(entry["sketch"]):
                yield name, prefix


def nearest(table: Table, tensors: Tensors, count: int = 5) -> list[str]:
    """The architectures that share the most names and shapes with these weights, best first."""
    own = {_number(name, tensor.shape) for name, tensor in tensors.items()}
    shares = {name: sum(part in own for part in row["sketch"]) / len(row["sketch"]) for name, row in table.items()}
    return [name for name in sorted(shares, key=lambda name: -shares[name]) if shares[name] > 0][:count]


def signature(module: nn.Module, last: str, size: int) -> dict[str, Any]:
    """The row of a module whose last layer is `last`; ValueError where it has no such row."""
    state = module.state_dict()
    first = next((key for key, part in module.named_modules() if isinstance(part, nn.Conv2d)), "")
    if not first or f"{last}.weight" not in state:
        raise ValueError("it has no convolution or no last layer")
    root = last.partition(".")[0]
    body = [name for name in state if not name.startswith((f"{first}.", f"{root}.")) and not name.endswith(COUNTER)]
    # The smallest numbers are a fair sample (Broder 1997).
    sketch = sorted({_number(name, state[name].shape) for name in body})[:size]
    return {"first": first, "last": last, "sketch": sketch}


def _beginnings(tensors: Tensors, firsts: Iterable[str]) -> dict[str, set[str]]:
    """Prefixes under which a network may begin, and which of the first convolutions `firsts` stand there."""
    found: dict[str, set[str]] = {}
    for first in firsts:
        for prefix in prefixes_of(f"{first}.weight", tensors):
            if tensors[f"{prefix}{first}.weight"].dim() == 4:
                found.setdefault(prefix, set()).add(first)
    return found


def _number(name: str, shape: Iterable[int]) -> int:
    return zlib.crc32(f"{name} {tuple(shape)}".encode())
