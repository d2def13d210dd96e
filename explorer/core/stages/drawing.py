"""Maps and kernels of a filter as small pictures."""

import numpy as np
import numpy.typing as npt

from explorer.core.arrays import RGB
from explorer.core.drawing.overlay import compose
from explorer.core.drawing.signed_overlay import attribution_overlay, limit_of


def signed_picture(values: npt.NDArray[np.float32]) -> RGB:
    """Values (h, w) as (h, w, 3) uint8: white at zero, orange above, blue below, up to the largest size."""
    return compose(np.full((*values.shape, 3), 255, np.uint8), attribution_overlay(values, values.shape))


def colored_kernel(kernels: npt.NDArray[np.float32]) -> RGB:
    """The kernels (3, kh, kw) for red, green and blue as one picture (kh, kw, 3) uint8, in which grey is zero."""
    size = float(np.abs(kernels).max()) or 1.0
    return np.asarray(np.rint(127.5 + 127.5 * kernels.transpose(1, 2, 0) / size), np.uint8)


def picture_of(answer: npt.NDArray[np.float32], *, about_zero: bool = False) -> RGB:
    """What a kernel made, in values of 0 to 1: (H, W, 3) as it is, beyond black and white cut off, or (H, W) signed.

    What lies `about_zero`, as after a kernel whose values add up to nothing, is drawn about grey, up to the 0.995
    quantile of its sizes.
    """
    if answer.ndim == 2:
        return signed_picture(answer)
    if about_zero:
        size = limit_of(answer, 0.995) or 1.0
        return np.asarray(np.rint(127.5 + 127.5 * np.clip(answer / size, -1, 1)), np.uint8)
    return np.asarray(np.rint(255 * np.clip(answer, 0, 1)), np.uint8)
