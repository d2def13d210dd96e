"""Masks and superpixels that lie among pictures: found by their names and folders, and by two colors."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from trainer.files.errors import UserError
from trainer.files.progress import OnStep, no_step
from trainer.pictures.file_names import JPEG_ENDINGS
from trainer.pictures.image_decoding import check_plain_file, opened, read_image
from trainer.pictures.name_matching import key_of
from trainer.pictures.pixel_formats import Rgb

_SURE = re.compile(
    r"[_\- ](segmentation|superpixels?|masks?|ground_?truth|attribute_[a-z_]+)$"
    r"|^(masks?|segmentation|superpixels?)[_\- ]"
)
_MASK_FOLDER = re.compile(r"mask|segmentation|superpixel|ground[_ -]?truth|^gt$|_gt$")
_NUMBER = re.compile(r"\d+")
_BREAKS = re.compile(r"[_\-. ]")
_PACKED = JPEG_ENDINGS | {"png", "webp"}
_LOOKED_AT, _MOST_KINDS = 3, 50
"""Files of a kind whose pixels are looked at, and kinds."""
_MOST_BYTES, _MOST_GREY_BYTES = 0.25, 1.0
"""Bytes a pixel of a packed mask, and of a grey one: photographs take more, and are not decoded to find out."""
_DARK, _BRIGHT = 32, 223
"""What is darker or brighter is ground or lesion of a mask with soft edges."""
_LEAST_EXTREME, _LEAST_PURE, _LEAST_OF_EACH = 0.6, 0.4, 0.02
"""Shares of such pixels in such a mask, of those that are nearly 0 or 255, and of the dark and of the bright ones."""
_MOST_ALIKE = 0.85
"""How far such a mask may look like its picture (correlation); a grey copy of it does so wholly."""


def masks_among(pictures: Sequence[Path], root: Path | None = None, on_step: OnStep = no_step) -> frozenset[Path]:
    """Those of the pictures that are masks or superpixels of the others; none where all would be.

    By name: `x_segmentation.png`, `x_superpixels.png` and the like; files of a folder of masks whose names are those of
    pictures elsewhere. By content: files of one kind (all with one addition to the names of other pictures, or all of
    one folder and ending, and with names that differ in numbers where several do) of which the first few have two
    colors, or are grey with soft edges and as large as a colored picture of the same name. The name of `root`, which
    holds them all, says nothing of its files.
    """
    keys = {picture: key_of(picture.name) for picture in pictures}
    named: dict[str, list[Path]] = defaultdict(list)
    for picture, key in keys.items():
        named[key].append(picture)
    times = {key: len(of_key) for key, of_key in named.items()}
    alike = Counter((picture.suffix.lower(), _NUMBER.sub("0", key)) for picture, key in keys.items())
    kinds: dict[tuple[str, ...], list[Path]] = defaultdict(list)
    sure: list[Path] = []
    for picture, key in keys.items():
        if _SURE.search(key):
            sure.append(picture)
        else:
            folder = "" if picture.parent == root else picture.parent.name.casefold()
            kinds[_kind(picture, key, folder, times, alike)].append(picture)
    masks = set(sure)
    for count, (kind, files) in enumerate(sorted(kinds.items(), key=lambda pair: -len(pair[1]))):
        on_step(len(pictures), 0)
        in_folder = bool(_MASK_FOLDER.search(kind[1])) and kind[0] == "beside"
        of = {file: _pictures_of(file, keys[file], named) for file in files[:_LOOKED_AT]}
        if in_folder or (count < _MOST_KINDS and _are_masks(of)):
            masks.update(files)
    return frozenset(masks) if len(masks) < len(pictures) else frozenset()


def is_two_colored(rgb: Rgb) -> bool:
    """Whether a picture (H, W, 3) has two colors, as black and white or black and red; or nearly so, in a JPEG."""
    sample = rgb[::7, ::7].reshape(-1, 3)
    if not (_two_values(sample) or _two_extremes(sample, 0.1)):  # photographs, without looking at all of one
        return False
    pixels = rgb.reshape(-1, 3)
    return _two_values(pixels) or _two_extremes(pixels)


def _two_values(pixels: Rgb) -> bool:
    """Whether the pixels (N, 3) have two colors."""
    others = pixels[(pixels != pixels[:1]).any(1)]
    return len(others) > 0 and bool((others == others[0]).all())


def _two_extremes(pixels: Rgb, doubt: float = 0.0) -> bool:
    """Whether nearly all pixels (N, 3) have one of two colors whose channels are full or empty."""
    bright = pixels > 246
    extreme = bright[(bright | (pixels < 9)).all(1)]
    counts = np.bincount(extreme @ np.array([4, 2, 1]), minlength=8)
    second, first = np.argsort(counts)[-2:]
    # A JPEG smears color over more pixels than light; no photograph is red and black, but some are overexposed.
    grey = bool((pixels.max(1) - pixels.min(1) < 5).mean() > 0.999)  # nor is one all grey, as a mask with soft edges
    least = 0.99 if {first, second} == {0, 7} and not grey else 0.9
    return bool(counts[second] and counts[first] + counts[second] >= (least - doubt) * len(pixels))


def _kind(
    picture: Path, key: str, folder: str, times: Mapping[str, int], alike: Mapping[tuple[str, str], int]
) -> tuple[str, ...]:
    """What a file has in common with those that are to be judged with it."""
    if times[key] > 1:
        return "beside", folder, picture.suffix.lower()
    for start in _starts(key):
        if times.get(start):
            return "added", _NUMBER.sub("0", key[len(start) :])
    ending, name = picture.suffix.lower(), _NUMBER.sub("0", key)
    several = name if alike[ending, name] >= _LOOKED_AT else ""
    return "alone", folder if _MASK_FOLDER.search(folder) else "", ending, several


def _starts(key: str) -> Iterator[str]:
    """The beginnings of a name that may be another picture's, the longest first."""
    for match in reversed(list(_BREAKS.finditer(key))):
        yield key[: match.start()]


def _pictures_of(file: Path, key: str, named: Mapping[str, Sequence[Path]]) -> list[Path]:
    """The pictures that a file may be a mask of, by its name or a beginning of it: the nearest ones."""
    starts = [start for start in _starts(key) if named.get(start)][:1]
    others = [other for name in (key, *starts) for other in named[name] if other != file]
    beside = [other for other in others if other.parent == file.parent]
    return beside or [other for other in others if other.parent.name == file.parent.name] or others


def _are_masks(files: Mapping[Path, Sequence[Path]]) -> bool:
    """Whether files, each with the pictures that it may be a mask of, are masks."""
    looks = [look for file, pictures in files.items() if (look := _look(file, pictures[:_LOOKED_AT])) is not None]
    return bool(looks) and all(looks)


def _look(file: Path, pictures: Sequence[Path]) -> bool | None:
    """Whether a file is a mask; None where it cannot be read, or is all of one color."""
    try:
        check_plain_file(file)
        if file.suffix.lower().lstrip(".") in _PACKED:
            size = file.stat().st_size
            with file.open("rb") as content, opened(content) as picture:
                grey = bool(pictures) and picture.mode in ("L", "LA", "I;16", "I")
                most = _MOST_GREY_BYTES if grey else _MOST_BYTES
                if size > most * picture.width * picture.height + 4_000:
                    return False
        rgb = read_image(file)
        if (rgb == rgb[0, 0]).all():
            return None
        return is_two_colored(rgb) or (_is_soft(rgb) and any(_is_of(rgb, read_image(other)) for other in pictures))
    except UserError:
        return None
    except Exception:  # a decoder may raise anything; whoever reads the picture says why
        return None


def _is_soft(rgb: Rgb) -> bool:
    """Whether a picture is grey, and most of it nearly black or nearly white."""
    if (rgb.max(2) - rgb.min(2) > 4).mean() > 0.001:
        return False
    light = rgb[:, :, 0]
    dark, bright = float((light < _DARK).mean()), float((light > _BRIGHT).mean())
    pure = float(((light < 10) | (light > 245)).mean())
    return min(dark, bright) >= _LEAST_OF_EACH and dark + bright >= _LEAST_EXTREME and pure >= _LEAST_PURE


def _is_of(mask: Rgb, picture: Rgb) -> bool:
    """Whether a picture is colored, as large as this mask with soft edges, and does not look like it."""
    if mask.shape != picture.shape or (picture.max(2) - picture.min(2) > 4).mean() < 0.01:
        return False
    alike = np.corrcoef(mask[:, :, 0].ravel(), picture.mean(2).ravel())[0, 1]
    return bool(alike < _MOST_ALIKE)
