"""Windows cut, moved and put back by lists of places on the device: a few large kernels for all positions at once.

`patch_windows.py` does the same slice by slice, which copies less and is quicker on a processor. Everything here can be
recorded in a CUDA graph: the lists are made once and kept, and nothing waits for the device.
"""

from functools import lru_cache

import torch

from explorer.core.incremental.strided_positions import Starts

Pair = tuple[int, int]


@lru_cache(maxsize=4096)
def places(starts: Starts, length: int, device: torch.device) -> torch.Tensor:
    """The places (n, length) int64 that windows of this length cover, which begin at `starts`."""
    return (torch.tensor(starts)[:, None] + torch.arange(length)).to(device)


@lru_cache(maxsize=256)
def numbers(values: tuple[float, ...], device: torch.device) -> torch.Tensor:
    """These numbers (n) float32 on the device."""
    return torch.tensor(values).to(device)


def inside(starts: Starts, length: int, side: int) -> bool:
    """Whether all windows lie on a side of this length."""
    return min(starts) >= 0 and max(starts) + length <= side


def covered(tops: Starts, lefts: Starts, size: Pair, whole: Pair, device: torch.device) -> torch.Tensor:
    """Which cells of windows of `size` lie on a map of `whole` size: (rows, columns, h, w) bool."""
    down, across = (
        places(starts, length, device).ge(0) & places(starts, length, device).lt(side)
        for starts, length, side in ((tops, size[0], whole[0]), (lefts, size[1], whole[1]))
    )
    return down[:, None, :, None] & across[None, :, None, :]


def cut(cells: torch.Tensor, tops: Starts, lefts: Starts, size: Pair) -> torch.Tensor:
    """What `cells` (H, W, C) hold in windows that all lie on it: (rows, columns, h, w, C)."""
    down, across = places(tops, size[0], cells.device), places(lefts, size[1], cells.device)
    return cells[down[:, None, :, None], across[None, :, None, :]]


def trim(delta: torch.Tensor, tops: Starts, lefts: Starts, whole: Pair) -> None:
    """Set the cells of windows (rows, columns, C, h, w) that lie beyond the map to zero, in place."""
    size = (delta.shape[3], delta.shape[4])
    if inside(tops, size[0], whole[0]) and inside(lefts, size[1], whole[1]):
        return
    delta.masked_fill_(~covered(tops, lefts, size, whole, delta.device)[:, :, None], 0)


def moved(delta: torch.Tensor, down: Starts, across: Starts, size: Pair) -> torch.Tensor:
    """Windows (rows, columns, C, h, w) seen through others of `size`, zero where there is nothing.

    Those begin so many cells `down` and `across` from the old ones.
    """
    device, old = delta.device, (delta.shape[3], delta.shape[4])
    i, j = (places((0,), length, device)[0] for length in delta.shape[:2])
    y, x = places(down, size[0], device).clamp(0, old[0] - 1), places(across, size[1], device).clamp(0, old[1] - 1)
    cells = delta.permute(0, 1, 3, 4, 2)
    seen = cells[i[:, None, None, None], j[None, :, None, None], y[:, None, :, None], x[None, :, None, :]]
    if not (inside(down, size[0], old[0]) and inside(across, size[1], old[1])):
        seen.masked_fill_(~covered(down, across, size, old, device)[..., None], 0)
    return seen.permute(0, 1, 4, 2, 3)


def put_on(delta: torch.Tensor, tops: Starts, lefts: Starts, values: torch.Tensor) -> torch.Tensor:
    """Whole maps (rows * columns, C, H, W): `values` (1, C, H, W) with each window's changes added."""
    rows, columns, channels, height, width = delta.shape
    whole = (values.shape[2], values.shape[3])
    cells, count, device = whole[0] * whole[1], rows * columns, delta.device
    # One cell more than there are: what lies beyond the map goes there.
    flat = values.new_empty(count * cells + 1, channels)
    base = values[0].permute(1, 2, 0).reshape(cells, channels)
    flat[:-1].view(count, cells, channels).copy_(base)
    number = places((0,), count, device)[0].view(rows, columns, 1, 1) * cells
    down, across = places(tops, height, device), places(lefts, width, device)
    target = number + down[:, None, :, None] * whole[1] + across[None, :, None, :]
    if not (inside(tops, height, whole[0]) and inside(lefts, width, whole[1])):
        on_map = covered(tops, lefts, (height, width), whole, device)
        target = torch.where(on_map, target, count * cells)
    target = target.flatten()
    flat[target] = flat[target] + delta.permute(0, 1, 3, 4, 2).reshape(-1, channels)
    return flat[:-1].view(count, *whole, channels).permute(0, 3, 1, 2)
