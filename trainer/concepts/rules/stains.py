"""Large colored things: ink, stickers, and the dark frame of the field of view."""

import numpy as np
from scipy import ndimage

from trainer.concepts.rules.colors import Colors, Floats, ramp


def ink(colors: Colors, lesion: Floats) -> Floats:
    """Blue, violet or black strokes beside the lesion, (H, W) in [0, 1]."""
    _, red, yellow = colors.skin
    bluer = yellow - colors.yellowness
    soft = ndimage.gaussian_filter(np.maximum(bluer, 0), 1.0)
    colored = ramp(soft, 12, 24) * ramp(colors.chroma, 8, 16) * ramp(red + 18 - colors.redness, -20, 0)
    return _pieces(colored * (1 - ndimage.grey_dilation(lesion, size=9)), least=40)


def patch(colors: Colors) -> Floats:
    """Large evenly colored areas of a color that skin does not have, at the picture's edge, (H, W) in [0, 1]."""
    _, red, yellow = colors.skin
    away = np.hypot(colors.redness - red, colors.yellowness - yellow)
    away = ndimage.gaussian_filter(away, 2)
    hue = np.degrees(np.arctan2(colors.yellowness, colors.redness))
    strange = (hue < 0) | (hue > 95) | (colors.chroma > 60)
    return _pieces(ramp(away, 25, 40) * ndimage.median_filter(strange, 5), least=500, at_edge=True)


def corner(colors: Colors) -> Floats:
    """The dark outside of a round field of view: nearly black, reaching the picture's corners, (H, W) in [0, 1]."""
    dark = ramp(-ndimage.gaussian_filter(colors.lightness, 1.5), -30, -16)
    pieces, count = ndimage.label(dark > 0.5)
    frame = np.zeros_like(dark)
    if not count:
        return frame
    ends = {int(pieces[y, x]) for y in (2, -3) for x in (2, -3)} - {0}
    for end in ends:
        frame = np.maximum(frame, dark * ndimage.binary_dilation(pieces == end, iterations=2))
    return np.asarray(frame, dtype=np.float32)


def _pieces(soft: Floats, least: int, *, at_edge: bool = False) -> Floats:
    """What is left of a soft map without pieces of less than `least` pixels, or that do not touch the edge."""
    pieces, count = ndimage.label(soft > 0.5)
    if not count:
        return np.zeros_like(soft)
    keep = np.bincount(pieces.ravel(), minlength=count + 1) >= least
    if at_edge:
        touching = np.zeros(count + 1, np.bool_)
        for line in (pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]):
            touching[line] = True
        keep &= touching
    keep[0] = False
    return np.asarray((soft * ndimage.binary_dilation(keep[pieces], iterations=2)), dtype=np.float32)
