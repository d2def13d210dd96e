"""Where patches lie, what covers them, and how overlapping patches become one map."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from explorer.core.errors import UserError

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
        if not 1 <= self.size <= 4096 or not 1 <= self.stride <= self.size:
            raise UserError(
                f"A patch of {self.size} pixels with a stride of {self.stride} does not work; take a size of 1 or more "
                "and a stride from 1 to the size, so that every pixel is covered."
            )
        if isinstance(self.fill, str) and self.fill not in FILLS:
            raise UserError(
                f'"{self.fill}" is no fill; choose {", ".join(FILLS)}, a number, or a color like 0.8,0.6,0.5.'
            )

    def starts(self, side: int) -> tuple[int, ...]:
        """Where patches begin along a side of the input; the last one ends at the border."""
        last = max(0, side - self.size)
        regular = list(range(0, last + 1, self.stride))
        return tuple(regular if regular[-1] == last else [*regular, last])

    def patches(
        self, batch: torch.Tensor, tops: tuple[int, ...], lefts: tuple[int, ...], mean: Color, std: Color
    ) -> torch.Tensor:
        """What covers the patches (rows, columns, C, h, w) of an input (1, C, H, W); `mean`, `std` of the input."""
        _, channels, height, width = batch.shape
        tall, wide = min(self.size, height), min(self.size, width)
        shape = (len(tops), len(lefts), channels, tall, wide)
        if self.fill == "blur":
            return _cut(_blurred(batch, self.size), tops, lefts, tall, wide)
        if self.fill == "surround":
            return _surround(batch, tops, lefts, tall, wide)[..., None, None].expand(shape)
        if self.fill == "mean":
            value = batch.mean((2, 3))[0]
        elif isinstance(self.fill, tuple):
            color = torch.tensor(self.fill, device=batch.device)
            if channels == 1:
                color = color.mean(0, keepdim=True)
            value = (color - torch.tensor(mean, device=batch.device)) / torch.tensor(std, device=batch.device)
        else:
            value = batch.new_full((channels,), float(self.fill))
        return value[:, None, None].expand(shape)

    def changes(
        self, batch: torch.Tensor, tops: tuple[int, ...], lefts: tuple[int, ...], mean: Color, std: Color
    ) -> torch.Tensor:
        """What covering changes (rows, columns, C, h, w): the fill less the picture."""
        tall, wide = min(self.size, batch.shape[2]), min(self.size, batch.shape[3])
        return self.patches(batch, tops, lefts, mean, std) - _cut(batch, tops, lefts, tall, wide)


def _cut(batch: torch.Tensor, tops: tuple[int, ...], lefts: tuple[int, ...], tall: int, wide: int) -> torch.Tensor:
    rows = torch.tensor(tops)[:, None] + torch.arange(tall)
    columns = torch.tensor(lefts)[:, None] + torch.arange(wide)
    found = batch[0][:, rows[:, None, :, None], columns[None, :, None, :]]
    return found.permute(1, 2, 0, 3, 4)


def _blurred(batch: torch.Tensor, size: int) -> torch.Tensor:
    """Two passes of a box of the patch's size: nothing of what the patch hides can be made out."""
    side = size + 1 - size % 2
    for _ in range(2):
        padded = F.pad(batch, (side // 2,) * 4, mode="replicate")
        batch = F.avg_pool2d(padded, side, 1)
    return batch


def _surround(batch: torch.Tensor, tops: tuple[int, ...], lefts: tuple[int, ...], tall: int, wide: int) -> torch.Tensor:
    """Mean (rows, columns, C) of the ring around each patch, of the picture where there is none; by sums over boxes."""
    _, _, height, width = batch.shape
    sums = F.pad(batch[0].double().cumsum(1).cumsum(2), (1, 0, 1, 0))
    ring_y, ring_x = max(1, tall // 2), max(1, wide // 2)

    def inside(above: torch.Tensor, below: torch.Tensor, before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
        rows = sums[:, below] - sums[:, above]
        total: torch.Tensor = rows[:, :, after] - rows[:, :, before]
        return total

    top, left = torch.tensor(tops), torch.tensor(lefts)
    outer = (
        (top - ring_y).clamp(0),
        (top + tall + ring_y).clamp(max=height),
        (left - ring_x).clamp(0),
        (left + wide + ring_x).clamp(max=width),
    )
    area = (outer[1] - outer[0])[:, None] * (outer[3] - outer[2])[None] - tall * wide
    ring = inside(*outer) - inside(top, top + tall, left, left + wide)
    whole = batch[0].double().mean((1, 2))[:, None, None].expand_as(ring)
    found = torch.where(area > 0, ring / area.clamp(min=1), whole)
    return found.permute(1, 2, 0).to(batch.dtype)


def averaged(
    drops: npt.NDArray[np.float32],
    tops: tuple[int, ...],
    lefts: tuple[int, ...],
    occluder: Occluder,
    size: tuple[int, int],
) -> npt.NDArray[np.float32]:
    """The mean, for each pixel of an input of `size`, over all patches (rows, columns) that cover it: (H, W)."""
    total, count = np.zeros(size), np.zeros(size)
    for i, top in enumerate(tops):
        for j, left in enumerate(lefts):
            patch = np.s_[top : top + occluder.size, left : left + occluder.size]
            total[patch] += drops[i, j]
            count[patch] += 1
    return (total / np.maximum(count, 1)).astype(np.float32)
