"""Names of folders that say a part of the set: alone, in the name of an archive, or together with a class."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from trainer.files.wording import listed
from trainer.pictures.diagnosis_words import class_key, read_diagnoses, spelling
from trainer.pictures.file_names import natural_key, one_line, quoted
from trainer.pictures.label_forms import EITHER_PART, PARTS, part_word

CLASS_WORDS = ("class", "grade", "type", "label", "categor", "stage", "level", "cluster")
"""What stands in the names of folders that are classes although they differ only in a number."""

_EITHER = "either"
_WORDS = {**PARTS, **dict.fromkeys(EITHER_PART, _EITHER)} | {"trn": "train", "tst": "test", "vld": "validation"}
_WORDS |= {"development": "validation", "hold out": "test"}
_SHORT = {"tr": "train", "te": "test", "va": "validation", "vl": "validation"}
"""Words that are parts only as whole names, beside one that says train."""
# A word begins and ends at what is no letter, and where small letters meet a capital one.
_HUMP = r"(?-i:(?<=[a-z])(?=[A-Z]))"
_ALTERNATIVES = "|".join(re.escape(word) for word in sorted(_WORDS, key=len, reverse=True))
_PART = re.compile(
    rf"(?:(?<![^\W\d_])|{_HUMP})({_ALTERNATIVES})"
    rf"(?:[ _-]?(?:set|data|dataset|split|images?|pictures|photos))?(?:(?![^\W\d_])|{_HUMP})",
    re.IGNORECASE,
)
_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class _Named:
    """A name that holds a word for a part: the `part`, what stands `before` and behind it, and its other `words`.

    `short`: the word is one that may be something else.
    """

    part: str
    before: str
    behind: str
    words: tuple[str, ...]
    short: bool = False

    @property
    def is_bare(self) -> bool:
        """Whether it says nothing else, but for numbers."""
        return not (self.words or self.short)

    @property
    def other(self) -> str:
        """What stands on one side of the word; "" where something stands on both, or nothing."""
        return "" if self.before and self.behind else self.before or self.behind


@dataclass(frozen=True)
class PartFolders:
    """The parts (or "either") of folders by name, the classes that names hold besides, and sentences on them."""

    parts: Mapping[str, str]
    classes: Mapping[str, str]
    notes: tuple[str, ...] = ()

    @property
    def whole(self) -> tuple[str, ...]:
        """The names that say a part and no class."""
        return tuple(name for name in self.parts if name not in self.classes)


def read_part_folders(folders: Iterable[Sequence[str]]) -> PartFolders:
    """What the names in these paths of folders say of parts, beyond those that `part_word` knows alone.

    Names of one depth that share all other words (`ISIC_Training_Input`, `ISIC_Test_Input`) are parts, and so are those
    that have none (`trn`; `1_train`). Where each begins, or each ends, with a part and the others of their words come
    with several parts (or are known diagnoses), these are classes (`train_mel`, `test_mel`).
    """
    parts: dict[str, str] = {}
    classes: dict[str, str] = {}
    notes: list[str] = []
    for names in _by_depth(folders):
        found = {name: named for name in names if (named := _named(name))}
        every = len(found) == len(names)
        if every and not all(map(part_word, names)) and _are_both(found):
            classes |= {name: named.other for name, named in found.items()}
            parts |= {name: named.part for name, named in found.items()}
            kinds = dict.fromkeys(one_line(name)[:60] for name in classes.values())
            notes.append(f"The folders {_list(names)} name a part and a class: {listed(list(kinds), 4)}.")
            continue
        shared = every and _are_parts(found)
        new = [name for name, named in found.items() if not part_word(name) and (shared or named.is_bare)]
        if new:
            parts |= {name: found[name].part for name in new}
            several = len(new) > 1
            notes.append(
                f"The folder{'s' * several} {_list(new)} {'are' if several else 'is'} taken for "
                f"{'parts' if several else 'a part'} of the set."
            )
    return PartFolders(parts, classes, tuple(notes))


def look_like_parts(names: Collection[str]) -> bool:
    """Whether some of these names of classes differ only in the part that they say."""
    parts: dict[tuple[str, ...], set[str]] = {}
    for name in names:
        if named := _named(name):
            parts.setdefault(named.words, set()).add(named.part)
    return any(len(of_words) > 1 for of_words in parts.values())


def _list(names: Sequence[str]) -> str:
    return listed(quoted(names), 4)


def _by_depth(folders: Iterable[Sequence[str]]) -> Iterator[list[str]]:
    for level in zip_longest(*dict.fromkeys(map(tuple, folders))):
        yield sorted({name for name in level if name is not None}, key=natural_key)


def _named(name: str) -> _Named | None:
    """What a name says of a part; None where it says none, or several."""
    words = tuple(_LETTERS.findall(name.casefold()))
    if len(words) == 1 and words[0] in _SHORT:
        return _Named(_SHORT[words[0]], "", "", (), short=True)
    matches = list(_PART.finditer(name))
    parts = {_WORDS[match[1].casefold()] for match in matches}
    if len(parts) != 1:
        return None
    before, behind = name[: matches[0].start()].strip(" _-."), name[matches[-1].end() :].strip(" _-.")
    others = _LETTERS.findall(_PART.sub(" ", name).casefold())
    return _Named(parts.pop(), before, behind, tuple(others))


def _are_parts(found: Mapping[str, _Named]) -> bool:
    """Whether all names share what they say besides a part, and say different ones."""
    parts = {named.part for named in found.values()}
    if len({named.words for named in found.values()}) > 1:
        return False
    if any(named.short for named in found.values()):
        return len(parts) > 1 and "train" in parts
    return len(parts) > 1


def _are_both(found: Mapping[str, _Named]) -> bool:
    """Whether each name is a part and, always before or always behind it, a class."""
    names = list(found.values())
    if not all(named.other and named.words for named in names) or len({bool(named.before) for named in names}) > 1:
        return False
    diagnoses = read_diagnoses()
    known = all(spelling(named.other) in diagnoses for named in names)
    words = {named.words for named in names}
    if len(words) == 1 and not known and not any(mark in word for mark in CLASS_WORDS for word in names[0].words):
        return False  # they differ in a number at most
    parts: dict[str, set[str]] = {}
    for named in names:
        parts.setdefault(class_key(named.other), set()).add(named.part)
    return known or (len(parts) > 1 and any(len(of_class) > 1 for of_class in parts.values()))
