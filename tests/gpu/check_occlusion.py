"""Occlusion against the batched loop at its best batch on the same card: the same values, and how much sooner."""

import gc
import itertools
import statistics
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torchvision
from torch import nn

from explorer.core.attribution.occlusion.occluder import Occluder
from explorer.core.attribution.occlusion.sensitivity import Occlusion, occlude
from explorer.core.attribution.target import Target, answers, parse_target
from explorer.core.incremental.pace import Pace, pace_of
from explorer.core.network.forward_pass import whole_pass
from explorer.core.network.hooked_layers import trace_layers
from explorer.core.network.opening import Network
from tests.gpu.proof import Proof
from trainer.networks.architectures import ScratchCNN, initialise
from trainer.networks.input_spec import InputSpec

NETWORKS: tuple[tuple[str, float], ...] = (
    ("the paper's CNN", 5.0),
    ("vgg16", 5.0),
    ("resnet18", 1.5),
    ("resnet50", 0.9),
    ("densenet121", 0.9),
    ("efficientnet_b0", 0.9),
)
"""With how many times as fast as the loop the class score must be, at least."""
EXACT, SOONEST = 1e-5, 0.05
LONG = 0.4
"""Seconds over which a sweep is repeated: a GPU that was idle is slow at first."""
BATCHES = (16, 32, 64, 128, 256, 512)


@dataclass(frozen=True)
class Case:
    """A network and where patches lie on its input."""

    name: str
    network: Network
    occluder: Occluder

    @property
    def starts(self) -> tuple[int, ...]:
        """Where patches begin, either way."""
        return self.occluder.starts(self.network.input.size[0])


def run(proof: Proof) -> None:
    """Every network with a class score, a filter of the last layer, and all filters."""
    for name, least in NETWORKS:
        if proof.late:
            proof.tell(f"{name}: not begun, the time is up", "")
            continue
        try:
            case = opened(name, proof)
            network(proof, case, least)
            case.network.graph_cache.sweep = None
            del case
        except Exception as error:  # the other networks still have something to tell
            traceback.print_exc()
            proof.require(f"{name}: ended with {type(error).__name__}", False)
        gc.collect()
        if proof.cuda:
            torch.cuda.empty_cache()


def network(proof: Proof, case: Case, least: float) -> None:
    """One network, whose class score must be so many times as fast as the loop."""
    last = len(case.network.layers) - 1
    batch = 16 if proof.small else best_batch(proof, case)
    for target in ("class:0", f"filter:{last}:0", "all"):
        compared(proof, case, target, batch, least if target == "class:0" else 0.9)
    if case.name in ("the paper's CNN", "vgg16", "resnet18"):
        other_paces(proof, case)


def compared(proof: Proof, case: Case, target: str, batch: int, least: float) -> None:
    """One target, ours and the loop's."""
    what = f"{case.name}, {target.partition(':')[0]}"
    found, first, times = swept(proof, case, target, None)
    ours, wanted = statistics.median(times), parse_target(target, case.network)
    loop_times: list[float] = []
    scores: list[npt.NDArray[np.float32]] = []
    rounds = 1 if proof.small or min(times) > 1 else 5
    picture = picture_of(case, len(times) + 1)
    for _ in range(rounds):
        loop_times.append(proof.seconds(lambda: scores.append(loop(case, wanted, picture, batch))))
    alone = np.atleast_1d(found.unoccluded)
    drops = found.drops.reshape(-1, len(alone))
    expected = alone_of(case, wanted, picture) - scores[-1]
    far = float(np.abs(drops - expected).max()) / float(np.abs(scores[-1]).max())
    proof.judge(f"{what}: largest difference to the loop, of the largest", far, most=EXACT)
    proof.tell(f"{what}: seconds, first picture of these settings", first, "s")
    paper = case.name == NETWORKS[0][0]
    positions = len(case.starts) ** 2
    if paper and target == "class:0":
        proof.judge(f"{what}: seconds for {positions} positions", ours, "s", most=SOONEST, speed=True)
    else:
        proof.tell(f"{what}: seconds for {positions} positions", ours, "s")
    proof.judge(
        f"{what}: times as fast as the loop ({batch} at once)",
        statistics.median(loop_times) / ours,
        "x",
        least=least,
        speed=True,
    )
    print(f"#   {found.method}", flush=True)


def swept(proof: Proof, case: Case, target: str, pace: Pace | None) -> tuple[Occlusion, float, list[float]]:
    """The last of some sweeps, what the first took, and what those took that nothing is learnt in any more."""
    found: list[Occlusion] = []

    def once(seed: int) -> float:
        rgb = picture_of(case, seed)
        return proof.seconds(lambda: found.append(occlude(case.network, rgb, target, case.occluder, pace=pace)))

    first = once(0)
    once(1)  # recorded here where anything is
    times = [once(2)]
    end = time.monotonic() + (0 if proof.small else LONG)
    while time.monotonic() < end or (len(times) < 4 and not proof.small):  # a few milliseconds each: many of them
        times.append(once(len(times) + 2))
    return found[-1], first, times


def other_paces(proof: Proof, case: Case) -> None:
    """What each part of the pace brings."""
    usual = pace_of(proof.device)
    if proof.small and not proof.cuda:
        usual = replace(usual, gathered=True)
    ways: tuple[tuple[str, dict[str, Any]], ...] = (
        ("not recorded", {"captured": False}),
        ("windows in slices", {"captured": False, "gathered": False}),
        ("channels last", {"channels_last": True}),
        ("64 pictures at once", {"pictures": 64}),
        ("256 pictures at once", {"pictures": 256}),
        ("an eighth of the memory", {"memory": usual.memory // 8}),
    )
    for name, changes in ways[: 2 if proof.small else len(ways)]:
        if proof.late:
            return
        _, _, times = swept(proof, case, "class:0", replace(usual, **changes))
        proof.tell(f"{case.name}, class, {name}: seconds", statistics.median(times), "s")


def opened(name: str, proof: Proof) -> Case:
    """A network with drawn weights, on the device."""
    side, occluder = (64, Occluder(16, 16, 0.0)) if proof.small else (224, Occluder(16, 8, 0.0))
    torch.manual_seed(0)
    module: nn.Module = (
        ScratchCNN(size=side, bottleneck=8 if proof.small else 0)
        if name == NETWORKS[0][0]
        else torchvision.models.get_model(name, weights=None, num_classes=7)
    )
    initialise(module)  # whose sizes neither die out nor explode on their way through a network without training
    module = module.eval().requires_grad_(False).to(proof.device)
    empty = torch.zeros(1, 3, side, side, device=proof.device)
    with torch.inference_mode():
        classes = tuple(str(number) for number in range(module(empty).shape[1]))
    spec = InputSpec((side, side), "squash", side)
    layers = trace_layers(module, empty)
    return Case(name, Network(module, spec, classes, layers, "", proof.device, name, name), occluder)


def picture_of(case: Case, seed: int) -> npt.NDArray[np.uint8]:
    """Noise of the size of the input."""
    return np.random.default_rng(seed).integers(0, 255, (*case.network.input.size, 3), np.uint8)


def covered(case: Case, rgb: npt.NDArray[np.uint8]) -> torch.Tensor:
    """The picture with every patch in turn: (positions, 3, H, W), on the device."""
    batch, size = case.network.input.prepare(rgb)[None].to(case.network.device), case.occluder.size
    places = list(itertools.product(case.starts, case.starts))
    pictures = batch.repeat(len(places), 1, 1, 1)
    for number, (top, left) in enumerate(places):
        pictures[number, :, top : top + size, left : left + size] = 0.0
    return pictures


def loop(case: Case, target: Target, rgb: npt.NDArray[np.uint8], size: int) -> npt.NDArray[np.float32]:
    """The target's values (positions, targets), every picture through the whole network.

    Covering the pictures is made on the device before, and is not counted: that favours the loop.
    """
    return np.concatenate([values(case, target, some) for some in torch.split(_COVERED(case, rgb), size)])


class _Covered:
    """The covered pictures of the last picture, so that making them is no part of the loop's time."""

    def __init__(self) -> None:
        self._of: tuple[str, bytes] | None = None
        self._pictures = torch.empty(0)

    def __call__(self, case: Case, rgb: npt.NDArray[np.uint8]) -> torch.Tensor:
        if self._of != (case.name, rgb.tobytes()):
            self._of, self._pictures = (case.name, rgb.tobytes()), covered(case, rgb)
        return self._pictures


_COVERED = _Covered()


def values(case: Case, target: Target, pictures: torch.Tensor) -> npt.NDArray[np.float32]:
    """The target's values (n, targets) of whole pictures."""
    logits, maps = whole_pass(case.network, pictures, target.infos)
    found = maps or [logits]
    columns = [answers(target, value, value, len(pictures)) for value in found]
    plain: npt.NDArray[np.float32] = torch.cat(columns, 1).float().cpu().numpy()
    return plain


def alone_of(case: Case, target: Target, rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """The target's values (1, targets) without a patch."""
    return values(case, target, case.network.input.prepare(rgb)[None].to(case.network.device))


def best_batch(proof: Proof, case: Case) -> int:
    """The batch at which the loop is fastest."""
    target, rgb = parse_target("class:0", case.network), picture_of(case, 0)
    some = covered(case, rgb)[:512]

    def speed(size: int) -> float:
        work: Callable[[], object] = lambda: [values(case, target, part) for part in torch.split(some, size)]  # noqa: E731
        work()
        return proof.seconds(work)

    return min(BATCHES, key=speed)
