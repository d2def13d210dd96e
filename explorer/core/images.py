"""Pictures of a folder: list them, read them as 8-bit RGB, make thumbnails; every refusal says why."""

import hashlib
import os
import re
import stat
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

# Importing these five keeps Pillow from loading its 40 other parsers to look for them.
from PIL import BmpImagePlugin, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin  # noqa: F401 # isort: skip

from explorer.core.errors import UserError
from explorer.core.progress import OnStep, no_step
from trainer.pictures.image_decoding import Rgb, Unsupported, to_rgb, turned

ENDINGS = frozenset({"jpg", "jpeg", "png", "tif", "tiff", "bmp", "webp"})
FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "WEBP")
MAX_PIXELS = 100_000_000

NaturalKey = tuple[tuple[str | int, ...], str]

_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"BM", b"RIFF")
_DOTTED = tuple(f".{ending}" for ending in ENDINGS)
_DIGITS = re.compile("([0-9]+)")
_PILLOW = r"PIL\."


def natural_key(name: str) -> NaturalKey:
    """Sort key of one file or folder name: numbers by value, letters without case, the ending last."""
    name = name.casefold()
    stem, _, ending = name.rpartition(".")
    if ending not in ENDINGS:
        stem, ending = name, ""
    return tuple(int(part) if at % 2 else part for at, part in enumerate(_DIGITS.split(stem))), ending


def list_images(
    folder: Path | str, *, on_step: OnStep = no_step, on_problem: Callable[[str], None] = lambda text: None
) -> tuple[Path, ...]:
    """Pictures of a folder and its subfolders in natural order, by their endings; a file lists itself.

    Hidden files and folders are left out; linked folders are followed, each folder once. A link to nowhere is
    listed, so that its reason shows when it is read. `on_step` gets (pictures so far, 0): the total is not known.
    `on_problem` gets one line for each subfolder that cannot be read.
    UserError where `folder` itself is missing or cannot be read.
    """
    root = Path(folder)
    try:
        if not stat.S_ISDIR(root.stat().st_mode):
            return (root,)
        # A link to a folder that holds this one would bring in pictures that nobody chose.
        seen = {_identity(parent) for parent in root.resolve().parents}
    except (OSError, ValueError, RuntimeError) as error:
        raise UserError(f"{shown(str(root))} {_why_no_folder(error)}.") from error
    found: list[tuple[tuple[NaturalKey, ...], str]] = []
    real: list[tuple[str, tuple[NaturalKey, ...]]] = [(str(root), ())]
    links: list[tuple[str, tuple[NaturalKey, ...]]] = []
    while real or links:
        # Links come last, so that a picture is listed under its own path where it has one in the folder.
        path, keys = real.pop() if real else links.pop(0)
        on_step(len(found), 0)
        try:
            identity = _identity(Path(path))
            if identity in seen:
                continue
            seen.add(identity)
            with os.scandir(path) as entries:
                for count, entry in enumerate(entries, 1):
                    if count % 500 == 0:
                        on_step(len(found), 0)
                    if entry.name.startswith("."):
                        continue
                    if _is_folder(entry):
                        into = links if entry.is_symlink() else real
                        into.append((entry.path, (*keys, natural_key(entry.name))))
                    elif entry.name.lower().endswith(_DOTTED) and (entry.is_symlink() or entry.is_file()):
                        found.append(((*keys, natural_key(entry.name)), entry.path))
        except OSError as error:
            if not keys:
                raise UserError(f"{shown(path)} {_why_no_folder(error)}.") from error
            on_problem(f"{shown(path)} {_why_no_folder(error)}.")
        links.sort()
    found.sort()
    return tuple(Path(path) for _, path in found)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself or into a locked folder must not hide its neighbours
        return False


def _why_no_folder(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "does not exist; choose a folder with pictures"
    if isinstance(error, PermissionError):
        return "may not be read; change its permissions or choose another folder"
    return f"cannot be read ({_brief(error)}); choose another folder"


def _identity(folder: Path) -> tuple[int, int] | str:
    """What is the same for two paths to one folder; some network drives number nothing."""
    status = folder.stat()
    return (status.st_dev, status.st_ino) if status.st_ino else str(folder.resolve())


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
    with _opened(Path(path), max_pixels) as picture:
        return np.array(turned(picture, to_rgb(picture)))


def thumbnail(path: Path | str, side: int = 96) -> Rgb:
    """The picture made small: (h, w, 3) uint8 RGB, its longer side `side` pixels; UserError as `read_image`."""
    with _opened(Path(path), MAX_PIXELS) as picture:
        longer = max(picture.size)
        width, height = (max(1, round(length * side / longer)) for length in picture.size)
        # A JPEG is decoded at an eighth to a half of its size, rounded up, where that suffices.
        picture.draft(None, (2 * side, 2 * side))
        rgb = to_rgb(picture)
        small = rgb.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0)
        return np.array(turned(picture, small))


def for_screen(rgb: Rgb) -> npt.NDArray[np.uint8]:
    """A picture (H, W, 3) uint8 RGB as screens keep it: (H, W, 4) uint8, blue, green, red, 255."""
    height, width = rgb.shape[:2]
    opaque = Image.fromarray(rgb).convert("RGBA")  # "BGRX" would leave the fourth byte to chance
    return np.frombuffer(opaque.tobytes("raw", "BGRA"), np.uint8).reshape(height, width, 4)


def picture_digest(path: Path | str) -> str:
    """SHA-256 of the file's bytes in hexadecimal; UserError where the file cannot be read."""
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError) as error:
        raise _refusal(Path(path), error, b"") from error


@contextmanager
def _opened(path: Path, max_pixels: int) -> Iterator[Image.Image]:
    """Open a picture without decoding it; whatever fails inside the block becomes a UserError of one line."""
    _silence_pillow()
    start = b""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a named pipe would wait for ever
            raise IsADirectoryError if path.is_dir() else UnidentifiedImageError
        # An open file and not a path: Pillow would map a path into memory, and a drive that vanishes would then
        # end the program.
        with path.open("rb") as file:
            start = file.read(16)
            with Image.open(file, formats=FORMATS) as picture:
                width, height = picture.size
                if width * height > max_pixels:
                    raise UserError(
                        f"{shown(path.name)}: it claims {width} x {height} pixels, more than "
                        f"{max_pixels / 1e6:g} megapixels; make a smaller copy of it."
                    )
                yield picture
    except UserError:
        raise
    except Exception as error:  # a decoder may raise anything when bytes are hostile
        raise _refusal(path, error, start) from error


def _silence_pillow() -> None:
    """Put "ignore what Pillow's own modules warn of" in front of the warning filters, and leave it there.

    `warnings.catch_warnings` is not safe here: pictures are read by several threads, and whichever leaves last
    would restore the filters of another.
    """
    first: Any = warnings.filters[0] if warnings.filters else None
    if first is None or getattr(first[3], "pattern", first[3]) != _PILLOW:
        warnings.filterwarnings("ignore", module=_PILLOW)


def _refusal(path: Path, error: Exception, start: bytes) -> UserError:
    """The sentence for a person: name, reason, what to do."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        reason = "it does not exist any more; open its folder again"
    elif isinstance(error, IsADirectoryError):
        reason = "it is a folder; choose a picture in it"
    elif isinstance(error, PermissionError):
        reason = "it may not be read; change its permissions or copy it to another folder"
    elif isinstance(error, Unsupported):
        reason = f"{error}; save it again as an 8-bit PNG"
    elif isinstance(error, MemoryError):
        reason = "there is not enough memory to decode it; make a smaller copy of it"
    elif isinstance(error, Image.DecompressionBombError):
        pixels = re.search(r"\((\d+) pixels\)", str(error))
        size = f"{int(pixels[1]) / 1e6:.0f} megapixels" if pixels else "too many pixels"
        reason = f"it claims {size}; make a smaller copy of it"
    elif isinstance(error, UnidentifiedImageError):
        if start.startswith(_SIGNATURES):
            reason = "it is damaged, or stored in a way that is not supported; save it again as an 8-bit PNG or JPEG"
        elif start:
            reason = "it is not a JPEG, PNG, TIFF, BMP or WebP picture; save it as one of these"
        else:
            reason = "it is empty; copy it again from its source"
    elif isinstance(error, OSError) and error.errno is not None:
        reason = f"it cannot be read ({_brief(error)}); check the drive or copy the file again"
    else:
        reason = f"it is damaged ({_brief(error)}); copy it again from its source"
    return UserError(f"{shown(path.name or str(path))}: {reason}.")


def _brief(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return shown(" ".join(text.split()))[:120] or type(error).__name__


def shown(name: str) -> str:
    """A file name fit for one line: line breaks and bytes that no encoding knows become question marks."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def fitted(size: tuple[float, float], bound: tuple[float, float]) -> tuple[float, float]:
    """(height, width) of what has the proportions of `size` and fills `bound` as far as they allow."""
    scale = min(bound[0] / size[0], bound[1] / size[1])
    return size[0] * scale, size[1] * scale
