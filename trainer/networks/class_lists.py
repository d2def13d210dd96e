"""The names of classes as scripts write them: a list, or a mapping from or to the numbers of the outputs."""

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trainer.networks.pickle_names import Unordered
from trainer.networks.written_values import parsed

KEYS = (
    "classes",
    "classnames",
    "classtoidx",
    "idxtoclass",
    "id2label",
    "label2id",
    "labels",
    "labelnames",
    "labelmap",
    "labeltoidx",
    "idxtolabel",
    "classmap",
    "classlist",
    "class2idx",
    "idx2class",
    "idx2label",
    "label2idx",
    "categories",
    "targetnames",
    "names",
)
"""Keys under which classes stand, as `plain_key` gives them; where there are several, the first counts."""

_MOST, _SHOWN = 1000, 8


@dataclass(frozen=True)
class ClassList:
    """Names in the order of the outputs, and the number that the first of them has in the file.

    Where there are none, `problem` says why what looks like names gives none, "" where nothing looks so.
    """

    names: tuple[str, ...] = ()
    first: int = 0
    problem: str = ""


def plain_key(path: str) -> str:
    """The last part of a dotted key in small letters, without what only parts words."""
    return re.sub("[ _-]", "", path.rpartition(".")[2]).lower()


def shown(names: Sequence[str]) -> str:
    """Names as a sentence shows them: the first few, none of them long."""
    return ", ".join(name[:40] for name in names[:_SHOWN]) + (" ..." if len(names) > _SHOWN else "")


def class_list(value: object) -> ClassList:
    """The names of classes in a value; texts are read first (`written_values`)."""
    value = parsed(value)
    if isinstance(value, Unordered):
        names = sorted(map(str, value))
        return ClassList(problem=f"it is a set, which has no order ({shown(names)})" if names else "")
    if isinstance(value, Mapping):
        return _numbered(list(value.items()))
    if not isinstance(value, list | tuple) or not value:
        return ClassList()
    if all(isinstance(part, list | tuple) and len(part) == 2 for part in value):
        return _numbered([(part[0], part[1]) for part in value])
    names = [part for part in value if isinstance(part, str) and part]
    if len(names) != len(value):
        return ClassList()
    for pattern, side in ((r"([0-9]{1,9})\s*[:=]\s*(.+)", 2), (r"(.+?)\s*[:=]\s*([0-9]{1,9})", 1)):  # "0: nv, 1: mel"
        matches = [match for name in names if (match := re.fullmatch(pattern, name))]
        told_apart = len({match[side] for match in matches}) == len(names)  # not by the number, as "grade: 1" is
        if told_apart:
            return _numbered([(match[1], match[2]) for match in matches])
    return ClassList(tuple(names))


def _numbered(pairs: Sequence[tuple[object, object]]) -> ClassList:
    """Names by their numbers, on whichever side these are; both may be text, as JSON and configurations write them."""
    lefts, rights = [left for left, _ in pairs], [right for _, right in pairs]
    if not pairs or len(pairs) > _MOST:
        return ClassList()
    if all(map(_is_whole, rights)) and all(map(_is_name, lefts)):
        numbers, names = rights, lefts
    elif all(map(_is_number, lefts)) and all(map(_is_name, rights)):
        numbers, names = lefts, rights
    elif all(map(_is_number, rights)) and all(map(_is_name, lefts)):
        numbers, names = rights, lefts
    elif all(map(_is_name, lefts)) and all(map(_is_name, rights)):
        some = shown([f"{left}: {right}" for left, right in pairs])
        return ClassList(problem=f"it gives names for names and no numbers ({some})")
    else:
        return ClassList()
    return _ordered([(int(str(number)), str(name)) for number, name in zip(numbers, names, strict=True)])


def _ordered(pairs: Sequence[tuple[int, str]]) -> ClassList:
    ordered = sorted(pairs, key=lambda pair: pair[0])
    for (number, name), (following, other) in itertools.pairwise(ordered):
        if number == following:
            return ClassList(problem=f"{name[:40]} and {other[:40]} have one number, {number}")
    first = ordered[0][0]
    if first not in (0, 1) or ordered[-1][0] != first + len(ordered) - 1:
        return ClassList(problem=f"its numbers are {shown([str(number) for number, _ in ordered])}, with gaps")
    return ClassList(tuple(name for _, name in ordered), first)


def _is_whole(value: object) -> bool:
    return type(value) is int and abs(value) < 10**9


def _is_number(value: object) -> bool:
    return _is_whole(value) or (isinstance(value, str) and re.fullmatch("[0-9]{1,9}", value) is not None)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value)
