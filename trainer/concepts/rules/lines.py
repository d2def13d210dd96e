"""Thin lines: hairs, dark and pale, and the marks of a ruler."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage.measure import regionprops
from skimage.morphology import closing, disk, opening

from trainer.concepts.rules.colors import Colors, Floats, ramp

RADIUS = 4
"""Of the top hat and the bottom hat: what is wider than 8 pixels of the working size is no hair."""

LEAST, SURE = 3.0, 10.0
"""Lightness by which a hair differs from what is beside it, at least and surely."""

LONG, WIDE = 15, 5
"""Pixels of the working size: shorter pieces are no hairs, and neither are wider ones."""


def hats(colors: Colors) -> tuple[Floats, Floats]:
    """(dark, pale): by how much of lightness a pixel is darker, or paler, than everything wider around it."""
    lightness = colors.lightness
    around = disk(RADIUS)
    return closing(lightness, around) - lightness, lightness - opening(lightness, around)


def hair(colors: Colors) -> Floats:
    """Long thin connected pieces that are darker or paler than what is beside them, (H, W) in [0, 1]."""
    found = np.zeros_like(colors.lightness)
    for hat in hats(colors):
        pieces, _ = ndimage.label(hat > LEAST, np.ones((3, 3)))
        kept = np.zeros(hat.shape, np.bool_)
        for piece in _pieces(pieces, LONG):
            length = piece.axis_major_length
            if length >= LONG and piece.area < WIDE * length and piece.axis_minor_length < 0.4 * length:
                kept[piece.slice] |= piece.image
        found = np.maximum(found, ramp(hat, LEAST / 2, SURE) * kept)
    return found.astype(np.float32)


def _pieces(numbered: npt.NDArray[np.integer], least: int) -> list[Any]:
    """The pieces of at least `least` pixels, for most are specks that cost time."""
    small = np.flatnonzero(np.bincount(numbered.ravel()) < least)
    return list(regionprops(np.where(np.isin(numbered, small), 0, numbered)))


def ruler(colors: Colors, lesion: Floats) -> Floats:
    """Short dark strokes outside the lesion that stand side by side as a ruler's ticks do, (H, W) in [0, 1]."""
    dark, _ = hats(colors)
    pieces, _ = ndimage.label((dark > 8) & (lesion < 0.5), np.ones((3, 3)))
    strokes = [
        piece
        for piece in _pieces(pieces, 4)
        if 4 <= piece.axis_major_length <= 32 and piece.axis_minor_length < 0.5 * piece.axis_major_length
    ]
    found = np.zeros_like(dark)
    if len(strokes) < 4:
        return found
    centres = np.array([stroke.centroid for stroke in strokes])
    angles = np.array([stroke.orientation for stroke in strokes])
    lengths = np.array([stroke.axis_major_length for stroke in strokes])
    for stroke, share in zip(strokes, _side_by_side(centres, angles, lengths), strict=True):
        found[stroke.slice] = np.maximum(found[stroke.slice], stroke.image * share)
    return (found * ramp(dark, 4, 12)).astype(np.float32)


def _side_by_side(
    centres: npt.NDArray[np.float64], angles: npt.NDArray[np.float64], lengths: npt.NDArray[np.float64]
) -> Floats:
    """How sure each stroke is to be a tick, by the strokes like it that lie across its own direction."""
    step = centres[None] - centres[:, None]
    distance = np.hypot(step[..., 0], step[..., 1])
    alike = np.abs(np.sin(angles[None] - angles[:, None])) < 0.2
    alike &= np.abs(np.log(lengths[None] / lengths[:, None])) < 0.8
    ahead = np.abs(step[..., 0] * np.cos(angles)[:, None] + step[..., 1] * np.sin(angles)[:, None])
    across = alike & (distance > 0) & (distance < 70) & (ahead < 0.35 * distance)
    return ramp(across.sum(axis=1), 2, 5)
