"""The incremental sweep gives what running every covered picture through the whole network gives."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

import explorer.core.attribution.occlusion.evaluator as sweep
from explorer.core.attribution.occlusion import sensitivity
from explorer.core.attribution.occlusion.live_patch import LivePatch
from explorer.core.attribution.occlusion.occluder import Occluder, PatchFill, averaged
from explorer.core.attribution.occlusion.sensitivity import Occlusion, occlude
from explorer.core.errors import UserError
from explorer.core.incremental.delta import dense
from explorer.core.incremental.pace import PROCESSOR, Pace
from explorer.core.incremental.patch_windows import DeltaWindow
from explorer.core.incremental.propagation import propagate, without_rule
from explorer.core.incremental.traced_graph import Untraceable, trace
from explorer.core.network.opening import Network, open_network
from explorer.core.progress import Cancelled
from tests.conftest import ROOT
from tests.networks import open_small

pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))


class Branches(nn.Module):
    """Two branches over one map that are added or joined, the second with a stride of its own where asked."""

    def __init__(self, left: nn.Module, right: nn.Module, join: str) -> None:
        super().__init__()
        self.left, self.right, self.join = left, right, join

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        left, right = self.left(x), self.right(x)
        if self.join == "cat":
            return torch.cat([left, right], 1)
        if self.join == "add with the input":
            return x + left
        return left + right


@st.composite
def layers(draw: st.DrawFn, channels: int) -> tuple[nn.Module, int]:
    """One random layer over a map with `channels`, and how many it gives."""
    kind = draw(st.sampled_from(["conv", "conv", "norm", "activation", "max", "average", "branches", "dropout", "pad"]))
    if kind == "conv":
        groups = draw(st.sampled_from([1, 1, channels]))
        width = groups * draw(st.integers(1, 3))
        kernel, dilation = draw(pairs), draw(pairs)
        padding = tuple(draw(st.integers(0, 2)) for _ in range(2))
        part = nn.Conv2d(channels, width, kernel, draw(pairs), padding, dilation, groups, bias=draw(st.booleans()))
        return part, width
    if kind == "norm":
        norm = nn.BatchNorm2d(channels)
        nn.init.uniform_(norm.running_mean, -1, 1)
        nn.init.uniform_(norm.running_var, 0.5, 2)
        return norm, channels
    if kind == "activation":
        part = draw(
            st.sampled_from([nn.ReLU(inplace=True), nn.SiLU(), nn.Sigmoid(), nn.LeakyReLU(0.1), nn.Hardswish()])
        )
        return part, channels
    if kind == "max":
        return nn.MaxPool2d(
            draw(st.integers(2, 3)), draw(st.integers(1, 3)), draw(st.integers(0, 1)), ceil_mode=draw(st.booleans())
        ), channels
    if kind == "average":
        return nn.AvgPool2d(
            draw(st.integers(2, 3)),
            draw(st.integers(1, 3)),
            draw(st.integers(0, 1)),
            count_include_pad=draw(st.booleans()),
        ), channels
    if kind == "dropout":
        return nn.Dropout(0.5), channels
    if kind == "pad":
        sides = tuple(draw(st.integers(0, 2)) for _ in range(4))
        return nn.ConstantPad2d(sides, draw(st.sampled_from([0.0, 1.0]))), channels
    stride = draw(st.integers(1, 2))
    left = nn.Sequential(nn.Conv2d(channels, 2, 3, stride, 1), nn.ReLU(inplace=True), nn.Conv2d(2, 2, 3, 1, 1))
    join = draw(st.sampled_from(["cat", "add"]))
    return Branches(left, nn.Conv2d(channels, 2, 1, stride), join), 4 if join == "cat" else 2


@st.composite
def networks(draw: st.DrawFn) -> tuple[nn.Module, tuple[int, int]]:
    """A random small network and the size of its input."""
    torch.manual_seed(draw(st.integers(0, 1000)))
    size = draw(st.integers(13, 26)), draw(st.integers(13, 26))
    parts: list[nn.Module] = []
    channels = 3
    for _ in range(draw(st.integers(1, 5))):
        part, width = draw(layers(channels))
        try:
            with torch.inference_mode():
                shape = nn.Sequential(*parts, part).eval()(torch.zeros(1, 3, *size)).shape
        except RuntimeError:  # a kernel larger than what is left of the map
            continue
        if min(shape[2:]) >= 1:
            parts, channels = [*parts, part], width
    with torch.inference_mode():
        shape = nn.Sequential(*parts).eval()(torch.zeros(1, 3, *size)).shape
    if draw(st.booleans()):
        parts += [nn.Flatten(), nn.Linear(shape[1] * shape[2] * shape[3], 5), nn.ReLU(), nn.Linear(5, 3)]
    else:
        parts += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(shape[1], 3)]
    return nn.Sequential(*parts).eval(), size


@settings(max_examples=200)
@given(networks(), st.integers(1, 12), st.integers(1, 5), st.integers(0, 100))
def test_incremental_is_exact(network: tuple[nn.Module, tuple[int, int]], size: int, stride: int, seed: int) -> None:
    module, (height, width) = network
    batch = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))
    occluder = Occluder(size, min(stride, size), 0.0)
    tops, lefts = occluder.starts(height), occluder.starts(width)
    changes = PatchFill(occluder, batch, (0, 0, 0), (1, 1, 1)).changes(tops, lefts)
    window = DeltaWindow(changes.contiguous(), tops, lefts, (height, width))
    graph = trace(module, batch)
    nodes = [node for node in graph.module.graph.nodes if node.op not in ("placeholder", "output")]
    found = propagate(graph, window, nodes)
    with torch.inference_mode():
        covered = window.full(batch)
        expected = module(covered)
    answer = found[graph.output]
    got = graph.base[graph.output].expand_as(expected) if answer is None else dense(answer, graph.base[graph.output])
    spread = float(expected.max() - expected.min()) or 1.0
    assert float((got - expected).abs().max()) <= 1e-5 * max(spread, float(expected.abs().max()) * 0.1)


BY_KEYWORD = {
    "relu": lambda x: F.relu(input=x),
    "relu in place": lambda x: F.relu(inplace=True, input=x),
    "leaky": lambda x: F.leaky_relu(input=x, negative_slope=0.1),
    "sigmoid": lambda x: torch.sigmoid(input=x),
    "max": lambda x: F.max_pool2d(input=x, kernel_size=3, stride=2, padding=1),
    "max, half": lambda x: F.max_pool2d(x, stride=1, kernel_size=2),
    "average": lambda x: F.avg_pool2d(stride=1, kernel_size=(2, 1), input=x),
    "sum": lambda x: torch.add(input=x, other=F.relu(input=x), alpha=2),
    "sum in place": lambda x: F.relu(input=x).add_(other=x),
    "clamped in place": lambda x: torch.clamp_(input=x + 0, min=-0.5),
    "dropout": lambda x: F.dropout(input=x, p=0.5, training=False),
    "join": lambda x: torch.cat(tensors=[F.relu(input=x), x], dim=1)[:, 1:4],
    "join along an axis": lambda x: torch.cat(tensors=(x, F.silu(input=x)), dim=-3)[:, :3],
    "same size": lambda x: F.adaptive_avg_pool2d(input=x, output_size=x.shape[2:]),
}
ENDS = {
    "mean": lambda x: torch.mean(input=x, dim=(2, 3)),
    "pool": lambda x: torch.flatten(input=F.adaptive_avg_pool2d(input=x, output_size=1), start_dim=1),
    "flat": lambda x: torch.flatten(start_dim=1, input=x)[:, :3],
}


class ByKeyword(nn.Module):
    """Passes all that an operation takes by its name."""

    def __init__(self, steps: list[str], end: str) -> None:
        super().__init__()
        self.conv, self.norm, self.line = nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3), nn.Linear(3, 2)
        self.steps, self.end = steps, end

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.norm(input=self.conv(input=x))
        for step in self.steps:
            x = BY_KEYWORD[step](x)
        return self.line(input=ENDS[self.end](x))


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from(list(BY_KEYWORD)), max_size=4),
    st.sampled_from(list(ENDS)),
    st.integers(1, 6),
    st.integers(0, 100),
)
def test_operations_that_are_given_everything_by_name_are_exact(
    steps: list[str], end: str, size: int, seed: int
) -> None:
    torch.manual_seed(seed)
    module, batch = ByKeyword(steps, end).eval(), torch.rand(1, 3, 14, 17)
    occluder = Occluder(size, 1 + seed % size, 0.0)
    tops, lefts = occluder.starts(14), occluder.starts(17)
    changes = PatchFill(occluder, batch, (0, 0, 0), (1, 1, 1)).changes(tops, lefts)
    window = DeltaWindow(changes.contiguous(), tops, lefts, (14, 17))
    graph = trace(module, batch)
    nodes = [node for node in graph.module.graph.nodes if node.op not in ("placeholder", "output")]
    answer = propagate(graph, window, nodes)[graph.output]
    with torch.inference_mode():
        expected = module(window.full(batch))
    got = graph.base[graph.output].expand_as(expected) if answer is None else dense(answer, graph.base[graph.output])
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5)


def no_graph(*_: object) -> None:
    raise Untraceable("no graph in this test")


def by_loop(monkeypatch: pytest.MonkeyPatch, network: Network, rgb: np.ndarray, target: str, occluder: Occluder):
    with monkeypatch.context() as patch:
        patch.setattr(sweep, "graph_of", no_graph)
        found = occlude(network, rgb, target, occluder)
    assert found.method.startswith("batched loop")
    return found


def picture(side: int = 40) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 255, (side, side + 7, 3), np.uint8)


@pytest.mark.parametrize(
    "target",
    [
        "class:malignant",
        "probability:benign",
        "filter:3:2",
        "filter:1:0:mean",
        "filter:2:1:at:3,4",
        "filter:0:1",
        "all",
    ],
)
@pytest.mark.parametrize("fill", ["mean", "blur", "surround", 0.0, (0.9, 0.5, 0.4)])
def test_every_target_and_fill_agrees_with_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, fill: object
) -> None:
    network = open_small(tmp_path)
    occluder = Occluder(7, 3, fill)
    found = occlude(network, picture(), target, occluder)
    expected = by_loop(monkeypatch, network, picture(), target, occluder)
    assert found.method == "incremental"
    np.testing.assert_allclose(found.drops, expected.drops, atol=1e-6)
    np.testing.assert_allclose(found.unoccluded, expected.unoccluded, rtol=1e-6)


def test_captum_agrees() -> None:
    attr = pytest.importorskip("captum.attr")
    network = open_network(ROOT / "resources" / "demo" / "demo-scratch-cnn.safetensors", device="cpu")
    rgb = np.random.default_rng(0).integers(0, 255, (224, 224, 3), np.uint8)
    batch = network.input.prepare(rgb)[None]
    found = occlude(network, rgb, "class:melanoma", Occluder(32, 32, 0.0))
    oracle = attr.Occlusion(network.module).attribute(batch, (3, 32, 32), (3, 32, 32), baselines=0.0, target=1)
    np.testing.assert_allclose(found.map, oracle[0, 0].numpy(), atol=1e-5)


@pytest.mark.parametrize("name", ["resnet18", "vgg11", "squeezenet1_1", "mobilenet_v3_small", "densenet121"])
def test_torchvision_networks(name: str) -> None:
    torch.manual_seed(0)
    module = torchvision.models.get_model(name, num_classes=3).eval()
    batch = torch.rand(1, 3, 64, 64)
    occluder = Occluder(16, 16, 0.0)
    tops = occluder.starts(64)
    window = DeltaWindow(
        PatchFill(occluder, batch, (0,) * 3, (1,) * 3).changes(tops, tops).contiguous(), tops, tops, (64, 64)
    )
    graph = trace(module, batch)
    found = dense(propagate(graph, window, [graph.output])[graph.output], graph.base[graph.output])
    with torch.inference_mode():
        expected = module(window.full(batch))
    np.testing.assert_allclose(found.numpy(), expected.numpy(), atol=2e-5 * float(expected.abs().max()))
    if name in ("resnet18", "vgg11", "squeezenet1_1", "densenet121"):
        assert without_rule(graph) == ()


class Choosy(nn.Module):
    """A forward pass that depends on values: no graph of it can be drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.classes = nn.Conv2d(3, 4, 3), ("a", "b", "c", "d")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found = self.conv(x)
        return found.mean((2, 3)) if x.sum() > 0 else found.amax((2, 3))


def test_a_network_without_a_graph_says_so(tmp_path: Path) -> None:
    torch.save(Choosy().state_dict(), tmp_path / "c.pt")
    (tmp_path / "own.py").write_text("from tests.core.attribution.test_occlusion import Choosy as make\n")
    network = open_network(tmp_path / "c.pt", architecture=f"{tmp_path / 'own.py'}:make", device="cpu")
    found = occlude(network, picture(), "class:b", Occluder(112, 112, "mean"))
    assert found.method.startswith("batched loop")
    assert found.drops.shape == (2, 2)


class Viewing(nn.Module):
    """Looks at its maps' memory with `view`, as many networks of one's own do; the memory's order is not free then."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.line, self.classes = nn.Conv2d(3, 4, 3, 2), nn.Linear(4 * 55 * 55, 2), ("a", "b")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.max_pool2d(torch.relu(self.conv(x)), 2)
        return self.line(x.view(x.size(0), -1))


class Dropping(nn.Module):
    """Forgets that dropout must rest: its graph never answers as it does."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.classes = nn.Conv2d(3, 4, 3, 2), ("a", "b", "c", "d")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.dropout(self.conv(x), 0.5, training=True).mean((2, 3))


def own(tmp_path: Path, kind: type[nn.Module]) -> Network:
    torch.manual_seed(0)
    torch.save(kind().state_dict(), tmp_path / "c.pt")
    (tmp_path / "own.py").write_text(f"from tests.core.attribution.test_occlusion import {kind.__name__} as make\n")
    return open_network(tmp_path / "c.pt", architecture=f"{tmp_path / 'own.py'}:make", device="cpu")


def test_a_network_that_views_its_memory_is_swept_and_covered(tmp_path: Path) -> None:
    network, occluder = own(tmp_path, Viewing), Occluder(56, 56, 0.0)
    found = occlude(network, picture(), "class:b", occluder)
    batch = network.input.prepare(picture())[None]
    before = float(network.logits(batch)[0, 1])
    batch = batch.clone()
    batch[:, :, 56:112, 112:168] = 0
    np.testing.assert_allclose(found.drops[1, 2], before - float(network.logits(batch)[0, 1]), atol=1e-5)
    covered = LivePatch(network, picture()).at(occluder, 56, 112, None)
    np.testing.assert_allclose(before - covered.logits[1], found.drops[1, 2], atol=1e-5)


def test_a_refused_graph_leaves_no_large_batches(tmp_path: Path) -> None:
    steps: list[int] = []
    found = occlude(
        own(tmp_path, Dropping), picture(), "class:b", Occluder(28, 14), on_step=lambda done, total: steps.append(done)
    )
    assert found.method.startswith("batched loop")
    assert max(np.diff(steps)) <= PROCESSOR.pictures


@pytest.mark.parametrize(("size", "stride"), [(4, 1), (3, 1), (8, 4)])
def test_a_rough_map_has_no_holes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, stride: int) -> None:
    rough: list[np.ndarray] = []
    with monkeypatch.context() as patch:
        patch.setattr(sweep, "graph_of", no_graph)
        patch.setattr(sensitivity, "FEW", 0)
        occlude(
            open_small(tmp_path),
            picture(),
            "class:malignant",
            Occluder(size, stride),
            on_rough=lambda found: rough.append(found.drops.copy()),
        )
    (drops,) = rough
    assert np.isfinite(drops).all()


def test_the_sign_says_that_covering_lowers(tmp_path: Path) -> None:
    network = open_small(tmp_path)
    found = occlude(network, picture(), "class:malignant", Occluder(8, 8, 0.0))
    batch = network.input.prepare(picture())[None].clone()
    before = float(network.logits(batch)[0, 1])
    batch[:, :, 8:16, 16:24] = 0
    np.testing.assert_allclose(found.drops[1, 2], before - float(network.logits(batch)[0, 1]), atol=1e-6)
    np.testing.assert_allclose(found.unoccluded, before, rtol=1e-6)


@given(st.integers(1, 70), st.integers(1, 80), st.integers(1, 40))
def test_positions_cover_every_pixel(side: int, size: int, stride: int) -> None:
    occluder = Occluder(size, min(stride, size))
    starts = occluder.starts(side)
    covered = {pixel for start in starts for pixel in range(start, min(start + size, side))}
    assert covered == set(range(side))
    assert all(start + size <= side for start in starts) or starts == (0,)


def test_overlapping_positions_are_averaged() -> None:
    drops = np.array([[1.0, 3.0]], np.float32)
    found = averaged(drops, (0,), (0, 2), Occluder(4, 2), (4, 6))
    np.testing.assert_allclose(found, np.tile([1, 1, 2, 2, 3, 3], (4, 1)))


def watched(network: Network) -> tuple[Occlusion, list[Occlusion], list[tuple[int, int]]]:
    """A sweep, the rough maps that came before its end, and its steps."""
    rough: list[Occlusion] = []
    steps: list[tuple[int, int]] = []
    found = occlude(
        network,
        picture(),
        "filter:3:1",
        Occluder(4, 2),
        on_rough=rough.append,
        on_step=lambda *step: steps.append(step),
    )
    return found, rough, steps


def test_a_rough_map_comes_first_and_the_end_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sensitivity, "FEW", 0)
    network = open_small(tmp_path)
    refined, rough, steps = watched(network)
    plain = occlude(network, picture(), "filter:3:1", Occluder(4, 2), on_step=None)
    np.testing.assert_allclose(refined.drops, plain.drops, atol=1e-6)
    (first,) = rough
    assert 0.08 < first.drops.size / plain.drops.size < 0.2
    assert first.map.shape == plain.map.shape == (32, 32)
    assert steps[-1] == (plain.drops.size + first.drops.size, plain.drops.size + first.drops.size)


def test_a_sweep_that_is_soon_there_has_no_rough_map(tmp_path: Path) -> None:
    network = open_small(tmp_path)
    found, rough, steps = watched(network)
    assert not rough
    np.testing.assert_allclose(found.drops, occlude(network, picture(), "filter:3:1", Occluder(4, 2)).drops, atol=1e-6)
    assert steps[-1] == (found.drops.size, found.drops.size)


@given(st.integers(8, 60), st.integers(1, 12), st.integers(1, 12), st.integers(1, 3))
def test_patches_with_gaps_speak_for_every_pixel(side: int, size: int, stride: int, every: int) -> None:
    occluder = Occluder(size, min(stride, size))
    starts = occluder.starts(side)[every - 1 :: every]
    assume(starts)
    found = averaged(np.ones((len(starts), len(starts)), np.float32), starts, starts, occluder, (side, side))
    np.testing.assert_array_equal(found, np.ones((side, side), np.float32))


def test_memory_has_a_chosen_bound_and_cancel_works(tmp_path: Path) -> None:
    network, steps = open_small(tmp_path), []
    small = occlude(
        network, picture(), "all", Occluder(4, 2), pace=Pace(memory=1 << 18), on_step=lambda *step: steps.append(step)
    )
    assert len(steps) > 5
    np.testing.assert_allclose(small.drops, occlude(network, picture(), "all", Occluder(4, 2)).drops, atol=1e-6)

    def stop(done: int, total: int) -> None:
        if done:
            raise Cancelled

    with pytest.raises(Cancelled):
        occlude(network, picture(), "all", Occluder(4, 2), pace=Pace(memory=1 << 18), on_step=stop)


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("class:nevus", 'no class "nevus"; its classes are benign, malignant.'),
        ("class:Malignat", 'no class "Malignat"; its classes are benign, malignant; did you mean "malignant"'),
        ("filter:9:0", "no filter 9:0"),
        ("filter:0:99", "no filter 0:99"),
        ("filter:x", '"filter:x" is no target; write class:NAME'),
        ("nothing", '"nothing" is no target; write class:NAME'),
        ("filter:0:0:at:99,0", "is 32 x 32; at:99,0 is outside"),
        ("", '"" is no target; write class:NAME'),
    ],
)
def test_a_wrong_target_is_a_sentence(tmp_path: Path, target: str, says: str) -> None:
    network = open_small(tmp_path)
    with pytest.raises(UserError, match=says):
        occlude(network, picture(), target)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ((0, 1), "0 pixels"),
        ((8, 9), "stride of 9"),
        ((8, 0), "stride of 0"),
        ((8, 4, "pink"), '"pink" is no fill; choose mean'),
    ],
)
def test_a_senseless_occluder_is_refused(values: tuple, says: str) -> None:
    with pytest.raises(UserError, match=says):
        Occluder(*values)


def test_all_filters_know_their_layers(tmp_path: Path) -> None:
    network = open_small(tmp_path)
    found = occlude(network, picture(), "all", Occluder(8, 4))
    one = occlude(network, picture(), "filter:2:3", Occluder(8, 4))
    np.testing.assert_allclose(found.drops[:, :, found.layers[2]][:, :, 3], one.drops, atol=1e-6)
    assert found.map is None
