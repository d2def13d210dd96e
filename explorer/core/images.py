"""Pictures as 8-bit RGB, by the names that scripts use; `trainer.pictures` lists and reads them for both programs."""

import numpy as np
import numpy.typing as npt
from PIL import Image

from trainer.pictures.file_names import ENDINGS, NaturalKey, natural_key, one_line
from trainer.pictures.folder_walk import list_images
from trainer.pictures.image_decoding import FORMATS, MAX_PIXELS, picture_digest, read_image, thumbnail
from trainer.pictures.pixel_formats import Rgb

__all__ = [
    "ENDINGS",
    "FORMATS",
    "MAX_PIXELS",
    "NaturalKey",
    "fitted",
    "for_screen",
    "list_images",
    "natural_key",
    "one_line",
    "picture_digest",
    "read_image",
    "thumbnail",
]


def for_screen(rgb: Rgb) -> npt.NDArray[np.uint8]:
    """A picture (H, W, 3) uint8 RGB as screens keep it: (H, W, 4) uint8, blue, green, red, 255."""
    height, width = rgb.shape[:2]
    opaque = Image.fromarray(rgb).convert("RGBA")  # "BGRX" would leave the fourth byte to chance
    return np.frombuffer(opaque.tobytes("raw", "BGRA"), np.uint8).reshape(height, width, 4)


def fitted(size: tuple[float, float], bound: tuple[float, float]) -> tuple[float, float]:
    """(height, width) of what has the proportions of `size` and fills `bound` as far as they allow."""
    scale = min(bound[0] / size[0], bound[1] / size[1])
    return size[0] * scale, size[1] * scale
