"""The dark outside of a round field of view, found and filled with the skin's color beside it."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image

from trainer.pictures.resizing import resized_part

Rgb = npt.NDArray[np.uint8]

SIDE = 64
"""Side of the copy on which corners are found."""
DARK = 53
"""Mean of the channels under which a place is nearly black: CIE lightness 22."""
NEAREST = 0.7
"""How near to the middle, in half sides, a dark corner may reach: what lies nearer may be a lesion."""
_EDGE = 3
"""Places beside a dark corner that are taken for its soft edge."""


def corners_of(rgb: Rgb) -> npt.NDArray[np.float32] | None:
    """How much of each place (SIDE, SIDE), in [0, 1], belongs to the dark corners of a picture (H, W, 3) uint8.

    They are nearly black, reach at least two of the picture's corners and stay away from its middle; None where
    there are none.
    """
    from scipy import ndimage  # few networks ask for it

    small = np.asarray(Image.fromarray(rgb).resize((SIDE, SIDE), Image.Resampling.BOX), np.float32)
    dark = ndimage.gaussian_filter(small.mean(axis=2), 1) < DARK
    pieces, _ = ndimage.label(dark & (_reach() > NEAREST))
    ends = [int(pieces[y, x]) for y in (1, -2) for x in (1, -2)]
    if sum(map(bool, ends)) < 2:
        return None
    corners = ndimage.binary_dilation(np.isin(pieces, [end for end in ends if end]), iterations=_EDGE)
    soft: npt.NDArray[np.float32] = np.clip(ndimage.gaussian_filter(corners.astype(np.float32), 1), 0, 1)
    return soft


@dataclass(frozen=True)
class Filling:
    """What fills the dark corners of a picture: `color` (SIDE, SIDE, 3) and its `share` (SIDE, SIDE), both uint8."""

    color: Rgb
    share: npt.NDArray[np.uint8]

    def over(self, part: Rgb, size: tuple[int, int], place: tuple[int, int]) -> Rgb:
        """A part (h, w, channels) of the picture resized to `size`, cut out at `place` (top, left), without corners."""
        box, color = (*place, *part.shape[:2]), Image.fromarray(self.color)
        share = resized_part(Image.fromarray(self.share), size, box) / np.float32(255)
        filling = resized_part(color if part.shape[2] == 3 else color.convert("L"), size, box)
        return np.asarray(np.rint(part + share * (filling.astype(np.float32) - part)), np.uint8)


def filling_of(rgb: Rgb) -> Filling | None:
    """The mean color of what lies nearest beside the dark corners of a picture (H, W, 3); None where it has none."""
    corners = corners_of(rgb)
    if corners is None:
        return None
    return Filling(_beside(rgb, corners), np.rint(255 * corners).astype(np.uint8))


def _beside(rgb: Rgb, corners: npt.NDArray[np.float32]) -> Rgb:
    """The color (SIDE, SIDE, 3) of what lies around each place and is no corner: near it, or else farther."""
    from scipy import ndimage

    small = np.asarray(Image.fromarray(rgb).resize((SIDE, SIDE), Image.Resampling.BOX), np.float32)
    seen = (corners < 0.02).astype(np.float32)
    total, weight = np.zeros_like(small), np.full((SIDE, SIDE), 1e-6, np.float32)
    for width, counts in ((3, 1.0), (9, 1e-2), (27, 1e-4)):  # the nearest ones outweigh the others by far
        weight += counts * ndimage.gaussian_filter(seen, width, truncate=2)
        total += counts * ndimage.gaussian_filter(small * seen[..., None], (width, width, 0), truncate=2)
    return np.asarray(np.rint(np.clip(total / weight[..., None], 0, 255)), np.uint8)


@cache
def _reach() -> npt.NDArray[np.float64]:
    """How far each place (SIDE, SIDE) lies from the middle, in half sides."""
    along = (np.arange(SIDE) + 0.5) / SIDE * 2 - 1
    return np.hypot(along[:, None], along)
