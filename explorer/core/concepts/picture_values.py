"""Values of a whole picture that no map of pixels shows: cameras and clinics differ in them, and networks notice.

All but size and JPEG quality are measured on the surround, so that they tell of the camera and not of the lesion, and
at a longer side of at most `LONGEST` pixels, so that they can be compared between pictures of different size.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

Rgb = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.float64]

VALUES: Mapping[str, str] = MappingProxyType(
    {
        "red share": "red in the surround over red + green + blue; 1/3 is grey",
        "blue share": "blue in the surround over red + green + blue; 1/3 is grey",
        "brightness": "mean luma of the surround, 0 black to 1 white",
        "sharpness": "log10 of the variance of the luma's Laplacian in the surround over its squared mean luma",
        "vignette": "share of the surround's mean luma that is lost from the picture's middle to its corners",
        "field of view": "share of the picture that is not black and joined to one of its corners",
        "width": "pixels",
        "height": "pixels",
    }
)
"""What `picture_values` measures, and in which unit."""

JPEG_QUALITY = "jpeg quality"
LONGEST = 512
RING = 0.1
"""Width of the border ring over the picture's shorter side."""
BLACK = 0.12
"""Luma below which a pixel may belong to the black beyond the field of view; skin of any tone is brighter."""
EDGE = 0.03
"""Width of that black's soft edge over the picture's shorter side."""
LEAST = 64
"""Pixels below which a surround is none."""
_LUMA = np.array([0.2126, 0.7152, 0.0722])

# The luma table of the JPEG standard (ITU-T T.81, annex K.1); libjpeg scales it by its quality.
_STANDARD = np.array([
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
], np.float64)  # fmt: skip


def picture_values(rgb: Rgb, *, lesion: npt.NDArray[np.floating] | Mask | None = None) -> dict[str, float]:
    """Measure `VALUES` on a picture (H, W, 3) uint8 RGB; NaN where a value has no meaning, as on a black picture.

    The surround is what lies outside `lesion` (H, W), a mask or a map in [0, 1] that counts from 0.5; without one the
    border ring, `RING` wide; and never what is black. Luma is that of Rec. 709 on the values as they are stored.
    The Laplacian's variance is the measure of focus of Pech-Pacheco et al. (ICPR 2000); it is divided by the squared
    mean, so that a brighter picture is not sharper.
    """
    height, width = rgb.shape[:2]
    small, mask = _reduced(rgb, None if lesion is None else np.asarray(lesion) >= 0.5)
    luma: Numbers = small @ _LUMA
    black = luma < BLACK
    beyond = _beyond(black)
    # The edge of the field of view is soft: what lies beside the black is neither skin nor a vignette.
    frame = ndimage.binary_dilation(beyond, iterations=max(1, round(EDGE * min(luma.shape)))) if beyond.any() else black
    surround = _surround(luma.shape, mask) & ~black & ~frame
    values = dict.fromkeys(VALUES, float("nan"))
    values |= {"width": float(width), "height": float(height), "field of view": 1 - float(beyond.mean())}
    if surround.sum() < LEAST:
        return values
    red, green, blue = small[surround].mean(axis=0)
    mean = float(luma[surround].mean())
    inner = ndimage.binary_erosion(surround, np.ones((3, 3)), border_value=1)
    focus = ndimage.laplace(luma, mode="nearest")[inner if inner.sum() >= LEAST else surround].var() / mean**2
    values |= {
        "red share": float(red / (red + green + blue)),
        "blue share": float(blue / (red + green + blue)),
        "brightness": mean,
        "sharpness": float(np.log10(max(focus, 1e-12))),
        "vignette": _vignette(luma / mean, surround),
    }
    return values


def jpeg_quality(path: Path | str) -> float:
    """The quality (1 to 100) with which libjpeg would have written the file's luma table; NaN for another kind of file.

    The scale of the table against the standard's gives the quality by libjpeg's own formula, turned round: 200 - 2 q
    percent from 50 on, 5000 / q below. Programs with tables of their own get the quality that fits best.
    """
    try:
        with Image.open(path, formats=["JPEG"]) as image:
            table = dict(getattr(image, "quantization", {})).get(0)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return float("nan")
    if table is None or len(table) != 64:
        return float("nan")
    entries = np.asarray(table, np.float64)
    if (entries <= 1).all():
        return 100.0
    inside = (entries > 1) & (entries < 255)  # libjpeg clips at both ends
    if not inside.any():
        return 1.0
    scale = 100 * float(entries[inside].sum() / _STANDARD[inside].sum())
    return float(round(np.clip((200 - scale) / 2 if scale <= 100 else 5000 / scale, 1, 100)))


def _reduced(rgb: Rgb, mask: Mask | None) -> tuple[Numbers, Mask | None]:
    """The picture in [0, 1] and the mask, both at most `LONGEST` long."""
    scale = LONGEST / max(rgb.shape[:2])
    if scale < 1:
        size = max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale))
        rgb = np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.BOX))
        mask = mask if mask is None else np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST))
    return rgb.astype(np.float64) / 255, mask


def _surround(shape: tuple[int, ...], lesion: Mask | None) -> Mask:
    if lesion is not None and (~lesion).sum() >= LEAST:
        return ~lesion
    height, width = shape
    wide = max(1, round(RING * min(height, width)))
    ring = np.ones(shape, np.bool_)
    ring[wide : height - wide, wide : width - wide] = False
    return ring


def _beyond(black: Mask) -> Mask:
    """What is black and joined to a corner of the picture."""
    parts, _ = ndimage.label(black)
    corners = {int(parts[row, column]) for row in (0, -1) for column in (0, -1)} - {0}
    return np.asarray(np.isin(parts, list(corners)), np.bool_)


def _vignette(luma: Numbers, surround: Mask) -> float:
    """Less the slope of the luma over the squared distance from the middle, which is 1 in the corners."""
    height, width = luma.shape
    y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None, :]
    distance = ((y**2 + x**2) / 2)[surround]
    spread = distance.var()
    if spread < 1e-9:
        return float("nan")
    return -float(((distance - distance.mean()) * luma[surround]).mean() / spread)
