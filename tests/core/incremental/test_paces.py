"""What keeps a GPU busy gives what a processor gives; here on a processor, with a stand-in for CUDA graphs."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
import torchvision
from torch import nn

from explorer.core.attribution.occlusion import recorded_sweep as replay
from explorer.core.attribution.occlusion.evaluator import Sweep
from explorer.core.attribution.occlusion.occluder import Occluder
from explorer.core.attribution.occlusion.recorded_sweep import Recorded, Replayed, sweep_of
from explorer.core.attribution.occlusion.sensitivity import Occlusion, occlude
from explorer.core.attribution.target import parse_target
from explorer.core.incremental.pace import GPU, PROCESSOR, Pace, pace_for, pace_of, paced
from explorer.core.network.hooked_layers import trace_layers
from explorer.core.network.opening import Network
from trainer.networks.architectures import ScratchCNN, initialise
from trainer.networks.input_spec import InputSpec

GATHERED = replace(GPU, captured=False, memory=512 << 20)


class Branches(nn.Module):
    """Sums and concatenations of parts with different strides, paddings and windows."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 5, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.wide = nn.Conv2d(8, 8, 3, padding=2, dilation=2)
        self.narrow = nn.Conv2d(8, 4, 1)
        self.pool = nn.MaxPool2d(3, 2, 1)
        self.mean = nn.AvgPool2d(2)
        self.deep = nn.Conv2d(12, 6, 3, stride=2)
        self.head = nn.Linear(6, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.norm(self.stem(x)))
        x = torch.relu(self.wide(x)) + x
        x = torch.cat([self.pool(x), self.pool(self.narrow(x))], 1)
        x = self.deep(self.mean(x))
        return self.head(x.mean((2, 3)))


def opened(module: nn.Module, side: int) -> Network:
    torch.manual_seed(0)
    initialise(module)
    module.eval()
    layers = trace_layers(module, torch.zeros(1, 3, side, side))
    names = ("a", "b", "c")
    spec = InputSpec((side, side), "squash", side, (0.4, 0.5, 0.6), (0.2, 0.3, 0.2))
    return Network(module, spec, names, layers, "", torch.device("cpu"), "n", "n")


def picture(side: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (side, side, 3), np.uint8)


NETWORKS: dict[str, tuple[Callable[[], nn.Module], int]] = {
    "paper": (lambda: ScratchCNN(3, filters=(4, 8, 8), hidden=(16,), size=48), 48),
    "branches": (Branches, 61),
    "resnet": (lambda: torchvision.models.resnet18(num_classes=3), 64),
    "vision": (lambda: torchvision.models.vit_b_16(num_classes=3, image_size=32), 32),
}
TARGETS = ("class:b", "probability:a", "filter:1:2", "filter:2:1:mean", "filter:0:0:at:3,4", "all")


@pytest.mark.parametrize(
    ("name", "occluder", "last"),
    [
        ("paper", Occluder(8, 7), True),
        ("paper", Occluder(9, 8, "surround"), False),
        pytest.param("branches", Occluder(12, 9), False, marks=pytest.mark.soak),
        ("branches", Occluder(7, 7, (0.1, 0.5, 0.9)), True),
        pytest.param("resnet", Occluder(16, 16), True, marks=pytest.mark.soak),
    ],
)
def test_gathered_windows_are_the_sliced_ones(name: str, occluder: Occluder, last: bool) -> None:
    make, side = NETWORKS[name]
    network = opened(make(), side)
    for target in TARGETS if name == "branches" else ("class:b", "all"):
        found = occlude(network, picture(side), target, occluder, pace=replace(GATHERED, channels_last=last))
        wanted = occlude(network, picture(side), target, occluder)
        assert same(found, wanted)
        assert found.method.partition(":")[0] == wanted.method.partition(":")[0]


def same(found: Occlusion, wanted: Occlusion) -> bool:
    scale = max(1.0, float(np.abs(wanted.unoccluded).max()))
    return bool(
        np.allclose(found.drops, wanted.drops, atol=1e-5 * scale)
        and np.allclose(found.unoccluded, wanted.unoccluded, atol=1e-5 * scale)
    )


def again(work: replay.Work) -> Recorded:
    """Stands for a CUDA graph: the same work into the same place."""
    answer = work().clone()
    return answer, lambda: answer.copy_(work())


CAPTURED = replace(GATHERED, captured=True)


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("paper", "class:a"),
        pytest.param("paper", "all", marks=pytest.mark.soak),
        ("branches", "filter:2:1"),
        pytest.param("vision", "class:c", marks=pytest.mark.soak),
    ],
)
def test_a_replayed_sweep_is_a_sweep_of_the_picture_that_is_shown(
    name: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, side = NETWORKS[name]
    network, occluder = opened(make(), side), Occluder(16, 16)
    monkeypatch.setattr(
        "explorer.core.attribution.occlusion.sensitivity.sweep_of",
        lambda network, batch, occluder, wanted, pace: sweep_of(network, batch, occluder, wanted, pace, again),
    )
    for seed in range(3):
        found = occlude(network, picture(side, seed), target, occluder, pace=CAPTURED)
        plainly = occlude(network, picture(side, seed), target, occluder, pace=PROCESSOR)
        assert same(found, plainly)
        assert found.method.endswith("; recorded") == (seed > 0)
    other = occlude(network, picture(side), target, Occluder(15, 15), pace=CAPTURED)
    assert not other.method.endswith("; recorded")  # other settings, other windows
    rough: list[Occlusion] = []
    for _ in range(2):
        found = occlude(network, picture(side), target, occluder, pace=CAPTURED, on_rough=rough.append)
    assert same(found, occlude(network, picture(side), target, occluder))


def test_what_cannot_be_recorded_is_swept_as_everywhere() -> None:
    network, occluder = opened(NETWORKS["paper"][0](), 48), Occluder(16, 16)
    target = parse_target("class:a", network)
    batches = [network.input.prepare(picture(48, seed))[None] for seed in range(3)]
    tops = occluder.starts(48)

    def refuse(work: replay.Work) -> Recorded:
        raise RuntimeError("operation not permitted when stream is capturing")

    for batch in batches:
        sweep = sweep_of(network, batch, occluder, target, CAPTURED, refuse)
        assert isinstance(sweep, Sweep)
        plainly = Sweep(network, batch, occluder, target)
        assert np.allclose(sweep.measure(tops, tops), plainly.measure(tops, tops), atol=1e-6)

    only_once: list[int] = []

    def once(work: replay.Work) -> Recorded:
        if only_once:
            raise torch.OutOfMemoryError("no memory")
        only_once.append(1)
        return again(work)

    network.graph_cache.sweep = None
    for batch in batches:
        sweep = sweep_of(network, batch, occluder, target, CAPTURED, once)
        plainly = Sweep(network, batch, occluder, target)
        assert np.allclose(sweep.measure(tops, tops), plainly.measure(tops, tops), atol=1e-6)
    assert isinstance(sweep, Replayed)
    assert sweep._graph is not None
    assert not sweep._graph._surrounds  # a record that shared them would see the first picture's for ever


def test_a_pace_holds_within_its_block_only() -> None:
    values = torch.zeros(1)
    assert pace_for(values) is PROCESSOR is pace_of(values.device)
    with paced(Pace(gathered=True)):
        assert pace_for(values).gathered
    assert pace_for(values) is PROCESSOR
