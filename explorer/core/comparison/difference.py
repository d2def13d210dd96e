"""What one network answers on a picture minus what another does, place by place."""

import numpy as np
import numpy.typing as npt

from explorer.core.arrays import Map
from explorer.core.drawing.styles import Scale
from trainer.networks.input_spec import Box

LONGEST = 256
"""Longer side of a difference: maps are no finer, and Qt enlarges smoothly beyond."""


def difference(first: Map, frame: Box, second: Map, second_frame: Box, longest: int = LONGEST) -> Map:
    """The map `second` (h, w) minus `first` (h, w), on a grid over the frame of the first, (H, W) float32.

    The frames are what each network sees of the picture, in its pixels; NaN where the second does not see it. Between
    the centres of a map's cells values are interpolated linearly, outside of them the nearest counts.
    """
    factor = longest / max(frame.height, frame.width)
    tall, wide = (max(1, round(side * factor)) for side in (frame.height, frame.width))
    rows = frame.top + (np.arange(tall) + 0.5) * frame.height / tall
    columns = frame.left + (np.arange(wide) + 0.5) * frame.width / wide
    found: Map = _at(second, second_frame, rows, columns) - _at(first, frame, rows, columns)
    return found


def share_of(map: Map, scale: Scale) -> Map:
    """A map as shares of its own scale, (h, w) float32: 0 up to the scale's foot, 1 from its peak on."""
    if not scale.peak > scale.foot:
        return np.zeros_like(map, np.float32)
    shares: Map = np.clip((map - scale.foot) / (scale.peak - scale.foot), 0, 1).astype(np.float32)
    return shares


def _at(map: Map, frame: Box, rows: npt.NDArray[np.float64], columns: npt.NDArray[np.float64]) -> Map:
    """Values at rows and columns of the picture; NaN outside of the frame."""
    from scipy.ndimage import map_coordinates

    down, across = (rows - frame.top) / frame.height, (columns - frame.left) / frame.width
    places = np.meshgrid(down * map.shape[0] - 0.5, across * map.shape[1] - 0.5, indexing="ij")
    values: Map = map_coordinates(map.astype(np.float32), places, order=1, mode="nearest", output=np.float32)
    values[(down < 0) | (down > 1)] = np.nan
    values[:, (across < 0) | (across > 1)] = np.nan
    return values
