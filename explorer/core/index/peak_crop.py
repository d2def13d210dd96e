"""The part of a picture in which a filter's peak lies, at the resolution of the original."""

from dataclasses import dataclass
from math import ceil

import numpy as np
from PIL import Image

from explorer.core.arrays import RGB
from explorer.core.index.receptive_field import ReceptiveField, in_picture
from trainer.networks.input_spec import Box

LEAST = 32
"""Input pixels on each side that are shown even where the receptive field is smaller: 3 x 3 pixels show nothing."""


@dataclass(frozen=True)
class PeakCrop:
    """A part of a picture, `rgb` (h, w, 3) uint8.

    `part` is that part in shares of the frame, and `cell` the one cell of the map over which the peak is drawn, in
    shares of the part: both (top, left, height, width), in [0, 1].
    """

    rgb: RGB
    part: Box
    cell: Box


def peak_crop(rgb: RGB, field: ReceptiveField, place: tuple[int, int], longest: int = 256) -> PeakCrop | None:
    """The receptive field of a place (row, column) of the map, cut out of a picture (H, W, 3) uint8, in whole pixels.

    At least `LEAST` input pixels high and wide, cut at the picture's edge, and made smaller where a side is longer than
    `longest`. None where that place lies beyond the picture.
    """
    height, width = rgb.shape[:2]
    frame = field.input.frame_of(rgb)
    box = in_picture(_grown(field.box(place)), field.input, height, width, frame)
    top, left = int(box.top), int(box.left)
    bottom, right = min(height, ceil(box.top + box.height)), min(width, ceil(box.left + box.width))
    if bottom <= top or right <= left:
        return None
    cut = Image.fromarray(rgb[top:bottom, left:right])
    cut.thumbnail((longest, longest))
    whole, cell = Box(top, left, bottom - top, right - left), field.cell(place, height, width, frame)
    return PeakCrop(np.asarray(cut), shares(whole, frame), shares(cell, whole))


def shares(box: Box, of: Box) -> Box:
    """A box in shares of another one."""
    return Box(
        (box.top - of.top) / of.height, (box.left - of.left) / of.width, box.height / of.height, box.width / of.width
    )


def _grown(box: Box) -> Box:
    down, across = max(0.0, LEAST - box.height), max(0.0, LEAST - box.width)
    return Box(box.top - down / 2, box.left - across / 2, box.height + down, box.width + across)
