"""The stages of a filter are what its modules give; a kernel does to a picture what a plain loop does."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import nn

from explorer.core.errors import UserError
from explorer.core.maps.activations import record
from explorer.core.network.hooked_layers import trace_layers
from explorer.core.network.opening import Network, open_network
from explorer.core.stages import INPUT, KERNELS, FilterStages, convolved, filter_stages, parse_kernel
from explorer.core.stages.drawing import colored_kernel, picture_of, signed_picture
from explorer.core.stages.kernels import written
from explorer.core.tags import FilterKey
from tests.networks import open_small, save_normed
from trainer.networks.checkpoint import InputSpec

RGB = np.random.default_rng(0).integers(0, 255, (40, 37, 3), np.uint8)


def network_of(module: nn.Module, size: int = 32) -> Network:
    module = module.eval().requires_grad_(False)
    spec = InputSpec((size, size), "squash", size, (0.4, 0.5, 0.6), (0.2, 0.25, 0.3))
    layers = trace_layers(module, torch.zeros(1, 3, size, size))
    return Network(module, spec, ("a", "b"), layers, "digest", torch.device("cpu"), "net", type(module).__name__)


def outputs_of(network: Network) -> dict[str, torch.Tensor]:
    """What every module gave, by hooks of this test's own."""
    kept: dict[str, torch.Tensor] = {}
    handles = [
        part.register_forward_hook(lambda _m, _i, output, name=name: kept.__setitem__(name, output.clone()))
        for name, part in network.module.named_modules()
        if not list(part.children())
    ]
    with torch.inference_mode():
        network.module(network.input.prepare(RGB)[None])
    for handle in handles:
        handle.remove()
    return kept


def adds_up(found: FilterStages, padding: int, stride: int = 1) -> None:
    """The convolution is the sum of what every kernel makes of what it reads, each by itself."""
    parts = [
        F.conv2d(torch.from_numpy(read)[None, None], torch.from_numpy(kernel)[None, None], None, stride, padding)[0, 0]
        for read, kernel in zip(found.inputs, found.kernels, strict=True)
    ]
    expected = torch.stack(parts).sum(0).numpy()
    np.testing.assert_allclose(found.maps["convolution"], expected, atol=1e-4 * np.abs(expected).max())


def test_the_stages_are_what_the_modules_give(tmp_path: Path) -> None:
    network = open_small(tmp_path)
    given, seen = outputs_of(network), network.input.prepare(RGB).numpy()
    names = list(given)
    for layer in network.layers:
        found = filter_stages(network, RGB, FilterKey(layer.index, 1))
        place = names.index(layer.module)
        np.testing.assert_allclose(found.maps["bias"], given[layer.module][0, 1], atol=1e-5)
        bias = float(network.module.get_submodule(layer.module).bias[1])
        np.testing.assert_allclose(found.maps["convolution"] + bias, found.maps["bias"], atol=1e-5)
        kinds = [type(network.module.get_submodule(name)).__name__ for name in names[place + 1 : place + 3]]
        assert kinds[0] == "ReLU"
        np.testing.assert_allclose(found.maps["activation"], given[names[place + 1]][0, 1], atol=1e-5)
        assert ("pooling" in found.maps) == (kinds[1] == "MaxPool2d")
        if kinds[1] == "MaxPool2d":
            np.testing.assert_allclose(found.maps["pooling"], given[names[place + 2]][0, 1], atol=1e-5)
        assert found.reads_picture == (layer.index == 0)
        if layer.index == 0:
            np.testing.assert_allclose(found.inputs, seen[found.channels], atol=1e-6)
        assert (np.diff(found.weights) <= 0).all()
        assert sorted(found.channels) == list(range(len(found.inputs)))
        adds_up(found, network.module.get_submodule(layer.module).padding[0])
        assert not found.note


def test_a_norm_is_a_stage_of_its_own(tmp_path: Path) -> None:
    path, code = save_normed(tmp_path)
    network = open_network(path, architecture=code, device="cpu", input=InputSpec((32, 32), "squash", 32))
    found = filter_stages(network, RGB, FilterKey(1, 2))
    assert list(found.maps) == ["convolution", "bias", "norm", "activation"]
    np.testing.assert_allclose(found.maps["norm"], record(network, RGB).maps[1][2], atol=1e-5)
    np.testing.assert_allclose(found.maps["bias"], record(network, RGB, raw=True).maps[1][2], atol=1e-5)
    np.testing.assert_allclose(found.maps["activation"], np.maximum(found.maps["norm"], 0), atol=1e-6)
    adds_up(found, 0)


def test_a_filter_of_a_group_reads_its_group() -> None:
    torch.manual_seed(0)
    network = network_of(
        nn.Sequential(nn.Conv2d(3, 4, 1), nn.Conv2d(4, 8, 3, groups=2, bias=False), nn.Hardswish(), nn.Flatten())
    )
    found = filter_stages(network, RGB, FilterKey(1, 5))
    assert sorted(found.channels) == [2, 3]
    assert list(found.maps) == ["convolution", "activation"]
    adds_up(found, 0)
    expected = F.hardswish(torch.from_numpy(found.maps["convolution"]))
    np.testing.assert_allclose(found.maps["activation"], expected, atol=1e-6)


class Functional(nn.Module):
    """What follows the convolution is no module, works in place, and stands behind a dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.drop, self.line = nn.Conv2d(3, 4, 3), nn.Dropout2d(), nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(F.relu(self.drop(self.conv(x)), inplace=True), 2)
        return self.line(x.mean((2, 3)))


class Branching(Functional):
    """A forward pass that looks at values, of which no graph can be drawn."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x if x.mean() > 100 else x + 0)


def test_functions_are_stages_too() -> None:
    network = network_of(Functional())
    found = filter_stages(network, RGB, FilterKey(0, 3))
    assert list(found.maps) == ["convolution", "bias", "activation", "pooling"]
    assert found.maps["bias"].min() < 0
    np.testing.assert_allclose(found.maps["activation"], np.maximum(found.maps["bias"], 0), atol=1e-6)
    expected = F.max_pool2d(torch.from_numpy(found.maps["activation"])[None], 2)[0]
    np.testing.assert_allclose(found.maps["pooling"], expected, atol=1e-6)


def test_without_a_graph_the_convolution_is_shown_and_said() -> None:
    module = Branching()
    found = filter_stages(network_of(module), RGB, FilterKey(0, 3))
    assert list(found.maps) == ["convolution", "bias"]
    assert "cannot be drawn" in found.note
    adds_up(found, 0)


@pytest.mark.parametrize(
    ("parts", "names"),
    [
        ([nn.MaxPool2d(2), nn.ReLU()], ["pooling", "activation"]),
        ([nn.ReLU(), nn.BatchNorm2d(4)], ["activation", "norm"]),
        ([nn.GroupNorm(2, 4), nn.ReLU(), nn.AdaptiveAvgPool2d(3)], ["norm", "activation", "pooling"]),
        ([nn.InstanceNorm2d(4), nn.Threshold(0, 0)], ["norm", "activation"]),
        ([nn.BatchNorm2d(4), nn.ReLU(), nn.BatchNorm2d(4)], ["norm", "activation", "norm 2"]),
        ([nn.Dropout2d(), nn.LocalResponseNorm(2), nn.AdaptiveMaxPool2d(2)], ["norm", "pooling"]),
    ],
)
def test_steps_stand_in_the_order_of_the_network(parts: list[nn.Module], names: list[str]) -> None:
    torch.manual_seed(0)
    network = network_of(nn.Sequential(nn.Conv2d(3, 4, 3), *parts, nn.Conv2d(4, 2, 1), nn.Flatten()))
    found, given = filter_stages(network, RGB, FilterKey(0, 3)), outputs_of(network)
    assert list(found.maps) == ["convolution", "bias", *names]
    steps = [given[str(place)] for place, part in enumerate(parts, 1) if not isinstance(part, nn.Dropout2d)]
    for name, expected in zip(names, steps, strict=True):
        np.testing.assert_allclose(found.maps[name], expected[0, 3], atol=1e-5)
        assert name in found.fields
    assert not found.note, "the next layer reads it"


class Ends(nn.Module):
    def __init__(self, end: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.first, self.second, self.end = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3), end

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.end(self.first(x).clamp(min=0), self.second(x)).mean((2, 3))


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (lambda x, y: x + y, "A sum with other maps follows."),
        (lambda x, y: torch.cat([x, y], 1), "Other maps are put beside it then."),
        (lambda x, y: x * y, "It is multiplied by other values then."),
        (lambda x, y: (x + 1) * y, "What follows then (add) is not shown."),
        (lambda x, y: x.tanh() * x.sigmoid() + y, "Several operations read it then."),
        (lambda x, y: x, ""),
    ],
)
def test_what_the_steps_end_with_is_said(end: Callable[..., torch.Tensor], said: str) -> None:
    torch.manual_seed(0)
    found = filter_stages(network_of(Ends(end)), RGB, FilterKey(0, 3))
    assert list(found.maps) == ["convolution", "bias", "activation"], "a clamp is one"
    assert found.note == said
    assert found.fields["activation"].exact


def test_before_a_sum_the_stages_end() -> None:
    network = network_of(torchvision.models.resnet18(num_classes=2), 64)
    second = next(layer for layer in network.layers if layer.name == "layer1.0.conv2")
    found = filter_stages(network, RGB, FilterKey(second.index, 0))
    assert list(found.maps) == ["convolution", "norm"]
    assert found.note == "A sum with other maps follows."
    first = filter_stages(network, RGB, FilterKey(0, 0))
    assert list(first.maps) == ["convolution", "norm", "activation", "pooling"]


def test_a_filter_has_a_kernel_of_its_own_in_every_layer(tmp_path: Path) -> None:
    network = open_small(tmp_path)
    first, later = (filter_stages(network, RGB, FilterKey(layer, 1)) for layer in (0, 2))
    weights = [network.module.get_submodule(network.layers[layer].module).weight[1].numpy() for layer in (0, 2)]
    kernel, words = first.own_kernel()
    np.testing.assert_array_equal(kernel, weights[0])
    assert (first.read, words) == ("colors", "its kernels, one for each color, added up")
    kernel, words = later.own_kernel()
    strongest = int(np.linalg.norm(weights[1], axis=(1, 2)).argmax())
    np.testing.assert_array_equal(kernel, weights[1][strongest])
    assert (later.read, words) == ("maps", f"its strongest kernel, for map {strongest}, over each color")
    grey = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten()).eval().requires_grad_(False)
    spec = InputSpec((32, 32), "squash", 32, (0.4,), (0.2,))
    layers = trace_layers(grey, torch.zeros(1, 1, 32, 32))
    found = filter_stages(
        Network(grey, spec, (), layers, "d", torch.device("cpu"), "net", "grey"), RGB, FilterKey(0, 1)
    )
    kernel, words = found.own_kernel()
    np.testing.assert_array_equal(kernel, grey[0].weight[1, 0].numpy())
    assert (found.read, words) == ("grey", "its kernel, over each color")


def test_a_filter_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no filter 9:0"):
        filter_stages(open_small(tmp_path), RGB, FilterKey(9, 0))


@pytest.mark.parametrize("name", KERNELS)
def test_a_kernel_is_a_plain_loop(name: str) -> None:
    kernel, values = KERNELS[name], np.pad(RGB.astype(float) / 255, ((1, 1), (1, 1), (0, 0)), "edge")
    expected = np.zeros(RGB.shape)
    for row in range(RGB.shape[0]):
        for column in range(RGB.shape[1]):
            window = values[row : row + 3, column : column + 3]
            expected[row, column] = (window * kernel[:, :, None]).sum((0, 1))
    np.testing.assert_allclose(convolved(RGB, kernel), expected, atol=1e-5)
    np.testing.assert_array_equal(parse_kernel(written(kernel)), kernel)


def test_a_filters_own_kernel_adds_its_colors_up(tmp_path: Path) -> None:
    kernel = np.random.default_rng(0).normal(size=(3, 5, 5)).astype(np.float32)
    parts = [convolved(RGB, kernel[color])[..., color] for color in range(3)]
    np.testing.assert_allclose(convolved(RGB, kernel), np.sum(parts, 0), atol=1e-5)
    inside = F.conv2d(torch.from_numpy(RGB.transpose(2, 0, 1) / 255).float()[None], torch.from_numpy(kernel)[None])
    np.testing.assert_allclose(convolved(RGB, kernel)[2:-2, 2:-2], inside[0, 0], atol=1e-4)
    with pytest.raises(UserError, match="3 colors"):
        convolved(RGB, kernel[:2])


def test_a_kernel_is_typed() -> None:
    np.testing.assert_array_equal(parse_kernel("0 1,0\n1 -4 1;0 1 0"), KERNELS["laplacian"])
    assert parse_kernel("2").shape == (1, 1)


@pytest.mark.parametrize("text", ["", "1 2; 3", "1 2; 3 4", "a", "nan", "1 " * 17, ";"])
def test_what_is_no_kernel_is_said(text: str) -> None:
    with pytest.raises(UserError, match=r"[Kk]ernel"):
        parse_kernel(text)


def test_nothing_is_white_in_a_map_and_grey_in_a_kernel() -> None:
    drawn = signed_picture(np.array([[0.0, 2.0, -2.0]], np.float32))
    assert drawn[0, 0].tolist() == [255, 255, 255]
    assert drawn[0, 1, 0] > drawn[0, 1, 2]  # orange
    assert drawn[0, 2, 0] < drawn[0, 2, 2]  # blue
    colors = colored_kernel(np.array([[[0.0, 1.0]], [[0.0, 0.0]], [[0.0, -1.0]]], np.float32))
    assert colors.tolist() == [[[128, 128, 128], [255, 128, 0]]]
    values = np.array([[[0.0, 0.5, 1.2], [-0.1, 0.25, 1.0]]], np.float32)
    assert picture_of(values).tolist() == [[[0, 128, 255], [0, 64, 255]]]
    about = picture_of(values - 0.5, about_zero=True)
    assert about[0, 0, 1] == 128
    assert about.max() == 255


def test_a_step_depends_on_its_field_and_on_nothing_else(tmp_path: Path) -> None:
    network = open_small(tmp_path)
    rgb = np.random.default_rng(5).integers(0, 255, (*network.input.size, 3), np.uint8)
    other = np.random.default_rng(6).integers(0, 255, rgb.shape, np.uint8)
    key = FilterKey(1, 2)
    found = filter_stages(network, rgb, key)
    assert found.fields.keys() == {INPUT, *found.maps}
    for name, map in (*found.maps.items(), (INPUT, found.inputs[0])):
        field = found.fields[name]
        assert map.shape == (len(field.rows), len(field.columns))
        place = map.shape[0] // 2, map.shape[1] // 3
        box = field.in_picture(place, *rgb.shape[:2])
        inside = slice(int(box.top), int(box.top + box.height)), slice(int(box.left), int(box.left + box.width))
        outside_changed, inside_changed = other.copy(), rgb.copy()
        outside_changed[inside], inside_changed[inside] = rgb[inside], other[inside]
        for changed, same in ((outside_changed, True), (inside_changed, False)):
            stages = filter_stages(network, changed, key)
            there = stages.inputs[0] if name == INPUT else stages.maps[name]
            assert (abs(there[place] - map[place]) < 1e-5 * max(1.0, abs(map[place]))) == same or map[place] == 0, name
