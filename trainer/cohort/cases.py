"""Folders and tables -> cases: each picture with its diagnosis, patient, lesion, group and part, as it was given."""

import math
import os
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trainer.cohort.tables import Row, read_table
from trainer.files.errors import UserError

PICTURE_ENDINGS = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp")
NAME_COLUMNS = ("isic_id", "image_id", "image_name", "image")
ONE_HOT = ("mel", "nv", "bcc", "ak", "akiec", "bkl", "df", "vasc", "scc", "unk")
DIAGNOSIS_COLUMNS = ("diagnosis_5", "diagnosis_4", "diagnosis_3", "diagnosis_2", "diagnosis", "diagnosis_1")
PARTS_AS_WRITTEN = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
    "testing": "test",
}
# Folders that part files by kind: "ham10000/images" and "ham10000/masks" are no two classes.
NOT_CLASSES = frozenset({"images", "image", "imgs", "img", "pictures", "masks", "mask", "segmentations"})
DEEPEST = 64
"""Folders in a name of a table that are compared: every depth there is costs a look for every picture."""
NOT_KNOWN = frozenset({"", "unknown", "n/a", "na", "nan", "none", "null", "-"})


@dataclass(frozen=True)
class Case:
    """One picture as it was given; "" and NaN mean not known.

    `name` is relative to the pictures' folder, with "/". `diagnoses` begin with the deepest known one and go up to
    the coarsest; `age` is in years.
    """

    name: str
    diagnoses: tuple[str, ...]
    patient: str = ""
    lesion: str = ""
    group: str = ""
    part: str = ""
    sex: str = ""
    site: str = ""
    age: float = math.nan


@dataclass(frozen=True)
class Reading:
    """What a folder and its table gave: the labelled cases, and everything that found no counterpart.

    `form` says how labels were given; `found` counts the pictures, `left_out` holds (picture, reason).
    """

    form: str
    cases: list[Case]
    found: int
    left_out: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read_cases(images: Path, labels: Path | None) -> Reading:
    """Pair the pictures of a folder with the rows of a table, or with the names of their class folders.

    Tables: ISIC archive (isic_id, diagnosis_1 .. 5 or benign_malignant), HAM10000 (image_id, dx), ISIC 2018 and 2019
    (image and a 1 under MEL, NV ..), and image, label[, split, group]. UserError where nothing can be paired.
    """
    names = _picture_names(images)
    left_out = [(_printable(name), "its name is no UTF-8; rename it") for name in names if not _encodable(name)]
    names = [name for name in names if _encodable(name)]
    reading = _from_folders(images, names) if labels is None else _from_table(images, names, labels)
    reading.left_out.extend(left_out)
    return Reading(reading.form, reading.cases, len(names) + len(left_out), reading.left_out, reading.problems)


def _picture_names(images: Path) -> list[str]:
    """Sorted paths of the pictures below a folder, relative to it; hidden files and folders are left out."""
    if not images.is_dir():
        raise UserError(f"{images} is not a folder; give the folder of the pictures to --images.")
    found: list[str] = []

    def refuse(error: OSError) -> None:
        raise UserError(f"{error.filename} cannot be read ({error.strerror}); change its permissions.") from error

    for folder, subfolders, files in os.walk(images, onerror=refuse, followlinks=False):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        for name in files:
            if name.lower().endswith(PICTURE_ENDINGS) and not name.startswith("."):
                found.append((Path(folder) / name).relative_to(images).as_posix())
    if not found:
        raise UserError(f"{images} holds no pictures ({', '.join(PICTURE_ENDINGS)}).")
    return sorted(found)


def _from_folders(images: Path, names: Sequence[str]) -> Reading:
    """Cases of pictures in class folders; a folder train, val or test above or below the class gives the part."""
    cases: list[Case] = []
    left_out: list[tuple[str, str]] = []
    for name in names:
        folders = name.split("/")[:-1]
        part = next((PARTS_AS_WRITTEN[word.casefold()] for word in folders if word.casefold() in PARTS_AS_WRITTEN), "")
        classes = [word for word in folders if word.casefold() not in NOT_CLASSES | PARTS_AS_WRITTEN.keys()]
        if classes:
            cases.append(Case(name, (classes[-1],), part=part))
        else:
            left_out.append((name, "it lies in no class folder"))
    if not cases:
        raise UserError(
            f"{images} has no class folders such as {images.name}/benign and {images.name}/malignant; "
            "make them, or give a CSV to --labels."
        )
    used = {name.rpartition("/")[0] for name in names}
    for place in {folder.rpartition("/")[0] for folder in used if folder}:
        for folder in sorted((images / place).iterdir()):
            inside = folder.relative_to(images).as_posix()
            plain = not folder.name.startswith(".") and folder.name.casefold() not in NOT_CLASSES
            if plain and folder.is_dir() and not any(path == inside or path.startswith(f"{inside}/") for path in used):
                raise UserError(f"The class folder {folder} holds no pictures; fill it or remove it.")
    return Reading("class folders", cases, len(names), left_out)


def _from_table(images: Path, names: Sequence[str], labels: Path) -> Reading:
    titles, rows = read_table(labels)
    column, form = _form(titles, labels)
    by_name: dict[str, Row] = {}
    unclear: dict[str, str] = {}
    for row in rows:
        key = _key(row[column])
        known = by_name.setdefault(key, row)
        if known is not row and _diagnoses(known, form) != _diagnoses(row, form):
            unclear[key] = f"its rows in {labels.name} disagree"
    match = _Match(images, by_name)
    cases: list[Case] = []
    left_out: list[tuple[str, str]] = []
    used: Counter[str] = Counter()
    for name in names:
        key = match.key(name)
        row = by_name.get(key, {})
        diagnoses = _diagnoses(row, form) if row else ()
        if key in unclear:
            left_out.append((name, unclear[key]))
        elif not diagnoses:
            reason = f"its row in {labels.name} has no single label" if row else f"it has no row in {labels.name}"
            left_out.append((name, reason))
        else:
            cases.append(_case(name, diagnoses, row, labels))
        used[key] += bool(row)
    if not cases:
        example = next(iter(by_name), "")
        raise UserError(
            f"{labels.name} labels none of the {len(names)} pictures in {images} (it names {example}, the folder "
            f"holds {names[0]}); give the table and the folder that belong together."
        )
    problems = []
    missing = [row[column] for key, row in by_name.items() if key not in used]
    if missing:
        problems.append(f"{len(missing)} of {len(by_name)} names in {labels.name} have no picture, {missing[0]} first.")
    twice = [row[column] for key, row in by_name.items() if used[key] > 1]
    if twice:
        problems.append(f"{len(twice)} names in {labels.name} fit several pictures, {twice[0]} first.")
    return Reading(f"{labels.name}, {form}", cases, len(names), left_out, problems)


def _form(titles: Sequence[str], labels: Path) -> tuple[str, str]:
    """The column that names the picture, and which of the known forms a table has."""
    name = next((title for title in NAME_COLUMNS if title in titles), "")
    if name == "image_id" and "dx" in titles:
        return name, "HAM10000"
    if name and any(title in titles for title in (*DIAGNOSIS_COLUMNS, "benign_malignant")):
        return name, "ISIC archive"
    if name and "label" in titles:
        return name, "image and label"
    if name and sum(title in ONE_HOT for title in titles) > 1:
        return name, "one column for each class"
    raise UserError(
        f"{labels.name} needs the columns isic_id and diagnosis_1, image_id and dx, image and label, or image and "
        f"MEL, NV, ..; it has {', '.join(titles)[:200]}."
    )


def _diagnoses(row: Row, form: str) -> tuple[str, ...]:
    """The diagnoses of a row, the deepest first; () where there is none, or not a single one."""
    if form == "HAM10000":
        found = [row["dx"]]
    elif form == "image and label":
        found = [row["label"]]
    elif form == "ISIC archive":
        found = [row.get(title, "") for title in (*DIAGNOSIS_COLUMNS, "benign_malignant")]
    else:
        marked = [title for title in ONE_HOT if row.get(title) and row[title] not in ("0", "0.0")]
        found = marked if len(marked) == 1 and row[marked[0]] in ("1", "1.0") else []
    return tuple(word for word in found if word.casefold() not in NOT_KNOWN)


def _case(name: str, diagnoses: tuple[str, ...], row: Row, labels: Path) -> Case:
    part = row.get("split", "")
    if part and part.casefold() not in PARTS_AS_WRITTEN:
        raise UserError(f'{labels.name} has the split "{part}" for {name}; use train, validation or test.')
    site = next((row[title] for title in ("anatom_site_general", "localization", "site") if _known(row, title)), "")
    age = next((row[title] for title in ("age_approx", "age") if _known(row, title)), "")
    sex = row["sex"].lower() if _known(row, "sex") else ""
    return Case(
        name,
        diagnoses,
        patient=row["patient_id"] if _known(row, "patient_id") else "",
        lesion=row["lesion_id"] if _known(row, "lesion_id") else "",
        group=row["group"] if _known(row, "group") else "",
        part=PARTS_AS_WRITTEN.get(part.casefold(), ""),
        sex={"f": "female", "m": "male"}.get(sex, sex),
        site=site.lower(),
        age=_number(age),
    )


def _known(row: Row, title: str) -> bool:
    return row.get(title, "").casefold() not in NOT_KNOWN


def _number(text: str) -> float:
    """An age as a number; NaN where it is none, or no age."""
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if 0 <= value < 130 else math.nan


class _Match:
    """How a picture finds its row: by the longest end of its path that a row names, else by its file name."""

    def __init__(self, images: Path, by_name: dict[str, Row]) -> None:
        self._root = _key(images.resolve().as_posix() + "/x").removesuffix("x")
        self._by_name = by_name
        self._depths = sorted({key.count("/") + 1 for key in by_name} & {*range(1, DEEPEST)}, reverse=True)
        stems = Counter(key.rpartition("/")[2] for key in by_name)
        # A row with folders that end no picture's path still fits by its file name, where that is the only one.
        self._stems = {stem: key for key in by_name if stems[stem := key.rpartition("/")[2]] == 1}

    def key(self, name: str) -> str:
        parts = (self._root + _key(name)).split("/")
        ends = ("/".join(parts[-depth:]) for depth in self._depths)
        return next((end for end in ends if end in self._by_name), self._stems.get(parts[-1], ""))


def _key(name: str) -> str:
    """What two spellings of one picture's name share: no ending, forward slashes, composed letters, no case."""
    name = unicodedata.normalize("NFC", name.replace("\\", "/").strip()).casefold().removeprefix("./")
    stem, dot, ending = name.rpartition(".")
    return stem if f".{ending}" in PICTURE_ENDINGS and dot else name


def _encodable(name: str) -> bool:
    return not any(0xD800 <= ord(letter) <= 0xDFFF for letter in name)


def _printable(name: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in name)
