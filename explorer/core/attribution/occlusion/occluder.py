"""Where patches lie, what covers them, and how overlapping patches become one map."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from explorer.core.errors import UserError
from explorer.core.incremental.gathered_windows import numbers, places

FILLS = ("mean", "blur", "surround")
Color = tuple[float, float, float]


@dataclass(frozen=True)
class Occluder:
    """A square patch that walks over the network's input.

    `size` and `stride` in pixels of the input. `fill`: "mean" the mean color of the picture; "blur" the picture
    blurred over a patch's size; "surround" the mean color of a ring around each patch, as wide as half of it; a number,
    a value of the network's own input (0.0 is what other tools call baseline); or a color (red, green, blue) in
    [0, 1]. UserError where a value is not usable.
    """

    size: int = 16
    stride: int = 8
    fill: str | float | Color = "mean"

    def __post_init__(self) -> None:
        whole = isinstance(self.size, int) and isinstance(self.stride, int)
        if not whole or not 1 <= self.size <= 4096 or not 1 <= self.stride <= self.size:
            raise UserError(
                f"A patch of {self.size} pixels with a stride of {self.stride} does not work; take a size of 1 or more "
                "and a stride from 1 to the size, so that every pixel is covered."
            )
        components = self.fill if isinstance(self.fill, tuple) else () if isinstance(self.fill, str) else (self.fill,)
        if len(components) not in (0, 1, 3) or not all(math.isfinite(number) for number in components):
            raise UserError(f"A fill of {self.fill} is no color; choose three finite numbers, or one.")
        if isinstance(self.fill, str) and self.fill not in FILLS:
            raise UserError(
                f'"{self.fill}" is no fill; choose {", ".join(FILLS)}, a number, or a color like 0.8,0.6,0.5.'
            )

    def starts(self, side: int) -> tuple[int, ...]:
        """Where patches begin along a side of the input; the last one ends at the border."""
        last = max(0, side - self.size)
        regular = list(range(0, last + 1, self.stride))
        return tuple(regular if regular[-1] == last else [*regular, last])


class PatchFill:
    """An occluder over one input (1, C, H, W): what covers its patches; `mean` and `std` are those of the input.

    What a fill needs of the whole picture is computed once.
    """

    def __init__(
        self, occluder: Occluder, batch: torch.Tensor, mean: tuple[float, ...], std: tuple[float, ...]
    ) -> None:
        self._batch = batch
        _, channels, height, width = batch.shape
        self._tall, self._wide = min(occluder.size, height), min(occluder.size, width)
        self._blurred = _blurred(batch, occluder.size) if occluder.fill == "blur" else None
        self._sums = _sums(batch) if occluder.fill == "surround" else None
        if isinstance(occluder.fill, str):
            self._value = batch.mean((2, 3))[0]
        elif isinstance(occluder.fill, tuple):
            color = numbers(occluder.fill, batch.device)
            if channels == 1:
                color = color.mean(0, keepdim=True)
            self._value = (color - numbers(mean, batch.device)) / numbers(std, batch.device)
        else:
            self._value = batch.new_full((channels,), float(occluder.fill))

    def patches(self, tops: tuple[int, ...], lefts: tuple[int, ...]) -> torch.Tensor:
        """What covers the patches (rows, columns, C, h, w) that begin at these places."""
        if self._blurred is not None:
            return _cut(self._blurred, tops, lefts, self._tall, self._wide)
        shape = (len(tops), len(lefts), self._batch.shape[1], self._tall, self._wide)
        if self._sums is not None:
            ring = _surround(self._batch, self._sums, tops, lefts, self._tall, self._wide)
            return ring[..., None, None].expand(shape)
        return self._value[:, None, None].expand(shape)

    def changes(self, tops: tuple[int, ...], lefts: tuple[int, ...]) -> torch.Tensor:
        """What covering changes (rows, columns, C, h, w): the fill less the picture."""
        return self.patches(tops, lefts) - _cut(self._batch, tops, lefts, self._tall, self._wide)


def _cut(batch: torch.Tensor, tops: tuple[int, ...], lefts: tuple[int, ...], tall: int, wide: int) -> torch.Tensor:
    rows, columns = places(tops, tall, batch.device), places(lefts, wide, batch.device)
    cells = batch[0][:, rows[:, None, :, None], columns[None, :, None, :]]
    return cells.permute(1, 2, 0, 3, 4)


def _blurred(batch: torch.Tensor, size: int) -> torch.Tensor:
    """Two passes of a box of the patch's size: nothing of what the patch hides can be made out."""
    side = size + 1 - size % 2
    for _ in range(2):
        padded = F.pad(batch, (side // 2,) * 4, mode="replicate")
        batch = F.avg_pool2d(padded, side, 1)
    return batch


def _sums(batch: torch.Tensor) -> torch.Tensor:
    """The sums (C, H + 1, W + 1) of everything above and left of each place."""
    return F.pad(batch[0].double().cumsum(1).cumsum(2), (1, 0, 1, 0))


def _surround(
    batch: torch.Tensor, sums: torch.Tensor, tops: tuple[int, ...], lefts: tuple[int, ...], tall: int, wide: int
) -> torch.Tensor:
    """Mean (rows, columns, C) of the ring around each patch, of the picture where there is none; by sums over boxes."""
    _, _, height, width = batch.shape
    ring_y, ring_x = max(1, tall // 2), max(1, wide // 2)

    def inside(above: torch.Tensor, below: torch.Tensor, before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
        rows = sums[:, below] - sums[:, above]
        total: torch.Tensor = rows[:, :, after] - rows[:, :, before]
        return total

    top, left = (places(starts, 1, batch.device)[:, 0] for starts in (tops, lefts))
    outer = (
        (top - ring_y).clamp(0),
        (top + tall + ring_y).clamp(max=height),
        (left - ring_x).clamp(0),
        (left + wide + ring_x).clamp(max=width),
    )
    area = (outer[1] - outer[0])[:, None] * (outer[3] - outer[2])[None] - tall * wide
    ring = inside(*outer) - inside(top, top + tall, left, left + wide)
    whole = (sums[:, -1, -1] / (height * width))[:, None, None].expand_as(ring)
    mean = torch.where(area > 0, ring / area.clamp(min=1), whole)
    return mean.permute(1, 2, 0).to(batch.dtype)


def averaged(
    drops: npt.NDArray[np.float32],
    tops: tuple[int, ...],
    lefts: tuple[int, ...],
    occluder: Occluder,
    size: tuple[int, int],
) -> npt.NDArray[np.float32]:
    """The mean, for each pixel of an input of `size`, over all patches (rows, columns) that cover it: (H, W).

    Where patches leave gaps, as those of a rough map, each speaks for as far as the next.
    """
    total, count = np.zeros(size), np.zeros(size)
    rows, columns = (_reaches(starts, occluder.size) for starts in (tops, lefts))
    for i, down in enumerate(rows):
        for j, across in enumerate(columns):
            patch = down, across
            total[patch] += drops[i, j]
            count[patch] += 1
    return (total / np.maximum(count, 1)).astype(np.float32)


def _reaches(starts: Sequence[int], size: int) -> list[slice]:
    """What each patch along one side speaks for: itself, and half of the gaps to its neighbours and to the border."""
    gap = max((after - before - size for before, after in pairwise(starts)), default=0)
    half = max(0, -(-gap // 2))
    reaches = [slice(max(0, start - half), start + size + half) for start in starts]
    reaches[0] = slice(0, reaches[0].stop)
    reaches[-1] = slice(reaches[-1].start, None)
    return reaches
