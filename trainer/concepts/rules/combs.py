"""Rulers whose marks stand on a line: what the network may take for strokes of ink."""

import functools

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage.measure import regionprops

from trainer.concepts.rules.colors import Floats

FROM = 0.3
"""Chance of ink or ruler from which a pixel is looked at."""
LINE, TURNS = 33, 24
"""Pixels of the working size that a straight line has at least, and in how many directions lines are looked for; a
ruler's ticks are shorter."""
DARK, SHARE = 2.0, 0.35
"""A mark is darker than its surround by so much lightness, and by this share of what the darkest of them are."""
TICKS, LEAST, SLIM = 5, 6, 0.8
"""How many ticks make a ruler, how many pixels each has, and how wide one is at most over its length."""
LEANING, EVEN, ALIKE = 0.3, 0.3, 0.45
"""How far a tick leans from upright on its line, in radians; how much steps and lengths may differ: their median
distance from the median, over that."""
AROUND = 4
"""Pixels around line and ticks that belong to them."""

Mask = npt.NDArray[np.bool_]


def as_ruler(ink: Floats, ruler: Floats, hat: Floats) -> tuple[Floats, Floats]:
    """Ink and ruler, (H, W) in [0, 1] each, where ink that is a comb of ticks on a line has become ruler.

    `hat` (H, W) is by how much of lightness a pixel is darker than everything wider around it.
    """
    stain = np.maximum(ink, ruler) >= FROM
    if stain.sum() < LINE:
        return ink, ruler
    comb = combs(stain, hat)
    moved = ndimage.binary_dilation(comb, iterations=AROUND) & stain if comb.any() else comb
    return np.where(moved, 0, ink).astype(np.float32), np.where(moved, np.maximum(ink, ruler), ruler).astype(np.float32)


def combs(stain: Mask, hat: Floats) -> Mask:
    """The straight lines (H, W) in a stain (H, W) on which enough like ticks stand in even steps, with these ticks."""
    near = ndimage.binary_dilation(stain, iterations=2)
    dark = near & (hat > max(DARK, SHARE * float(np.quantile(hat[near], 0.95))))
    mask: Mask = np.zeros_like(dark)
    for turn in range(TURNS):
        lines, count = ndimage.label(_opened(dark, _steps(turn)), np.ones((3, 3)))
        for line in range(1, count + 1):
            mask |= _comb(dark, lines == line, np.pi * turn / TURNS)
    return mask


def _comb(dark: Mask, line: Mask, angle: float) -> Mask:
    """The line with the ticks that stand on it, where these make a ruler; else nothing."""
    nothing = np.zeros_like(dark)
    numbered, _ = ndimage.label(dark & ~ndimage.binary_dilation(line), np.ones((3, 3)))
    beside = np.unique(numbered[ndimage.binary_dilation(line, iterations=3)])
    ticks = [
        region
        for region in regionprops(np.where(np.isin(numbered, beside[beside > 0]), numbered, 0))
        if region.area >= LEAST
        and region.axis_major_length < LINE
        and region.axis_minor_length <= SLIM * region.axis_major_length
        and _leaning(region.orientation, angle) < LEANING
    ]
    if len(ticks) < TICKS:
        return nothing
    along = np.array([region.centroid for region in ticks]) @ np.array([np.sin(angle), np.cos(angle)])
    steps, lengths = np.diff(np.sort(along)), np.array([region.axis_major_length for region in ticks])
    if _spread(steps) > EVEN or _spread(lengths) > ALIKE or float(np.median(steps)) < 3:
        return nothing
    return np.asarray(line | np.isin(numbered, [region.label for region in ticks]))


def _leaning(orientation: float, angle: float) -> float:
    """How far (0 to pi / 2) a piece of this orientation (of its long axis, from the rows' axis) is from upright."""
    direction = np.pi / 2 - orientation  # of its long axis, from the columns' axis as `angle` is
    return abs(float(np.angle(np.exp(2j * (direction - angle - np.pi / 2))))) / 2


def _spread(values: npt.NDArray[np.floating]) -> float:
    middle = float(np.median(values))
    return float(np.median(np.abs(values - middle))) / max(middle, 1e-6)


def _opened(dark: Mask, steps: tuple[tuple[int, int], ...]) -> Mask:
    """What is dark (H, W) and lies on a straight line of dark pixels, whose `steps` from its middle are given."""
    half = LINE // 2
    height, width = dark.shape
    wide = np.pad(dark, 2 * half)
    whole = np.ones((height + 2 * half, width + 2 * half), bool)
    for down, right in steps:
        whole &= wide[half + down :, half + right :][: whole.shape[0], : whole.shape[1]]
    opened: Mask = np.zeros_like(dark)
    for down, right in steps:
        opened |= whole[half + down :, half + right :][:height, :width]
    return opened


@functools.cache
def _steps(turn: int) -> tuple[tuple[int, int], ...]:
    """A straight line one pixel wide around its middle: (down, right) of each pixel."""
    along = np.linspace(-(LINE // 2), LINE // 2, 2 * LINE)
    angle = np.pi * turn / TURNS
    pixels = zip(np.rint(along * np.sin(angle)).astype(int), np.rint(along * np.cos(angle)).astype(int), strict=True)
    return tuple(dict.fromkeys((int(down), int(right)) for down, right in pixels))
