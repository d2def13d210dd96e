"""A map drawn over the picture: transparent where the filter says nothing, darker where it answers more."""

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from explorer.core.arrays import RGB, RGBA, Maps
from explorer.core.drawing.styles import COLOR_MAPS
from trainer.networks.input_spec import Box
from trainer.pictures.resizing import resized_part

LEVELS = 256
SMALLEST_RANGE = 1e-30
"""A scale that is shorter than this is none: single precision could not divide by it."""


@lru_cache(maxsize=8)
def _table(color_map: str) -> RGBA:
    """(256, 4) straight alpha; entry 0 is fully transparent."""
    chosen = COLOR_MAPS[color_map]
    level = np.linspace(0, 1, LEVELS)
    positions = np.linspace(0, 1, len(chosen.stops))
    table = np.empty((LEVELS, 4))
    for channel in range(3):
        table[:, channel] = np.interp(level, positions, [stop[channel] for stop in chosen.stops])
    # A power under 1 lets weak answers be seen at all; it rises strictly, so the order of values survives.
    table[:, 3] = 255 * chosen.opacity * level**0.7
    colors = np.rint(table).astype(np.uint8)
    colors.flags.writeable = False
    return colors


def scaled(maps: npt.NDArray[np.floating[Any]], foot: float, peak: float) -> npt.NDArray[np.uint8]:
    """Levels 0..255 of values of any shape: 0 at `foot` and below, 255 at `peak` and above."""
    foot = max(foot, 0.0)
    if not peak - foot > SMALLEST_RANGE:
        return np.zeros(maps.shape, np.uint8)
    levels = (maps - np.float32(foot)) * np.float32((LEVELS - 1) / (peak - foot))
    levels[np.isnan(levels)] = 0
    return np.clip(levels, 0, LEVELS - 1, out=levels).astype(np.uint8)


def resize(values: npt.NDArray[np.floating[Any]], size: tuple[int, int]) -> npt.NDArray[np.float32]:
    """A map (h, w) resized bilinearly to `size` (height, width), pixel centres kept, edges repeated."""
    picture = Image.fromarray(np.ascontiguousarray(values, np.float32))
    return np.asarray(picture.resize((size[1], size[0]), Image.Resampling.BILINEAR))


def reduced(maps: Maps, longest: int) -> Maps:
    """Maps (C, h, w) averaged over equal blocks until no side is longer than `longest`; always a copy."""
    _, height, width = maps.shape
    block = -(-max(height, width) // longest)
    if block <= 1:
        return maps.copy()
    tall, wide = max(1, height // block), max(1, width // block)
    down, across = min(block, height), min(block, width)
    cut = maps[:, : tall * down, : wide * across]
    means: Maps = cut.reshape(len(maps), tall, down, wide, across).mean((2, 4), dtype=np.float32)
    return means


def overlay(
    map: npt.NDArray[np.floating[Any]],
    size: tuple[int, int],
    *,
    peak: float | None = None,
    foot: float = 0.0,
    color_map: str = "green",
) -> RGBA:
    """Draw the positive part of a map (h, w) at `size` (height, width): (H, W, 4) uint8, straight alpha.

    The scale runs from `foot` (transparent) to `peak` (darkest); without a peak, to the map's own maximum.
    A map without positive values is fully transparent.
    """
    # `nan_to_num` says the same and takes longer than everything else here.
    positive = np.maximum(np.where(np.isfinite(map), map, 0), 0).astype(np.float32)
    top = float(positive.max(initial=0.0)) if peak is None else peak
    # `take` is several times faster than indexing with the array.
    return _table(color_map).take(scaled(resize(positive, size), foot, top), axis=0)


def outline(map: npt.NDArray[np.floating[Any]], size: tuple[int, int], level: float) -> RGBA:
    """The line around everything above `level`, at `size` (height, width): white beside black, (H, W, 4) uint8.

    Two tones, so that the line is seen on dark and on pale pictures alike; each a 256th of the longer side wide, one
    pixel at least. Where the map has fewer cells than the picture has pixels, the line between them is smoothed.
    """
    values = np.ascontiguousarray(np.nan_to_num(map, nan=0.0, posinf=0.0, neginf=0.0), np.float32)
    smooth = Image.fromarray(values).resize((size[1], size[0]), Image.Resampling.BICUBIC)
    above, width = np.asarray(smooth) >= max(level, 1e-12), max(1, round(max(size) / 256))
    white, black = above & _near(~above, width), ~above & _near(above, width)
    line = np.zeros((*size, 4), np.uint8)
    line[white] = (255, 255, 255, 255)
    line[black] = (0, 0, 0, 200)
    return line


def _near(marks: npt.NDArray[np.bool_], reach: int) -> npt.NDArray[np.bool_]:
    """Whether anything is marked (h, w) at most `reach` rows and columns away.

    Along rows and then along columns, so that a wide line of a large picture takes no longer than its pixels need.
    """
    for axis in (0, 1):
        along = np.moveaxis(marks, axis, 0)
        near = along.copy(order="K")
        for step in range(1, min(reach, len(along) - 1) + 1):
            near[step:] |= along[:-step]
            near[:-step] |= along[step:]
        marks = np.moveaxis(near, 0, axis)
    return marks


def in_picture(drawn: RGBA, frame: Box, size: tuple[int, int]) -> RGBA:
    """Lay an overlay of the frame into a picture of `size` (height, width): transparent outside of the frame."""
    top, left = round(frame.top), round(frame.left)
    height, width = (max(1, round(side)) for side in (frame.height, frame.width))
    return resized_part(Image.fromarray(drawn), (height, width), (-top, -left, *size))


def compose(rgb: RGB, drawn: RGBA, opacity: float = 1.0) -> RGB:
    """Blend an overlay (H, W, 4) over a picture (H, W, 3) of the same size; (H, W, 3) uint8."""
    alpha = drawn[..., 3:].astype(np.float32) * np.float32(opacity / 255)
    below = rgb.astype(np.float32)
    return np.rint(below + (drawn[..., :3] - below) * alpha).astype(np.uint8)


def color_bar(height: int, color_map: str = "green") -> RGB:
    """The scale as a column (height, 1, 3) on the ground that its colors are made for, highest value at the top."""
    levels = np.linspace(LEVELS - 1, 0, height).astype(np.uint8)
    ground = np.broadcast_to(np.array(COLOR_MAPS[color_map].ground, np.uint8), (height, 1, 3))
    return compose(ground, _table(color_map)[levels][:, None])
