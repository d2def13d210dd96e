"""Kernels that people know, kernels that they type, and what a kernel makes of a picture."""

import math
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from explorer.core.arrays import RGB
from explorer.core.errors import UserError

Kernel = npt.NDArray[np.float32]

LARGEST = 15
"""The longest side of a kernel that can be typed."""


def _kernel(rows: str) -> Kernel:
    return np.array([[float(value) for value in row.split()] for row in rows.split(";")], np.float32)


KERNELS: Mapping[str, Kernel] = MappingProxyType(
    {
        "identity": _kernel("0 0 0; 0 1 0; 0 0 0"),
        "blur": _kernel("0.0625 0.125 0.0625; 0.125 0.25 0.125; 0.0625 0.125 0.0625"),
        "sharpen": _kernel("0 -1 0; -1 5 -1; 0 -1 0"),
        "sobel, upright edges": _kernel("-1 0 1; -2 0 2; -1 0 1"),
        "sobel, level edges": _kernel("-1 -2 -1; 0 0 0; 1 2 1"),
        "laplacian": _kernel("0 1 0; 1 -4 1; 0 1 0"),
    }
)
"""By their names; written as a network applies them, which is without turning them round."""


def parse_kernel(text: str) -> Kernel:
    """A kernel of rows that end with a line or a semicolon, numbers apart by spaces or commas: "0 1 0; 1 -4 1; 0 1 0".

    UserError where it is none: rows of different lengths, an even side, more than 15, or what is no number.
    """
    rows = [row.replace(",", " ").split() for row in text.replace(";", "\n").splitlines() if row.strip()]
    try:
        values = [[float(value) for value in row] for row in rows]
    except ValueError as error:
        raise UserError(f"A kernel is made of numbers: {error}.") from error
    if not values or len({len(row) for row in values}) != 1:
        raise UserError("A kernel has rows of the same length, such as 0 1 0; 1 -4 1; 0 1 0.")
    if not all(math.isfinite(value) for row in values for value in row):
        raise UserError("A kernel is made of finite numbers.")
    sides = len(values), len(values[0])
    if any(side % 2 == 0 or side > LARGEST for side in sides):
        raise UserError(f"The sides of a kernel are odd and at most {LARGEST}, not {sides[0]} x {sides[1]}.")
    return np.array(values, np.float32)


def written(kernel: Kernel) -> str:
    """A kernel as `parse_kernel` reads it, a row on each line."""
    return "\n".join(" ".join(f"{value:.4g}" for value in row) for row in kernel)


def convolved(rgb: RGB, kernel: Kernel) -> npt.NDArray[np.float32]:
    """What a kernel (kh, kw) makes of each color of a picture (H, W, 3) uint8: (H, W, 3) float32, in values of 0 to 1.

    As networks do it: the kernel is not turned round. A kernel (3, kh, kw) has a part for each color, and what the
    three give is added up, (H, W). Beyond the picture there is its edge again.
    """
    from scipy.ndimage import correlate

    values = rgb.astype(np.float32) / 255
    if kernel.ndim == 2:
        return np.stack([correlate(values[..., color], kernel, mode="nearest") for color in range(3)], -1)
    if kernel.shape[0] != 3:
        raise UserError(f"A kernel has a part for each of 3 colors, not for {kernel.shape[0]}.")
    parts = [correlate(values[..., color], kernel[color], mode="nearest") for color in range(3)]
    return np.asarray(np.sum(parts, 0), np.float32)
