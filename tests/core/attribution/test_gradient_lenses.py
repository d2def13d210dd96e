"""The lenses that follow gradients give what captum gives, also on networks on which captum cannot be used."""

import dataclasses
import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import nn

from explorer.core.attribution import LENSES, attribute, integrated_gradients
from explorer.core.attribution.gradients import prepared
from explorer.core.attribution.integrated_gradients import empty
from explorer.core.attribution.lens import CLASS, FILTER
from explorer.core.attribution.rectifiers import RectifiersFollow, guided
from explorer.core.attribution.saliency import noisy
from explorer.core.errors import UserError
from explorer.core.network.hooked_layers import trace_layers
from explorer.core.network.opening import Network
from trainer.networks.checkpoint import InputSpec

pytestmark = pytest.mark.filterwarnings("ignore:Setting backward hooks")  # captum says what it does
attr = pytest.importorskip("captum.attr")

TARGETS = {CLASS: "class:b", FILTER: "filter:1:4"}
RECTIFIED = ("guided-backprop", "guided-grad-cam", "deconvnet")
RGB = np.random.default_rng(3).integers(0, 255, (30, 37, 3), np.uint8)
SIZE = 24


class Plain(nn.Module):
    """Everything that captum handles: each ReLU is a module of its own that leaves its input alone."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm, self.second = nn.Conv2d(3, 5, 3, padding=1), nn.BatchNorm2d(5), nn.Conv2d(5, 6, 3)
        self.relus = nn.ModuleList(nn.ReLU() for _ in range(3))
        self.pool, self.hidden, self.line = nn.MaxPool2d(2), nn.Linear(6 * 5 * 5, 8), nn.Linear(8, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.pool(self.relus[0](self.norm(self.first(x))))
        x = self.pool(self.relus[1](self.second(x)))
        return self.line(self.relus[2](self.hidden(x.flatten(1))))


class Difficult(Plain):
    """The same with one ReLU that is used again, works in place, or is no module."""

    def __init__(self, relu: Any) -> None:
        super().__init__()
        del self.relus
        self.relu = relu

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.pool(self.relu(self.norm(self.first(x))))
        x = self.pool(self.relu(self.second(x)))
        return self.line(self.relu(self.hidden(x.flatten(1))))


def in_place(x: torch.Tensor) -> torch.Tensor:
    x.relu_()
    return x


def method(x: torch.Tensor) -> torch.Tensor:
    return x.relu()


DIFFICULT = {
    "in place": nn.ReLU(inplace=True),
    "one": nn.ReLU(),
    "F.relu": F.relu,
    "F.relu_": F.relu_,
    "torch.relu": torch.relu,
    "method": method,
    "in place by method": in_place,
    "clamp": lambda x: x.clamp(min=0),
    "clamp by place": lambda x: torch.clamp(x, 0),
    "clamp_": lambda x: x.clamp_(min=0.0),
    "clip": lambda x: torch.clip(x, min=0),
    "clamp_min": lambda x: torch.clamp_min(x, 0),
    "clamp_min_": lambda x: x.clamp_min_(0),
    "threshold": lambda x: F.threshold(x, 0, 0),
    "threshold_": lambda x: F.threshold_(x, 0, 0),
    "Threshold": nn.Threshold(0, 0, inplace=True),
    "maximum": lambda x: torch.maximum(x, torch.zeros(())),
    "max": lambda x: torch.max(torch.zeros_like(x), x),
    "maximum by name": lambda x: x.maximum(other=torch.tensor(0.0)),
    "aten": torch.ops.aten.relu,
    "aten in place": torch.ops.aten.relu_.default,
    "aten clamp_min": lambda x: torch.ops.aten.clamp_min(x, 0),
}
UP_TO_SIX = {
    "F.relu6": F.relu6,
    "in place": nn.ReLU6(inplace=True),
    "hardtanh": lambda x: F.hardtanh(x, 0, 6),
    "hardtanh_": lambda x: F.hardtanh_(x, 0.0, 6.0),
    "clamp": lambda x: x.clamp(0, 6),
    "clip_": lambda x: x.clip_(min=0, max=6),
    "aten": lambda x: torch.ops.aten.hardtanh(x, 0, 6),
    "aten clamp": lambda x: torch.ops.aten.clamp.default(x, 0, 6),
}
NO_RECTIFIERS = {
    "clamp above zero": lambda x: x.clamp(min=0.1),
    "clamp to a picture's range": lambda x: x.clamp(0, 1),
    "clamp from above": lambda x: x.clamp(max=6),
    "clamp to tensors": lambda x: x.clamp(min=torch.zeros(())),
    "hardtanh": F.hardtanh,
    "threshold": lambda x: F.threshold(x, 0, -1),
    "maximum": lambda x: torch.maximum(x, torch.ones(())),
    "max of all": lambda x: x - x.max().detach(),
}


def network_of(module: nn.Module, size: int = SIZE) -> Network:
    module = module.eval().requires_grad_(False)
    spec = InputSpec((size, size), "squash", size, (0.4, 0.5, 0.6), (0.2, 0.25, 0.3))
    layers = trace_layers(module, torch.zeros(1, 3, size, size))
    return Network(module, spec, ("a", "b"), layers, "digest", torch.device("cpu"), "net", type(module).__name__)


def filled(module: nn.Module) -> nn.Module:
    """Random weights and statistics, so that nothing is trivially zero."""
    random = torch.Generator().manual_seed(5)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.copy_(torch.rand(part.running_mean.shape, generator=random) - 0.5)
            part.running_var.copy_(torch.rand(part.running_var.shape, generator=random) + 0.5)
        elif isinstance(part, nn.Linear) and not part.weight.any():
            with torch.no_grad():
                part.weight.normal_(0, 0.02, generator=random)
    return module


@pytest.fixture(scope="module")
def plain() -> Network:
    torch.manual_seed(1)
    return network_of(filled(Plain()))


def batch(network: Network) -> torch.Tensor:
    return prepared(network, RGB)


class UpTo(nn.Module):
    """A network up to the peak of each filter of its second layer."""

    def __init__(self, module: Plain) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        module = self.module
        return module.second(module.pool(module.relus[0](module.norm(module.first(x))))).flatten(2).amax(2)


def same(found: np.ndarray, expected: torch.Tensor) -> None:
    wanted = expected.detach().numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-5 * float(np.abs(wanted).max()))


@pytest.mark.parametrize(("layer", "name"), [(1, "second"), (-1, "second"), (0, "norm")])
def test_grad_cam_is_captums(plain: Network, layer: int, name: str) -> None:
    oracle = attr.LayerGradCam(plain.module, plain.module.get_submodule(name))
    expected = oracle.attribute(batch(plain), target=1, relu_attributions=True)
    expected = attr.LayerAttribution.interpolate(expected, (SIZE, SIZE), "bilinear")
    same(attribute(plain, RGB, "grad-cam", target="class:b", layer=layer).map, expected[0, 0])


def test_saliency_is_captums(plain: Network) -> None:
    found = attribute(plain, RGB, "saliency", target="class:b")
    same(found.map, attr.Saliency(plain.module).attribute(batch(plain), target=1)[0].amax(0))
    assert found.score == pytest.approx(float(plain.logits(batch(plain).detach())[0, 1]), rel=1e-5)
    same(
        attribute(plain, RGB, "saliency", target="filter:1:4").map,
        attr.Saliency(UpTo(plain.module)).attribute(batch(plain), target=4)[0].amax(0),
    )


def test_samples_with_noise_are_a_mean_over_them(plain: Network) -> None:
    found = attribute(plain, RGB, "saliency", target="class:b", samples=6, noise=0.3)
    samples = torch.cat(list(noisy(batch(plain).detach(), 6, 0.3))).requires_grad_()
    expected = attr.Saliency(plain.module).attribute(samples, target=1).mean(0).amax(0)
    same(found.map, expected)
    spread = float(np.ptp(batch(plain).detach().numpy()))
    assert float(samples.detach().std(0).mean()) == pytest.approx(0.3 * spread, rel=0.1)
    again = attribute(plain, RGB, "saliency", target="class:b", samples=6, noise=0.3)
    np.testing.assert_array_equal(again.map, found.map)


def test_noise_is_that_of_captums_tunnel(plain: Network) -> None:
    torch.manual_seed(0)
    picture = batch(plain)
    tunnel = attr.NoiseTunnel(attr.Saliency(plain.module))
    spread = 0.3 * float(np.ptp(picture.detach().numpy()))
    expected = tunnel.attribute(picture, nt_type="smoothgrad", nt_samples=300, stdevs=spread, target=1)[0].amax(0)
    found = attribute(plain, RGB, "saliency", target="class:b", samples=300, noise=0.3).map
    assert np.corrcoef(found.ravel(), expected.detach().numpy().ravel())[0, 1] > 0.98
    assert found.mean() == pytest.approx(float(expected.detach().mean()), rel=0.03)


def test_guided_backprop_and_deconvnet_are_captums(plain: Network) -> None:
    for name, oracle in (("guided-backprop", attr.GuidedBackprop), ("deconvnet", attr.Deconvolution)):
        expected = oracle(UpTo(plain.module)).attribute(batch(plain), target=4)[0].abs().amax(0)
        same(attribute(plain, RGB, name, target="filter:1:4").map, expected)
    expected = attr.GuidedBackprop(plain.module).attribute(batch(plain), target=1)[0].abs().amax(0)
    same(attribute(plain, RGB, "guided-backprop", target="class:b").map, expected)


def test_guided_grad_cam_is_captums(plain: Network) -> None:
    oracle = attr.GuidedGradCam(plain.module, plain.module.second)
    expected = oracle.attribute(batch(plain), target=1, interpolate_mode="bilinear")[0].abs().amax(0)
    same(attribute(plain, RGB, "guided-grad-cam", target="class:b").map, expected)


@pytest.mark.parametrize(("layer", "name"), [(0, "norm"), (1, "second"), (-1, "second"), (-2, "norm")])
def test_guided_grad_cam_of_a_filter_is_captums(plain: Network, layer: int, name: str) -> None:
    module = UpTo(plain.module)
    oracle = attr.GuidedGradCam(module, plain.module.get_submodule(name))
    expected = oracle.attribute(batch(plain), target=4, interpolate_mode="bilinear")[0].abs().amax(0)
    found = attribute(plain, RGB, "guided-grad-cam", target="filter:1:4", layer=layer)
    same(found.map, expected)
    assert found.map.any()
    assert found.method.endswith(f"layer {layer % 2}")


def test_a_layer_that_comes_after_the_filter_is_refused(plain: Network) -> None:
    with pytest.raises(UserError, match=r"Layer 1 comes after layer 0.* to filter 0:2; choose layer 0"):
        attribute(plain, RGB, "guided-grad-cam", target="filter:0:2", layer=1)
    assert attribute(plain, RGB, "guided-grad-cam", target="filter:0:2").method.endswith("layer 0")


class Sideways(nn.Module):
    """Two convolutions beside each other: the first does not lead to the second, nor both to the first class."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.relu = nn.Conv2d(3, 2, 3), nn.Conv2d(3, 2, 3), nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        means = [self.relu(part(x)).mean((1, 2, 3)) for part in (self.first, self.second)]
        return torch.stack(means, 1)


def test_a_layer_that_does_not_lead_to_the_target_is_refused() -> None:
    network = network_of(Sideways())
    with pytest.raises(UserError, match="filter:1:0 does not depend on the maps of layer 0"):
        attribute(network, RGB, "guided-grad-cam", target="filter:1:0", layer=0)


@pytest.mark.parametrize("baseline", ["black", "white", "mean", "zero"])
@pytest.mark.parametrize("steps", [4, 50])
def test_integrated_gradients_are_captums_and_add_up(plain: Network, baseline: str, steps: int) -> None:
    nothing = empty(plain, batch(plain), baseline).contiguous()
    found = attribute(plain, RGB, "integrated-gradients", target="class:b", baseline=baseline, steps=steps)
    taken = int(found.method.split()[0])
    assert taken in (steps, 3 * steps, 9 * steps)
    oracle = attr.IntegratedGradients(plain.module)
    expected = oracle.attribute(batch(plain), nothing, target=1, n_steps=taken, method="riemann_middle")
    same(found.map, expected[0].sum(0))
    difference = float((plain.logits(batch(plain)) - plain.logits(nothing)).detach()[0, 1])
    missed = abs(float(found.map.sum()) - difference)
    assert missed <= 0.05 * abs(difference) or taken == 9 * steps


def test_steps_are_added_where_too_few_miss_the_difference(plain: Network) -> None:
    """The last of all steps are those of one rule, whatever was computed before it."""
    nothing = empty(plain, batch(plain), "black").contiguous()
    difference = float((plain.logits(batch(plain)) - plain.logits(nothing)).detach()[0, 1])
    steps = [1, 2, 3, 4, 5]
    found = [attribute(plain, RGB, "integrated-gradients", target="class:b", steps=count) for count in steps]
    added = [one for one, count in zip(found, steps, strict=True) if one.method != f"{count} steps"]
    assert added
    for one in added:
        fewer = int(one.method.split()[0]) // 3
        oracle = attr.IntegratedGradients(plain.module)
        before = oracle.attribute(batch(plain), nothing, target=1, n_steps=fewer, method="riemann_middle")
        assert abs(float(before.detach().sum()) - difference) > 0.05 * abs(difference)


def test_more_steps_than_asked_for_are_told_and_bounded(plain: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integrated_gradients, "GAP", 0.0)  # nothing is near enough
    told: list[tuple[int, int]] = []
    found = attribute(
        plain, RGB, "integrated-gradients", target="class:b", steps=5, on_step=lambda *step: told.append(step)
    )
    assert found.method.startswith("45 steps instead of 5, and the sum still misses the difference by ")
    assert "still miss it by" in found.summary
    assert told == sorted(told)
    assert {total for _, total in told} == {5, 15, 45}, "what is left is told anew with every tripling"
    assert told[-1] == (45, 45)
    monkeypatch.setattr(integrated_gradients, "MOST", 20)
    assert attribute(plain, RGB, "integrated-gradients", target="class:b", steps=5).method.startswith("15 steps ")
    monkeypatch.setattr(integrated_gradients, "GAP", 1e9)
    assert attribute(plain, RGB, "integrated-gradients", target="class:b", steps=5).method == "5 steps"


def test_an_empty_picture_is_of_its_color(plain: Network) -> None:
    for baseline, value in (("black", 0.0), ("white", 1.0)):
        shown = empty(plain, batch(plain), baseline)[0] * torch.tensor(plain.input.std)[:, None, None]
        assert torch.allclose(shown + torch.tensor(plain.input.mean)[:, None, None], torch.tensor(value), atol=1e-6)


def with_rectifier(plain: Network, relu: Any) -> Network:
    module = Difficult(relu)
    module.load_state_dict(plain.module.state_dict(), strict=False)
    return network_of(module)


def same_through_all(found: Network, expected: Network, lenses: Iterable[str]) -> None:
    for name in lenses:
        for target in (form for kind, form in TARGETS.items() if kind in LENSES[name].targets):
            settings = {"steps": 8} if name in ("integrated-gradients", "class-model") else {}
            wanted, given = (attribute(network, RGB, name, target=target, **settings) for network in (expected, found))
            same(given.map, torch.from_numpy(wanted.map))
            assert given.score == pytest.approx(wanted.score, rel=1e-5)


@pytest.mark.parametrize("relu", list(DIFFICULT.values())[:7], ids=list(DIFFICULT)[:7])
def test_however_a_rectifier_is_run_every_map_is_the_same(plain: Network, relu: Any) -> None:
    same_through_all(with_rectifier(plain, relu), plain, (name for name in LENSES if name != "occlusion"))


@pytest.mark.parametrize("relu", DIFFICULT.values(), ids=DIFFICULT)
def test_however_a_rectifier_is_written_gradients_follow_it(plain: Network, relu: Any) -> None:
    same_through_all(with_rectifier(plain, relu), plain, RECTIFIED)


@pytest.mark.parametrize("relu", UP_TO_SIX.values(), ids=UP_TO_SIX)
def test_so_do_they_where_it_ends_at_six(plain: Network, relu: Any) -> None:
    same_through_all(with_rectifier(plain, relu), with_rectifier(plain, nn.ReLU6()), RECTIFIED)


@pytest.mark.parametrize("function", NO_RECTIFIERS.values(), ids=NO_RECTIFIERS)
def test_what_only_looks_like_a_rectifier_is_none(plain: Network, function: Any) -> None:
    with pytest.raises(UserError, match="ReLU"):
        attribute(with_rectifier(plain, function), RGB, "guided-backprop", target="class:b")


class InPlaceFirst(nn.Module):
    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.module(x.mul_(1.0))


def test_a_network_may_begin_in_place(plain: Network) -> None:
    expected = attribute(plain, RGB, "saliency", target="class:b").map
    found = attribute(network_of(InPlaceFirst(plain.module)), RGB, "saliency", target="class:b").map
    same(found, torch.from_numpy(expected))


def test_deconvnet_by_hand() -> None:
    """Of two pixels the pooling takes the second; its way back is the weight, whatever the rectifier did with it."""
    module = nn.Sequential(
        nn.Conv2d(3, 1, 1, bias=False), nn.ReLU(), nn.MaxPool2d((1, 2)), nn.Conv2d(1, 1, 1), nn.Flatten()
    )
    with torch.no_grad():
        module[0].weight.copy_(torch.tensor([2.0, -3.0, 0.0]).view(1, 3, 1, 1))
        module[3].weight.fill_(0.5)
        module[3].bias.fill_(1.0)
    found = network_of(module, 2)
    # Red 200, then 255, in the first row: the peak of the filter comes from the second pixel.
    rgb = np.array([[[200, 0, 0], [255, 0, 0]], [[0, 0, 0], [0, 0, 0]]], np.uint8)
    spec = InputSpec((2, 2), "squash", 2, (0.0,) * 3, (1.0,) * 3)
    shown = attribute(dataclasses.replace(found, input=spec), rgb, "deconvnet", target="filter:1:0")
    np.testing.assert_allclose(shown.map, [[0, 1.5], [0, 0]], atol=1e-6)
    assert shown.score == pytest.approx(0.5 * 2.0 + 1.0)


def test_what_a_lens_cannot_do_is_said(plain: Network) -> None:
    smooth = network_of(nn.Sequential(nn.Conv2d(3, 2, 3), nn.SiLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()))
    for name, target in (("guided-backprop", "class:b"), ("deconvnet", "filter:0:1"), ("guided-grad-cam", "class:b")):
        with pytest.raises(UserError, match="ReLU"):
            attribute(smooth, RGB, name, target=target)
    assert attribute(smooth, RGB, "saliency", target="class:b").map.any()
    for name, settings, said in (
        ("grad-cam", {"layer": 2}, "no layer 2"),
        ("grad-cam", {"layer": -3}, "no layer -3"),
        ("saliency", {"samples": 0}, "do not work"),
        ("saliency", {"samples": 2, "noise": float("nan")}, "do not work"),
        ("integrated-gradients", {"steps": 0}, "do not work"),
        ("integrated-gradients", {"baseline": "pink"}, "no baseline"),
        ("deconvnet", {}, "does not take"),
    ):
        with pytest.raises(UserError, match=said):
            attribute(plain, RGB, name, target="class:b", **settings)


class Cut(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            return self.conv(x).mean((2, 3))


def test_a_network_without_gradients_is_refused_in_words() -> None:
    with pytest.raises(UserError, match="gradients"):
        attribute(network_of(Cut()), RGB, "saliency", target="class:b")


def rectifies(network: Network) -> bool:
    """Whether a network runs a rectifier anywhere, as a module or not."""
    with RectifiersFollow(guided) as rectifiers:
        network.logits(network.input.prepare(RGB)[None])
    return rectifiers.met > 0


def every_lens(name: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integrated_gradients, "GAP", math.inf)  # few steps are enough to see that it runs
    torch.manual_seed(0)
    network = network_of(filled(torchvision.models.get_model(name, num_classes=2, weights=None)), size)
    logits = network.logits(network.input.prepare(RGB)[None])[0]
    targets = {
        CLASS: f"class:{network.classes[int(logits.argmax())]}",  # SqueezeNet's scores come from a ReLU: one may be 0
        FILTER: f"filter:{len(network.layers) // 2}:0",
    }
    rectified = rectifies(network)
    for lens in LENSES.values():
        if lens.name == "occlusion":
            continue
        settings = {"steps": 2} if lens.name in ("integrated-gradients", "class-model") else {}
        for target in (targets[kind] for kind in lens.targets):
            if lens.name in RECTIFIED and not rectified:
                with pytest.raises(UserError, match="needs a network with ReLU"):
                    attribute(network, RGB, lens.name, target=target)
                continue
            found = attribute(network, RGB, lens.name, target=target, **settings)
            assert found.map.shape == network.input.size
            assert np.isfinite(found.map).all()
            assert np.abs(found.map).max() > 0 or lens.name.endswith("grad-cam"), (lens.name, target)


SMALLEST = {
    "alexnet": 64,
    "convnext_tiny": 32,
    "densenet121": 32,
    "efficientnet_b0": 32,
    "googlenet": 64,
    "mnasnet0_5": 32,
    "mobilenet_v2": 32,
    "mobilenet_v3_small": 32,
    "regnet_y_400mf": 32,
    "resnet18": 32,
    "shufflenet_v2_x0_5": 32,
    "squeezenet1_1": 64,
}
"""One of each family that takes about a second (VGG, Inception and the transformers take two to four), at a size that
leaves it something to see."""


@pytest.mark.filterwarnings("ignore:The default weight initialization")  # GoogLeNet
@pytest.mark.parametrize("name", SMALLEST)
def test_networks_as_they_are(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    every_lens(name, SMALLEST[name], monkeypatch)


@pytest.mark.soak
@pytest.mark.filterwarnings("ignore:The default weight initialization")  # GoogLeNet and Inception
@pytest.mark.parametrize("name", torchvision.models.list_models(module=torchvision.models))
def test_all_of_torchvision(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {"inception_v3": 299}
    every_lens(name, sizes.get(name, 224), monkeypatch)
