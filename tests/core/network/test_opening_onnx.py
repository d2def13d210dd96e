"""An ONNX file is a network like any other: layers, maps, exact occlusion, and an identity that stays."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from explorer.core.attribution.occlusion import evaluator
from explorer.core.attribution.occlusion.occluder import Occluder
from explorer.core.attribution.occlusion.sensitivity import occlude
from explorer.core.incremental.propagation import without_rule
from explorer.core.incremental.traced_graph import Untraceable, graph_of
from explorer.core.maps.activations import record
from explorer.core.network.opening import Network, open_network
from explorer.core.tags.book import FilterKey, TagBook
from explorer.core.tags.hdf5_file import load_tags, save_tags
from tests.conftest import ROOT
from tests.networks import open_small
from tests.trainer.networks.onnx_import.graphs import exported

KERAS = ROOT / "tests" / "trainer" / "networks" / "onnx_import" / "files" / "keras3.onnx"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Network, Path]:
    """A network of this program, and the ONNX file that PyTorch makes of it."""
    folder = tmp_path_factory.mktemp("onnx")
    network = open_small(folder)
    return network, exported(network.module, folder / "small.onnx", 32)


def picture(side: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (side, side, 3), np.uint8)


def test_it_is_the_network_that_was_exported(pair: tuple[Network, Path]) -> None:
    network, path = pair
    opened = open_network(path, device="cpu", classes=network.classes)
    assert [(layer.name, layer.filters) for layer in opened.layers] == [
        (layer.name, layer.filters) for layer in network.layers
    ]
    assert opened.digest == network.digest, "tags of one fit the other"
    first, second = record(network, picture(32)), record(opened, picture(32))
    assert np.allclose(first.logits, second.logits, atol=1e-6)
    assert all(np.allclose(first.maps[index], second.maps[index], atol=1e-6) for index in first.maps)


def untraceable(*_: object) -> None:
    raise Untraceable("no graph in this test")


def test_its_identity_and_tags_stay(pair: tuple[Network, Path], tmp_path: Path) -> None:
    _, path = pair
    opened, again = open_network(path, device="cpu"), open_network(path, device="cpu")
    assert opened.identity == again.identity == opened.copy().identity
    layers = [(layer.name, layer.filters) for layer in opened.layers]
    book = TagBook(opened.digest, opened.name, opened.architecture, layers)
    book.add(FilterKey(1, 2), "hair")
    save_tags(tmp_path / "tags.h5", book)
    found = load_tags(tmp_path / "tags.h5")
    assert found.network_digest == again.digest
    assert list(found.layers) == [(layer.name, layer.filters) for layer in again.layers]


class Joined(nn.Module):
    """Maps and their ReLU joined by a function, which is no module."""

    def __init__(self, layer: nn.Module, join: Callable[..., torch.Tensor]) -> None:
        super().__init__()
        self.layer, self.act, self.join = layer, nn.ReLU(), join

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.layer(x)
        return self.join(x, self.act(x)).mean((2, 3))


def test_another_graph_around_the_same_weights_is_another_network(tmp_path: Path) -> None:
    layer = nn.Conv2d(3, 2, 3)
    joined = {"a.onnx": torch.add, "b.onnx": torch.mul}
    first, second = (
        open_network(exported(Joined(layer, join), tmp_path / name, 8), device="cpu") for name, join in joined.items()
    )
    assert first.digest == second.digest
    assert first.identity != second.identity


@pytest.mark.parametrize("kind", ["pytorch", "keras"])
def test_occlusion_stays_exact(kind: str, pair: tuple[Network, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    network = open_network(pair[1] if kind == "pytorch" else KERAS, device="cpu")
    side = network.input.size[0]
    occluder = Occluder(size=6, stride=5, fill=0.0)
    rgb = picture(side)
    exact = occlude(network, rgb, f"class:{network.classes[0]}", occluder)
    monkeypatch.setattr(evaluator, "graph_of", untraceable)
    plain = occlude(network, rgb, f"class:{network.classes[0]}", occluder)
    assert not exact.method.startswith("batched loop")
    assert plain.method.startswith("batched loop")
    assert np.allclose(exact.drops, plain.drops, atol=1e-4 * float(np.abs(plain.drops).max()))


def test_no_operation_of_a_plain_network_runs_whole(pair: tuple[Network, Path]) -> None:
    opened = open_network(pair[1], device="cpu")
    assert without_rule(graph_of(opened, torch.zeros(1, 3, 32, 32))) == ()


def test_only_the_gates_of_a_network_of_keras_run_whole() -> None:
    opened = open_network(KERAS, device="cpu")
    assert set(without_rule(graph_of(opened, torch.zeros(1, 3, 28, 28)))) == {"reshape", "mul", "div"}
