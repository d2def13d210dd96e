"""Names of picture files: their endings, their order, and how they are shown."""

import re
from collections.abc import Iterable

JPEG_ENDINGS = frozenset({"jpg", "jpeg", "jpe", "jfif", "pjpeg", "pjp"})
ENDINGS = JPEG_ENDINGS | {"png", "tif", "tiff", "bmp", "webp"}

NaturalKey = tuple[tuple[str | int, ...], str]

_DIGITS = re.compile("([0-9]+)")


def natural_key(name: str) -> NaturalKey:
    """Sort key of one file or folder name: numbers by value, letters without case, the ending last."""
    name = name.casefold()
    stem, _, ending = name.rpartition(".")
    if ending not in ENDINGS:
        stem, ending = name, ""
    return tuple(int(part) if index % 2 else part for index, part in enumerate(_DIGITS.split(stem))), ending


def one_line(name: str) -> str:
    """A file name fit for one line: line breaks and bytes that no encoding knows become question marks."""
    return name if name.isprintable() else "".join(letter if letter.isprintable() else "?" for letter in name)


def quoted(names: Iterable[str]) -> list[str]:
    """The names of folders as sentences have them, in their natural order: each short, on one line, in quotes."""
    return [f'"{one_line(name)[:60]}"' for name in sorted(names, key=natural_key)]
