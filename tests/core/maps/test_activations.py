"""What is kept of a forward pass: the right layers, in the right order, signed, and never written over."""

import threading
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from torch import nn

from explorer.core.maps.activations import Activations, predict, record
from explorer.core.network.hooked_layers import trace_layers
from explorer.core.network.opening import Network, open_network
from tests.networks import hand_weighted, open_small
from trainer.networks.input_spec import Box, InputSpec


def opened(module: nn.Module, folder: Path, architecture: str | None = None) -> Network:
    torch.save(module.state_dict(), folder / "weights.pt")
    return open_network(folder / "weights.pt", architecture=architecture, device="cpu")


def picture(side: int = 64) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (side, side, 3), np.uint8)


def own(tmp_path: Path, code: str) -> str:
    (tmp_path / "own.py").write_text(code)
    return f"{tmp_path / 'own.py'}:make"


def test_maps_known_on_paper(tmp_path: Path) -> None:
    code = (
        "from tests.networks import hand_weighted\nfrom trainer.networks.input_spec import InputSpec\n"
        "def make():\n    m = hand_weighted()\n    m.input_spec = InputSpec((8, 8), 'squash', 8)\n"
        "    m.classes = ('a', 'b')\n    return m\n"
    )
    network = opened(hand_weighted(), tmp_path, own(tmp_path, code))
    rgb = np.zeros((8, 8, 3), np.uint8)
    rgb[2:4, 5] = (255, 9, 9)
    found = record(network, rgb)
    red = np.zeros((8, 8), np.float32)
    red[2:4, 5] = 1
    np.testing.assert_allclose(found.maps[0], [red, -red])  # signed, and not clipped by the in-place ReLU after it
    np.testing.assert_allclose(found.maps[1], [2 * red, 1 - red])
    np.testing.assert_allclose(found.logits, [2 * red.mean(), 1 - red.mean()], rtol=1e-6)
    assert found.frame == Box(0, 0, 8, 8)


@pytest.mark.parametrize("name", [pytest.param("vgg11", marks=pytest.mark.soak), "alexnet"])
def test_in_place_relus_write_over_nothing(tmp_path: Path, name: str) -> None:
    torch.manual_seed(0)
    module = torchvision.models.get_model(name, num_classes=3).eval()
    network = opened(module, tmp_path)
    found = record(network, picture())
    assert all(maps.min() < 0 for maps in found.maps.values())
    # The oracle runs each convolution by itself on the input that a plain forward pass gives it.
    inputs: list[torch.Tensor] = []
    convolutions = [part for part in module.modules() if isinstance(part, nn.Conv2d)]
    for part in convolutions:
        part.register_forward_pre_hook(lambda _module, values: inputs.append(values[0].clone()))
    with torch.inference_mode():
        module(network.input.prepare(picture())[None])
        for index, (part, value) in enumerate(zip(convolutions, list(inputs), strict=True)):
            np.testing.assert_allclose(found.maps[index], part(value)[0].numpy(), atol=1e-5)


def test_resnet18_has_twenty_layers_taken_after_their_norms(tmp_path: Path) -> None:
    torch.manual_seed(0)
    module = torchvision.models.resnet18().eval()
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.running_mean, -1, 1)
    network = opened(module, tmp_path)
    assert len(network.layers) == 20
    assert [layer.index for layer in network.layers] == list(range(20))
    assert (network.layers[0].name, network.layers[0].norm) == ("conv1", "bn1")
    assert all(layer.norm for layer in network.layers)
    normed, raw = record(network, picture()), record(network, picture(), raw=True)
    with torch.inference_mode():
        plain = module.conv1(network.input.prepare(picture())[None])
        np.testing.assert_allclose(raw.maps[0], plain[0].numpy(), atol=1e-5)
        np.testing.assert_allclose(normed.maps[0], module.bn1(plain)[0].numpy(), atol=1e-4)


def test_densenet_norms_of_joined_inputs_are_nobodys() -> None:
    module = torchvision.models.densenet121(num_classes=2).eval()
    layers = {layer.name: layer.norm for layer in trace_layers(module, torch.rand(1, 3, 64, 64))}
    assert layers["features.denseblock1.denselayer1.conv1"] == "features.denseblock1.denselayer1.norm2"
    assert layers["features.denseblock1.denselayer1.conv2"] == ""


class Twice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.input_spec = InputSpec((16, 16), "squash", 16)
        self.last, self.shared = nn.Conv2d(4, 2, 1), nn.Conv2d(4, 4, 3, padding=1)
        self.first = nn.Conv2d(3, 4, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.shared(self.first(x))
        return self.last(self.shared(x[:, :, ::2, ::2])).mean((2, 3))


def test_order_is_that_of_running_and_a_second_run_is_a_layer() -> None:
    layers = trace_layers(Twice().eval(), torch.rand(1, 3, 16, 16))
    assert [layer.name for layer in layers] == ["first", "shared", "shared@2", "last"]
    assert [(layer.height, layer.filters) for layer in layers] == [(16, 4), (16, 4), (8, 4), (8, 2)]


def test_both_runs_are_recorded(tmp_path: Path) -> None:
    code = "from tests.core.maps.test_activations import Twice as make\n"
    network = opened(Twice(), tmp_path, own(tmp_path, code))
    found = record(network, picture())
    assert [maps.shape[1] for maps in found.maps.values()] == [16, 16, 8, 8]


def test_no_hook_stays(tmp_path: Path) -> None:
    network = open_small(tmp_path)
    record(network, picture())
    network.module.classifier = nn.Linear(1, 1)  # the pass fails after the convolutions have run
    with pytest.raises(RuntimeError):
        record(network, picture())
    assert not any(part._forward_hooks for part in network.module.modules())


def test_two_threads_with_a_copy_each_do_not_mix(tmp_path: Path) -> None:
    network = open_small(tmp_path)
    pictures = [np.full((32, 32, 3), value, np.uint8) for value in (20, 230)]
    expected = [record(network, rgb).maps[3] for rgb in pictures]
    wrong: list[int] = []

    def look(place: int, mine: Network) -> None:
        for _ in range(40):
            if not np.array_equal(record(mine, pictures[place]).maps[3], expected[place]):
                wrong.append(place)

    threads = [threading.Thread(target=look, args=(place, network.copy())) for place in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_probabilities() -> None:
    frame = Box(0, 0, 1, 1)
    three = Activations({}, np.array([1.0, 2.0, 1e4], np.float32), frame).probabilities
    np.testing.assert_allclose(three, [0, 0, 1], atol=1e-6)
    one = Activations({}, np.array([0.0], np.float32), frame).probabilities
    np.testing.assert_allclose(one, [0.5])


def test_predict_agrees_with_record(tmp_path: Path) -> None:
    network = open_small(tmp_path)
    np.testing.assert_allclose(predict(network, picture()), record(network, picture()).probabilities, rtol=1e-6)
