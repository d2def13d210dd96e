"""Folders that are classes: the name of the folder that holds a picture, unless it says a kind, a part or a number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trainer.pictures.label_forms import PARTS

# Folders that part files by kind: "ham10000/images" and "ham10000/masks" are no two classes.
NOT_CLASSES = frozenset({"images", "image", "imgs", "img", "pictures", "masks", "mask", "segmentations"})


@dataclass(frozen=True)
class ClassFolders:
    """The class, and the part (train, validation, test), of each picture whose folders say it.

    `outside` are pictures that lie in no class folder; `problems` are whole sentences.
    """

    classes: Mapping[Path, str] = field(default_factory=dict)
    parts: Mapping[Path, str] = field(default_factory=dict)
    outside: tuple[Path, ...] = ()
    problems: tuple[str, ...] = ()


def class_folders(root: Path, pictures: Sequence[Path]) -> ClassFolders:
    """The deepest folder of each picture below `root` that parts no files by kind or use, as its class.

    A folder train, val or test above or below it is its part. No classes where there are not two.
    """
    classes: dict[Path, str] = {}
    parts: dict[Path, str] = {}
    for picture in pictures:
        folders = picture.relative_to(root).parts[:-1] if picture.is_relative_to(root) else ()
        part = next((PARTS[word.casefold()] for word in folders if word.casefold() in PARTS), "")
        names = [word for word in folders if word.casefold() not in NOT_CLASSES | PARTS.keys()]
        if part:
            parts[picture] = part
        if names:
            classes[picture] = names[-1]
    outside = tuple(picture for picture in pictures if picture not in classes)
    return ClassFolders(classes, parts, outside)
