"""What one network answers on a picture minus what another does, place by place."""

import numpy as np
import numpy.typing as npt

from explorer.core.arrays import Map
from explorer.core.drawing.styles import Scale
from trainer.networks.input_spec import Box

Places = npt.NDArray[np.float64]
LONGEST = 256
"""Longer side of a difference: maps are no finer, and Qt enlarges smoothly beyond."""


def difference(first: Map, frame: Box, second: Map, second_frame: Box, longest: int = LONGEST) -> Map:
    """The map `second` (h, w) minus `first` (h, w), on a grid over the frame of the first, (H, W) float32.

    The frames are what each network sees of the picture, in its pixels; NaN where the second does not see it. Between
    the centres of a map's cells values are interpolated linearly, outside of them the nearest counts.
    """
    factor = longest / max(frame.height, frame.width)
    tall, wide = (max(1, round(side * factor)) for side in (frame.height, frame.width))
    size = tall, wide
    change: Map = over_frame(second, second_frame, frame, size) - over_frame(first, frame, frame, size)
    return change


def over_frame(map: Map, frame: Box, other: Box, size: tuple[int, int]) -> Map:
    """A map (h, w) of what a network sees, its `frame`, on a grid of `size` (H, W) over the frame `other`, float32.

    NaN where the network does not see it.
    """
    tall, wide = size
    rows = other.top + (np.arange(tall) + 0.5) * other.height / tall
    columns = other.left + (np.arange(wide) + 0.5) * other.width / wide
    return _at(map, frame, rows, columns)


def share_of(map: Map, scale: Scale) -> Map:
    """A map as shares of its own scale, (h, w) float32: 0 up to the scale's foot, 1 from its peak on."""
    if not scale.peak > scale.foot:
        return np.zeros_like(map, np.float32)
    shares: Map = np.clip((map - scale.foot) / (scale.peak - scale.foot), 0, 1).astype(np.float32)
    return shares


def _at(map: Map, frame: Box, rows: Places, columns: Places) -> Map:
    """Values at rows and columns of the picture; NaN outside of the frame."""
    down, across = (rows - frame.top) / frame.height, (columns - frame.left) / frame.width
    values: Map = _along(_along(map.astype(np.float32), down).T, across).T
    values[(down < 0) | (down > 1)] = np.nan
    values[:, (across < 0) | (across > 1)] = np.nan
    return values


def _along(values: Map, shares: Places) -> Map:
    """Rows of (n, m) at shares of their extent, 0 to 1: (len(shares), m), linear between the rows' centres."""
    positions = np.clip(shares * len(values) - 0.5, 0, len(values) - 1)
    before = positions.astype(np.intp)
    after, weight = np.minimum(before + 1, len(values) - 1), (positions - before).astype(np.float32)[:, None]
    interpolated: Map = values[before] * (1 - weight) + values[after] * weight
    return interpolated
