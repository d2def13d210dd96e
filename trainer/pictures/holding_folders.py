"""Folders that say whose pictures they hold: a patient, a lesion, a group."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from trainer.pictures.copied_folders import original_name
from trainer.pictures.diagnosis_words import class_key, read_diagnoses, spelling
from trainer.pictures.folder_levels import says_kind
from trainer.pictures.named_folders import named_folders


def holding_folders(root: Path, pictures: Sequence[Path], classes: Mapping[Path, Sequence[str]]) -> dict[Path, str]:
    """The deepest folder of each picture that says neither its class, nor a part, nor a kind of pictures.

    It may lie within the class (`nv/P01`) or above it (`P01/nv`). `classes` are the words for what a picture shows; all
    known diagnoses are none either, and no folder that holds every picture is. A picture without one is left out.
    """
    diagnoses = read_diagnoses()
    names = named_folders(root, pictures).names
    shared = {name for name in next(iter(names.values()), []) if all(name in folders for folders in names.values())}
    holders: dict[Path, str] = {}
    for picture, folders in names.items():
        own = {class_key(word) for word in classes.get(picture, ())}
        for folder in reversed(folders):
            says = {folder, original_name(folder)} - {""}
            of_class = any(class_key(word) in own or spelling(word) in diagnoses for word in says)
            if not (of_class or folder in shared or says_kind(folder)):
                holders[picture] = folder
                break
    return holders
