"""Occlusion, incremental, against our own batched loop and captum's at the batch that suits each best.

The sweep has 729 positions (patch 16, stride 8, 224 x 224); the slow ones are measured on fewer positions of the same
lattice and scaled up, which favours them: what they do once is then counted for fewer positions.
"""

import statistics
import time
from collections.abc import Callable

import torch
import torchvision
from torch import fx, nn

from explorer.core.graph import trace
from explorer.core.incremental import propagate
from explorer.core.occluder import Occluder
from explorer.core.windows import Window
from tests.bench.row import Row
from trainer.network import ScratchCNN, initialise

SIDE, OCCLUDER = 224, Occluder(16, 8, 0.0)


def measure() -> list[Row]:
    """Ratios of the loop's time and captum's to ours."""
    torch.manual_seed(0)
    paper = ScratchCNN()
    initialise(paper)
    rows = []
    for name, module, layer, against_loop, against_captum in (
        ("the paper's CNN, class score", paper, "", 10.0, 12.0),
        ("the paper's CNN, filter of the last layer", paper, "features.17", 12.0, 15.0),
        ("VGG-16", torchvision.models.vgg16(), "", 4.0, 5.0),
        ("ResNet-18", torchvision.models.resnet18(), "", 1.5, 1.8),
    ):
        module.eval()
        batch = torch.rand(1, 3, SIDE, SIDE)
        part = 1 if module is paper else 9
        ours = statistics.median(seconds(lambda: sweep(module, batch, layer)) for _ in range(3))  # noqa: B023
        loop = min(loop_seconds(module, batch, size, part) for size in (8, 16, 32))
        rows.append(Row(f"occlusion of {name} / batched loop", ours, loop, loop / ours, against_loop, at_most=False))
        if not layer:
            captum = min(captum_seconds(module, batch, size, part) for size in (8, 16))
            rows.append(
                Row(f"occlusion of {name} / captum", ours, captum, captum / ours, against_captum, at_most=False)
            )
    return rows


def seconds(work: Callable[[], object]) -> float:
    """How long something takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def sweep(module: nn.Module, batch: torch.Tensor, layer: str, most: int = 243) -> None:
    """All positions, some rows of the lattice at a time, from tracing to the last score."""
    graph = trace(module, batch)
    node: fx.Node = graph.runs_of(layer)[0] if layer else graph.output
    starts = OCCLUDER.starts(SIDE)
    tall = max(1, most // len(starts))
    for first in range(0, len(starts), tall):
        tops = starts[first : first + tall]
        changes = OCCLUDER.changes(batch, tops, starts, (0, 0, 0), (1, 1, 1)).contiguous()
        propagate(graph, Window(changes, tops, starts, (SIDE, SIDE)), [node])


def loop_seconds(module: nn.Module, batch: torch.Tensor, size: int, part: int) -> float:
    """Every covered picture through the whole network, for the first 1 / `part` of the rows."""
    starts = OCCLUDER.starts(SIDE)
    tops = starts[: len(starts) // part]

    def run() -> None:
        with torch.inference_mode():
            for top in tops:
                pictures = batch.repeat(len(starts), 1, 1, 1)
                for place, left in enumerate(starts):
                    pictures[place, :, top : top + 16, left : left + 16] = 0
                for some in torch.split(pictures, size):
                    module(some)

    return seconds(run) * len(starts) / len(tops)


def captum_seconds(module: nn.Module, batch: torch.Tensor, size: int, part: int) -> float:
    """captum's sweep; for slow networks over every second position each way, because it knows no part of a picture."""
    from captum.attr import Occlusion

    stride = 8 if part == 1 else 16
    positions = len(range(0, SIDE - 15, stride)) ** 2

    def run() -> None:
        with torch.inference_mode():
            Occlusion(module).attribute(
                batch, (3, 16, 16), (3, stride, stride), baselines=0.0, target=0, perturbations_per_eval=size
            )

    return seconds(run) * 729 / positions
