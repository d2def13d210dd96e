"""Figures of merit by sex, age and site."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainer.cohort.cohort import Cohort
from trainer.measures.bootstrap import BootstrapResamples, Measure, Numbers, measure
from trainer.measures.metrics import Labels, Ranking, area_under_roc, class_accuracy

FEW, TOO_FEW = 10, 5
"""Pictures of a class (or of the rest) under which a subgroup is called small, and under which it has no AUC:
a handful is often told apart without error by chance, and every draw of it as well."""

UNKNOWN = "not known"


@dataclass(frozen=True)
class Subgroup:
    """The pictures of a part that have one `name` ("female") of one `kind` ("sex").

    `counts` are pictures of each class; `auc` is that of the score of two classes, of more the mean over the classes
    that are not too few, each against the rest; `accuracy` is the share of each class's pictures that are predicted
    as it. `note` says why a number is missing or worth little.
    """

    kind: str
    name: str
    counts: tuple[int, ...]
    lesions: int
    auc: Measure
    accuracy: tuple[Measure, ...]
    note: str = ""


def members_by_kind(cohort: Cohort, positions: npt.NDArray[np.intp]) -> dict[str, dict[str, npt.NDArray[np.intp]]]:
    """For sex, age and site, where anything is known: places among `positions` by the name of the subgroup."""
    named = {
        "sex": [cohort.sexes[position] for position in positions],
        "age": [_decade(float(age)) for age in cohort.ages[positions]],
        "site": [cohort.sites[position] for position in positions],
    }
    members = {}
    for kind, names in named.items():
        known = sorted({name for name in names if name}, key=_order)
        if known:
            column = np.array(names)
            groups = {name: np.flatnonzero(column == name) for name in known}
            if (column == "").any():
                groups[UNKNOWN] = np.flatnonzero(column == "")
            members[kind] = groups
    return members


def subgroups(
    cohort: Cohort,
    positions: npt.NDArray[np.intp],
    labels: Labels,
    probabilities: Numbers,
    columns: tuple[int, ...],
    classes: tuple[str, ...],
    draws: BootstrapResamples,
) -> tuple[Subgroup, ...]:
    """Every subgroup of the pictures at `positions` (N), with `probabilities` (N, K); `columns` are averaged over.

    The draws are those of the whole part, so that a subgroup's size varies with them as it would in another sample.
    """
    return tuple(
        _subgroup(kind, name, members, labels, probabilities, columns, classes, draws)
        for kind, groups in members_by_kind(cohort, positions).items()
        for name, members in groups.items()
    )


def _subgroup(
    kind: str,
    name: str,
    members: npt.NDArray[np.intp],
    labels: Labels,
    probabilities: Numbers,
    columns: tuple[int, ...],
    classes: tuple[str, ...],
    draws: BootstrapResamples,
) -> Subgroup:
    own = labels[members]
    counts = np.bincount(own, minlength=len(classes))
    present = [column for column in columns if TOO_FEW <= counts[column] <= len(own) - TOO_FEW]
    rankings = [Ranking.of(probabilities[members, column], own == column) for column in present]
    predicted = probabilities[members].argmax(axis=1)

    def numbers(weights: Numbers) -> Numbers:
        inside = weights[:, members]
        areas = [area_under_roc(*ranking.counts(inside)) for ranking in rankings]
        mean = np.mean(areas, axis=0) if areas else np.full(len(weights), np.nan)
        return np.column_stack([mean, class_accuracy(inside, own, predicted, len(classes))])

    value, drawn = numbers(np.ones((1, len(labels))))[0], draws.over(numbers)
    lesions = [len(np.unique(draws.lesion[members[own == class_index]])) for class_index in range(len(classes))]
    others = [len(np.unique(draws.lesion[members[own != class_index]])) for class_index in range(len(classes))]
    smallest = min((min(lesions[class_index], others[class_index]) for class_index in present), default=0)
    return Subgroup(
        kind=kind,
        name=name,
        counts=tuple(int(count) for count in counts),
        lesions=len(np.unique(draws.lesion[members])),
        auc=measure(value[0], drawn[:, 0], len(members), smallest),
        accuracy=tuple(measure(value[1 + k], drawn[:, 1 + k], int(counts[k]), lesions[k]) for k in range(len(classes))),
        note=_note(counts, classes, present),
    )


def _note(counts: npt.NDArray[np.intp], classes: tuple[str, ...], present: Sequence[int]) -> str:
    """Why there is no AUC, or why it is worth little."""
    if (counts > 0).sum() == 1:
        return f"only {classes[int(counts.argmax())]}: no AUC"
    if not present:
        fewest = int(counts.argmin())
        return f"only {counts[fewest]} {classes[fewest]}: no AUC" if len(classes) == 2 else "too few: no AUC"
    notes = []
    if (counts[counts >= TOO_FEW] < FEW).any():
        fewest = min(np.flatnonzero(counts >= TOO_FEW).tolist(), key=lambda class_index: int(counts[class_index]))
        notes.append(f"small: {counts[fewest]} {classes[fewest]}")
    if len(classes) > 2 and len(present) < len(classes):
        notes.append(f"mean of {len(present)} of {len(classes)} classes")
    return "; ".join(notes)


def _decade(age: float) -> str:
    if not np.isfinite(age):
        return ""
    start = int(age) // 10 * 10
    return f"{start}–{start + 9}"


def _order(name: str) -> tuple[int, str]:
    start = name.partition("–")[0]
    return (int(start) if start.isdigit() else 0, name)
