"""Thin lines: hairs, dark and pale, and the marks of a ruler."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage.measure import regionprops
from skimage.morphology import closing, disk, opening, skeletonize

from trainer.concepts.rules.colors import Colors, Floats, ramp

RADIUS = 4
"""Of the top hat and the bottom hat: what is wider than 8 pixels of the working size is no hair."""

LEAST, TIMES = 1.0, 2.5
"""A hair differs by more lightness than the first, and as many times the picture's mean hat as the second says."""

SHORTEST = 10
"""Pixels of the working size along its middle line that a piece of a hair has at least."""

RIM = 2
"""Pixels at the picture's edge that are left out: scans and resizing leave lines there."""

LENGTH, WIDTH, BRANCHES, STEEPNESS, STRAIGHTNESS = 1.18, -0.38, -2.7, 0.63, 3.5
REDNESS, CROWD, BASE = -0.44, -13.3, -3.34
"""How much speaks for a hair: log of the length over 20 pixels; mean width over 2.5; the share of the middle line where
it branches; log of its hat over the least one; its extent over its length, from 0.8; of dark ones, how much redder than
around (vessels); the share of thin things around it, from 0.1 (furrows, pigment nets); and what speaks against all.
Fitted so that the sum of length x certainty tells pictures with hair from others (resources/concepts/seen.csv)."""

AROUND = 8.0
"""Pixels over which thin things around a piece are counted."""


def hats(colors: Colors) -> tuple[Floats, Floats]:
    """(dark, pale): by how much of lightness a pixel is darker, or paler, than everything wider around it."""
    lightness = colors.lightness
    around = disk(RADIUS)
    return closing(lightness, around) - lightness, lightness - opening(lightness, around)


def hair(colors: Colors) -> Floats:
    """Long thin connected pieces that are darker or paler than what is beside them, (H, W) in [0, 1]."""
    certainty = np.zeros_like(colors.lightness)
    redder = colors.redness - ndimage.gaussian_filter(colors.redness, 4)
    for hat, is_dark in zip(hats(colors), (True, False), strict=True):
        for line in (slice(None, RIM), slice(-RIM, None)):
            hat[line] = hat[:, line] = 0
        least = LEAST + TIMES * float(hat.mean())
        certainty = np.maximum(certainty, _certainty(hat, least, redder * is_dark) * ramp(hat, least / 2, 1.5 * least))
    return certainty.astype(np.float32)


def _certainty(hat: Floats, least: float, redder: Floats) -> Floats:
    """For each pixel of a connected piece over `least`, the cube root of how sure it is that the piece is a hair."""
    thin = hat > least
    pieces, count = ndimage.label(thin, np.ones((3, 3)))
    area = np.bincount(pieces.ravel(), minlength=count + 1)
    middle = skeletonize(thin & (area >= SHORTEST)[pieces])
    length = np.bincount(pieces[middle], minlength=count + 1)
    neighbours = ndimage.convolve(middle.astype(np.uint8), np.ones((3, 3), np.uint8), mode="constant") - 1
    sure = np.zeros(count + 1, np.float32)
    boxes = ndimage.find_objects(pieces)
    crowd = ndimage.gaussian_filter(thin.astype(np.float32), AROUND)
    for piece in np.flatnonzero(length >= SHORTEST):
        box = boxes[piece - 1]
        line = middle[box] & (pieces[box] == piece)
        extent = np.hypot(*(side.stop - side.start for side in box))
        speaks = (
            LENGTH * np.log(length[piece] / 20)
            + WIDTH * (area[piece] / length[piece] - 2.5)
            + BRANCHES * float((neighbours[box][line] >= 3).mean())
            + STEEPNESS * np.log(float(hat[box][line].mean()) / least)
            + STRAIGHTNESS * (extent / length[piece] - 0.8)
            + REDNESS * float(redder[box][line].mean())
            + CROWD * (float(crowd[box][line].mean()) - 0.1)
            + BASE
        )
        sure[piece] = np.cbrt(1 / (1 + np.exp(-speaks)))
    return np.asarray(sure[pieces], dtype=np.float32)


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
    certainty = np.zeros_like(dark)
    if len(strokes) < 4:
        return certainty
    centres = np.array([stroke.centroid for stroke in strokes])
    angles = np.array([stroke.orientation for stroke in strokes])
    lengths = np.array([stroke.axis_major_length for stroke in strokes])
    for stroke, share in zip(strokes, _side_by_side(centres, angles, lengths), strict=True):
        certainty[stroke.slice] = np.maximum(certainty[stroke.slice], stroke.image * share)
    return (certainty * ramp(dark, 4, 12)).astype(np.float32)


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
