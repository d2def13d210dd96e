"""Classes of pictures, from a CSV of one of the usual forms or from the names of their folders."""

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from explorer.core.images import ENDINGS, shown
from explorer.core.label_table import read_table

# Folders that part files by kind or use: "ham10000/images" and "ham10000/masks" are no two classes.
NOT_CLASSES = frozenset({"images", "image", "imgs", "img", "pictures", "masks", "mask", "segmentations"})
DEEPEST = 64
"""Folders in a name of a table that are compared: every depth there is costs a look for every picture."""
NOT_CLASSES |= {"train", "training", "test", "val", "valid", "validation"}


@dataclass(frozen=True)
class Labels:
    """The class of each picture, as far as it is known.

    `source` says where the classes come from and is empty where there are none. `counts` are pictures per class
    where the pictures were given, else names in the CSV; sorted by class. `problems` are whole sentences.
    """

    source: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    _known: Mapping[Path, str] = field(default_factory=dict, repr=False)
    _rules: "_Rules | None" = field(default=None, repr=False)

    def of(self, path: Path | str) -> str:
        """The class of the picture at `path`, "" where it is unknown; a picture not given before is matched too."""
        path = Path(path)
        label = self._known.get(path)
        if label is None and self._rules:
            label = self._rules.names.get(self._rules.match(path))
        return label or ""


@dataclass(frozen=True)
class _Rules:
    """How a picture finds its row: `names` by key to class; `stems` by file name to the one key that has it."""

    names: Mapping[str, str]
    stems: Mapping[str, str]
    depths: tuple[int, ...]

    def match(self, path: Path) -> str:
        """Key of the row for the picture: the longest end of its path that is a row's name; else by file name."""
        parts = _key(str(path if self.depths == (1,) else path.absolute())).split("/")
        ends = ("/".join(parts[-depth:]) for depth in self.depths)
        return next((end for end in ends if end in self.names), self.stems.get(parts[-1], ""))


def read_labels(csv: Path | str, pictures: Sequence[Path] | None = None, *, column: str = "") -> Labels:
    """The classes in a CSV; its header decides which form it has.

    Forms: ISIC archive (isic_id or image_name; benign_malignant, diagnosis_1 .. diagnosis_5 or diagnosis, the
    first of these that is there), HAM10000 (image_id, dx), ISIC 2018 and 2019 (image; MEL, NV .. with a single 1),
    and image, label. `column` names another column for the class. Delimiter comma, semicolon or tab.
    A row names a picture by its file name or the end of its path, with or without ending, whatever the case. A
    row with folders that end no picture's path is matched by its file name, where that is unique in the CSV.
    Rows of one picture that disagree give it no class. What has no counterpart is counted in the problems, once
    `pictures` are given. UserError where the file cannot be read, has no known form, or is damaged.
    """
    path = Path(csv)
    table = read_table(path, column.strip())
    rows, problems = table.rows, list(table.problems)
    names: dict[str, str] = {}  # rows without a class too, or a namesake's row would speak for them
    written: dict[str, str] = {}
    disagreeing: set[str] = set()
    for name, label in rows:
        key = _key(name)
        written.setdefault(key, name)
        if names.setdefault(key, label) == "":
            names[key] = label
        elif label and names[key] != label:
            disagreeing.add(key)
    names |= dict.fromkeys(disagreeing, "")
    names.pop("", None)
    _report(problems, ["" for name, _ in rows if not _key(name)], "row|rows", "without the name of a picture")
    unclear = [name for name, label in rows if name and not label]
    _report(problems, unclear, "row|rows", "without a class, or with several")
    unsure = [written[key] for key in names if key in disagreeing]
    _report(problems, unsure, "picture|pictures", "with rows that disagree, so without a class")
    rules = _rules(names, pictures or ())
    known: dict[Path, str] = {}
    if pictures is not None:
        matches = {picture: rules.match(picture) for picture in pictures}
        known = {picture: names.get(key, "") for picture, key in matches.items()}
        used = Counter(key for key in matches.values() if key)
        several = [written[key] for key, times in used.items() if times > 1]
        _report(problems, several, "name|names", "with several pictures")
        unused = [written[key] for key in names if key not in used]
        _report(problems, unused, "name|names", "without a picture here")
        unknown = [picture.name for picture, label in known.items() if not label]
        _report(problems, unknown, "picture|pictures", "without a class")
    counts = Counter(label for label in (names if pictures is None else known).values() if label)
    return Labels(f"{path.name}, {table.form}", dict(sorted(counts.items())), tuple(problems), known, rules)


def folder_labels(folder: Path | str, pictures: Sequence[Path]) -> Labels:
    """The name of the folder that holds each picture, as its class.

    Empty labels unless every picture lies in a subfolder of `folder`, there are at least two such names, and none
    of them parts files by kind or use ("images", "masks", "train").
    """
    folder = Path(folder)
    known = {picture: picture.parent.name for picture in pictures}
    inside = all(folder in picture.parent.parents for picture in known)
    counts = Counter(known.values())
    if not inside or len(counts) < 2 or any(name.casefold() in NOT_CLASSES for name in counts):
        return Labels()
    return Labels(f"folders in {folder.name or folder}", dict(sorted(counts.items())), (), known)


def _key(name: str) -> str:
    """What two spellings of one picture's name share: no ending, forward slashes, composed letters, no case."""
    name = name.replace("\\", "/")
    stem, dot, ending = name.rpartition(".")
    if dot and ending.strip().lower() in ENDINGS:
        name = stem
    if not name.isascii():
        name = unicodedata.normalize("NFC", name)
    name = name.strip().casefold()
    if "/" not in name:
        return name
    return "/".join(part for part in name.split("/") if part not in ("", ".", ".."))


def _rules(names: Mapping[str, str], pictures: Sequence[Path]) -> _Rules:
    depths = tuple(sorted({key.count("/") + 1 for key in names} & {*range(1, DEEPEST)}, reverse=True))
    if depths in ((), (1,)):
        return _Rules(names, {}, depths)
    stems = Counter(key.rpartition("/")[2] for key in names)
    # A row that fits one picture's whole path says nothing about that picture's namesake in another folder.
    exact = {_Rules(names, {}, depths).match(picture) for picture in pictures}
    alone = (key for key in names if key not in exact and stems[key.rpartition("/")[2]] == 1)
    return _Rules(names, {key.rpartition("/")[2]: key for key in alone}, depths)


def _report(problems: list[str], found: list[str], noun: str, what: str) -> None:
    if found:
        first = f" (the first: {shown(found[0])})" if found[0] else ""
        problems.append(f"{len(found):,} {noun.split('|')[len(found) > 1]} {what}{first}.")
