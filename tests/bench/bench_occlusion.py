"""Occlusion against our own batched loop and captum's, at the batch that suits each best, and dragging a patch.

A sweep has 729 positions (patch 16, stride 8, 224 x 224), and ours is the whole of `occlude`, from the picture to the
map. The slow ones are measured on fewer positions of the same lattice and scaled up, which favours them: what they do
once is then counted for fewer positions. `python -m tests.bench.bench_occlusion --all` measures every classification
network of torchvision against the loop.
"""

import itertools
import statistics
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
import torch.nn.functional as F
import torchvision
from torch import nn

from explorer.core.attribution.occlusion.evaluator import Sweep
from explorer.core.attribution.occlusion.live_patch import LivePatch
from explorer.core.attribution.occlusion.occluder import Occluder, PatchFill
from explorer.core.attribution.occlusion.sensitivity import occlude
from explorer.core.attribution.target import parse_target
from explorer.core.incremental.cost_model import change_cost
from explorer.core.incremental.patch_windows import DeltaWindow
from explorer.core.incremental.traced_graph import trace
from explorer.core.network.hooked_layers import trace_layers
from explorer.core.network.opening import Network
from tests.bench.row import Row, rounds, side_by_side
from trainer.networks.architectures import ScratchCNN, initialise
from trainer.networks.input_spec import InputSpec

SIDE, OCCLUDER, POSITIONS = 224, Occluder(16, 8, 0.0), 729
STARTS = OCCLUDER.starts(SIDE)
SOME = (
    "mobilenet_v2",
    "efficientnet_b0",
    "densenet121",
    "squeezenet1_1",
    "shufflenet_v2_x1_0",
    "regnet_y_400mf",
    "convnext_tiny",
    "vit_b_16",
)


def measure() -> list[Row]:
    """Ratios of the loop's time and captum's to ours."""
    torch.manual_seed(0)
    paper = ScratchCNN()
    initialise(paper)
    rows = []
    for name, module, layer, against_loop, against_captum in (
        ("the paper's CNN, class score", paper, None, 10.0, 12.0),
        ("the paper's CNN, filter of the last layer", paper, 7, 12.0, 15.0),
        ("VGG-16", torchvision.models.vgg16(), None, 4.0, 5.0),
        ("ResNet-18", torchvision.models.resnet18(), None, 1.5, 1.8),
    ):
        network, few = opened(module.eval()), 1 if module is paper else 9
        target, whole = ("class:0", module) if layer is None else (f"filter:{layer}:0", Peak(module.features[:18]))
        batches = {loop: best(loop, whole, few) for loop in (loop_seconds, captum_seconds)}
        times: dict[str, list[float]] = {"ours": [], "loop": [], "captum": []}
        for _ in range(rounds(3 if few == 1 else 1)):  # in turns, so that a noisy machine disturbs all alike
            times["ours"] += [seconds(lambda: occlude(network, PICTURE, target, OCCLUDER)) for _ in range(3)]  # noqa: B023
            times["loop"].append(loop_seconds(whole, batches[loop_seconds], few))
            times["captum"].append(captum_seconds(whole, batches[captum_seconds], few))
        ours, loop, captum = (statistics.median(found) for found in times.values())
        rows.append(Row(f"occlusion of {name} / batched loop", ours, loop, loop / ours, against_loop, at_most=False))
        rows.append(Row(f"occlusion of {name} / captum", ours, captum, captum / ours, against_captum, at_most=False))
        if layer is None:
            limit(network, ours)
    return [*rows, *dragging(opened(paper)), *(against_the_loop(name) for name in SOME)]


def best(loop: Callable[[nn.Module, int, int], float], module: nn.Module, few: int) -> int:
    """The batch that suits a loop best; for slow networks captum gets our own loop's, whose work is the same."""
    found = loop if few == 1 else loop_seconds
    return min((8, 16, 32), key=lambda size: found(module, size, 27 if few > 1 else 9))


def dragging(network: Network) -> list[Row]:
    """One step of the patch against one plain forward pass of the same picture."""
    covering = LivePatch(network, PICTURE)
    batch = network.input.prepare(PICTURE)[None]
    places = itertools.cycle([(40, 40), (41, 47), (100, 203), (3, 0), (77, 78), (121, 90)])

    def forward() -> None:
        with torch.inference_mode():
            network.module(batch)

    rows = []
    for what, layers, most in (("all answers of one layer", [7], 0.5), ("all answers of all layers", None, 1.0)):
        step, whole = side_by_side(lambda: covering.at(OCCLUDER, *next(places), layers), forward, 61)  # noqa: B023
        rows.append(Row(f"dragging a patch, {what} / forward pass", step, whole, step / whole, most))
    return rows


def against_the_loop(name: str) -> Row:
    """A sweep's time by what 27 of its positions and its preparation take, and the loop's by 16 of its own."""
    options = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    network = opened(torchvision.models.get_model(name, **options).eval())
    batch = network.input.prepare(PICTURE)[None]
    made: list[Sweep] = []
    once = seconds(lambda: made.append(Sweep(network, batch, OCCLUDER, parse_target("class:0", network))))
    sweep = made[0]
    lefts = STARTS[: min(27, sweep.positions_at_once)]
    tops = STARTS[12 : 12 + max(1, min(3, sweep.positions_at_once // 27))]
    pictures = batch.repeat(16, 1, 1, 1)

    def loop() -> None:
        with torch.inference_mode():
            network.module(pictures)

    loop()  # the first passes of a process take longer, whosever they are
    sweep.measure(tops, lefts)
    ours, theirs = [], []
    for _ in range(rounds(3)):
        ours.append(seconds(lambda: sweep.measure(tops, lefts)) / len(tops) / len(lefts))
        theirs.append(seconds(loop) / len(pictures))
    mine, other = once + POSITIONS * statistics.median(ours), POSITIONS * statistics.median(theirs)
    print(f"{name}: {sweep.method}", flush=True)
    return Row(f"occlusion of {name} / batched loop", mine, other, other / mine, 0.9, at_most=False)


def limit(network: Network, ours: float) -> None:
    """Say how near a sweep comes to its multiply-adds over the machine's rate at convolutions."""
    batch = network.input.prepare(PICTURE)[None]
    graph = trace(network.module, batch)
    middle = DeltaWindow(
        PatchFill(OCCLUDER, batch, (0,) * 3, (1,) * 3).changes((104,), (104,)), (104,), (104,), (SIDE, SIDE)
    )
    needed = POSITIONS * change_cost(graph, middle, [graph.output]).macs
    maps, weights = torch.rand(16, 64, 56, 56), torch.rand(64, 64, 3, 3)
    took = min(seconds(lambda: F.conv2d(maps, weights, padding=1)) for _ in range(20))
    rate = 16 * 56 * 56 * 64 * 64 * 9 / took
    print(
        f"{network.name}: {needed / 1e9:.1f} G multiply-adds at {rate / 1e9:.0f} G/s would take {needed / rate:.3f} s; "
        f"the sweep takes {ours:.3f} s, {ours * rate / needed:.1f} times as long",
        flush=True,
    )


class Peak(nn.Module):
    """The peak of the first filter of what a module gives, as the only class."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.module(x)[:, :1].amax((2, 3))


def opened(module: nn.Module) -> Network:
    """A module as an opened network."""
    picture = torch.zeros(1, 3, SIDE, SIDE)
    with torch.inference_mode():
        classes = tuple(str(number) for number in range(module(picture).shape[1]))
    layers = trace_layers(module, picture)
    kind = type(module).__name__
    return Network(module, InputSpec(), classes, layers, "", torch.device("cpu"), kind, kind)


PICTURE = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3), np.uint8)


def seconds(work: Callable[[], object]) -> float:
    """How long something takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def loop_seconds(module: nn.Module, size: int, part: int) -> float:
    """Every covered picture through the whole network, for the first 1 / `part` of the rows."""
    tops = STARTS[: len(STARTS) // part]
    batch = InputSpec().prepare(PICTURE)[None]

    def run() -> None:
        with torch.inference_mode():
            for top in tops:
                pictures = batch.repeat(len(STARTS), 1, 1, 1)
                for place, left in enumerate(STARTS):
                    pictures[place, :, top : top + 16, left : left + 16] = 0
                for some in torch.split(pictures, size):
                    module(some)

    return seconds(run) * len(STARTS) / len(tops)


def captum_seconds(module: nn.Module, size: int, part: int) -> float:
    """captum's sweep; for slow networks over every second position each way, because it knows no part of a picture."""
    from captum.attr import Occlusion

    stride = 8 if part == 1 else 16
    positions = len(range(0, SIDE - 15, stride)) ** 2
    batch = InputSpec().prepare(PICTURE)[None]

    def run() -> None:
        with torch.inference_mode():
            Occlusion(module).attribute(
                batch, (3, 16, 16), (3, stride, stride), baselines=0.0, target=0, perturbations_per_eval=size
            )

    return seconds(run) * POSITIONS / positions


def every_network() -> Iterator[Row]:
    """All classification networks of torchvision, one by one."""
    for name in torchvision.models.list_models(module=torchvision.models):
        yield against_the_loop(name)


if __name__ == "__main__":
    found = every_network() if "--all" in sys.argv else iter(measure())
    for row in found:
        print(f"{row.what:70} {row.ours:9.3f} {row.baseline:9.3f} {row.ratio:6.2f} {'' if row.reached else 'MISSED'}")
