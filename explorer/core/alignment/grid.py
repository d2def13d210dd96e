"""The grid on which maps and concepts are compared: the part of a picture that the network sees, in SIDE x SIDE cells.

Every layer's maps are brought to one grid, so that one ranking of a filter's cells serves every concept.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

SIDE = 56
"""Cells a side: the resolution of middle layers; thin hairs are still told from what lies beside them."""
BAND = 4
"""Cells at each side of the grid that padding reaches: two cells of a 28 x 28 map. They are compared with nothing."""
INNER = SIDE - 2 * BAND
CELLS = INNER * INNER

Floats = npt.NDArray[np.float32]


def to_grid(values: npt.NDArray[Any]) -> Floats:
    """The mean of (H, W) over each cell: (SIDE, SIDE) float32."""
    image = Image.fromarray(np.ascontiguousarray(values, dtype=np.float32))
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX), np.float32)


def maps_on_grid(maps: torch.Tensor) -> torch.Tensor:
    """Maps (N, C, h, w) on the grid (N, C, SIDE, SIDE) float32: means where they are finer, else interpolated."""
    maps = maps.detach().float()
    if min(maps.shape[2:]) >= SIDE:
        return torch.nn.functional.adaptive_avg_pool2d(maps, SIDE)
    return torch.nn.functional.interpolate(maps, (SIDE, SIDE), mode="bilinear", align_corners=False)


def inner(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Without the band, the cells in one row: (..., SIDE, SIDE) to (..., CELLS)."""
    cut = values[..., BAND:-BAND, BAND:-BAND]
    return np.ascontiguousarray(cut).reshape(*values.shape[:-2], CELLS)
