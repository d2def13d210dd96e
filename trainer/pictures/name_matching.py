"""How a picture finds its name in a table: by its file name, its path, or the folder that holds it."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cached_property
from pathlib import Path

from trainer.pictures.foreign_files import PICTURE_ENDINGS
from trainer.pictures.label_forms import PARTS, part_word

DEEPEST = 64
"""Folders in a name of a table that are compared: every depth there is costs a look for every picture."""

_NEAREST = 3
"""So many folders above a picture may say its part of a split."""
_LEADING_ZEROS = re.compile(r"(?<!\d)(?<!\d[.,])0+(?=\d)")
_NUMBERED = re.compile(r"\D+(\d+)")


def key_of(name: str) -> str:
    """What two spellings of one picture's name share: no ending, forward slashes, composed letters, no case."""
    name = name.replace("\\", "/")
    stem, dot, ending = name.rpartition(".")
    if dot and ending.strip().lower() in PICTURE_ENDINGS:
        name = stem
    if not name.isascii():
        name = unicodedata.normalize("NFC", name)
    name = name.strip().casefold()
    if "/" not in name:
        return name
    return "/".join(part for part in name.split("/") if part not in ("", ".", ".."))


def with_ending(name: str) -> str:
    """The key of a picture's name and its ending behind it, where it has one."""
    stem, dot, ending = name.rpartition(".")
    ending = ending.strip().casefold()
    return f"{key_of(stem)}.{ending}" if dot and ending in PICTURE_ENDINGS else key_of(name)


def file_name(key: str) -> str:
    """The file name of a key, which may be a path."""
    return key.rpartition("/")[2]


def loose(key: str) -> str:
    """The file name of a key without what programs add or lose: leading zeros, "_downsampled", ".0" of a number."""
    stem = file_name(key).removesuffix("_downsampled")
    if stem.endswith(".0") and stem[:-2].isdigit():
        stem = stem[:-2]
    return _LEADING_ZEROS.sub("", stem)


def number_of(key: str) -> str:
    """The number at the end of a file name, without leading zeros: "24306" of "isic_0024306"; "" where it has none."""
    match = _NUMBERED.fullmatch(loose(key))
    return match[1] if match else ""


class PictureNames:
    """The names of the pictures in a folder, to recognise them in a table."""

    def __init__(self, pictures: Iterable[Path]) -> None:
        self.keys = {picture: key_of(picture.name) for picture in pictures}
        self._stems = set(self.keys.values())

    @cached_property
    def twins(self) -> frozenset[str]:
        """The keys that pictures with different endings share, as a.jpg and a.png do."""
        written = {with_ending(picture.name): key for picture, key in self.keys.items()}
        return frozenset(key for key, count in Counter(written.values()).items() if count > 1)

    @cached_property
    def _loose(self) -> set[str]:
        return set(map(loose, self._stems))

    @cached_property
    def _folders(self) -> set[str]:
        return {key_of(name) for name in {picture.parent.name for picture in self.keys}}

    @cached_property
    def numbers(self) -> frozenset[str]:
        """The numbers at the end of the pictures' names that a single name has."""
        times = Counter(map(number_of, self._loose))
        return frozenset(number for number, count in times.items() if number and count == 1) - self._loose

    def numbered_by(self, cells: Iterable[str]) -> int:
        """How many different cells are the number at the end of one picture's name."""
        return len(set(map(loose, map(key_of, cells))) & self.numbers)

    def named_by(self, cells: Iterable[str]) -> int:
        """How many different cells are the name or path of a picture."""
        # The file names alone: whole keys of paths as deep as tables may hold would take a second.
        ends = {file_name(cell.replace("\\", "/").rstrip("/")) for cell in cells}
        keys = {key for key in map(key_of, ends) if key}
        named = keys & self._stems
        return len(named) if len(named) == len(keys) else len(named) + len(set(map(loose, keys - named)) & self._loose)

    def folders_named_by(self, cells: Iterable[str]) -> int:
        """How many different cells are the name of a folder that holds pictures."""
        return len(set(map(key_of, cells)) & self._folders)


class Names:
    """The names in a table, by which pictures are found.

    A picture has the name that is the longest end of its path; else the one whose file name is its own, where a single
    name has that; else the one that differs only as `loose` says; else the number at the end of its file name, where no
    other known picture has it. A name that fits the whole path of a known picture
    says nothing about that picture's namesake in another folder; one whose folders are of another part of a split than
    the picture's names another picture.
    """

    def __init__(
        self,
        keys: Iterable[str],
        pictures: PictureNames | None = None,
        *,
        folders: bool = False,
        twins: Collection[str] = (),
    ) -> None:
        """`folders`: the names are those of folders that hold the pictures; `twins` are known by their endings, too."""
        self._keys = dict.fromkeys(key for key in keys if key)
        self._folders, self._twins = folders, frozenset(twins)
        self._depths = tuple(sorted({key.count("/") + 1 for key in self._keys} & {*range(1, DEEPEST)}, reverse=True))
        self._stem_of = pictures.keys if pictures else {}
        self._pictures = pictures
        self._exact = {picture: self._end(picture) for picture in self._stem_of}

    def key(self, picture: Path) -> str:
        """The key of the picture's name; "" where it has none."""
        exact = self._exact.get(picture)
        if exact is None:
            exact = self._end(picture)
        if exact or self._folders:
            return exact
        stem = self._stem(picture)
        key = self._by_stem(picture) or self._loose.get(loose(stem)) or self._by_number(stem)
        return "" if _of_different_parts(key.split("/")[:-1], picture) else key

    def is_loose(self, picture: Path) -> bool:
        """Whether a picture that has a name was found only by what `loose` leaves away."""
        return self._is_unlike(picture) and loose(self._stem(picture)) in self._loose

    def is_numbered(self, picture: Path) -> bool:
        """Whether a picture that has a name was found only by the number in its own."""
        return self._is_unlike(picture) and loose(self._stem(picture)) not in self._loose

    def _is_unlike(self, picture: Path) -> bool:
        return not (self._folders or self._end(picture) or self._by_stem(picture))

    def is_elsewhere(self, picture: Path) -> bool:
        """Whether a picture that has a name was found by its file name alone, though the name has other folders."""
        if self._folders or self._end(picture) or "/" not in (key := self.key(picture)):
            return False
        return key.split("/")[-2] not in {key_of(folder.name) for folder in picture.absolute().parents}

    def _by_stem(self, picture: Path) -> str:
        stem = self._stem(picture)
        own = self._stems.get(with_ending(picture.name), "") if stem in self._twins else ""
        return own or self._stems.get(stem, "")

    def _by_number(self, stem: str) -> str:
        number = number_of(stem)
        return self._loose.get(number, "") if self._pictures and number in self._pictures.numbers else ""

    @cached_property
    def _others(self) -> list[str]:
        exact = set(self._exact.values())
        return [key for key in self._keys if key not in exact]

    @cached_property
    def _stems(self) -> dict[str, str]:
        return _alone(self._others, file_name, self._keys) if self._depths not in ((), (1,)) else {}

    @cached_property
    def _loose(self) -> dict[str, str]:
        return _alone(self._others, loose, self._others)

    def _stem(self, picture: Path) -> str:
        return self._stem_of.get(picture) or key_of(picture.name)

    def _end(self, picture: Path) -> str:
        """The longest end of the picture's path that is a name."""
        if self._folders:
            parents = (key_of(folder.name) for folder in picture.absolute().parents)
            return next((name for name in parents if name in self._keys), "")
        if self._twins and self._stem(picture) in self._twins and (own := self._longest(picture, with_ending)):
            return own
        if self._depths == (1,):
            key = self._stem(picture)
            return key if key in self._keys else ""
        return self._longest(picture, key_of)

    def _longest(self, picture: Path, key: Callable[[str], str]) -> str:
        parts = key(str(picture.absolute())).split("/")
        ends = ("/".join(parts[-depth:]) for depth in self._depths)
        return next((end for end in ends if end in self._keys), "")


def _of_different_parts(folders: Sequence[str], picture: Path) -> bool:
    """Whether these folders say one part of a split, and those that hold the picture another."""
    said = _part(reversed(folders))
    own = _part(folder.name for folder in picture.absolute().parents[:_NEAREST]) if said else ""
    return bool(own) and own != said


def _part(folders: Iterable[str]) -> str:
    return next((PARTS.get(word, "") for word in map(part_word, folders) if word), "")


def _alone(keys: Iterable[str], short: Callable[[str], str], among: Iterable[str]) -> dict[str, str]:
    """Short name to key, for each that a single one of the keys has."""
    times = Counter(map(short, among))
    return {name: key for key in keys if (name := short(key)) and times[name] == 1}
