"""Bright spots: reflections of the lamp, and air bubbles in the gel."""

import numpy as np
from scipy import ndimage
from skimage.morphology import disk, opening

from trainer.concepts.rules.colors import Colors, Floats, ramp


def reflection(colors: Colors) -> Floats:
    """Small spots that are far lighter and less colored than the skin, (H, W) in [0, 1]."""
    lightness, chroma = colors.lightness, colors.chroma
    rise = lightness - opening(lightness, disk(7))
    white = ramp(lightness, 78, 92) * ramp(-chroma, -22, -8)
    return (white * ramp(rise, 6, 16)).astype(np.float32)


def bubble(colors: Colors) -> Floats:
    """Round places with a bright rim in a darker one, (H, W) in [0, 1]."""
    lightness = colors.lightness
    certainty = np.zeros_like(lightness)
    for radius in (3, 5, 8, 12):
        reach = radius + 3
        y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
        distance = np.hypot(y, x)
        rim = np.exp(-((distance - radius) ** 2) / 2)
        outside = np.exp(-((distance - radius - 2) ** 2) / 2)
        contrast = ndimage.correlate(lightness, (rim / rim.sum() - outside / outside.sum()).astype(np.float32))
        spread = ndimage.gaussian_filter(np.abs(lightness - ndimage.gaussian_filter(lightness, 2)), radius)
        seen = ramp(contrast, 2, 8) * ramp(contrast / (spread + 1), 0.8, 1.6)
        certainty = np.maximum(certainty, ndimage.grey_dilation(seen, footprint=disk(radius)))
    return certainty.astype(np.float32)
