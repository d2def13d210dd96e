"""The cast of a picture's light, and the picture under another light."""

import numpy as np
import numpy.typing as npt

Rgb = npt.NDArray[np.uint8]
Light = npt.NDArray[np.float64]

P = 6
"""The Minkowski norm that Finlayson & Trezzi found best."""


def light_of(rgb: Rgb, p: float = P) -> Light:
    """The color (3,) of the light in a picture (H, W, 3) uint8, of length 1: shades of grey.

    The Minkowski norm of order `p` of each channel (Finlayson & Trezzi, Shades of gray and colour constancy, CIC 2004),
    on the values as they are stored; p = 1 is grey world. Grey where the picture is black.
    """
    values = rgb.astype(np.float64) / 255
    light = np.power(np.power(values, p).mean(axis=(0, 1)), 1 / p)
    length = float(np.linalg.norm(light))
    return np.asarray(light / length if length else np.full(3, 3**-0.5), np.float64)


def under_light(rgb: Rgb, light: Light, p: float = P) -> Rgb:
    """The picture (H, W, 3) uint8 as under a light of this color (3,) and the same strength: channels are scaled.

    A channel in which there is no light has none to give, and stays.
    """
    gain = gain_to(light, light_of(rgb, p))
    return np.asarray(np.rint(np.clip(rgb * gain, 0, 255)), np.uint8)


def gain_to(light: Light, own: Light) -> Light:
    """What each channel (3,) of a picture under its `own` light is multiplied by, to be as under `light`."""
    return np.asarray(np.divide(light, own, out=np.ones(3), where=own > 0), np.float64)
