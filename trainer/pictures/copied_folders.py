"""Folders whose names say that they hold altered copies of other pictures: `mel_augmented` beside `mel`."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from trainer.files.wording import listed
from trainer.pictures.diagnosis_words import class_key, read_diagnoses, spelling
from trainer.pictures.file_names import quoted

_ALTERED = r"aug|augm|augmented|augmentations?|augmentiert|flipped|mirrored|rotated|oversampled|upsampled|resampled"
_COPIED = r"copy|copies|kopien?|resized|cropped|crops|synthetic|generated"
_WORD = re.compile(_ALTERED, re.IGNORECASE)
_BESIDE_CLASS = re.compile(
    rf"(?:{_ALTERED}|{_COPIED})(?:[\W_]+\d+)?[\W_]+(?:(?:of|von)[\W_]+)?(?P<behind>.+)|"
    rf"(?P<before>.+?)[\W_]+(?:{_ALTERED}|{_COPIED})[\W\d_]*",
    re.IGNORECASE,
)
_WHY = "Copies of test pictures among those of training would make a network look better than it is."


def original_names(folder: str) -> list[str]:
    """What a folder's name says without its words for copies, one less each time: `mel_aug`, `mel` of `mel_aug_copy`.

    Empty where it has no such word, or no other.
    """
    names: list[str] = []
    while match := _BESIDE_CLASS.fullmatch(names[-1] if names else folder):
        names.append((match["behind"] or match["before"]).strip())
    return names


def without_copies(
    classes: Mapping[Path, str], folder_names: Iterable[Sequence[str]]
) -> tuple[dict[Path, str], list[str]]:
    """The classes with those of copies as the class that these are copies of, and sentences on such folders.

    `mel_augmented` and its copies are of class `mel` where there is one, or `mel` is a known diagnosis. `folder_names`
    are those that hold each picture.
    """
    of_key = {class_key(name): name for name in sorted(set(classes.values()), reverse=True)}
    diagnoses = read_diagnoses()
    merged: dict[str, str] = {}
    for name in set(classes.values()):
        bases = [base for base in original_names(name) if class_key(base) in of_key or spelling(base) in diagnoses]
        if bases and spelling(name) not in diagnoses:
            merged[name] = of_key.get(class_key(bases[-1]), bases[-1])
    notes = []
    if merged:
        several = len(merged) > 1
        notes.append(
            f"The folder{'s' * several} {listed(quoted(merged), 4)} count{'s' * (not several)} as the "
            f"class{'es' * (len({*merged.values()}) > 1)} {listed(quoted({*merged.values()}), 4)}. {_WHY}"
        )
    altered = {folder for folders in folder_names for folder in folders if _WORD.fullmatch(folder)}
    if altered:
        several = len(altered) > 1
        notes.append(
            f"The folder{'s' * several} {listed(quoted(altered), 4)} hold{'s' * (not several)} altered copies, by "
            f"{'their names' if several else 'its name'}. {_WHY}"
        )
    return {picture: merged.get(name, name) for picture, name in classes.items()}, notes
