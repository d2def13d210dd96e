"""Folders that are classes: the name of the folder that holds a picture, unless it says a kind, a part or a number."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trainer.pictures.diagnosis_words import read_diagnoses, spelling
from trainer.pictures.file_names import natural_key, one_line
from trainer.pictures.label_forms import PARTS

# Folders that part files by kind: "ham10000/images" and "ham10000/masks" are no two classes.
NOT_CLASSES = frozenset({"images", "image", "imgs", "img", "pictures", "masks", "mask", "segmentations"})
CLASS_WORDS = ("class", "grade", "type", "label", "categor", "stage", "level", "cluster")
"""What stands in the names of folders that are classes although they differ only in a number."""
FEW_PICTURES, MANY_FOLDERS = 2, 5
"""Folders that hold so few pictures each, and are so many, are one for each patient rather than classes."""


@dataclass(frozen=True)
class ClassFolders:
    """The class, and the part (train, validation, test), of each picture whose folders say it.

    `outside` are pictures that lie in no class folder. `doubt` is a clause that says why folders are not taken for
    classes; `notes` are whole sentences.
    """

    classes: Mapping[Path, str] = field(default_factory=dict)
    parts: Mapping[Path, str] = field(default_factory=dict)
    outside: tuple[Path, ...] = ()
    doubt: str = ""
    notes: tuple[str, ...] = ()


def class_folders(root: Path, pictures: Sequence[Path], *, certain: bool = False) -> ClassFolders:
    """The deepest folder of each picture below `root` that parts no files by kind or use, as its class.

    A folder train, val or test above or below it is its part. Folders that differ only in a number, or that hold a
    picture or two each, are parts of a set or patients rather than classes: the folders above them are taken where
    those are classes, else none. With `certain`, somebody says that they are classes.
    """
    folder_names: dict[Path, list[str]] = {}
    parts: dict[Path, str] = {}
    for picture in pictures:
        folders = picture.relative_to(root).parts[:-1] if picture.is_relative_to(root) else ()
        part = next((PARTS[word.casefold()] for word in folders if word.casefold() in PARTS), "")
        folder_names[picture] = [word for word in folders if word.casefold() not in NOT_CLASSES | PARTS.keys()]
        if part:
            parts[picture] = part
    doubts: list[str] = []
    for classes in _levels(folder_names):
        doubt = "" if certain else _doubt(classes)
        if not doubt:
            if doubts and len(set(classes.values())) < 2:
                break
            outside = tuple(picture for picture in pictures if picture not in classes)
            notes = [f"{doubts[0][0].upper()}{doubts[0][1:]}; the folders above them are."] if doubts else []
            return ClassFolders(classes, parts, outside, notes=tuple(notes))
        doubts.append(doubt)
    return ClassFolders({}, parts, tuple(pictures), doubts[0] if doubts else "")


def _levels(folder_names: Mapping[Path, Sequence[str]]) -> Iterator[dict[Path, str]]:
    """The folders that may be classes, by picture: the deepest first, then those above them."""
    deepest = max(map(len, folder_names.values()), default=0)
    for up in range(max(deepest, 1)):
        yield {picture: names[-1 - up] for picture, names in folder_names.items() if len(names) > up}


def _doubt(classes: Mapping[Path, str]) -> str:
    """Why these folders are no classes, a clause; "" where they may be."""
    counts = Counter(classes.values())
    names = sorted(counts, key=natural_key)
    if len(names) < 2:
        return ""
    named = f"{one_line(names[0])[:60]}, {one_line(names[1])[:60]}{' ..' * (len(names) > 2)}"
    stems = {re.sub(r"\d+", "#", name.casefold()) for name in names}
    if len(stems) == 1 and "#" in (stem := stems.pop()):
        numbers = sorted(int(re.sub(r"\D+", "", name)) for name in names)
        few = len(numbers) <= 20 and numbers[0] <= 1 and numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        if not (any(word in stem for word in CLASS_WORDS) or (stem == "#" and few)):
            return f"the folders {named} differ only in a number, so they are not taken for classes"
    if len(names) >= MANY_FOLDERS and sum(counts.values()) <= FEW_PICTURES * len(names):
        diagnoses = read_diagnoses()
        if 2 * sum(spelling(name) in diagnoses for name in names) < len(names):
            return (
                f"the {len(names)} folders {named} hold {sum(counts.values())} pictures, as folders of patients do, so "
                "they are not taken for classes"
            )
    return ""
