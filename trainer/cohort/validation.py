"""What the content of a cohort must be, whoever wrote and sealed it: every number in range, every text of its kind."""

import re
from typing import Any

from trainer.cohort.hdf5_subprocess import LEFT_OUT, NUMBERS, OPTIONAL, TEXTS, Damaged

PARTS = ("train", "validation", "test")
LONGEST_TEXT = 10_000
_DIGEST, _OF_PIXELS = re.compile("[0-9a-f]{64}"), re.compile("[0-9a-f]{16}")


def check(columns: dict[str, Any], attributes: dict[str, Any], promised: dict[str, Any]) -> None:
    """Damaged where columns (lists) and attributes, all there and of their types, do not make one cohort.

    `promised` holds what the file's first line says of some attributes.
    """
    for name, value in promised.items():
        if attributes[name] != value:
            raise Damaged(f"it says {value} and {attributes[name]} of its {name}")
    _check_attributes(attributes)
    classes, folds = len(attributes["classes"]), columns["fold"]
    names = columns["name"]
    for name in (*TEXTS, *OPTIONAL, *LEFT_OUT):
        if max(map(len, columns[name]), default=0) > LONGEST_TEXT:
            raise Damaged(f"its column {name} holds texts without end")
    if len(columns[LEFT_OUT[0]]) != len(columns[LEFT_OUT[1]]):
        raise Damaged("its left-out pictures have no reasons")
    for name in NUMBERS:
        if name != "age" and None in columns[name]:
            raise Damaged(f"its column {name} has gaps")
    rules = {
        "label": (min(columns["label"]) >= 0 and max(columns["label"]) < classes, "labels without a class"),
        "split": (set(columns["split"]) <= set(PARTS), "parts that are no train, validation or test"),
        "fold": (_are_folds(folds), "folds that are not counted from 0"),
        "age": (all(age is None or 0 <= age < 130 for age in columns["age"]), "ages of nobody"),
        "digest": (all(map(_DIGEST.fullmatch, columns["digest"])), "digests that are none"),
        "pixels": (
            not any(columns["pixels"]) or all(map(_OF_PIXELS.fullmatch, columns["pixels"])),
            "digests of pixels that are none",
        ),
        "name": (
            all(names) and len(set(names)) == len(names),
            "names that are empty or twice",
        ),
        "group": (all(columns["group"]) and all(columns["lesion"]), "pictures without a group"),
    }
    for right, problem in rules.values():
        if not right:
            raise Damaged(f"it has {problem}")


def _check_attributes(attributes: dict[str, Any]) -> None:
    classes, flow = attributes["classes"], attributes["flow"]
    if not isinstance(classes, list) or not all(isinstance(name, str) and 0 < len(name) <= 1000 for name in classes):
        raise Damaged("its classes are no names")
    if not classes or len(set(classes)) != len(classes):
        raise Damaged("its classes are not each another one")
    if not isinstance(flow, dict) or not all(type(count) is int and 0 <= count < 2**53 for count in flow.values()):
        raise Damaged("its way from the pictures found to the pictures kept is not counted")
    if not isinstance(attributes["settings"], dict):
        raise Damaged("its settings are no table")
    if not all(isinstance(attributes[name], str) for name in ("source", "digest")):
        raise Damaged("its source is no text")


def _are_folds(folds: list[int]) -> bool:
    """True for none (all -1), and for 0, 1, 2 .. without a gap."""
    distinct = set(folds)
    return distinct == {-1} or distinct == set(range(len(distinct)))
