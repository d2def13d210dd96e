"""What is done to a picture: artifacts are laid into it or painted over, color, light and texture are taken away."""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from explorer.core.arrays import RGB
from trainer.synthetic.artifacts import laid_into

Floats = npt.NDArray[np.float32]
Maps = Mapping[str, npt.NDArray[np.floating]]

DRAWN = ("hair", "ruler", "bubble", "reflection", "ink", "corner")
"""Concepts that can be laid into a picture."""
BLOCK = 16
"""Pixels a side of the blocks in which a control scrambles, and in which texture is shuffled, at 224 pixels."""
PAINTED_AT, MOST_PAINTED = 112, 0.2
"""Side at which a concept is painted over, and the largest share of the picture for which that is done."""
TURN, CAST = 0.12, (1.12, 1.0, 0.85)
"""Turns of the hue wheel, and factors of red, green and blue."""


def laid(rgb: Floats, concept: str, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """A picture (h, w, 3) in [0, 1] with one of `DRAWN` laid into it, and its control.

    The control changes about the same pixels by the same amounts, but of a scrambled shape: within small blocks what
    was added is dealt out anew.
    """
    changed = laid_into(rgb, concept, rng)
    return changed, np.clip(rgb + scrambled(changed - rgb, rng), 0, 1)


def scrambled(values: Floats, rng: np.random.Generator) -> Floats:
    """(h, w, 3) with the pixels of every block dealt out anew."""
    return _in_blocks(values, lambda block: rng.permutation(block))


def changed(rgb: Floats, rng: np.random.Generator) -> dict[str, Floats]:
    """The picture (h, w, 3) in [0, 1] without color, in another hue, with a cast, turned, shuffled and blurred."""
    from scipy.ndimage import gaussian_filter
    from skimage.color import hsv2rgb, rgb2hsv

    hsv = rgb2hsv(rgb)
    hsv[..., 0] = (hsv[..., 0] + TURN) % 1
    grey = rgb @ np.array([0.299, 0.587, 0.114], np.float32)
    reach = BLOCK / 224 * len(rgb) / 4
    turned = np.rot90(rgb) if rgb.shape[0] == rgb.shape[1] else rgb[::-1]
    pictures = {
        "without color": np.repeat(grey[..., None], 3, axis=2),
        "another hue": hsv2rgb(hsv),
        "a cast": np.clip(rgb * np.array(CAST, np.float32), 0, 1),
        "turned": np.ascontiguousarray(turned),
        "shuffled": scrambled(rgb, rng),
        "blurred": gaussian_filter(rgb, (reach, reach, 0)),
    }
    return {name: np.asarray(values, np.float32) for name, values in pictures.items()}


CHANGES = ("without color", "another hue", "a cast", "turned", "shuffled", "blurred")
REMOVED = ("hair", "ruler", "bubble")


def painted_over(rgb: Floats, map: npt.NDArray[np.floating]) -> Floats | None:
    """The picture without what `map` (h, w) in [0, 1] shows; None where there is too little or too much of it.

    (Biharmonic inpainting, Damelin & Hoang, 2018.)
    """
    from PIL import Image
    from skimage.restoration import inpaint_biharmonic

    mask = map >= 0.5
    if not 0.002 < mask.mean() < MOST_PAINTED:
        return None
    height, width = mask.shape
    scale = min(1.0, PAINTED_AT / max(height, width))
    small = max(1, round(width * scale)), max(1, round(height * scale))
    low = np.asarray(Image.fromarray(as_bytes(rgb)).resize(small, Image.Resampling.BOX), np.float32) / 255
    covered = np.asarray(Image.fromarray(mask.astype(np.float32)).resize(small, Image.Resampling.BOX)) > 0.05
    filled = inpaint_biharmonic(low, covered, split_into_regions=True, channel_axis=-1)
    large = Image.fromarray(as_bytes(filled)).resize((width, height), Image.Resampling.BICUBIC)
    wide = np.asarray(Image.fromarray(covered.astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR))
    return np.asarray(rgb + (np.asarray(large, np.float32) / 255 - rgb) * wide[..., None], np.float32)


def as_bytes(rgb: npt.NDArray[np.floating]) -> RGB:
    """[0, 1] as 8 bits."""
    pixels: RGB = np.rint(np.clip(rgb, 0, 1) * 255).astype(np.uint8)
    return pixels


def _in_blocks(values: Floats, deal: Callable[[Floats], Floats]) -> Floats:
    height, width = values.shape[:2]
    side = max(2, round(BLOCK * max(height, width) / 224))
    result = values.copy()
    for top in range(0, height, side):
        for left in range(0, width, side):
            block = values[top : top + side, left : left + side]
            result[top : top + side, left : left + side] = deal(block.reshape(-1, values.shape[2])).reshape(block.shape)
    return result
