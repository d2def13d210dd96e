"""Which of several levels of folders are the classes: by the words that are known, else by how they lie."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from trainer.files.wording import listed
from trainer.pictures.diagnosis_words import class_key, read_diagnoses, spelling
from trainer.pictures.file_names import natural_key, quoted
from trainer.pictures.label_forms import NOT_KNOWN
from trainer.pictures.part_folders import CLASS_WORDS

_MOST_CLASSES = 12
"""Folders that are not more may be classes, whatever their names."""
_KINDS = frozenset(
    {"clinical", "clinic", "dermoscopic", "dermoscopy", "dermatoscopic", "dermatoscopy", "derm", "macro", "macroscopic"}
    | {"microscopic", "overview", "closeup", "close up", "original", "originals", "raw", "augmented", "resized", "crop"}
    | {"crops", "cropped", "thumbs", "thumbnails", "left", "right", "polarized", "non polarized", "unpolarized", "new"}
    | {"old", "day", "night", "baseline", "follow up", "followup", "other", "others", "misc"}
)
"""What folders within classes say of the pictures."""


@dataclass(frozen=True)
class Choice:
    """The folders (by picture) down to the classes, those `within` that were cut off, sentences; or a doubt."""

    kept: dict[Path, list[str]]
    within: list[str]
    notes: tuple[str, ...] = ()
    doubt: str = ""


def says_kind(folder: str) -> bool:
    """Whether a folder's name says a kind of pictures, such as "dermoscopic"."""
    return spelling(folder) in _KINDS


def above_kinds(folder_names: Mapping[Path, list[str]]) -> tuple[dict[Path, list[str]], list[str]]:
    """The folders without those that are no known diagnoses and lie within known ones; and what those are called.

    Where most folders of a depth are known diagnoses, the others beside them are classes, too.
    """
    diagnoses = read_diagnoses()
    kept = dict(folder_names)
    cut: set[str] = set()
    for depth in range(max(map(len, kept.values()), default=0) - 1, 0, -1):
        holders = {names[depth - 1] for names in kept.values() if len(names) >= depth}
        held = {names[depth] for names in kept.values() if len(names) > depth}
        kinds = {name for name in held if spelling(name) not in diagnoses}
        known_holders = sum(spelling(name) in diagnoses for name in holders)
        if 2 * known_holders >= len(holders) and 2 * len(kinds) > len(held):
            cut |= kinds
            kept = {
                picture: names[:depth] if names[depth : depth + 1] and names[depth] in kinds else names
                for picture, names in kept.items()
            }
    if cut and len({class_key(names[-1]) for names in kept.values() if names}) > 1:
        return kept, sorted(cut, key=natural_key)
    return dict(folder_names), []


def above_unknown(folder_names: Mapping[Path, list[str]]) -> Choice:
    """Which of two levels of folders are the classes where words are not known.

    Those above, where their names say so, where those within them say a kind of picture, where pictures lie directly
    in one that has folders, too, or where each of a few has several folders of its own; those within, where they come
    again below others. Where neither is so, a doubt.
    """
    as_is = Choice(dict(folder_names), [])
    paths = {tuple(names) for names in folder_names.values() if names}
    depth = 0
    while paths and len({path[depth : depth + 1] for path in paths}) == 1 and all(len(path) > depth for path in paths):
        depth += 1
    held: dict[str, set[str]] = defaultdict(set)
    for path in paths:
        if len(path) > depth + 2:
            return as_is
        if len(path) > depth and path[depth].casefold() not in NOT_KNOWN:
            held[path[depth]].update(name for name in path[depth + 1 :] if name.casefold() not in NOT_KNOWN)
    inner = {name for names in held.values() for name in names}
    diagnoses = read_diagnoses()
    known = sum(spelling(name) in diagnoses for name in inner)
    if len(held) < 2 or not inner or 2 * known >= len(inner):
        return as_is
    above = f"{_quoted(held)} or those within them, {_quoted(inner)}"
    if _are_classes(held, inner, {path[depth] for path in paths if len(path) == depth + 1}):
        kept = {picture: names[: depth + 1] for picture, names in folder_names.items()}
        verb = "lies" if len(inner) == 1 else "lie"
        note = f"The folder{'s' * (len(inner) > 1)} {_quoted(inner)} {verb} within the classes {_quoted(held)}."
        return Choice(kept, sorted(inner, key=natural_key), (note,))
    times = Counter(name for names in held.values() for name in names)
    same = all(len(names) == 1 and _alike(name, *names) for name, names in held.items() if names)
    if max(times.values()) > 1 or not all(held.values()) or same:
        return as_is
    return Choice({}, [], doubt=f"the classes may be the folders {above}")


def _are_classes(held: Mapping[str, set[str]], inner: set[str], direct: set[str]) -> bool:
    """Whether folders that hold the `inner` ones (or pictures, the `direct` ones) are classes rather than these."""
    if all(map(says_kind, held)):
        return False
    if all(map(says_kind, inner)) or any(held[name] for name in direct & held.keys()):
        return True
    if all(map(_says_class, held)) and not any(map(_says_class, inner)):
        return True
    differ = sum(map(len, held.values())) == len(inner)
    return differ and len(held) <= _MOST_CLASSES and all(len(names) > 1 for names in held.values())


def _says_class(name: str) -> bool:
    return any(word in name.casefold() for word in CLASS_WORDS)


def _alike(name: str, other: str) -> bool:
    return class_key(name) in class_key(other) or class_key(other) in class_key(name)


def _quoted(names: Iterable[str]) -> str:
    return listed(quoted(names), 4)
