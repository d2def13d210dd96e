"""The size at which concepts are found: a hair is one or two pixels wide there, whatever the camera."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

Floats = npt.NDArray[np.float32]

SIDE = 224
"""The shorter side of a picture at the working size."""

WIDEST = 1.75
"""The longest side in shorter sides; what is longer is squashed. 16 : 9 is 1.78."""

STEP = 32
"""Both sides are multiples of it, as the network's halvings need."""


@dataclass(frozen=True)
class WorkingSize:
    """A picture's own (height, width) and the one at which its concepts are found."""

    own: tuple[int, int]
    work: tuple[int, int]

    def shrunk(self, rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """The picture (H, W, 3) uint8 at the working size."""
        if self.own == self.work:
            return rgb
        height, width = self.work
        smaller = height * width < self.own[0] * self.own[1]
        way = Image.Resampling.BOX if smaller else Image.Resampling.BICUBIC  # squares in place of pixels are no picture
        return np.asarray(Image.fromarray(rgb).resize((width, height), way, reducing_gap=None))

    def shrunk_map(self, map: Floats) -> Floats:
        """A map (H, W) float32 at the working size."""
        return _resized(map, self.work, Image.Resampling.BOX)

    def grown(self, map: Floats) -> Floats:
        """A map of the working size as (H, W) float32 in [0, 1] at the picture's own."""
        return np.clip(_resized(map, self.own, Image.Resampling.BILINEAR), 0, 1)


def working_size(height: int, width: int) -> WorkingSize:
    """The size at which the concepts of a picture of `height` x `width` are found."""
    short = max(1, min(height, width))
    sides = (min(height / short, WIDEST), min(width / short, WIDEST))
    down, across = (STEP * round(SIDE * side / STEP) for side in sides)
    return WorkingSize((height, width), (down, across))


def _resized(map: Floats, size: tuple[int, int], filter: Image.Resampling) -> Floats:
    if map.shape == size:
        return map.astype(np.float32)
    image = Image.fromarray(np.ascontiguousarray(map, dtype=np.float32))
    return np.array(image.resize((size[1], size[0]), filter), dtype=np.float32)
