"""Any mode and depth that Pillow decodes, made 8-bit RGB."""

import ctypes
import logging
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, PngImagePlugin, TiffImagePlugin, _imaging

Rgb = npt.NDArray[np.uint8]
Grey = npt.NDArray[np.uint8]

_BITS, _COMPRESSION, _PHOTOMETRIC, _PLANES, _SAMPLE_FORMAT = 258, 259, 262, 284, 339  # TIFF 6.0 tags
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# What a decoder logs belongs in the program's log where there is one; without a handler it would be printed.
logging.getLogger("PIL").addHandler(logging.NullHandler())
# libtiff prints the fault of a damaged file from C; the refusal says it. On Windows Pillow hides the function.
with suppress(AttributeError, ImportError, OSError):
    ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler(None)


class Unsupported(Exception):  # noqa: N818 - the file may be whole
    """What a picture holds that cannot be read rightly; a clause that begins with "its" or "one"."""


def to_rgb(picture: Image.Image) -> Image.Image:
    """Decode an opened picture fully and convert it to RGB over white, as `image_decoding.read_image` describes.

    Turned only where it is a TIFF: Pillow does that while decoding. Unsupported where the pixels would be wrong.
    """
    tiff = picture.tag_v2 if isinstance(picture, TiffImagePlugin.TiffImageFile) else {}
    raw = picture.tile[0].args if isinstance(picture, PngImagePlugin.PngImageFile) and picture.tile else ""
    key = picture.info.get("transparency")
    _check_layout(picture, tiff, raw)
    picture.load()
    clear = picture.info.get("transparency")  # a palette's may come late in the file
    if picture.mode == "F" or picture.mode.startswith("I"):
        values = np.asarray(picture)
        grey = _from_floats(values) if picture.mode == "F" else _from_integers(values, tiff)
        if tiff.get(_PHOTOMETRIC) == 0:  # 0 means white, which Pillow heeds at 8 bits only
            grey = 255 - grey
        if isinstance(clear, int):
            grey[values == clear] = 255
        return Image.fromarray(grey).convert("RGB")
    if raw in ("L;2", "L;4") and isinstance(key, int):
        picture.info["transparency"] = key * (85 if raw == "L;2" else 17)  # Pillow scales the pixels only
    if picture.mode == "La":
        picture = picture.convert("LA")
    if clear is None and not picture.mode.endswith(("A", "a")):
        return picture.convert("RGB")
    return _over_white(picture.convert("RGBA"))


def _over_white(rgba: Image.Image) -> Image.Image:
    white = Image.new("RGB", rgba.size, (255, 255, 255))
    white.paste(rgba, mask=rgba.getchannel("A"))
    return white


def _check_layout(picture: Image.Image, tiff: Any, raw: Any) -> None:
    """Refuse the rare layouts that Pillow decodes without complaint to wrong pixels."""
    bits, planes = tiff.get(_BITS, (8,)), tiff.get(_PLANES, 1)
    if planes == 2 and tiff.get(_COMPRESSION, 1) == 1 and len(bits) > 1 and max(bits) > 8:
        raise Unsupported("its colours lie in separate planes of 16 bits")
    if 2 in tiff.get(_SAMPLE_FORMAT, ()) and max(bits) == 8:
        raise Unsupported("its values are signed 8-bit numbers")
    if raw == "RGB;16B" and "transparency" in picture.info:
        raise Unsupported("one of its 16-bit colours stands for transparent")


def _from_integers(values: npt.NDArray[Any], tiff: Any) -> Grey:
    """Grey (H, W) uint8 of whole numbers, scaled by the range of their type as `read_image` says."""
    bits = max(tiff.get(_BITS, (16,)))
    white = 65535 if bits > 16 else 2**bits - 1
    if bits == 16 and 2 in tiff.get(_SAMPLE_FORMAT, ()):
        white = 32767
    if values.min() < 0 or values.max() > white:
        raise Unsupported(f"its grey values lie beyond 0 to {white}")
    scaled = values.astype(np.uint32)
    scaled *= 255
    scaled += white // 2
    scaled //= white
    return scaled.astype(np.uint8)


def _from_floats(values: npt.NDArray[np.float32]) -> Grey:
    """Grey (H, W) uint8 of floats; NaN is black, infinities are the ends."""
    finite = values[np.isfinite(values)].astype(np.float64)
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    scale = 255 / (high - low) if high > low else 255.0
    scaled = np.clip((values.astype(np.float64) - low) * scale, 0, 255)
    return np.nan_to_num(np.rint(scaled), nan=0.0).astype(np.uint8)


def turned(source: Image.Image, rgb: Image.Image) -> Image.Image:
    """`rgb` turned as the EXIF of its decoded source says; Pillow has turned a TIFF by then and forgotten the tag."""
    try:
        turn = _TURNS.get(source.getexif().get(0x0112, 1))
    except Exception:  # unreadable EXIF says nothing about the pixels, which are whole
        return rgb
    return rgb if turn is None else rgb.transpose(turn)
