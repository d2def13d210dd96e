"""The one place where picture files are opened: as 8-bit RGB, or refused with a reason; both programs read with it."""

import hashlib
import re
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image, UnidentifiedImageError

# Importing these five keeps Pillow from loading its 40 other parsers to look for them.
from PIL import BmpImagePlugin, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin  # noqa: F401 # isort: skip

from trainer.files.errors import UserError
from trainer.pictures.file_names import one_line
from trainer.pictures.pixel_formats import Rgb, Unsupported, to_rgb, turned

FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "WEBP")
MAX_PIXELS = 100_000_000

_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"BM", b"RIFF")
_PILLOW = r"PIL\."


class TooLarge(Exception):  # noqa: N818 - the file may be whole
    """A picture of more pixels than are decoded; a clause that begins with "it"."""


def read_image(path: Path | str, *, max_pixels: int = MAX_PIXELS) -> Rgb:
    """The picture in a file: (H, W, 3) uint8 RGB, C-contiguous, own memory, turned as its EXIF says.

    The content decides what a file is, not its ending; of several frames or pages the first is read. Colour
    values are those in the file: no ICC profile is applied, since networks are trained without. What is
    transparent shows white. Colour of 16 bits keeps its upper 8. Grey of more than 8 bits is scaled by the full
    range of its type, rounded: 65535, 4095 for 12 bits where the file itself says 12, 32767 for signed 16 bits, and
    65535 for whole numbers of 32 bits; so 12-bit values stored as 16 bits stay dark. Grey of floats means
    [0, 1]; where a value lies beyond, the finite values' [min, max] becomes [0, 255]. NaN is black.
    UserError where the file is no picture, is damaged or cut short, claims more than `max_pixels` (pixels beyond
    Pillow's own limit of 179 million are never read), holds values outside the ranges above, or cannot be read.
    """
    with _opened_path(Path(path), max_pixels) as picture:
        return np.array(upright(picture))


def thumbnail(path: Path | str, side: int = 96) -> Rgb:
    """The picture made small: (h, w, 3) uint8 RGB, its longer side `side` pixels; UserError as `read_image`."""
    with _opened_path(Path(path), MAX_PIXELS) as picture:
        longer = max(picture.size)
        width, height = (max(1, round(length * side / longer)) for length in picture.size)
        # A JPEG is decoded at an eighth to a half of its size, rounded up, where that suffices.
        picture.draft(None, (2 * side, 2 * side))
        rgb = to_rgb(picture)
        small = rgb.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0)
        return np.array(turned(picture, small))


def picture_digest(path: Path | str) -> str:
    """SHA-256 of the file's bytes in hexadecimal; UserError where the file cannot be read."""
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError) as error:
        raise _refusal(Path(path), error, b"") from error


def upright(picture: Image.Image) -> Image.Image:
    """An opened picture decoded as `read_image` says, as an RGB picture of Pillow's."""
    return turned(picture, to_rgb(picture))


@contextmanager
def opened(file: IO[bytes], max_pixels: int = MAX_PIXELS) -> Iterator[Image.Image]:
    """Open a picture without decoding it; whatever Pillow raises, and `TooLarge`: `why_unreadable` says it in words."""
    silence_pillow()
    with Image.open(file, formats=FORMATS) as picture:
        width, height = picture.size
        if width * height > max_pixels:
            raise TooLarge(f"it claims {width} x {height} pixels, more than {max_pixels / 1e6:g} megapixels")
        yield picture


def check_plain_file(path: Path) -> None:
    """Raise what `why_unreadable` knows for a folder or a named pipe: opening a pipe would wait for ever."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise IsADirectoryError if path.is_dir() else UnidentifiedImageError


@contextmanager
def _opened_path(path: Path, max_pixels: int) -> Iterator[Image.Image]:
    """Open a picture without decoding it; whatever fails inside the block becomes a UserError of one line."""
    start = b""
    try:
        check_plain_file(path)
        # An open file and not a path: Pillow would map a path into memory, and a drive that vanishes would then
        # end the program.
        with path.open("rb") as file:
            start = file.read(16)
            with opened(file, max_pixels) as picture:
                yield picture
    except UserError:
        raise
    except Exception as error:  # a decoder may raise anything when bytes are hostile
        raise _refusal(path, error, start) from error


def silence_pillow() -> None:
    """Put "ignore what Pillow's own modules warn of" in front of the warning filters, and leave it there.

    `warnings.catch_warnings` is not safe here: pictures are read by several threads, and whichever leaves last
    would restore the filters of another.
    """
    first: Any = warnings.filters[0] if warnings.filters else None
    if first is None or getattr(first[3], "pattern", first[3]) != _PILLOW:
        warnings.filterwarnings("ignore", module=_PILLOW)


def why_unreadable(error: Exception, start: bytes) -> str:
    """Why a file could not be read and what to do, a clause; `start` are its first bytes, as far as it has some."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return "it does not exist any more; open its folder again"
    if isinstance(error, IsADirectoryError):
        return "it is a folder; choose a picture in it"
    if isinstance(error, PermissionError):
        return "it may not be read; change its permissions or copy it to another folder"
    if isinstance(error, Unsupported):
        return f"{error}; save it again as an 8-bit PNG"
    if isinstance(error, MemoryError):
        return "there is not enough memory to decode it; make a smaller copy of it"
    if isinstance(error, TooLarge):
        return f"{error}; make a smaller copy of it"
    if isinstance(error, Image.DecompressionBombError):
        pixels = re.search(r"\((\d+) pixels\)", str(error))
        size = f"{int(pixels[1]) / 1e6:.0f} megapixels" if pixels else "too many pixels"
        return f"it claims {size}; make a smaller copy of it"
    if isinstance(error, UnidentifiedImageError):
        if start.startswith(_SIGNATURES):
            return "it is damaged, or stored in a way that is not supported; save it again as an 8-bit PNG or JPEG"
        if start:
            return "it is not a JPEG, PNG, TIFF, BMP or WebP picture; save it as one of these"
        return "it is empty; copy it again from its source"
    if isinstance(error, OSError) and error.errno is not None:
        return f"it cannot be read ({brief(error)}); check the drive or copy the file again"
    return f"it is damaged ({brief(error)}); copy it again from its source"


def _refusal(path: Path, error: Exception, start: bytes) -> UserError:
    return UserError(f"{one_line(path.name or str(path))}: {why_unreadable(error, start)}.")


def brief(error: Exception) -> str:
    """What an exception says, in at most 120 characters of one line."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return one_line(" ".join(text.split()))[:120] or type(error).__name__
