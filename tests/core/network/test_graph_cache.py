"""What stays with a network between two sweeps is bounded, and goes with it."""

import gc
import weakref
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from explorer.core.attribution.occlusion.live_patch import LivePatch
from explorer.core.attribution.occlusion.occluder import Occluder
from explorer.core.attribution.occlusion.sensitivity import occlude
from explorer.core.network.graph_cache import WeightCopies
from explorer.core.network.opening import Network, open_network

OCCLUDER = Occluder(16, 16, 0.0)


class Wide(nn.Module):
    """Its first linear layer takes a large flattened map, as VGG-16's does."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.line, self.classes = nn.Conv2d(3, 8, 3, padding=1), nn.Linear(8 * 64 * 64, 16), tuple("ab" * 8)
        self.input_spec = {"size": [64, 64], "resize": "squash", "resize_to": 64, "mean": [0.0] * 3, "std": [1.0] * 3}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.line(self.conv(x).flatten(1))


COPY = 8 * 64 * 64 * 16 * 4


@pytest.fixture
def wide(tmp_path: Path) -> Network:
    torch.manual_seed(0)
    torch.save(Wide().state_dict(), tmp_path / "w.pt")
    (tmp_path / "own.py").write_text("from tests.core.network.test_graph_cache import Wide as make\n")
    return open_network(tmp_path / "w.pt", architecture=f"{tmp_path / 'own.py'}:make", device="cpu")


def picture() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)


def copies_alive() -> int:
    """Bytes of all copies of the linear layer's weights by cells, whoever holds them."""
    gc.collect()
    tensors = [found for found in gc.get_objects() if type(found) is torch.Tensor]
    return sum(found.nbytes for found in tensors if found.shape == (64, 64, 8, 16) and found.is_contiguous())


def test_a_copy_within_the_bound_stays_and_is_used_again(wide: Network) -> None:
    first = occlude(wide, picture(), "class:a", OCCLUDER)
    assert first.method == "incremental"
    assert wide.graph_cache.nbytes == COPY == copies_alive()
    np.testing.assert_array_equal(occlude(wide, picture(), "class:a", OCCLUDER).drops, first.drops)
    LivePatch(wide, picture()).at(OCCLUDER, 3, 3)
    assert copies_alive() == COPY


def test_a_larger_copy_goes_with_the_sweep(wide: Network) -> None:
    expected = occlude(wide.copy(), picture(), "class:a", OCCLUDER)
    wide.graph_cache.copies.limit = COPY - 1
    np.testing.assert_array_equal(occlude(wide, picture(), "class:a", OCCLUDER).drops, expected.drops)
    assert wide.graph_cache.nbytes == 0 == copies_alive()
    covering = LivePatch(wide, picture())
    covering.at(OCCLUDER, 3, 3)
    assert copies_alive() == COPY
    del covering
    assert copies_alive() == 0


def test_everything_goes_with_the_network(tmp_path: Path, wide: Network) -> None:
    own = wide.copy()
    occlude(own, picture(), "class:a", OCCLUDER)
    module = weakref.ref(own.module)
    del own
    assert copies_alive() == 0
    assert module() is None


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 3), st.integers(0, 12)), max_size=30))
def test_copies_never_take_more_than_they_may(steps: list[tuple[str, int, int]]) -> None:
    copies = WeightCopies(limit=40)
    for name, state, length in steps:
        copy = torch.zeros(length)
        copies.hold(name, (state,), copy)
        assert copies.nbytes <= 40
        found = copies.get(name, (state,))
        assert found is copy if copy.nbytes <= 40 else found is None
        assert copies.get(name, (state + 1,)) is None
