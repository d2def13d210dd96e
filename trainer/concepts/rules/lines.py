"""Thin lines: hairs, dark and pale, and the marks of a ruler."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage.measure import regionprops
from skimage.morphology import closing, disk, opening

from trainer.concepts.rules.colors import Colors, Floats, ramp

RADIUS = 4
"""Of the top hat and the bottom hat: what is wider than 8 pixels of the working size is no hair."""

LEAST, SURE = 4.0, 12.0
"""Lightness by which a hair differs from what is beside it."""

LONG = 22
"""Pixels of the working size: shorter pieces are no hairs."""


def hats(colors: Colors) -> tuple[Floats, Floats]:
    """(dark, pale): by how much of lightness a pixel is darker, or paler, than everything wider around it."""
    lightness = colors.lightness
    around = disk(RADIUS)
    return closing(lightness, around) - lightness, lightness - opening(lightness, around)


def hair(colors: Colors) -> Floats:
    """Long thin connected pieces that are darker or paler than what is beside them, (H, W) in [0, 1]."""
    found = np.zeros_like(colors.lightness)
    for hat in hats(colors):
        lines = _along_lines(hat)
        thin = lines > LEAST
        pieces, _ = ndimage.label(thin, np.ones((3, 3)))
        kept = np.zeros_like(thin)
        for piece in regionprops(pieces):
            length = piece.axis_major_length
            if length >= LONG and piece.area / length < 6 and piece.axis_minor_length < 0.45 * length:
                kept[piece.slice] |= piece.image
        found = np.maximum(found, ramp(hat, LEAST, SURE) * ndimage.binary_dilation(kept))
    return found.astype(np.float32)


def _along_lines(hat: Floats, length: int = 13, turns: int = 12) -> Floats:
    """For every pixel, the best mean of `hat` along a straight line through it, less the mean over all directions."""
    half = length // 2
    steps = np.linspace(-half, half, 2 * length)
    best = np.zeros_like(hat)
    total = np.zeros_like(hat)
    for turn in range(turns):
        angle = np.pi * turn / turns
        kernel = np.zeros((length, length), np.float32)
        kernel[np.rint(half + steps * np.sin(angle)).astype(int), np.rint(half + steps * np.cos(angle)).astype(int)] = 1
        along = ndimage.correlate(hat, kernel / kernel.sum(), mode="reflect")
        best = np.maximum(best, along)
        total += along
    return best - np.float32(0.6) * total / turns


def ruler(colors: Colors, lesion: Floats) -> Floats:
    """Short dark strokes outside the lesion that stand side by side as a ruler's ticks do, (H, W) in [0, 1]."""
    dark, _ = hats(colors)
    pieces, _ = ndimage.label((dark > 8) & (lesion < 0.5), np.ones((3, 3)))
    strokes = [
        piece
        for piece in regionprops(pieces)
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
