"""Folders that are classes: the name of the folder that holds a picture, unless it says a kind, a part or a number."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trainer.files.wording import listed
from trainer.pictures.copied_folders import without_copies
from trainer.pictures.diagnosis_words import class_key, read_diagnoses, spelling
from trainer.pictures.file_names import natural_key, one_line, quoted
from trainer.pictures.folder_levels import above_kinds, above_unknown
from trainer.pictures.label_forms import NOT_KNOWN
from trainer.pictures.named_folders import named_folders
from trainer.pictures.part_folders import CLASS_WORDS, look_like_parts

FEW_PICTURES, MANY_FOLDERS = 2, 5
"""Folders that hold so few pictures each, and are so many, are one for each patient rather than classes."""


@dataclass(frozen=True)
class ClassFolders:
    """The class, and the part (train, validation, test), of each picture whose folders say it.

    `outside` are pictures that lie in no class folder. `doubt` is a clause that says why folders are not taken for
    classes; `notes` are whole sentences. `deepest`: no folders within those of the classes, and no
    copies of classes, were passed over.
    """

    classes: Mapping[Path, str] = field(default_factory=dict)
    parts: Mapping[Path, str] = field(default_factory=dict)
    outside: tuple[Path, ...] = ()
    doubt: str = ""
    notes: tuple[str, ...] = ()
    deepest: bool = True


def class_folders(root: Path, pictures: Sequence[Path], *, certain: bool = False) -> ClassFolders:
    """The deepest folder of each picture below `root` that parts no files by kind or use, as its class.

    A folder train, val or test above or below it is its part, also where `read_part_folders` finds one. Folders within
    those of known diagnoses that are none say something else (a kind of picture, a patient), and those above them are
    taken. Folders that differ only in a number, or that hold a picture or two each, are parts of a set or patients
    rather than classes: the folders above them are taken where those are classes, else none. A word for "not known" is
    no class; spellings of one word are one class, and so are folders of its altered copies. With `certain`, somebody
    says that the deepest are classes.
    """
    named = named_folders(root, pictures, certain=certain)
    folder_names, parts, notes = dict(named.names), dict(named.parts), list(named.notes)
    if named.whole_parts and not any(folder_names.values()):
        whole = listed(quoted(named.whole_parts), 4)
        doubt = f"the folders {whole} look like parts of a set by their names, and no folders of classes lie in them"
        return ClassFolders({}, parts, tuple(pictures), doubt)
    within: list[str] = []
    if not certain:
        folder_names, within = above_kinds(folder_names)
    if within:
        verb = "The folder {} is" if len(within) == 1 else "The folders {} are"
        notes.append(
            f"{verb.format(listed(quoted(within), 4))} no known diagnosis; the folders above them are, and are the "
            "classes."
        )
    deepest = next(_levels(folder_names))
    if not (certain or within or _doubt(deepest) or _doubt(_next_level(folder_names))):
        choice = above_unknown(folder_names)
        if choice.doubt:
            return ClassFolders({}, parts, tuple(pictures), choice.doubt)
        folder_names, within = choice.kept, choice.within
        notes += choice.notes
    doubts: list[str] = []
    for level in _levels(folder_names):
        classes = {picture: name for picture, name in level.items() if name.casefold() not in NOT_KNOWN}
        doubt = "" if certain else _doubt(classes)
        if not doubt:
            if doubts and len(set(classes.values())) < 2:
                break
            outside = tuple(picture for picture in pictures if picture not in classes)
            notes += [f"{doubts[0][0].upper()}{doubts[0][1:]}; the folders above them are."] if doubts else []
            notes += _about_unknown(level)
            originals = classes
            if not certain:
                originals, copies = without_copies(classes, named.names.values())
                notes += copies
            as_named = not within and originals == classes
            return ClassFolders(_one_spelling(originals, notes), parts, outside, notes=tuple(notes), deepest=as_named)
        doubts.append(doubt)
    return ClassFolders({}, parts, tuple(pictures), doubts[0] if doubts else "")


def _about_unknown(level: Mapping[Path, str]) -> list[str]:
    counts = Counter(name for name in level.values() if name.casefold() in NOT_KNOWN)
    named = [f'"{one_line(name)[:60]}" ({counts[name]:,})' for name in sorted(counts)]
    if not named:
        return []
    folders = f"folder {named[0]} counts" if len(named) == 1 else f"folders {' and '.join(named)} count"
    return [f"The {folders} as not known, not as a class."]


def _one_spelling(classes: Mapping[Path, str], notes: list[str]) -> dict[Path, str]:
    """The classes, each as most pictures have it, where several folders are one word in different spellings."""
    counts = Counter(classes.values())
    ways: dict[str, list[str]] = {}
    for name in sorted(counts):
        ways.setdefault(class_key(name), []).append(name)
    for names in ways.values():
        if len(names) > 1:
            *first, last = [f'"{one_line(name)[:60]}"' for name in names]
            notes.append(f"The folders {', '.join(first)} and {last} are taken as one class.")
    written = {name: max(names, key=counts.__getitem__) for names in ways.values() for name in names}
    return {picture: written[name] for picture, name in classes.items()}


def _levels(folder_names: Mapping[Path, Sequence[str]]) -> Iterator[dict[Path, str]]:
    """The folders that may be classes, by picture: the deepest first, then those above them."""
    deepest = max(map(len, folder_names.values()), default=0)
    for up in range(max(deepest, 1)):
        yield {picture: names[-1 - up] for picture, names in folder_names.items() if len(names) > up}


def _next_level(folder_names: Mapping[Path, Sequence[str]]) -> dict[Path, str]:
    return {picture: names[-2] for picture, names in folder_names.items() if len(names) > 1}


def _doubt(classes: Mapping[Path, str]) -> str:
    """Why these folders are no classes, a clause; "" where they may be."""
    counts = Counter(classes.values())
    names = sorted(counts, key=natural_key)
    if len(names) < 2:
        return ""
    named = f"{one_line(names[0])[:60]}, {one_line(names[1])[:60]}{' ..' * (len(names) > 2)}"
    if look_like_parts(names):
        return f"the folders {named} look like parts of a set by their names, so they are not taken for classes"
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
