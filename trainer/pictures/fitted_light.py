"""The light that falls unevenly on a picture, fitted to its brightness, and the picture without it.

A quadratic surface over the logarithm of the brightness, as Cavalcanti and Scharcanski (Automated prescreening of
pigmented skin lesions, 2011, section 3.1) fit one to the corners; here to the whole picture, with bisquare weights
(Beaton and Tukey 1974), so that a lesion, which is darker than any light would make it, counts little.
"""

import numpy as np
import numpy.typing as npt
from PIL import Image

Rgb = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.float64]

GRID = 48
"""The longer side of the picture on which the light is fitted: it is smooth."""

ROUNDS, WIDTH = 12, 3.0
"""Fits, each with the weights of the one before, and how many spreads from the surface nothing counts any more."""

FURTHEST = 3.0
"""The most by which a place is made brighter or darker."""

_DARK = 2.0 / 255
"""What counts as black: hairs and corners have no logarithm."""


def _terms(down: Numbers, across: Numbers) -> Numbers:
    """The terms (H * W, 6) of a quadratic surface at rows (H) and columns (W), whose places run from -1 to 1."""
    y, x = (grid.ravel() for grid in np.meshgrid(down, across, indexing="ij"))
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], 1)


def _surface(reduced: Rgb) -> Numbers:
    """The coefficients (6,) of the surface over the logarithm of a small picture's brightness."""
    brightness = np.log(np.maximum(reduced.astype(np.float64).mean(2) / 255, _DARK)).ravel()
    terms = _terms(*(np.linspace(-1, 1, side) for side in reduced.shape[:2]))
    weights = np.ones(len(brightness))
    surface = np.zeros(terms.shape[1])
    for _ in range(ROUNDS):
        roots = np.sqrt(weights)
        surface = np.linalg.lstsq(terms * roots[:, None], brightness * roots, rcond=None)[0]
        away = brightness - terms @ surface
        spread = 1.4826 * float(np.median(np.abs(away)))
        if spread <= 1e-6:
            break
        weights = np.clip(1 - (away / (WIDTH * 1.5 * spread)) ** 2, 0, None) ** 2
    return surface


def fitted_light(rgb: Rgb) -> Numbers:
    """The light (H, W) on a picture (H, W, 3) uint8; its geometric mean is 1."""
    height, width = rgb.shape[:2]
    scale = min(1.0, GRID / max(height, width))
    small = (max(1, round(height * scale)), max(1, round(width * scale)))
    reduced = np.asarray(Image.fromarray(rgb).resize(small[::-1], Image.Resampling.BOX))
    return _light(_surface(reduced), (height, width), (0, 0, height, width))


def _light(surface: Numbers, size: tuple[int, int], part: tuple[int, int, int, int]) -> Numbers:
    """The light of a picture of `size` in a part of it (top, left, height, width), which may reach beyond it."""
    top, left, height, width = part
    coordinates = [np.linspace(-1, 1, side) for side in size]
    rows, columns = (
        np.clip(np.arange(start, start + count), 0, side - 1)
        for start, count, side in ((top, height, size[0]), (left, width, size[1]))
    )
    light = (_terms(coordinates[0][rows], coordinates[1][columns]) @ surface).reshape(height, width)
    return np.asarray(np.exp(light - _mean(surface, size)))


def evened(rgb: Rgb, amount: float = 1.0) -> Rgb:
    """The picture (H, W, 3) uint8 divided by its fitted light, from 0, not at all, to 1, wholly."""
    return _divided(rgb, fitted_light(rgb), amount)


def evened_part(part: Rgb, rgb: Rgb, amount: float, size: tuple[int, int], place: tuple[int, int]) -> Rgb:
    """A part (h, w, channels) of a picture (H, W, 3) that was resized to `size`, cut out at `place` (top, left).

    The light is that of the whole picture, fitted on a copy of `GRID` x `GRID`, so that it is the same whatever the
    resolution, and whatever part is taken.
    """
    reduced = np.asarray(Image.fromarray(rgb).resize((GRID, GRID), Image.Resampling.BOX))
    return _divided(part, _light(_surface(reduced), size, (*place, *part.shape[:2])), amount)


def _mean(surface: Numbers, size: tuple[int, int]) -> float:
    """The mean of the surface over the rows and columns of a picture of `size`."""
    down, across = (np.linspace(-1, 1, side) for side in size)
    y, x = float(down.mean()), float(across.mean())
    return float(surface @ np.array([1, x, y, (across**2).mean(), x * y, (down**2).mean()]))


def _divided(rgb: Rgb, light: Numbers, amount: float) -> Rgb:
    light = np.clip(light, 1 / FURTHEST, FURTHEST) ** amount
    return np.asarray(np.rint(np.clip(rgb / light[:, :, None], 0, 255)), np.uint8)
