"""The light that falls unevenly on a picture, fitted to its brightness, and the picture without it.

A quadratic surface over the logarithm of the brightness, as Cavalcanti and Scharcanski (Automated prescreening of
pigmented skin lesions, 2011, section 3.1) fit one to the corners; here to the whole picture, with bisquare weights
(Beaton and Tukey 1974), so that a lesion, which is darker than any light would make it, counts little.
"""

import numpy as np
import numpy.typing as npt
from PIL import Image

from explorer.core.arrays import RGB

GRID = 48
"""The longer side of the picture on which the light is fitted: it is smooth."""

ROUNDS, WIDTH = 12, 3.0
"""Fits, each with the weights of the one before, and how many spreads from the surface nothing counts any more."""

FURTHEST = 3.0
"""The most by which a place is made brighter or darker."""

_DARK = 2.0 / 255
"""What counts as black: hairs and corners have no logarithm."""


def _terms(height: int, width: int) -> npt.NDArray[np.float64]:
    """The terms (H * W, 6) of a quadratic surface, whose places run from -1 to 1."""
    down, across = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    y, x = down.ravel(), across.ravel()
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], 1)


def fitted_light(rgb: RGB) -> npt.NDArray[np.float64]:
    """The light (H, W) on a picture (H, W, 3) uint8; its geometric mean is 1."""
    height, width = rgb.shape[:2]
    scale = min(1.0, GRID / max(height, width))
    small = (max(1, round(height * scale)), max(1, round(width * scale)))
    reduced = np.asarray(Image.fromarray(rgb).resize(small[::-1], Image.Resampling.BOX), np.float64)
    brightness = np.log(np.maximum(reduced.mean(2) / 255, _DARK)).ravel()
    terms = _terms(*small)
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
    light = (_terms(height, width) @ surface).reshape(height, width)
    return np.asarray(np.exp(light - light.mean()))


def evened(rgb: RGB, amount: float = 1.0) -> RGB:
    """The picture (H, W, 3) uint8 divided by its fitted light, from 0, not at all, to 1, wholly."""
    light = np.clip(fitted_light(rgb), 1 / FURTHEST, FURTHEST) ** amount
    return np.asarray(np.rint(np.clip(rgb / light[:, :, None], 0, 255)), np.uint8)
