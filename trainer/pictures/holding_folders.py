"""Folders that say whose pictures they hold: a patient, a lesion, a group."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from trainer.files.wording import listed
from trainer.pictures.copied_folders import original_names
from trainer.pictures.diagnosis_words import class_key, read_diagnoses, spelling
from trainer.pictures.file_names import quoted
from trainer.pictures.folder_levels import says_kind
from trainer.pictures.named_folders import named_folders

Holder = tuple[str, ...]
"""Folders within each other, the outermost first."""

_VISIT = re.compile(r"(?:visits?|visite|besuch|sessions?|time ?points?|follow ?ups?|day|week|month|year) ?\d+")


def holding_folders(root: Path, pictures: Sequence[Path], classes: Mapping[Path, Sequence[str]]) -> dict[Path, Holder]:
    """The folders of each picture that say neither its class, nor a part, nor a kind of pictures.

    They may lie within the class (`nv/P01`) or above it (`P01/nv`). `classes` are the words for what a picture shows;
    all known diagnoses are none either, nor is a folder that is around all of these. A picture without one is left out.
    """
    diagnoses = read_diagnoses()
    holders: dict[Path, Holder] = {}
    for picture, folders in named_folders(root, pictures).names.items():
        own = {class_key(word) for word in classes.get(picture, ())}
        holders[picture] = tuple(folder for folder in folders if not _says_class(folder, own, diagnoses))
    held = {holder for holder in holders.values() if holder}
    shared = set[str]().union(*held).intersection(*held)
    differing = {picture: tuple(name for name in holder if name not in shared) for picture, holder in holders.items()}
    return {picture: holder for picture, holder in differing.items() if holder}


def patient_folder(holder: Holder) -> str:
    """The outermost folder that is not named as a visit: `P01` of `P01/visit1` and of `visit1/P01`."""
    return next((name for name in holder if not _VISIT.fullmatch(spelling(name))), holder[0])


def about_levels(holders: Iterable[Holder]) -> list[str]:
    """A sentence on folders besides those taken for patients, which may be the patients themselves."""
    paths = set(holders)
    others = {(patient_folder(path), name) for path in paths for name in path if name != patient_folder(path)}
    names = {name for _, name in others}
    if not names:
        return []
    patients = listed(quoted({patient_folder(path) for path in paths}), 3)
    deepest: Holder = max(sorted(paths), key=len)
    (example,) = quoted(["/".join(deepest)])
    recur = len(others) > len(names)
    return [
        f"patient=folder takes {patients} for patients, not {listed(quoted(names), 3)}, which "
        f"{'is' if len(names) == 1 else 'are'} within or around them; lesion=folder or group=folder takes each folder "
        f"with those around it, such as {example}."
        + " Some of these names come again with several patients; if each name is one patient, give a table with a "
        "column of patients to --labels." * recur
    ]


def _says_class(folder: str, own: set[str], diagnoses: Mapping[str, object]) -> bool:
    """Whether a folder's name says a class, one of `own` or a known diagnosis, or a kind of pictures."""
    says = {folder, *original_names(folder)}
    return says_kind(folder) or any(class_key(word) in own or spelling(word) in diagnoses for word in says)
