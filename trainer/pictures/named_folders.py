"""The folders that hold each picture, without those that say its part of the set or nothing at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trainer.pictures.file_names import quoted
from trainer.pictures.label_forms import PARTS, part_word
from trainer.pictures.part_folders import read_part_folders

# Folders that part files by kind: "ham10000/images" and "ham10000/masks" are no two classes.
NOT_CLASSES = frozenset({"images", "image", "imgs", "img", "pictures", "masks", "mask", "segmentations"})


@dataclass(frozen=True)
class NamedFolders:
    """The `names` of the folders of each picture, the outermost first, and its part where one of them says it.

    `whole_parts` are names that say a part and no class; `notes` are whole sentences.
    """

    names: Mapping[Path, list[str]]
    parts: Mapping[Path, str] = field(default_factory=dict)
    whole_parts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def named_folders(root: Path, pictures: Sequence[Path], *, certain: bool = False) -> NamedFolders:
    """The folders of each picture below `root`, without spaces around their names.

    With `certain` the deepest one is a class, whatever its name.
    """
    below = {
        picture: [
            folder.strip()
            for folder in (picture.relative_to(root).parts[:-1] if picture.is_relative_to(root) else ())
            if folder.strip().casefold() not in NOT_CLASSES
        ]
        for picture in pictures
    }
    named = read_part_folders(folders[:-1] if certain else folders for folders in below.values())
    names: dict[Path, list[str]] = {}
    parts: dict[Path, str] = {}
    either: set[str] = set()
    for picture, folders in below.items():
        names[picture] = []
        for depth, folder in enumerate(folders):
            own = certain and depth == len(folders) - 1
            word = part_word(folder)
            part = PARTS.get(word) or ("either" if word else "" if own else named.parts.get(folder, ""))
            if part == "either":
                either.add(folder)
            elif part:
                parts.setdefault(picture, part)
            if not part or (folder in named.classes and not own):
                names[picture].append(named.classes.get(folder, folder) if part else folder)
    notes = [
        f"The folder {name} may be validation or test; name it so, else its pictures have no part."
        for name in quoted(either)
    ]
    return NamedFolders(names, parts, named.whole, (*notes, *named.notes))
