"""The paper's recipe on as many pictures as the paper had: how long its 192 epochs take, and what each part brings."""

import itertools
import statistics
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from tests.gpu.made import MadePictures, made_cohort, paper
from tests.gpu.proof import Proof
from trainer.devices.arithmetic import computing
from trainer.networks.architectures import ScratchCNN, initialise
from trainer.training.data_loading import Batch, Preparation, epoch, steps_of
from trainer.training.distributed import ProcessGroup
from trainer.training.optimiser import optimiser_of
from trainer.training.recipe import Recipe
from trainer.training.train import Training, Watch
from trainer.training.training_step import Step

EPOCHS, MOST = 192, 120.0
OFF = {"precision": "float32", "channels_last": False, "fused": False, "graph": False}
WAYS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("everything on", {}),
    ("float32", {"precision": "float32"}),
    ("tf32", {"precision": "tf32"}),
    ("channels last off", {"channels_last": False}),
    ("fused off", {"fused": False}),
    ("graph off", {"graph": False}),
    ("everything off", OFF),
    ("compiled", {"compile": True}),
)


def run(proof: Proof) -> None:
    """The whole program first, as the recipe has it and compiled; then its step alone, with each part on and off."""
    for name, changes in (WAYS[0], WAYS[-1])[: 2 if proof.cuda else 1]:
        whole(proof, f"the program, {name}", changes)
    count, side = (64, 40) if proof.small else (12_838, 300)
    pictures = MadePictures(count, side, proof.device)
    for name, changes in WAYS if proof.cuda else WAYS[:-1]:  # a processor compiles for minutes
        if proof.late:
            proof.tell(f"{name}: not begun, the time is up", "")
            continue
        recipe = paper(proof.small, **changes)
        try:
            with computing(proof.device, tf32=recipe.machine.precision == "tf32"):
                way(proof, name, recipe, pictures)
        except Exception as error:  # the other ways still have something to tell
            traceback.print_exc()
            proof.require(f"{name}: ended with {type(error).__name__}", False)


def whole(proof: Proof, name: str, changes: dict[str, Any]) -> None:
    """Epochs of the program itself, validation and saving included; the first is for warming up."""
    counts, side = ((48, 16, 16), 40) if proof.small else ((12_838, 1_284, 600), 300)
    recipe, ends = paper(proof.small, epochs=5, **changes), []
    cohort = made_cohort(counts, side)

    def end(record: dict[str, Any]) -> None:
        proof.wait()
        ends.append(time.perf_counter())

    with tempfile.TemporaryDirectory() as folder, computing(proof.device):
        training = Training(cohort, recipe, Path(folder), proof.device, "", Watch(on_epoch=end), ProcessGroup())
        proof.peak()
        begun = time.perf_counter()
        training.run()
    history = training.state.history
    proof.tell(f"{name}: pictures/s while it trains", history[-1]["pictures_per_second"], "pictures/s")
    # The last epoch ends with writing everything.
    took = (ends[3] - ends[0]) / 3
    proof.judge(f"{name}, validated and saved: {EPOCHS} epochs", EPOCHS * took, "s", most=MOST, speed=True)
    proof.tell(f"{name}: the first epoch, with what is compiled", ends[0] - begun, "s")
    proof.tell(f"{name}: the last epoch, with all that is written", ends[4] - ends[3], "s")
    proof.tell(f"{name}: peak memory", proof.peak(), "GiB")


def way(proof: Proof, name: str, recipe: Recipe, pictures: MadePictures) -> None:
    """Epochs in one way to compute, and the bare step in the same way."""
    device, preparation = proof.device, Preparation(recipe, proof.device)
    step = made_step(recipe, device, preparation)
    steps, batch = steps_of(len(pictures), recipe), recipe.learning.batch
    batches = endless(pictures, recipe, preparation, device)
    proof.peak()

    def go(count: int) -> None:
        for some in itertools.islice(batches, count):
            step(some, 1e-4)

    go(min(steps, 20))
    rounds = 3 if name == WAYS[0][0] else 1
    took = statistics.median([proof.seconds(lambda: go(steps)) for _ in range(rounds)]) / steps
    proof.tell(f"{name}: pictures/s", batch / took, "pictures/s")
    if name == WAYS[0][0]:
        total = EPOCHS * steps * took
        proof.judge(f"{name}: {EPOCHS} epochs of training", total, "s", most=MOST, speed=True)
    proof.tell(f"{name}: peak memory", proof.peak(), "GiB")
    bare = made_step(recipe, device, preparation)
    some = next(batches)
    inputs = some.pictures if some.ready else preparation.augmented(some.pictures, some.draws)
    fixed = Batch(inputs, some.draws, some.targets, ready=True)
    for _ in range(5):
        bare(fixed, 1e-4)
    count = 3 if proof.small else 50
    alone = proof.seconds(lambda: [bare(fixed, 1e-4) for _ in range(count)]) / count
    proof.tell(f"{name}: speed as a share of the bare step's", alone / took)
    batches.close()


def made_step(recipe: Recipe, device: torch.device, preparation: Preparation) -> Step:
    """A step of the paper's network as the recipe has it."""
    torch.manual_seed(0)
    module = ScratchCNN(bottleneck=recipe.network.bottleneck, size=recipe.data.size)
    initialise(module)
    order = torch.channels_last if recipe.machine.channels_last else torch.contiguous_format
    module.to(device, memory_format=order)  # type: ignore[call-overload]
    return Step(module, optimiser_of(module, recipe, device), recipe, device, preparation, 2)


def endless(pictures: MadePictures, recipe: Recipe, preparation: Preparation, device: torch.device) -> Iterator[Batch]:
    """Batches of one epoch after another."""
    for number in itertools.count(1):
        yield from epoch(pictures, recipe, preparation, device, number, slice(None))
