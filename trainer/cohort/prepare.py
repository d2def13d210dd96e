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
from trainer.cohort.cases import Case, read_cases
from trainer.cohort.classes import check_groups, classes_of, classified, group_of, settings_of
from trainer.cohort.cohort import Cohort, open_cohort, parts_of_folds, seal_cohort
from trainer.cohort.diagnoses import OTHER
from trainer.cohort.near_duplicates import joined, near_duplicates, read_signature
from trainer.cohort.options import PrepareOptions
from trainer.cohort.parallel_decoding import MASK, decode_all, journal_of, part_of
from trainer.cohort.partition import DIVIDED
from trainer.cohort.remarks import about_given, about_pairs, about_shares, about_whole, absent, check_known
from trainer.concepts.surround import margin_problem
from trainer.files.errors import UserError
from trainer.pictures.class_folders import NOT_CLASSES

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
    reading = read_cases(images, labels, options.columns, given_split=options.given_split and not options.folds)
    notes = list(reading.problems)
    left_out = list(reading.left_out)
    flow = {"pictures found": reading.found, "masks": len(reading.masks), "without a label": len(left_out)}
    left_out += [(name, "it is a mask or superpixels of another picture") for name in reading.masks]

    found = classified(reading.cases, options)
    notes += [found.note] if found.note else []
    if options.unknown == "stop":
        check_known(found, len(reading.cases), options.taxonomy.name if options.taxonomy else "")
    reasons = Counter(reason.partition(" diagnosis")[0] for reason in found.reasons if reason)
    flow |= {f"with an {kind} diagnosis": reasons[kind] for kind in ("unknown", "indeterminate")}
    if options.task:
        flow["outside of the task"] = reasons[OTHER]
    if options.taxonomy:
        flow["of a node that is divided"] = reasons[DIVIDED]
    left_out += [(case.name, why) for case, why in zip(reading.cases, found.reasons, strict=True) if why]
    kept = [(case, name) for case, name in zip(reading.cases, found.classes, strict=True) if name is not None]
    part_names = {case.part for case, _ in kept} if options.given_split and not options.folds else set()
    given = bool(part_names - {"", "train"})
    if part_names and not given and "train" in part_names:
        notes.append("The given split has a train part only, so all pictures are split anew.")
    if given:
        apart = [case.name for case, _ in kept if not case.part]
        left_out += [(name, "no part is given for it") for name in apart]
        flow["without a part"] = len(apart)
        kept = [(case, name) for case, name in kept if case.part]
        notes += about_given(len(apart), apart[:1], {case.part for case, _ in kept}, validation=options.validation)
    classes = classes_of([name for _, name in kept], images)
    if not given:
        check_groups(kept, classes, options.folds)

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
    left_out += [(each.name, each.reason) for each in decoded if each.reason]
    masks = [each.name for each in decoded if each.reason == MASK]
    if masks:
        notes.append(f"{len(masks)} files have two colors only, as masks do, and are left out ({masks[0]} first).")
    flow["masks"] += len(masks)
    flow["unreadable"] = sum(each.reason not in ("", MASK) for each in decoded)
    _check_readable([name for _, name in kept], [each.reason for each in decoded], classes, names)
    kept = [pair for pair, each in zip(kept, decoded, strict=True) if not each.reason]
    decoded = [each for each in decoded if not each.reason]
    notes += about_whole([each.name for each in decoded if each.whole], len(decoded))
    flow["kept"] = len(kept)

    cases = [case for case, _ in kept]
    labels_of = np.array([classes.index(name) for _, name in kept], np.int64)
    digests = tuple(each.digest for each in decoded)
    _, firsts = np.unique(np.array(digests), return_index=True)  # copies are pairs without being compared
    firsts.sort()
    pairs = near_duplicates(
        [read_signature(decoded[first].signature) for first in firsts],
        lambda done, total: on_stage("comparing", done, total),
    )
    pairs = np.unique(np.concatenate([firsts[pairs], _sharing(digests)]), axis=0)
    before = joined(
        [group_of(case) for case in cases],
        np.concatenate([_sharing([case.lesion for case in cases]), _sharing([case.group for case in cases])]),
    )
    groups = joined(before, pairs)
    lesions = tuple(f"lesion {case.lesion}" if case.lesion else own for case, own in zip(cases, groups, strict=True))
    notes += about_pairs(pairs, labels_of, before, digests)

    parts, folds = _parts(cases, labels_of, groups, classes, options, given)
    shares, uneven = about_shares(parts, groups, validation=options.validation)
    if not given and not options.folds:
        notes += uneven
    if given:
        notes += [
            f"The given split leaks: {leak.torn} of {leak.all} {leak.kind} stand in more than one part; "
            "it was taken as it is (--own-split makes another)."
            for leak in splits.leaks(parts, before, pairs)
        ]
        notes += absent(parts, labels_of, classes)
    settings = {
        **settings_of(found, classes, options),
        "form": reading.form,
        "split": "given" if given else f"{options.folds} folds" if options.folds else shares,
        "seed": options.seed,
        "near_duplicate_pairs": len(pairs),
        **({"field_of_view": options.field_of_view} if options.field_of_view else {}),
    }
    seal_cohort(
        part_of(path),
        Cohort(
            path=path,
            classes=classes,
            names=tuple(case.name for case in cases),
            labels=labels_of,
            splits=parts,
            groups=groups,
            lesions=lesions,
            digests=digests,
            diagnoses=tuple(case.diagnoses[0] for case in cases),
            sexes=tuple(case.sex for case in cases),
            sites=tuple(case.site for case in cases),
            ages=np.array([case.age for case in cases], np.float32),
            confirmed=tuple(case.confirmed for case in cases),
            pixels=tuple(each.pixels for each in decoded),
            folds=folds,
            left_out=tuple(sorted(left_out)),
            flow=flow,
            source=options.source or _name_of(images.resolve()),
            side=options.side,
            settings=settings,
        ),
    )
    with contextlib.suppress(OSError):
        journal_of(path).unlink()
    return Prepared(open_cohort(path), reading.form, dict(sorted(found.table.items())), notes)


def _check_place(path: Path, names: Collection[str]) -> None:
    """UserError where another cohort, or no cohort at all, would be lost."""
    if not path.exists():
        return
    way_out = "choose another name for --out, or give --replace"
    try:
        there = open_cohort(path)
    except UserError as error:
        raise UserError(f"{path} is there already and is no cohort that can be read; {way_out}.") from error
    left_out = {name for name, _ in there.left_out}
    if set(there.names) - set(names) or set(names) - set(there.names) - left_out:
        what = f"a cohort of other pictures ({len(there)} of {there.source})"
        raise UserError(f"{path} is there already, {what}; {way_out}.")


def _name_of(images: Path) -> str:
    return images.parent.name if images.name.casefold() in NOT_CLASSES else images.name


def _check_readable(given: Sequence[str], reasons: Sequence[str], classes: Sequence[str], names: Sequence[str]) -> None:
    for wanted in classes:
        of_class = [place for place, name in enumerate(given) if name == wanted]
        if all(reasons[place] for place in of_class):
            place = of_class[0]
            raise UserError(
                f"None of the {len(of_class)} pictures of class {wanted} can be read; "
                f"the first is {names[place]}: {reasons[place]}."
            )


def _sharing(words: Sequence[str]) -> npt.NDArray[np.intp]:
    """Pairs (n, 2) of positions that link all pictures with one and the same word; "" links nothing."""
    first: dict[str, int] = {}
    found = [(first.setdefault(word, place), place) for place, word in enumerate(words) if word]
    return np.array([pair for pair in found if pair[0] != pair[1]], np.intp).reshape(-1, 2)


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
        return splits.completed(labels, groups, own, options.seed, validation=options.validation), none
    if options.folds:
        folds = splits.folds(labels, groups, options.folds, options.seed)
        return parts_of_folds(folds, 0), folds
    return splits.split(labels, groups, options.seed, validation=options.validation), none
