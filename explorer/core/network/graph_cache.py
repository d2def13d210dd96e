"""What is costly to find out about a module and the same for every picture: its graph, its weights in another order."""

from dataclasses import dataclass, field

import torch
from torch import fx

LIMIT = 128 << 20
"""Bytes of copied weights that stay with a network between two sweeps; larger copies go with the sweep."""

State = tuple[object, ...]
"""What tells whether weights are still those that were copied."""


@dataclass
class WeightCopies:
    """Copies of weights by the name of their module, at most `limit` bytes of them, the newest first to stay."""

    limit: int = LIMIT
    _held: dict[str, tuple[State, torch.Tensor]] = field(default_factory=dict)

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return sum(copy.nbytes for _, copy in self._held.values())

    def get(self, name: str, state: State) -> torch.Tensor | None:
        """The copy of weights in this state; None where there is none."""
        held = self._held.get(name)
        return held[1] if held is not None and held[0] == state else None

    def hold(self, name: str, state: State, copy: torch.Tensor) -> None:
        """Keep a copy as far as there is room for it."""
        self._held.pop(name, None)
        if copy.nbytes <= self.limit:
            while self.nbytes + copy.nbytes > self.limit:
                del self._held[next(iter(self._held))]
            self._held[name] = state, copy


@dataclass
class GraphCache:
    """The graph of a module, once it is drawn, copies of its weights, on a GPU the newest sweep's records, and the
    kept pass of the picture in which filters were muted last.
    """

    module: fx.GraphModule | None = None
    copies: WeightCopies = field(default_factory=WeightCopies)
    sweep: object = None
    kept_pass: object = None

    @property
    def nbytes(self) -> int:
        """Bytes held besides the module's own."""
        return self.copies.nbytes
