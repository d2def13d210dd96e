"""From a cohort's stored pictures to batches on the device that trains."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch

from trainer.cohort.cohort import Cohort
from trainer.devices.arithmetic import number_type
from trainer.devices.memory import free_memory, release
from trainer.files.progress import OnStep, no_step
from trainer.networks.input_spec import InputSpec
from trainer.training.augmentation import COLUMNS, augment, draw
from trainer.training.recipe import Augmentation, Data, Recipe

Item = TypeVar("Item")
Positions = npt.NDArray[np.intp]

CHUNK = 64
"""Pictures that are read from the disk at a time."""
_SHARE = 0.6
"""How much of a device's free memory the decoded pictures may take."""
_CACHED = 2
"""Pictures that a CPU changes at a time: so few stay in its cache, which halves the time."""


@dataclass(frozen=True)
class Batch:
    """`pictures` (n, 3, side, side) uint8, or with `ready` the network's input (n, 3, size, size); all on the device.

    `draws` (n, columns) are the augmentation's random numbers, `targets` (n) the classes, int64.
    """

    pictures: torch.Tensor
    draws: torch.Tensor
    targets: torch.Tensor
    ready: bool


def blank(count: int, side: int, device: torch.device) -> Batch:
    """A batch of black pictures, to try a step on."""
    pictures = torch.zeros(count, 3, side, side, dtype=torch.uint8, device=device)
    numbers = torch.zeros(count, len(COLUMNS), device=device)
    return Batch(pictures, numbers, torch.zeros(count, dtype=torch.int64, device=device), ready=False)


class Pictures:
    """A part of a cohort, resized as `spec` says and cut to its size: in the device's memory, or read as needed.

    `reserve` are bytes of the device that somebody else will need.
    """

    def __init__(
        self,
        cohort: Cohort,
        positions: Positions,
        spec: InputSpec,
        device: torch.device,
        *,
        keep: str = "auto",
        reserve: int = 0,
        on_step: OnStep = no_step,
    ) -> None:
        self._cohort, self._positions, self._spec, self._device = cohort, positions, spec, device
        self.labels = torch.from_numpy(cohort.labels[positions])
        self._kept: torch.Tensor | None = None
        self._streamed = True
        self._bytes = len(positions) * 3 * spec.size[0] * spec.size[1]
        if keep == "yes" or (keep == "auto" and self._bytes <= _SHARE * (free_memory(device) - reserve)):
            kept = torch.empty(len(positions), 3, *spec.size, dtype=torch.uint8, device=device)
            for start in range(0, len(positions), CHUNK):
                part = positions[start : start + CHUNK]
                kept[start : start + len(part)] = self._read(part)
                on_step(start + len(part), len(positions))
            self._kept, self._streamed = kept, False

    def __len__(self) -> int:
        return len(self._positions)

    @property
    def streamed(self) -> bool:
        """Whether the pictures come from elsewhere than the device's memory each time."""
        return self._streamed

    def fetch(self, indices: torch.Tensor) -> torch.Tensor:
        """The pictures (n, 3, side, side) uint8 at these indices (n) of the part, on the device."""
        if self._kept is None:
            return self._sent(self._read(self._positions[indices.cpu().numpy()]))
        return self._sent(self._kept[indices.to(self._kept.device)])

    def part(self, start: int, end: int) -> torch.Tensor:
        """The pictures from `start` to before `end`, on the device."""
        if self._kept is None:
            return self._sent(self._read(self._positions[start:end]))
        return self._sent(self._kept[start:end])

    def evict(self) -> bool:
        """Leave a GPU's memory for the machine's own, or the disk where that is too small; False where not in it."""
        if self._kept is None or self._streamed or self._device.type == "cpu":
            return False
        kept, self._kept, self._streamed = self._kept, None, True
        if self._bytes <= _SHARE * free_memory(torch.device("cpu")):
            self._kept = _pinned(kept)
        del kept
        release(self._device)
        return True

    def _sent(self, pictures: torch.Tensor) -> torch.Tensor:
        if pictures.device.type != "cpu" or self._device.type == "cpu":
            return pictures
        if self._device.type != "cuda":
            return pictures.to(self._device)
        return pictures.pin_memory().to(self._device, non_blocking=True)

    def _read(self, positions: Positions) -> torch.Tensor:
        stored = self._cohort.pictures(positions)
        if stored.shape[1:3] != self._spec.size or self._spec.preprocesses:
            stored = np.stack([self._spec.crop(picture) for picture in stored])
        return torch.from_numpy(stored).permute(0, 3, 1, 2).contiguous()


def _pinned(pictures: torch.Tensor) -> torch.Tensor:
    """A copy in memory that a GPU can read by itself; in plain memory where the system allows no more of that."""
    try:
        held = torch.empty(pictures.shape, dtype=pictures.dtype, pin_memory=True)
    except RuntimeError:
        return pictures.cpu()
    return held.copy_(pictures)


class Preparation:
    """Batches of stored pictures as the network's input: augmented, normalised, in the recipe's numbers and order."""

    def __init__(self, recipe: Recipe, device: torch.device) -> None:
        self._augmentation: Augmentation = recipe.augmentation
        self._data: Data = recipe.data
        self._type = number_type(recipe.machine.precision, device)
        self._order = torch.channels_last if recipe.machine.channels_last else torch.contiguous_format
        self._scale = tuple(
            torch.tensor(three, device=device).view(-1, 1, 1) for three in (self._data.mean, self._data.std)
        )
        self._plain = set(self._data.mean) == {0.0} and set(self._data.std) == {1.0}
        self._device = device

    def augmented(self, pictures: torch.Tensor, draws: torch.Tensor) -> torch.Tensor:
        """The input (n, 3, size, size) of changed pictures (n, 3, side, side) uint8."""
        size = self._data.size
        if self._device.type != "cpu":
            squares = augment(pictures, draws, self._augmentation, size)
            return self._normalised(squares).to(self._type, memory_format=self._order)
        inputs = torch.empty(len(pictures), 3, size, size, dtype=self._type, memory_format=self._order)
        for start in range(0, len(pictures), _CACHED):
            chunk = slice(start, start + _CACHED)
            squares = self._normalised(augment(pictures[chunk], draws[chunk], self._augmentation, size))
            inputs[chunk] = squares.to(self._type)  # first the numbers, then the order: half the time of both at once
        return inputs

    def unchanged(self, pictures: torch.Tensor) -> torch.Tensor:
        """The input of pictures (n, 3, size, size) uint8 as they are."""
        return self._normalised(pictures.float().div_(255)).to(self._type, memory_format=self._order)

    def _normalised(self, squares: torch.Tensor) -> torch.Tensor:
        return squares if self._plain else (squares - self._scale[0]) / self._scale[1]


def order_of(labels: npt.NDArray[np.int64], recipe: Recipe, random: np.random.Generator) -> npt.NDArray[np.int64]:
    """Which pictures an epoch goes through, (steps, batch) places in the part.

    Each once, without the few that fill no batch (others every time), or drawn so that all classes come equally often.
    """
    batch = min(recipe.learning.batch, len(labels))
    if recipe.learning.imbalance == "sampling":
        steps = -(-len(labels) // batch)
        counts = np.bincount(labels)
        share = 1 / counts[labels]
        return random.choice(len(labels), (steps, batch), p=share / share.sum())
    steps = len(labels) // batch
    return random.permutation(len(labels))[: steps * batch].reshape(steps, batch)


def steps_of(pictures: int, recipe: Recipe) -> int:
    """Steps in an epoch over so many pictures."""
    batch = min(recipe.learning.batch, pictures)
    return -(-pictures // batch) if recipe.learning.imbalance == "sampling" else pictures // batch


def epoch(
    pictures: Pictures, recipe: Recipe, preparation: Preparation, device: torch.device, number: int, share: slice
) -> Iterator[Batch]:
    """The batches of epoch 1, 2, ...; everything that is drawn follows from the seed and this number alone.

    `share` is this process's part of every batch.
    """
    random = np.random.default_rng([recipe.learning.seed, number])
    order = order_of(pictures.labels.numpy(), recipe, random)
    draws = draw(recipe.augmentation, order.size, random).reshape(*order.shape, -1)
    cpu = device.type == "cpu"
    # The whole epoch at once: an upload makes a GPU wait for the CPU.
    indices, numbers = (torch.from_numpy(np.ascontiguousarray(values[:, share])) for values in (order, draws))
    targets, numbers = pictures.labels[indices].to(device), numbers.to(device)
    index_batches = indices if pictures.streamed else indices.to(device)

    def batches() -> Iterator[Batch]:
        for chosen, drawn, classes in zip(index_batches, numbers, targets, strict=True):
            stored = pictures.fetch(chosen)
            inputs = preparation.augmented(stored, drawn) if cpu else stored
            yield Batch(inputs, drawn, classes, ready=cpu)

    # Pictures that lie on a GPU are fetched there faster than a thread would hand them over.
    return ahead(batches()) if recipe.machine.prefetch and (cpu or pictures.streamed) else batches()


def ahead(items: Iterator[Item], depth: int = 2) -> Iterator[Item]:
    """The same items, made by a thread some items ahead."""
    with ThreadPoolExecutor(1, "batches") as pool:
        coming = deque(pool.submit(next, items, None) for _ in range(depth))
        while (item := coming.popleft().result()) is not None:
            coming.append(pool.submit(next, items, None))
            yield item
