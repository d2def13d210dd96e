"""What follows from where the lesion lies: its border, and the dark, uneven and colored parts inside it."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from trainer.concepts.rules.colors import Colors, ramp

Floats = npt.NDArray[np.float32]

BORDER = 0.022
"""How far the border reaches to either side of the outline, in parts of the picture's shorter side."""

LEAST = 30
"""Pixels of the working size that a lesion, or the skin around it, needs for its color to be told."""


def border_ring(lesion: Floats) -> Floats:
    """The ring to both sides of the outline, (H, W) in [0, 1]: none where the frame cuts the lesion."""
    inside = lesion >= 0.5
    if not inside.any() or inside.all():
        return np.zeros_like(lesion)
    reach = BORDER * min(lesion.shape)
    away = np.where(inside, ndimage.distance_transform_edt(inside), ndimage.distance_transform_edt(~inside))
    return ramp(-(away - 0.5), -reach - 0.5, -reach + 0.5)


def dark_part(colors: Colors, lesion: Floats, skin: Floats) -> Floats:
    """Where the lesion is clearly darker than most of it and far darker than the skin, (H, W) in [0, 1]."""
    if (lesion > 0.5).sum() < LEAST:
        return np.zeros_like(lesion)
    light = ndimage.gaussian_filter(colors.lightness, 1.0)
    own = float(np.median(light[lesion > 0.5]))
    around = float(np.median(light[skin > 0.5])) if (skin > 0.5).sum() >= LEAST else own + 15
    darker = ramp(own - light, 2.0, 8.0) * ramp(around - light, 12.0, 22.0)
    return np.asarray(darker * _inside(lesion), dtype=np.float32)


def uneven_part(colors: Colors, lesion: Floats, free: Floats, reach: float = 5.0) -> Floats:
    """Where the lesion's color changes from place to place, over about `reach` pixels, (H, W) in [0, 1].

    The root of the sum of the local variances of Lab, smoothed over hairs and pores, over pixels of the lesion alone:
    its outline, where color changes most, counts for nothing.
    """
    weight = np.where(lesion > 0.5, free, 0).astype(np.float32)
    if (weight > 0.5).sum() < LEAST:
        return np.zeros_like(lesion)
    total = ndimage.gaussian_filter(weight, reach) + 1e-3
    variance = np.zeros_like(lesion)
    for channel in (colors.lightness, colors.redness, colors.yellowness):
        smooth = ndimage.gaussian_filter(channel * weight, 1.0) / (ndimage.gaussian_filter(weight, 1.0) + 1e-3)
        mean = ndimage.gaussian_filter(smooth * weight, reach) / total
        square = ndimage.gaussian_filter(smooth * smooth * weight, reach) / total
        variance += np.maximum(square - mean * mean, 0)
    return np.asarray(ramp(np.sqrt(variance), 3.0, 9.0) * _inside(lesion) * free, dtype=np.float32)


def parts_inside(colors: Colors, lesion: Floats, skin: Floats) -> dict[str, Floats]:
    """The blue-grey, red and white parts of the lesion against the skin of this picture, (H, W) in [0, 1] each."""
    parts = dict.fromkeys(("blue-grey", "red", "white"), np.zeros_like(lesion))
    if (lesion > 0.5).sum() < LEAST or (skin > 0.5).sum() < LEAST:
        return parts
    light, red, yellow = (
        ndimage.gaussian_filter(channel, 1.0) for channel in (colors.lightness, colors.redness, colors.yellowness)
    )
    tone = [float(np.median(channel[skin > 0.5])) for channel in (light, red, yellow)]
    inside = _inside(lesion)
    bluer, redder, lighter = tone[2] - yellow, red - tone[1], light - tone[0]
    parts["blue-grey"] = ramp(bluer, 5, 12) * ramp(-lighter, 4, 12) * ramp(-redder, -4, 2) * inside
    parts["red"] = ramp(redder, 5, 12) * ramp(lighter, -35, -20) * inside
    parts["white"] = ramp(lighter, 2, 8) * ramp(-np.hypot(red, yellow), -28, -16) * inside
    return {name: part.astype(np.float32) for name, part in parts.items()}


def _inside(lesion: Floats) -> Floats:
    return ramp(lesion, 0.25, 0.75)
