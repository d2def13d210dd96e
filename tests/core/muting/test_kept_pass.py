"""Muting from kept values equals a pass whose hooks set the maps, whatever the network."""

import dataclasses
import warnings

import numpy as np
import pytest
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from explorer.core.errors import UserError
from explorer.core.muting import KeptPass, muted_logits
from explorer.core.muting.whole_pass import muted_by_hooks
from explorer.core.network.hooked_layers import trace_layers
from explorer.core.network.opening import Network
from explorer.core.tags import FilterKey
from tests.conftest import EXAMPLES
from tests.core.attribution.test_occlusion import networks
from tests.networks import hand_weighted
from trainer.networks.input_spec import InputSpec


def network_of(module: nn.Module, size: tuple[int, int]) -> Network:
    picture = torch.zeros(1, 3, *size)
    with torch.inference_mode():
        answer = module(picture)
    classes = tuple(str(number) for number in range(answer.shape[1]))
    spec = InputSpec(size, "squash", min(size))
    layers = trace_layers(module, picture)
    return Network(module, spec, classes, layers, "", torch.device("cpu"), type(module).__name__, "own")


def some_sets(network: Network, seed: int) -> list[list[FilterKey]]:
    """One filter of every layer, several of one, several of two layers, all of one, and none."""
    drawn = np.random.default_rng(seed)

    def of(layer: int, share: float = 0.0) -> list[FilterKey]:
        filters = network.layers[layer].filters
        return [
            FilterKey(layer, int(one)) for one in drawn.permutation(filters)[: max(1, int(share * filters))].tolist()
        ]

    layers = list(range(len(network.layers)))
    chosen = layers if len(layers) < 8 else sorted(drawn.choice(layers, 6, replace=False).tolist())
    one, two = (int(drawn.choice(layers)) for _ in range(2))
    return [*map(of, chosen), of(chosen[0]), of(one, 0.3), of(one, 0.2) + of(two, 0.9), of(two, 1.0), []]


def assert_equal(network: Network, batch: torch.Tensor, seed: int = 0, *, matters: bool = True) -> KeptPass:
    kept = KeptPass(network, batch)
    sets = some_sets(network, seed)
    drawn = torch.Generator().manual_seed(seed)
    maps = {info.index: torch.randn(info.filters, info.height, info.width, generator=drawn) for info in network.layers}
    for replaced in (None, maps):
        found = kept.muted(sets, replaced)
        expected = np.stack([muted_by_hooks(network, batch, keys, replaced) for keys in sets])
        assert found.shape == expected.shape
        spread = max(1e-3, float(np.abs(expected).max()))
        if matters and replaced is not None:
            assert np.abs(expected - kept.logits).max() > 5e-4 * spread
        np.testing.assert_allclose(found / spread, expected / spread, atol=1e-5)
    return kept


@settings(EXAMPLES, max_examples=40)
@given(networks(), st.integers(1, 3), st.integers(0, 100))
def test_random_networks(network: tuple[nn.Module, tuple[int, int]], pictures: int, seed: int) -> None:
    module, size = network
    if not any(isinstance(part, nn.Conv2d) for part in module.modules()):
        return
    batch = torch.rand(pictures, 3, *size, generator=torch.Generator().manual_seed(seed))
    kept = assert_equal(network_of(module, size), batch, seed, matters=False)
    assert kept.method.startswith("what comes after")


def of_torchvision(name: str, size: int) -> tuple[Network, torch.Tensor]:
    torch.manual_seed(0)
    options: dict[str, object] = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    if name.startswith("vit"):
        options["image_size"] = size
    with warnings.catch_warnings(action="ignore"):
        module = torchvision.models.get_model(name, weights=None, num_classes=3, **options).eval()
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.normal_(0, 0.1)
            part.running_var.uniform_(0.5, 1.5)
            nn.init.uniform_(part.bias, -0.3, 0.3)
    return network_of(module.requires_grad_(False), (size, size)), torch.rand(2, 3, size, size)


FAMILIES = {
    "alexnet": 64,
    "convnext_tiny": 32,
    "densenet121": 32,
    "efficientnet_b0": 32,
    "googlenet": 32,
    "mnasnet0_5": 32,
    "mobilenet_v2": 32,
    "mobilenet_v3_small": 32,
    "regnet_x_400mf": 32,
    "resnet18": 32,
    "shufflenet_v2_x0_5": 32,
    "squeezenet1_1": 32,
}


@pytest.mark.parametrize("name", FAMILIES)
def test_families_of_torchvision(name: str) -> None:
    kept = assert_equal(*of_torchvision(name, FAMILIES[name]))
    assert kept.method.startswith("what comes after")


@pytest.mark.soak
@pytest.mark.parametrize("name", torchvision.models.list_models(module=torchvision.models))
def test_all_of_torchvision(name: str) -> None:
    size = {"inception_v3": 96, "maxvit_t": 224, "vit_h_14": 56}.get(name, 64)
    # Randomly weighted, the deepest hardly hear of one filter: that it matters is asked of the families above.
    kept = assert_equal(*of_torchvision(name, size), matters=False)
    assert kept.method.startswith("what comes after")


def test_on_paper() -> None:
    network = network_of(hand_weighted(), (8, 8))
    rgb = np.full((8, 8, 3), (51, 0, 0), np.uint8)  # red 0.2: layer 1 gives 0.4, and 1 - 0.2 = 0.8
    np.testing.assert_allclose(muted_logits(network, rgb, []), [0.4, 0.8], atol=1e-6)
    np.testing.assert_allclose(muted_logits(network, rgb, [FilterKey(0, 0)]), [0.0, 1.0], atol=1e-6)
    np.testing.assert_allclose(muted_logits(network, rgb, [FilterKey(1, 1)]), [0.4, 0.0], atol=1e-6)
    answer = muted_logits(network, rgb, [FilterKey(0, 0), FilterKey(1, 1)])
    np.testing.assert_allclose(answer, [0.0, 0.0], atol=1e-6)
    assert answer.dtype == np.float32


class Twice(nn.Module):
    """One convolution that runs twice: two layers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.line = nn.Conv2d(3, 3, 3, padding=1), nn.Linear(3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.line(torch.relu(self.conv(torch.relu(self.conv(x)))).mean((2, 3)))


def test_each_run_of_a_module_is_muted_by_itself() -> None:
    torch.manual_seed(1)
    network = network_of(Twice().eval(), (12, 12))
    assert [info.name for info in network.layers] == ["conv", "conv@2"]
    assert_equal(network, torch.rand(2, 3, 12, 12))
    kept = KeptPass(network, torch.rand(1, 3, 12, 12))
    first, second = kept.muted([[FilterKey(0, 1)], [FilterKey(1, 1)]])
    assert not np.allclose(first, second)


class Choosy(nn.Module):
    """A forward pass that depends on values: no graph of it can be drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.line = nn.Conv2d(3, 4, 3), nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found = self.conv(x)
        return self.line(found.mean((2, 3)) if x.sum() > 0 else found.amax((2, 3)))


class OneByOne(nn.Module):
    """Written for one picture: several at once would be mixed."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.line = nn.Conv2d(3, 4, 3), nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.line(torch.relu(self.conv(x)).mean((0, 2, 3))[None])


@pytest.mark.parametrize(("kind", "how"), [(Choosy, "whole passes"), (OneByOne, "what comes after")])
def test_networks_that_are_unlike_others(kind: type[nn.Module], how: str) -> None:
    torch.manual_seed(0)
    kept = assert_equal(network_of(kind().eval(), (12, 12)), torch.rand(1, 3, 12, 12))
    assert kept.method.startswith(how)


def test_the_pass_of_another_picture_or_other_weights_is_another() -> None:
    network = network_of(Twice().eval(), (12, 12))
    random = np.random.default_rng(0)
    first, second = (random.integers(0, 255, (12, 12, 3), np.uint8) for _ in range(2))
    answers = [muted_logits(network, rgb, [FilterKey(1, 0)]) for rgb in (first, second, first)]
    np.testing.assert_array_equal(answers[0], answers[2])
    assert not np.array_equal(answers[0], answers[1])
    with torch.no_grad():
        network.module.get_submodule("line").bias.add_(1)
    np.testing.assert_allclose(muted_logits(network, first, [FilterKey(1, 0)]), answers[0] + 1, rtol=1e-5)


def test_filters_are_named_as_scripts_write_them() -> None:
    network, rgb = network_of(Twice().eval(), (12, 12)), np.full((12, 12, 3), 90, np.uint8)
    wanted = muted_logits(network, rgb, [FilterKey(0, 1), FilterKey(1, 0)])
    for keys in ([(0, 1), (1, 0)], ["0:1", "1:0"]):
        np.testing.assert_array_equal(muted_logits(network, rgb, keys), wanted)


def test_what_cannot_be_muted_is_said() -> None:
    network = network_of(Twice().eval(), (12, 12))
    rgb = np.zeros((12, 12, 3), np.uint8)
    for keys, options, said in (
        ([FilterKey(0, 3)], {}, "no filter 0:3"),
        ([FilterKey(2, 0)], {}, "no filter 2:0"),
        (["2"], {}, '"2" names no filter'),
        ([5], {}, "5 names no filter"),
        ([(0, "x")], {}, "names no filter"),
        ([FilterKey(0, 0)], {"fill": "one"}, 'not "one"'),
        ([FilterKey(0, 0)], {"fill": "mean"}, "needs the index"),
    ):
        with pytest.raises(UserError, match=said):
            muted_logits(network, rgb, keys, **options)


def test_nothing_is_left_in_the_network() -> None:
    network = network_of(Twice().eval(), (12, 12))
    batch = torch.rand(1, 3, 12, 12)
    with torch.inference_mode():
        before = network.module(batch)
    KeptPass(network, batch).muted([[FilterKey(0, 0)]])
    muted_by_hooks(dataclasses.replace(network), batch, [FilterKey(0, 0)])
    with torch.inference_mode():
        torch.testing.assert_close(network.module(batch), before, rtol=0, atol=0)
