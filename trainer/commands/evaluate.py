"""`feature-trainer evaluate`: measure a network on a part of a cohort and write a report."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.commands.common import add_device_argument
from trainer.console.numbers import at_least_one, whole_number, zero_or_more
from trainer.console.progress import progress
from trainer.devices.names import find_device
from trainer.files.errors import UserError
from trainer.files.printing import printable, say, say_json
from trainer.networks.arguments import add_opening_arguments, line_of, opening_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.cohort.cohort import Cohort
    from trainer.evaluation.evaluate import Evaluation
    from trainer.evaluation.threshold import KeptThreshold
    from trainer.networks.opening import OpenedModel


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `evaluate` to the trainer's subcommands."""
    parser = commands.add_parser("evaluate", help="measure a network on a part of a cohort and write a report")
    parser.usage = f"{parser.prog} --model FILE ... --data COHORT --out DIR [options]"
    parser.add_argument(
        "--model",
        type=Path,
        nargs="+",
        required=True,
        metavar="FILE",
        help="the network: a file or folder that the explorer opens; of several the mean of their probabilities",
    )
    add_opening_arguments(parser)
    parser.add_argument("--data", type=Path, required=True, metavar="COHORT", help="the cohort, as prepare writes it")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the report")
    parser.add_argument("--split", choices=("test", "validation", "train"), default="test", help="default: test")
    parser.add_argument(
        "--confirmed", metavar="WORDS", help="only pictures whose diagnosis was made so: histo (first letters; A,B)"
    )
    parser.add_argument(
        "--fold", type=zero_or_more, metavar="N", help="of a cohort with folds: fold N is the test part"
    )
    parser.add_argument(
        "--tta",
        type=whole_number,
        choices=(1, 2, 4, 8),
        default=1,
        metavar="N",
        help="views of each picture: 1, 2, 4 or 8 (1)",
    )
    parser.add_argument(
        "--threshold",
        metavar="HOW",
        help="choose it on validation: youden, sensitivity:S, specificity:S (default: the network's own, else youden)",
    )
    parser.add_argument("--readers", type=Path, metavar="CSV", help="name,sensitivity,specificity: points in the ROC")
    parser.add_argument(
        "--taxonomy", type=Path, metavar="FILE", help="adds classes up: .toml, or .csv with name,parent"
    )
    parser.add_argument(
        "--level",
        type=at_least_one,
        metavar="N",
        help="level of the taxonomy, 1 = the top (default: the deepest that fits)",
    )
    parser.add_argument(
        "--draws", type=whole_number, default=2000, metavar="N", help="bootstrap draws of lesions (2000)"
    )
    parser.add_argument("--seed", type=whole_number, default=0, metavar="N", help="of the bootstrap draws (0)")
    parser.add_argument("--batch", type=whole_number, default=64, metavar="N", help="pictures at once (64)")
    parser.add_argument("--even-if-seen", action="store_true", help="also on pictures that the network was trained on")
    parser.add_argument("--json", action="store_true", help="print report.json on standard output")
    add_device_argument(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Measure what the arguments of `add` name, and write the report; UserError where that cannot be."""
    from trainer.cohort.pixel_check import open_checked
    from trainer.networks.file_kinds import distinct_names, network_file
    from trainer.report.run_record import Run
    from trainer.report.write import make_folder, write_report

    _check(arguments)
    paths = [network_file(path) for path in arguments.model]
    names = distinct_names(paths)
    networks = [_opened(path, name, arguments) for path, name in zip(paths, names, strict=True)]
    cohort, notes = _measured_part(arguments, open_checked(arguments.data))
    for name, (_, model) in zip(names, networks, strict=True):
        _check_names(name, arguments, model, cohort)
        notes = (*notes, *_seen(name, arguments, _training(model), cohort), *model.assumed)
    opened = [model for _, model in networks]
    facts = _facts(arguments, [file_facts for file_facts, _ in networks])
    evaluation = _evaluated(arguments, opened, facts, cohort, tuple(dict.fromkeys(notes)))
    make_folder(arguments.out)
    run = Run.of_training(_training(opened[0])) if len(opened) == 1 else None
    numbers = write_report(arguments.out, evaluation, run, cohort)
    if arguments.json:
        say_json(numbers)
    else:
        _tell(arguments.out, evaluation)


def _measured_part(arguments: argparse.Namespace, cohort: "Cohort") -> "tuple[Cohort, tuple[str, ...]]":
    """The cohort with the fold and the confirmed pictures that are asked for, and what the report must say of that."""
    if arguments.level is not None and not arguments.taxonomy and not cohort.settings.get("tree"):
        raise UserError("--level needs a --taxonomy that says how the classes add up.")
    if arguments.fold is not None:
        cohort = cohort.fold(arguments.fold)
    if not arguments.confirmed:
        return cohort, ()
    whole = len(cohort.positions(arguments.split))
    cohort = cohort.confirmed_by(arguments.confirmed.split(","), arguments.split)
    note = (
        f"Only the {len(cohort.positions(arguments.split)):,} of {whole:,} {arguments.split} pictures whose "
        f"diagnosis was confirmed by {arguments.confirmed} are measured."
    )
    return cohort, (note,)


def _facts(arguments: argparse.Namespace, of_files: "Sequence[dict[str, Any]]") -> dict[str, Any]:
    """Plain facts about the network that is measured, be it one or the mean of several."""
    facts = of_files[0]
    if len(of_files) > 1:
        facts = {"file": ", ".join(each["file"] for each in of_files), "networks": list(of_files)}
    return {**facts, "views of each picture": arguments.tta} if arguments.tta > 1 else facts


def _tell(out: Path, evaluation: "Evaluation") -> None:
    """Say where the report is, and the figures that are asked for first."""
    from trainer.measures.spoken import spoken

    meaning = f"of {evaluation.positive}" if evaluation.positive else f"mean of {len(evaluation.curves)} classes"
    say(
        f"{out / 'report.html'}: AUC {meaning} {spoken(evaluation.auc)} on {evaluation.pictures:,} "
        f"{evaluation.part} pictures of {evaluation.lesions:,} lesions"
    )
    if evaluation.threshold:
        threshold = evaluation.threshold
        if threshold.kept:
            say(f"threshold {threshold.value:.4f}, {printable(threshold.kept.origin, 200)}")
        for point, role in threshold.points:
            say(
                f"threshold {threshold.value:.4f} ({printable(threshold.criterion, 40)}) on {point.part}, {role}: "
                f"sensitivity {spoken(point.sensitivity)}, specificity {spoken(point.specificity)}"
            )
    for note in evaluation.notes:
        say(note)


def _check(arguments: argparse.Namespace) -> None:
    """UserError for what can be known at once."""
    for name, least in (("draws", 100), ("batch", 1), ("seed", 0)):
        if getattr(arguments, name) < least:
            raise UserError(f"--{name} {getattr(arguments, name)} is too small; give {least} or more.")
    from trainer.evaluation.threshold import check_criterion

    if arguments.threshold is not None:
        check_criterion(arguments.threshold)
    if arguments.out.exists() and not arguments.out.is_dir():
        raise UserError(f"{arguments.out} is a file; give a folder to --out.")


def _opened(path: Path, name: str, arguments: argparse.Namespace) -> tuple[dict[str, Any], "OpenedModel"]:
    """Facts about the file, and the network in it; what had to be assumed is said on standard error."""
    from trainer.networks.opening import open_model

    opened = open_model(path, **opening_of(arguments))
    for sentence in opened.assumed:
        say(f"feature-trainer: {sentence}", error=True)
    if not opened.classes:
        raise UserError(f"{name} gives no class scores, so that there is nothing to evaluate.")
    checkpoint = opened.checkpoint
    facts = {
        "file": name,
        "sha256": _digest(path),
        "architecture": opened.architecture,
        "architecture_arguments": checkpoint.architecture_arguments if checkpoint else {},
        "classes": list(opened.classes),
        "trained_on": (_training(opened).get("cohort") or {}).get("source", ""),
        "licence": checkpoint.licence if checkpoint else "",
    }
    return facts, opened


def _check_names(name: str, arguments: argparse.Namespace, opened: "OpenedModel", cohort: "Cohort") -> None:
    """UserError where nobody named the network's classes: the cohort's could be meant in any order."""
    count = len(opened.classes)
    unnamed = opened.classes == tuple(f"class {number}" for number in range(count))
    if unnamed and set(opened.classes) - set(cohort.classes) and not arguments.taxonomy:
        class_names = line_of(cohort.classes).replace(", ", ",")
        advice = (
            f"such as --classes {class_names}, if that is their order"
            if len(cohort.classes) == count
            else f"{count} words parted by commas (--classes), and say with --taxonomy which of them are {class_names}"
        )
        raise UserError(f"{name} does not name its {count} classes; name them in the order of its outputs, {advice}.")


def _training(opened: "OpenedModel") -> dict[str, Any]:
    return opened.checkpoint.training if opened.checkpoint else {}


def _digest(path: Path) -> str:
    """SHA-256 (hex) of the file; "" of a folder."""
    import hashlib

    if path.is_dir():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _seen(name: str, arguments: argparse.Namespace, training: dict[str, Any], cohort: "Cohort") -> tuple[str, ...]:
    """What the report must say of pictures that the network knows; UserError where they are too many to go on."""
    from trainer.evaluation.evaluate import seen_pictures

    positions = cohort.positions(arguments.split)
    count = seen_pictures(training, cohort, positions)
    if count is None:
        return (
            f"{name} does not say on which pictures it was trained; if pictures of this part are "
            "among them, every figure flatters.",
        )
    if not count:
        return ()
    overlap = f"{count:,} of the {len(positions):,} {arguments.split} pictures of {cohort.path.name}"
    if not arguments.even_if_seen:
        raise UserError(
            f"{name} was trained or chosen on {overlap}, so that the figures would flatter; "
            "choose another --split or cohort, or say --even-if-seen."
        )
    return (f"{name} was trained or chosen on {overlap}: every figure flatters.",)


def _kept_threshold(arguments: argparse.Namespace, networks: "Sequence[OpenedModel]") -> "KeptThreshold | None":
    """The threshold of a network that is asked alone, as its training asked it, unless another one is wanted."""
    from trainer.evaluation.threshold import kept_threshold
    from trainer.networks.file_kinds import network_file

    if arguments.threshold is not None or len(networks) > 1 or arguments.tta > 1:
        return None
    return kept_threshold(_training(networks[0]), network_file(arguments.model[0]).name)


def _evaluated(
    arguments: argparse.Namespace,
    networks: "Sequence[OpenedModel]",
    facts: dict[str, Any],
    cohort: "Cohort",
    notes: tuple[str, ...],
) -> "Evaluation":
    from dataclasses import replace

    from trainer.cohort.partition import kept_tree
    from trainer.evaluation.ensemble import Member
    from trainer.evaluation.evaluate import evaluate
    from trainer.measures.reader_study import read_readers
    from trainer.measures.taxonomy import read_taxonomy
    from trainer.networks.file_kinds import distinct_names, network_file

    readers = read_readers(arguments.readers) if arguments.readers else ()
    taxonomy = read_taxonomy(arguments.taxonomy) if arguments.taxonomy else kept_tree(cohort.settings)
    device = find_device(arguments.device)
    first, *others = [
        Member(opened.module.to(device), opened.classes, opened.input, opened.output.independent, name)
        for opened, name in zip(networks, distinct_names([*map(network_file, arguments.model)]), strict=True)
    ]
    with progress("evaluating", "pictures") as on_step:
        evaluation = evaluate(
            first.module,
            first.classes,
            first.input,
            cohort,
            arguments.split,
            device,
            independent=first.independent,
            others=others,
            views=arguments.tta,
            criterion=arguments.threshold or "",
            kept=_kept_threshold(arguments, networks),
            readers=readers,
            taxonomy=taxonomy,
            level=arguments.level,
            draws=arguments.draws,
            seed=arguments.seed,
            batch=arguments.batch,
            network=facts,
            on_step=on_step,
        )
    return replace(evaluation, notes=(*notes, *evaluation.notes))
