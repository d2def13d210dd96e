"""A receptive field is exactly what a value of a map depends on, and lies where it should in the picture."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from explorer.core.index.receptive_field import ReceptiveField, in_picture, receptive_fields
from explorer.core.network.hooked_layers import trace_layers
from explorer.core.network.opening import Network
from trainer.networks.input_spec import Box, InputSpec

SIDE = (19, 25)


class Branches(nn.Module):
    """A residual block, a concatenation, a gate from a global pool, and a same-padded convolution at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm = nn.Conv2d(3, 4, 5, 2, 1), nn.BatchNorm2d(4)
        self.left, self.right = nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, 1)
        self.wide = nn.Conv2d(8, 2, 3, padding="same", dilation=2)
        self.gate, self.last = nn.Conv2d(2, 2, 1), nn.Conv2d(2, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.norm(self.first(x)), inplace=True)
        x = torch.cat([self.left(x) + x, F.max_pool2d(self.right(x), 3, 1, 1)], 1)
        x = self.wide(x)
        return self.last(x * torch.sigmoid(self.gate(F.adaptive_avg_pool2d(x, 1)))).mean((2, 3))


class Mixed(nn.Module):
    """Channels mixed by a view: an operation that no rule follows."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 2, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.first(x)
        return self.second(x.view(1, 2, 2, *x.shape[2:]).transpose(1, 2).flatten(1, 2)).mean((2, 3))


class Branching(nn.Module):
    """No graph of it can be drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.first(x if x.sum() > 0 else -x).mean((2, 3))


def chain() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.ZeroPad2d((2, 0, 1, 3)),
        nn.Conv2d(4, 4, (3, 2), (2, 1), (1, 0), dilation=(1, 3), groups=2),
        nn.AvgPool2d(2, 1, 1),
        nn.Conv2d(4, 2, 3, 2),
        nn.AdaptiveAvgPool2d(3),
        nn.Conv2d(2, 2, 2),
    )


def network_of(module: nn.Module, size: tuple[int, int] = SIDE) -> Network:
    module = module.eval().requires_grad_(False)
    spec = InputSpec(size, "squash", min(size))
    layers = trace_layers(module, torch.zeros(1, 3, *size))
    return Network(module, spec, ("a", "b"), layers, "", torch.device("cpu"), "made", "made")


def seen(network: Network) -> list[np.ndarray]:
    """For every layer (2, ...): which places of the map know of each row, and of each column, of the input.

    What is no number makes everything no number that depends on it.
    """
    layers, found = network.layers, [[] for _ in network.layers]
    module = network.module.double()  # sums, not fast transforms that would mix neighbors
    handles = [
        part.register_forward_hook(
            lambda _m, _i, output, index=index: found[index].append(output[0, 0].isnan().numpy())
        )
        for index, part in ((layer.index, module.get_submodule(layer.module)) for layer in layers)
    ]
    for axis, length in enumerate(network.input.size):
        for line in range(length):
            picture = torch.zeros(1, 3, *network.input.size, dtype=torch.float64)
            picture.select(2 + axis, line).fill_(torch.nan)
            module(picture)
    for handle in handles:
        handle.remove()
    module.float()
    return [np.array(maps) for maps in found]


@pytest.mark.parametrize("make", [chain, Branches])
def test_fields_are_what_the_network_depends_on(make: Callable[[], nn.Module]) -> None:
    network = network_of(make())
    fields = receptive_fields(network)
    assert all(field.exact for field in fields)
    for field, known in zip(fields, seen(network), strict=True):
        rows, columns = known[: SIDE[0]].any(axis=2), known[SIDE[0] :].any(axis=1)
        for spans, lines in ((field.rows, rows), (field.columns, columns)):
            assert spans.shape == (lines.shape[1], 2)
            for (first, last), line in zip(spans, lines.T, strict=True):
                known_of = np.flatnonzero(line)
                assert (first, last) == ((known_of[0], known_of[-1] + 1) if len(known_of) else (0, 0))


@pytest.mark.parametrize("make", [Mixed, Branching])
def test_what_cannot_be_followed_is_said_and_counts_as_everything(make: Callable[[], nn.Module]) -> None:
    field = receptive_fields(network_of(make()))[-1]
    assert not field.exact
    assert field.whole
    assert field.size == SIDE


def field_of(rows: list[list[int]], input: InputSpec) -> ReceptiveField:
    spans = np.array(rows)
    return ReceptiveField(spans, spans, input)


def test_a_field_in_the_picture_is_cut_at_its_edge() -> None:
    squashed = field_of([[0, 4], [2, 8]], InputSpec((8, 8), "squash", 8))
    assert squashed.in_picture((1, 0), 80, 160) == Box(20, 0, 60, 80)
    assert squashed.cell((1, 0), 80, 160) == Box(40, 0, 40, 80)
    assert (squashed.size, squashed.whole) == ((6, 6), False)
    centred = field_of([[0, 4], [2, 8]], InputSpec((8, 8), "shortest", 10))
    assert centred.in_picture((0, 0), 100, 200) == Box(10, 60, 40, 40)


def test_what_lies_beyond_a_small_picture_is_no_part_of_it() -> None:
    padded = InputSpec((12, 12), "shortest", 8)  # two rows and columns of black all around
    assert in_picture(Box(0, 0, 4, 12), padded, 8, 8) == Box(0, 0, 2, 8)
    assert in_picture(Box(0, 0, 1, 1), padded, 8, 8).height == 0
