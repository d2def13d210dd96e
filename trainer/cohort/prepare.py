"""From a folder of pictures and a table to a cohort file, read top to bottom."""

import contextlib
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from trainer.cohort import splits
from trainer.cohort.cases import Case, Reading, read_cases
from trainer.cohort.classes import check_groups, classes_of, classified, settings_of
from trainer.cohort.cohort import Cohort, open_cohort, parts_of_folds, seal_cohort
from trainer.cohort.diagnoses import OTHER, Classified
from trainer.cohort.grouping import Grouping, grouped
from trainer.cohort.options import PrepareOptions
from trainer.cohort.parallel_decoding import MASK, Decoded, decode_all, journal_of, part_of
from trainer.cohort.partition import DIVIDED
from trainer.cohort.remarks import about_given, about_pairs, about_shares, about_small, about_whole, absent, check_known
from trainer.concepts.surround import margin_problem
from trainer.files.errors import UserError
from trainer.pictures.named_folders import NOT_CLASSES

__all__ = ["PrepareOptions", "Prepared", "prepare"]

Stage = Literal["decoding", "comparing"]
OnStage = Callable[[Stage, int, int], None]


@dataclass(frozen=True)
class Prepared:
    """The cohort, and what there is to say about it: how it was read, the table's counts, sentences on problems."""

    cohort: Cohort
    form: str
    table: dict[tuple[str, str], int]
    notes: list[str] = field(default_factory=list)


def prepare(
    images: Path,
    labels: Path | None,
    path: Path,
    options: PrepareOptions,
    on_stage: OnStage = lambda stage, done, total: None,
) -> Prepared:
    """Read, classify, decode, group, split, write; a cohort that is at `path` stays until the new one is whole.

    UserError where the pictures give no cohort of two classes or more, where something else than a cohort of these
    pictures is at `path` (unless `options.replace`), or where the disk refuses.
    """
    _check_options(path, options)
    reading = read_cases(images, labels, options.columns, given_split=options.given_split and not options.folds)
    account = _account_of(reading)
    classification = _classification(reading, options, account)
    kept, given = _labelled(reading, classification, options, account)
    classes = classes_of([name for _, name in kept], images)
    if not given:
        check_groups(kept, classes, options.folds, validation=options.validation)
    names = [case.name for case, _ in kept]
    if not options.replace:
        _check_place(path, names)
    decoded = decode_all(
        images,
        names,
        options.side,
        path,
        lambda done, total: on_stage("decoding", done, total),
        field_of_view=options.field_of_view,
    )
    kept, decoded = _readable(kept, decoded, classes, account)
    cases = [case for case, _ in kept]
    labels_of = np.array([classes.index(name) for _, name in kept], np.int64)
    digests = tuple(picture.digest for picture in decoded)
    grouping = grouped(cases, decoded, lambda done, total: on_stage("comparing", done, total))
    account.notes += about_pairs(grouping.pairs, labels_of, grouping.before, digests)
    parts, folds = _parts(cases, labels_of, grouping.groups, classes, options, given)
    shares, uneven = about_shares(parts, grouping.groups, validation=options.validation)
    if given:
        account.notes += _about_given_parts(parts, labels_of, classes, grouping)
    elif not options.folds:
        account.notes += uneven
    seal_cohort(
        part_of(path),
        Cohort(
            path=path,
            classes=classes,
            names=tuple(case.name for case in cases),
            labels=labels_of,
            splits=parts,
            groups=grouping.groups,
            lesions=grouping.lesions,
            digests=digests,
            diagnoses=tuple(case.diagnoses[0] for case in cases),
            sexes=tuple(case.sex for case in cases),
            sites=tuple(case.site for case in cases),
            ages=np.array([case.age for case in cases], np.float32),
            confirmed=tuple(case.confirmed for case in cases),
            pixels=tuple(picture.pixels for picture in decoded),
            folds=folds,
            left_out=tuple(sorted(account.left_out)),
            flow=account.flow,
            source=options.source or _name_of(images.resolve()),
            side=options.side,
            settings={
                **settings_of(classification, classes, options),
                "form": reading.form,
                "split": "given" if given else f"{options.folds} folds" if options.folds else shares,
                "seed": options.seed,
                "near_duplicate_pairs": len(grouping.pairs),
                **({"field_of_view": options.field_of_view} if options.field_of_view else {}),
            },
        ),
    )
    with contextlib.suppress(OSError):
        journal_of(path).unlink()
    return Prepared(open_cohort(path), reading.form, dict(sorted(classification.table.items())), account.notes)


def _check_options(path: Path, options: PrepareOptions) -> None:
    """UserError for what can be known before any picture is looked at."""
    if not path.parent.is_dir():
        raise UserError(f"The folder {path.parent} for --out does not exist; make it first.")
    if path.is_dir():
        raise UserError(f"{path} is a folder; give --out the name of a file, such as cohort.h5.")
    if not 32 <= options.side <= 4096:
        raise UserError(f"--size {options.side} is not within 32 to 4096 pixels.")
    if problem := margin_problem(options.field_of_view):
        raise UserError(f"--field-of-view: {problem}.")
    if options.fewer_than < 1:
        raise UserError(f"--fewer-than {options.fewer_than} is too small; give 1 or more.")
    if options.folds:
        splits.check_folds(options.folds)
        if not options.validation:
            raise UserError("--folds has a validation part in every fold; leave --no-validation or --folds out.")


@dataclass
class _Account:
    """What becomes of the pictures: sentences on problems, (picture, reason) of those left out, counts of each step."""

    notes: list[str]
    left_out: list[tuple[str, str]]
    flow: dict[str, int]


def _account_of(reading: Reading) -> _Account:
    masks = [(name, "it is a mask or superpixels of another picture") for name in reading.masks]
    flow = {
        "pictures found": reading.found,
        "masks": len(reading.masks),
        "without a label": len(reading.left_out),
    }
    return _Account(list(reading.problems), [*reading.left_out, *masks], flow)


def _classification(reading: Reading, options: PrepareOptions, account: _Account) -> Classified:
    """The class of each case, or why it is left out; UserError for diagnoses that no table knows, where they stop."""
    classification = classified(reading.cases, options)
    account.notes += [classification.note] if classification.note else []
    if options.unknown == "stop":
        check_known(classification, len(reading.cases), options.taxonomy.name if options.taxonomy else "")
    reasons = Counter(reason.partition(" diagnosis")[0] for reason in classification.reasons if reason)
    account.flow |= {f"with an {kind} diagnosis": reasons[kind] for kind in ("unknown", "indeterminate")}
    if options.task:
        account.flow["outside of the task"] = reasons[OTHER]
    if options.taxonomy:
        account.flow["of a node that is divided"] = reasons[DIVIDED]
    account.left_out += [
        (case.name, reason) for case, reason in zip(reading.cases, classification.reasons, strict=True) if reason
    ]
    return classification


def _labelled(
    reading: Reading, classification: Classified, options: PrepareOptions, account: _Account
) -> tuple[list[tuple[Case, str]], bool]:
    """The cases that have a class, and a part where parts are given; whether they are given."""
    kept = [(case, name) for case, name in zip(reading.cases, classification.classes, strict=True) if name is not None]
    part_names = {case.part for case, _ in kept} if options.given_split and not options.folds else set()
    given = bool(part_names - {"", "train"})
    if part_names and not given and "train" in part_names:
        account.notes.append("The given split has a train part only, so all pictures are split anew.")
    if given:
        apart = [case.name for case, _ in kept if not case.part]
        account.left_out += [(name, "no part is given for it") for name in apart]
        account.flow["without a part"] = len(apart)
        kept = [(case, name) for case, name in kept if case.part]
        parts = {case.part for case, _ in kept}
        account.notes += about_given(len(apart), apart[:1], parts, validation=options.validation)
    return kept, given


def _readable(
    kept: list[tuple[Case, str]], decoded: list[Decoded], classes: Sequence[str], account: _Account
) -> tuple[list[tuple[Case, str]], list[Decoded]]:
    """The cases whose pictures could be decoded; UserError where a class has none."""
    account.left_out += [(picture.name, picture.reason) for picture in decoded if picture.reason]
    masks = [picture.name for picture in decoded if picture.reason == MASK]
    if masks:
        account.notes.append(
            f"{len(masks)} files have two colors only, as masks do, and are left out ({masks[0]} first)."
        )
    account.flow["masks"] += len(masks)
    account.flow["unreadable"] = sum(picture.reason not in ("", MASK) for picture in decoded)
    reasons, names = [picture.reason for picture in decoded], [case.name for case, _ in kept]
    _check_readable([name for _, name in kept], reasons, classes, names)
    kept = [pair for pair, picture in zip(kept, decoded, strict=True) if not picture.reason]
    decoded = [picture for picture in decoded if not picture.reason]
    account.notes += about_whole([picture.name for picture in decoded if picture.whole], len(decoded))
    account.notes += about_small({picture.name: (picture.width, picture.height) for picture in decoded})
    account.flow["kept"] = len(kept)
    return kept, decoded


def _about_given_parts(
    parts: npt.NDArray[np.str_], labels: npt.NDArray[np.int64], classes: tuple[str, ...], grouping: Grouping
) -> list[str]:
    """Sentences on what a given split tears apart, and on classes that a part lacks."""
    leaks = [
        f"The given split leaks: {leak.torn} of {leak.all} {leak.kind} stand in more than one part; "
        "it was taken as it is (--own-split makes another)."
        for leak in splits.leaks(parts, grouping.before, grouping.pairs)
    ]
    return [*leaks, *absent(parts, labels, classes)]


def _check_place(path: Path, names: Collection[str]) -> None:
    """UserError where another cohort, or no cohort at all, would be lost."""
    if not path.exists():
        return
    way_out = "choose another name for --out, or give --replace"
    try:
        existing = open_cohort(path)
    except UserError as error:
        raise UserError(f"{path} is there already and is no cohort that can be read; {way_out}.") from error
    left_out = {name for name, _ in existing.left_out}
    if set(existing.names) - set(names) or set(names) - set(existing.names) - left_out:
        description = f"a cohort of other pictures ({len(existing)} of {existing.source})"
        raise UserError(f"{path} is there already, {description}; {way_out}.")


def _name_of(images: Path) -> str:
    return images.parent.name if images.name.casefold() in NOT_CLASSES else images.name


def _check_readable(given: Sequence[str], reasons: Sequence[str], classes: Sequence[str], names: Sequence[str]) -> None:
    for class_name in classes:
        of_class = [position for position, name in enumerate(given) if name == class_name]
        if all(reasons[position] for position in of_class):
            position = of_class[0]
            raise UserError(
                f"None of the {len(of_class)} pictures of class {class_name} can be read; "
                f"the first is {names[position]}: {reasons[position]}."
            )


def _parts(
    cases: Sequence[Case],
    labels: npt.NDArray[np.int64],
    groups: Sequence[str],
    classes: tuple[str, ...],
    options: PrepareOptions,
    given: bool,
) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.int64]]:
    """Parts and folds (N); the folds are -1 where there are none."""
    none = np.full(len(cases), -1, np.int64)
    if given:
        own = np.array([case.part for case in cases])
        parts = splits.completed(labels, groups, own, options.seed, validation=options.validation, classes=classes)
        return parts, none
    if options.folds:
        folds = splits.folds(labels, groups, options.folds, options.seed, classes=classes)
        return parts_of_folds(folds, 0), folds
    return splits.split(labels, groups, options.seed, validation=options.validation, classes=classes), none
