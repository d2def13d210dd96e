"""The training step with data and augmentation, against the bare step and against a plain loop; the paper's network.

All three are measured in turns, some steps at a time. The bare step computes one prepared batch again and again, in
the numbers and the memory order of the whole one. The plain loop is what one writes first: float32, Adam as it
comes, and torchvision's transforms picture by picture.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torchvision.transforms import v2

from tests.bench.row import Row
from tests.trainer.cohorts import drawn_cohort
from trainer.cohort.cohort import open_cohort
from trainer.networks.architectures import ScratchCNN, initialise
from trainer.networks.input_spec import InputSpec
from trainer.training.data_loading import Batch, Pictures, Preparation, epoch
from trainer.training.optimiser import optimiser_of
from trainer.training.presets import PRESETS
from trainer.training.recipe import Recipe
from trainer.training.training_step import Step

CPU, BATCH, STEPS, ROUNDS = torch.device("cpu"), 96, 3, 3
SIDE, SIZE = 300, 224


def measure() -> list[Row]:
    """Seconds a step: bare and whole, plain and whole."""
    recipe = PRESETS["paper"].with_settings({"batch": BATCH, "imbalance": "none"}, "the benchmark")
    with tempfile.TemporaryDirectory() as folder:
        cohort = open_cohort(drawn_cohort(Path(folder) / "cohort.h5", 4 * BATCH, SIDE))
        pictures = Pictures(cohort, np.arange(len(cohort)), InputSpec((SIDE, SIDE), "squash", SIDE), CPU)
    preparation = Preparation(recipe, CPU)
    fixed = next(epoch(pictures, recipe, preparation, CPU, 1, slice(None)))
    bare, whole = our_step(recipe, preparation), our_step(recipe, preparation)
    batches = endless(pictures, recipe, preparation)
    plain = plain_loop(pictures)
    times: dict[str, list[float]] = {"bare": [], "whole": [], "plain": []}
    for turn in range(ROUNDS + 1):
        for name, work in (
            ("bare", lambda: bare(fixed, 1e-4)),
            ("whole", lambda: whole(next(batches), 1e-4)),
            ("plain", lambda: next(plain)),
        ):
            work()  # what the others left in the caches and in the queue of batches
            begun = time.perf_counter()
            for _ in range(STEPS):
                work()
            if turn:
                times[name].append((time.perf_counter() - begun) / STEPS)
    batches.close()
    seconds = {name: statistics.median(found) for name, found in times.items()}
    return [
        Row(
            f"training step with data and augmentation / bare step, batch {BATCH}",
            seconds["whole"],
            seconds["bare"],
            seconds["bare"] / seconds["whole"],
            0.85,
            at_most=False,
        ),
        Row(
            "training step / plain float32 loop with torchvision's transforms",
            seconds["whole"],
            seconds["plain"],
            seconds["plain"] / seconds["whole"],
            1.8,
            at_most=False,
        ),
    ]


def our_step(recipe: Recipe, preparation: Preparation) -> Step:
    """A step of the paper's network with everything that makes it fast."""
    torch.manual_seed(0)
    module = ScratchCNN()
    initialise(module)
    module.to(memory_format=torch.channels_last)
    return Step(module, optimiser_of(module, recipe, CPU), recipe, CPU, preparation, 2)


def endless(pictures: Pictures, recipe: Recipe, preparation: Preparation) -> Iterator[Batch]:
    """Batches of one epoch after another."""
    number = 0
    while True:
        number += 1
        yield from epoch(pictures, recipe, preparation, CPU, number, slice(None))


def plain_loop(pictures: Pictures) -> Iterator[None]:
    """Steps of the loop that one writes first."""
    torch.manual_seed(0)
    module = ScratchCNN()
    initialise(module)
    optimiser = torch.optim.Adam(module.parameters(), 1e-4)
    transform = v2.Compose(
        [
            v2.RandomRotation(180, v2.InterpolationMode.BILINEAR),
            v2.RandomCrop(SIZE),
            v2.RandomHorizontalFlip(),
            v2.RandomVerticalFlip(),
            v2.ToDtype(torch.float32, scale=True),
            v2.ColorJitter(brightness=0.5, contrast=0.7, saturation=(0.7, 1.5), hue=0.02),
        ]
    )
    stored = pictures.fetch(torch.arange(len(pictures)))
    while True:
        for places in torch.randperm(len(stored)).split(BATCH):
            inputs = torch.stack([transform(stored[place]) for place in places])
            loss = F.cross_entropy(module(inputs), pictures.labels[places])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            yield


if __name__ == "__main__":
    for row in measure():
        print(row)
