"""The cast of a picture's light taken out, as the eye does it."""

import numpy as np
import numpy.typing as npt

P = 6
"""The Minkowski norm that Finlayson & Trezzi found best."""


def shades_of_grey(rgb: npt.NDArray[np.uint8], p: float = P) -> npt.NDArray[np.uint8]:
    """The picture (H, W, 3) uint8 as under grey light of the same strength.

    The light's color is the Minkowski norm of order `p` of each channel (Finlayson & Trezzi, Shades of gray and colour
    constancy, CIC 2004); each channel is divided by its share of it. p = 1 is grey world. On the values as stored.
    """
    values = rgb.astype(np.float64) / 255
    light = np.power(np.power(values, p).mean(axis=(0, 1)), 1 / p)
    if not light.all():
        return rgb.copy()  # a channel without light has none to give
    gain = np.linalg.norm(light) / np.sqrt(3) / light
    return np.asarray(np.rint(np.clip(values * gain, 0, 1) * 255), np.uint8)
