"""A network's graph is what torch.fx draws, and drawing it disturbs no other thread."""

import math
import threading
import warnings
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from torch import fx, nn

from explorer.core.attribution.occlusion.live_patch import LivePatch
from explorer.core.attribution.occlusion.occluder import Occluder
from explorer.core.attribution.occlusion.sensitivity import occlude
from explorer.core.incremental.tracing import traced
from explorer.core.maps.activations import predict
from tests.networks import open_small
from trainer.networks.candidate import on_meta


def listed(graph: fx.GraphModule) -> list[tuple[object, ...]]:
    return [(node.op, node.name, node.target, str(node.args), str(node.kwargs)) for node in graph.graph.nodes]


@pytest.mark.parametrize("name", ["googlenet", "efficientnet_b0", "swin_t", "vit_b_16", "shufflenet_v2_x0_5"])
def test_a_graph_is_what_torch_draws(name: str) -> None:
    with on_meta(), warnings.catch_warnings(action="ignore"):
        options = {"init_weights": False} if name == "googlenet" else {}
        module = torchvision.models.get_model(name, **options).eval()
    drawn = traced(module)
    assert listed(drawn) == listed(fx.symbolic_trace(module))
    named = dict(module.named_modules())
    called = [str(node.target) for node in drawn.graph.nodes if node.op == "call_module"]
    assert called
    assert all(drawn.get_submodule(path) is named[path] for path in called)


class Own(nn.Module):
    """What people write: a shared part, arithmetic with sizes, values of its own, a note left in passing."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.act = nn.Conv2d(3, 4, 3, padding=1), nn.ReLU()
        self.twice = nn.Sequential(self.conv, self.act)
        self.factor = nn.Parameter(torch.rand(4, 1, 1))
        self.shift = torch.rand(4, 1, 1)
        self.register_buffer("scale", torch.rand(1), persistent=False)
        self.line = nn.Linear(4, 2)

    def forward(self, x: torch.Tensor, factor: float = 0.5) -> torch.Tensor:
        x = self.twice(x) * self.factor.expand(4, 1, 1) + self.shift * torch.arange(4).view(4, 1, 1)
        self.seen = x
        x = self.act(x) / math.sqrt(x.shape[1]) * sqrt(x.shape[2]) * self.scale * factor
        return self.line(x.mean((2, 3)))


def test_a_persons_own_code_is_drawn_and_left_as_it_was() -> None:
    torch.manual_seed(0)
    module = Own().eval()
    before = set(vars(module))
    drawn = traced(module)
    assert set(vars(module)) == before
    batch = torch.rand(2, 3, 8, 8)
    with torch.inference_mode():
        np.testing.assert_allclose(drawn(batch), module(batch), rtol=1e-6)


class Watchful(nn.Module):
    """Notes while it runs whether torch is what it was."""

    calls = nn.Module.__call__, nn.Module.__getattr__

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        assert self.calls == (nn.Module.__call__, nn.Module.__getattr__)
        return x * 2


def test_nothing_of_torch_is_another_while_a_graph_is_drawn() -> None:
    with pytest.raises(AssertionError):
        fx.symbolic_trace(nn.Sequential(Watchful()))  # what makes this test worth having
    traced(nn.Sequential(Watchful()))


def test_passes_in_another_thread_go_on_while_graphs_are_drawn(tmp_path: Path) -> None:
    network, rgb = open_small(tmp_path), np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8)
    expected = predict(network, rgb)
    wrong: list[object] = []
    passes, over = [0], threading.Event()

    def look() -> None:
        while not over.is_set():
            try:
                wrong.extend([] if np.array_equal(predict(network, rgb), expected) else ["another answer"])
            except Exception as error:
                wrong.append(error)
            passes[0] += 1

    thread = threading.Thread(target=look)
    thread.start()
    try:
        for _ in range(8):
            occlude(network.copy(), rgb, "class:benign", Occluder(32, 32))
            LivePatch(network.copy(), rgb)
    finally:
        over.set()
        thread.join()
    assert passes[0] > 10
    assert wrong == []
