"""The lesion by Otsu's threshold and a rule for the middle."""

import numpy as np
from scipy import ndimage
from skimage.filters import threshold_otsu

from trainer.concepts.rules.colors import Colors, Floats, ramp

SMOOTHING = 3.0
"""Pixels of the working size over which hairs and texture are averaged away."""


def lesion(colors: Colors, frame: Floats) -> Floats:
    """What differs from the skin as dark or colored spots do, the piece that lies most in the middle: soft, (H, W).

    `frame` in [0, 1] is the dark frame, which is left out.
    """
    height, width = colors.lightness.shape
    light, red, yellow = colors.skin
    change = (light - colors.lightness) + 0.5 * np.hypot(colors.redness - red, colors.yellowness - yellow)
    change = ndimage.gaussian_filter(change, SMOOTHING)
    free = frame < 0.5
    if not free.any() or np.ptp(change[free]) < 4:
        return np.zeros((height, width), np.float32)
    level = float(threshold_otsu(change[free]))
    pieces, count = ndimage.label((change > level) & free)
    if not count:
        return np.zeros((height, width), np.float32)
    y, x = np.indices((height, width))
    centred = np.exp(-((y / height - 0.5) ** 2 + (x / width - 0.5) ** 2) / 0.09)
    weights = ndimage.sum_labels(centred, pieces, np.arange(1, count + 1))
    chosen = ndimage.binary_fill_holes(pieces == 1 + int(np.argmax(weights)))
    soft = ramp(change, level - 2, level + 2)
    near = ndimage.binary_dilation(chosen, iterations=2)
    return np.where(near, np.maximum(soft, ndimage.binary_erosion(chosen, iterations=2)), 0).astype(np.float32)
