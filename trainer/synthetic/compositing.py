"""How a drawn artifact is laid over a picture, and which pixels are then in its mask."""

import numpy as np
from PIL import Image, ImageFilter

from trainer.synthetic.noise_fields import Floats, near

COVERED = 0.2
"""A pixel belongs to an artifact's mask where the artifact covers at least this share of it (hairs are thin)."""


def mixed(rgb: Floats, colour: Floats, share: Floats) -> Floats:
    """The picture (H, W, 3) with a color laid over it, its `share` (H, W) of each pixel."""
    return np.asarray(rgb + (colour - rgb) * share[..., None], dtype=np.float32)


def blurred(coverage: Floats, reach: float, shift: int = 0) -> Floats:
    """A coverage (H, H) blurred over `reach` pixels and moved by `shift` to the lower right, as a shadow is."""
    image = Image.fromarray(np.rint(coverage * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(reach))
    soft = np.asarray(image, dtype=np.float32) / np.float32(255)
    return np.pad(soft, ((shift, 0), (shift, 0)))[: len(soft), : len(soft)]


def in_mask(coverage: Floats) -> Floats:
    """The coverage without what is too faint to be in the mask, unless it is the soft edge of what is in it."""
    return coverage * near(coverage >= COVERED, 1.5)
