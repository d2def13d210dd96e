"""Pictures with their classes and groups, split so that no group stands on two sides."""

import csv
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from sklearn.model_selection import StratifiedGroupKFold

from trainer.checkpoint import InputSpec
from trainer.errors import UserError

PICTURE_FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "WEBP")
PICTURE_ENDINGS = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp"}
NAME_COLUMNS = ("image", "image_id", "isic_id")
CLASS_COLUMNS = ("label", "dx", "benign_malignant")
GROUP_COLUMNS = ("patient_id", "lesion_id", "group")


@dataclass(frozen=True)
class Case:
    """One picture, the class it was given, and the group (patient, else lesion) that must stay together."""

    picture: Path
    label: str
    group: str


@dataclass(frozen=True)
class Split:
    """Positions of the cases of each part."""

    train: npt.NDArray[np.intp]
    validation: npt.NDArray[np.intp]
    test: npt.NDArray[np.intp]


def read_cases(images: Path, labels: Path | None, *, malignant: Sequence[str] = ()) -> list[Case]:
    """Pair the pictures of a folder with the rows of a CSV, or with the names of their class folders.

    With `malignant`, those classes become "malignant" and every other one "benign". UserError where the
    folder or the CSV gives nothing to train on.
    """
    if not images.is_dir():
        raise UserError(f"{images} is not a folder; give the folder of the pictures to --images.")
    pictures = sorted(path for path in images.rglob("*") if path.suffix.lower() in PICTURE_ENDINGS)
    if not pictures:
        raise UserError(f"{images} holds no pictures ({', '.join(sorted(PICTURE_ENDINGS))}).")
    if labels is None:
        cases = [Case(path, path.parent.name, path.stem) for path in pictures]
    else:
        rows = _read_rows(labels)
        cases = [Case(path, *rows[path.stem]) for path in pictures if path.stem in rows]
        if not cases:
            raise UserError(f"{labels.name} names none of the {len(pictures)} pictures in {images}.")
    if malignant:
        unknown = set(malignant) - {case.label for case in cases}
        if unknown:
            raise UserError(f"No picture has the class {', '.join(sorted(unknown))} that --malignant names.")
        cases = [Case(case.picture, "malignant" if case.label in malignant else "benign", case.group) for case in cases]
    if len({case.label for case in cases}) < 2:
        raise UserError(f"All {len(cases)} pictures have one class, {cases[0].label!r}; training needs two or more.")
    return cases


def _read_rows(labels: Path) -> dict[str, tuple[str, str]]:
    """(class, group) of each picture's stem."""
    try:
        with labels.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns = reader.fieldnames or []
            name, label = (_first(columns, known, labels) for known in (NAME_COLUMNS, CLASS_COLUMNS))
            group = next((column for column in GROUP_COLUMNS if column in columns), name)
            return {Path(row[name]).stem: (row[label], row[group] or Path(row[name]).stem) for row in reader}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{labels} cannot be read: {error}.") from error


def _first(columns: Sequence[str], known: Sequence[str], labels: Path) -> str:
    for column in known:
        if column in columns:
            return column
    raise UserError(f"{labels.name} has no column {' or '.join(known)}; its columns are {', '.join(columns)}.")


def split_cases(cases: Sequence[Case], seed: int) -> Split:
    """Split 64 / 16 / 20 %, stratified by class, no group on two sides."""
    labels = np.array([case.label for case in cases])
    groups = np.array([case.group for case in cases])
    try:
        rest, test = next(StratifiedGroupKFold(5, shuffle=True, random_state=seed).split(labels, labels, groups))
        inner = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
        train, validation = next(inner.split(labels[rest], labels[rest], groups[rest]))
    except ValueError as error:
        raise UserError(f"{len(cases)} pictures are too few to split: {error}.") from error
    return Split(rest[train], rest[validation], test)


def decode(
    cases: Sequence[Case], input_spec: InputSpec, on_step: Callable[[int, int], None] | None = None
) -> npt.NDArray[np.uint8]:
    """What the network sees of every picture: (N, h, w, 3) uint8. UserError names the first unreadable file."""
    store = np.empty((len(cases), *input_spec.size, 3), np.uint8)

    def read(position: int) -> None:
        path = cases[position].picture
        try:
            with Image.open(path, formats=PICTURE_FORMATS) as picture:
                store[position] = input_spec.crop(np.asarray(picture.convert("RGB")))
        except (OSError, SyntaxError, ValueError) as error:
            raise UserError(f"{path} cannot be read ({error}); take it out of the folder.") from error

    with ThreadPoolExecutor() as pool:
        for done, _ in enumerate(pool.map(read, range(len(cases))), 1):
            if on_step:
                on_step(done, len(cases))
    return store
