"""Train, validation and test parts, stratified by class, with every group on one side."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import StratifiedGroupKFold

from trainer.cohort.spreading import spread
from trainer.cohort.validation import PARTS
from trainer.files.errors import UserError

FEWEST_GROUPS = 3
"""So many groups a class needs, one for each part."""
WAYS_OUT = (
    "add pictures of it, join it with another class (--malignant, or a table of your own for --diagnoses), leave it out"
)
"""What helps where a class is too small."""
_FIFTHS = 5
"""A fifth of the pictures is for the test, a fifth of the others for validation: 64, 16 and 20 %."""


@dataclass(frozen=True)
class Leak:
    """What stands on both sides of a split: `kind` ("groups", "near-duplicate pairs"), how many, and of how many."""

    kind: str
    torn: int
    all: int


def split(
    labels: npt.NDArray[np.int64],
    groups: Sequence[str],
    seed: int,
    *,
    validation: bool = True,
    classes: Sequence[str] = (),
) -> npt.NDArray[np.str_]:
    """The part (N) of each picture with a class (N) and a group (N): 64 % train, 16 % validation, 20 % test.

    Without `validation` its pictures stay in train. UserError where a class has too few groups to stand in all three;
    `classes` are their names.
    """
    required = PARTS if validation else ("train", "test")
    fewer = ", or ask for fewer parts (--no-validation)" if validation else ""
    _check(labels, groups, _FIFTHS, len(required), classes, fewer)
    parts = np.full(len(labels), "train", dtype="<U10")
    everything = np.arange(len(labels))
    test = _fifth(labels, groups, everything, seed)
    parts[test] = "test"
    if validation:
        parts[_fifth(labels, groups, np.setdiff1d(everything, test), seed)] = "validation"
    if not _are_whole(labels, parts, required):
        spread_out = spread(labels, groups, parts, required)
        parts = parts if spread_out is None else spread_out
    _check_parts(labels, groups, parts, required, classes, fewer)
    return parts


def completed(
    labels: npt.NDArray[np.int64],
    groups: Sequence[str],
    given: npt.NDArray[np.str_],
    seed: int,
    *,
    validation: bool = True,
    classes: Sequence[str] = (),
) -> npt.NDArray[np.str_]:
    """A given split (N), with a fifth of its train part as test or validation where it has none.

    Without `validation` none is made of the train part. UserError where it has no train part, or a class stands not in
    both parts that are learnt from; `classes` are their names.
    """
    parts = given.astype("<U10")
    if "train" not in parts:
        raise UserError("The given split has no train part; --own-split makes one of all pictures.")
    anew = ", or split all pictures anew with --own-split"
    own = np.flatnonzero(parts == "train")
    made = [part for part in (("test", "validation") if validation else ("test",)) if part not in parts]
    for number, part in enumerate(made):
        train = np.flatnonzero(parts == "train")
        needed = len(made) + 1 - number
        _check(labels[train], [groups[place] for place in train.tolist()], _FIFTHS, needed, classes, anew)
        parts[_fifth(labels, groups, train, seed)] = part
    learnt_from = ("train", "validation") if "validation" in parts else ("train",)
    if made and not _are_whole(labels, parts, learnt_from):
        spread_out = spread(labels[own], [groups[place] for place in own.tolist()], parts[own], ("train", *made))
        if spread_out is not None:
            parts[own] = spread_out
    _check_parts(labels, groups, parts, learnt_from, classes, anew)
    return parts


def folds(
    labels: npt.NDArray[np.int64], groups: Sequence[str], count: int, seed: int, *, classes: Sequence[str] = ()
) -> npt.NDArray[np.int64]:
    """The fold 0 .. count - 1 (N) of each picture; UserError where a class has too few groups to stand in all.

    `classes` are their names.
    """
    check_folds(count)
    _check(labels, groups, FEWEST_GROUPS, FEWEST_GROUPS, classes)
    fewest = fewest_groups(labels, groups)
    if fewest < count:
        raise UserError(too_many_folds(count, "a class", fewest))
    numbers = np.empty(len(labels), np.int64)
    for number, (_, test) in enumerate(_folding(count, labels, groups, seed)):
        numbers[test] = number
    every = tuple(map(str, range(count)))
    if not _are_whole(labels, numbers.astype(np.str_), every):
        spread_out = spread(labels, groups, numbers.astype(np.str_), every)
        numbers = numbers if spread_out is None else spread_out.astype(np.int64)
    _check_parts(labels, groups, numbers.astype(np.str_), every, classes, ", or take fewer folds")
    return numbers


def too_many_folds(count: int, whose: str, groups: int) -> str:
    """The sentence for a class that cannot stand in every fold."""
    return (
        f"--folds {count} is too many: {whose} has pictures of only {groups} patients, lesions or groups, and each "
        "fold needs some; take fewer folds or add pictures."
    )


def check_folds(count: int) -> None:
    """UserError for a number of folds that leaves nothing to train on."""
    if count < 3:
        raise UserError(f"--folds {count} is too few: one fold is for the test, one for validation; take 3 or more.")


def fewest_groups(labels: npt.NDArray[np.int64], groups: Sequence[str]) -> int:
    """The number of groups of the class that has the fewest."""
    return min(map(len, _groups_of(labels, groups).values()), default=0)


def _groups_of(labels: npt.NDArray[np.int64], groups: Sequence[str]) -> dict[int, set[str]]:
    groups_of: dict[int, set[str]] = {}
    for label, group in zip(labels.tolist(), groups, strict=True):
        groups_of.setdefault(label, set()).add(group)
    return groups_of


def leaks(parts: npt.NDArray[np.str_], groups: Sequence[str], pairs: npt.NDArray[np.intp]) -> tuple[Leak, ...]:
    """Groups, and pairs (n, 2) of near-duplicates, that stand on more than one side of a split (N)."""
    sides: dict[str, set[str]] = {}
    for group, part in zip(groups, parts.tolist(), strict=True):
        sides.setdefault(group, set()).add(part)
    torn = sum(len(parts_of_group) > 1 for parts_of_group in sides.values())
    torn_pairs = int((parts[pairs[:, 0]] != parts[pairs[:, 1]]).sum())
    kinds = Leak("groups", torn, len(sides)), Leak("near-duplicate pairs", torn_pairs, len(pairs))
    return tuple(leak for leak in kinds if leak.torn)


def _fifth(
    labels: npt.NDArray[np.int64], groups: Sequence[str], positions: npt.NDArray[np.intp], seed: int
) -> npt.NDArray[np.intp]:
    """A stratified fifth of the positions, whole groups."""
    _, chosen = _folding(_FIFTHS, labels[positions], [groups[position] for position in positions.tolist()], seed)[0]
    return positions[chosen]


def _folding(
    count: int, labels: npt.NDArray[np.int64], groups: Sequence[str], seed: int
) -> list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    numbers = np.unique(np.array(groups, dtype=np.str_), return_inverse=True)[1]
    # Of a handful of pictures a larger part is taken than a fifth: there is none of less than a picture.
    count = min(count, int(np.bincount(labels).max()))
    folding = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of a class with fewer pictures than folds; `_check_parts` judges
        return list(folding.split(labels, labels, numbers))


def _check(
    labels: npt.NDArray[np.int64],
    groups: Sequence[str],
    needed: int,
    parts: int,
    classes: Sequence[str],
    way_out: str = "",
) -> None:
    """UserError where a class has fewer groups than there are parts, or all have fewer than are needed."""
    groups_of = _groups_of(labels, groups)
    fewest = min(sorted(groups_of), key=lambda label: len(groups_of[label]), default=0)
    if groups_of and len(groups_of[fewest]) < parts:
        raise UserError(
            too_small(_name(fewest, classes), len(groups_of[fewest]), int((labels == fewest).sum()), parts, way_out)
        )
    if len(set(groups)) < needed:
        raise UserError(f"{len(set(groups))} groups are too few to split into {needed}; add pictures.")


def too_small(name: str, groups: int, pictures: int, parts: int, way_out: str = "") -> str:
    """The sentence for a class that has fewer groups than there are parts."""
    counted = f"{pictures:,} picture{'s' * (pictures != 1)}"
    return (
        f"Class {name} has pictures of only {groups} patients, lesions or groups ({counted}), too few to "
        f"stand in each of {parts} parts; {WAYS_OUT}{way_out}."
    )


def _name(label: int, classes: Sequence[str]) -> str:
    return classes[label] if label < len(classes) else f"number {label}"


def _are_whole(labels: npt.NDArray[np.int64], parts: npt.NDArray[np.str_], required: Sequence[str]) -> bool:
    """Whether every class stands in every required part."""
    everywhere = set(labels.tolist())
    return all(set(labels[parts == part].tolist()) == everywhere for part in required)


def _check_parts(
    labels: npt.NDArray[np.int64],
    groups: Sequence[str],
    parts: npt.NDArray[np.str_],
    required: Sequence[str],
    classes: Sequence[str],
    way_out: str,
) -> None:
    groups_of = _groups_of(labels, groups)
    for part in required:
        for label in sorted(groups_of.keys() - set(labels[parts == part].tolist())):
            raise UserError(
                f"Class {_name(label, classes)} has no picture in part {part}, though the set has "
                f"{int((labels == label).sum()):,} pictures of it, of {len(groups_of[label])} patients, lesions or "
                f"groups; {WAYS_OUT}{way_out}."
            )
