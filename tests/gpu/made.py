"""Cohorts and pictures that are made, not read: what training asks of them, without a file."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from trainer.cohort.cohort import Cohort
from trainer.training.data_loading import Pictures
from trainer.training.presets import PRESETS
from trainer.training.recipe import Recipe

POOL = 512
"""Different pictures of a made cohort; more of them are these again."""


@dataclass(frozen=True)
class MadeCohort(Cohort):
    """A cohort whose pictures come from memory: blobs whose color tells the class, more or less."""

    pool: npt.NDArray[np.uint8] = field(default_factory=lambda: np.zeros((1, 1, 1, 3), np.uint8))

    def pictures(self, positions: Any) -> npt.NDArray[np.uint8]:
        """The pictures (n, side, side, 3) at these positions."""
        return self.pool[np.arange(len(self.names))[positions] % len(self.pool)]


def made_cohort(counts: tuple[int, int, int], side: int, strength: float = 12.0, seed: int = 0) -> Cohort:
    """So many pictures to train, to validate and to test, of two classes that differ by `strength` grey values."""
    random = np.random.default_rng(seed)
    total = sum(counts)
    size = min(POOL, total) // 2 * 2
    # The same picture has the same class wherever it comes again.
    labels = np.arange(total) % size % 2
    coarse = random.normal(0, 30, (size, 8, 8, 3))
    mean = 128 + strength * (np.arange(size) % 2 - 0.5)[:, None] * (1, -0.5, 0.3)
    large = np.repeat(np.repeat(coarse, -(-side // 8), 1), -(-side // 8), 2)[:, :side, :side]
    pool = (large + mean[:, None, None]).clip(0, 255).astype(np.uint8)
    names = tuple(f"{number}.png" for number in range(total))
    empty = ("",) * total
    return MadeCohort(
        path=Path("made.h5"),
        classes=("benign", "malignant"),
        names=names,
        labels=labels.astype(np.int64),
        splits=np.repeat(np.array(("train", "validation", "test")), counts),
        groups=names,
        lesions=names,
        digests=names,
        diagnoses=empty,
        sexes=empty,
        sites=empty,
        ages=np.full(total, np.nan, np.float32),
        folds=np.full(total, -1, np.int64),
        left_out=(),
        flow={},
        source="made",
        side=side,
        pool=pool,
    )


class MadePictures(Pictures):
    """Pictures made on the device."""

    def __init__(self, count: int, side: int, device: torch.device) -> None:
        self._device, self._streamed, self._positions = device, False, np.arange(count)
        self._bytes = count * 3 * side * side
        self.labels = torch.arange(count) % 13 // 12  # about as rare as the paper's malignant ones
        random = torch.Generator(device).manual_seed(0)
        self._kept = torch.randint(0, 256, (count, 3, side, side), generator=random, dtype=torch.uint8, device=device)


def paper(small: bool, **settings: Any) -> Recipe:
    """The paper's recipe, or a small one like it."""
    reduced = {"size": 32, "batch": 8, "bottleneck": 8, "save_every": 0.0} if small else {}
    return PRESETS["paper"].with_settings({**reduced, **settings}, "the proof")
