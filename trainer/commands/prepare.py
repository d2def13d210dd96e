"""`feature-trainer prepare`: from a folder of pictures and a table of labels to one cohort file."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.console.numbers import any_number, whole_number, zero_or_more
from trainer.console.progress import progress
from trainer.files.errors import UserError
from trainer.files.printing import printable, say
from trainer.pictures.diagnosis_words import TASKS

if TYPE_CHECKING:
    from trainer.cohort.prepare import Prepared

MOST_UNREADABLE = 0.1
"""Share of the pictures that may be unreadable without the command ending as failed."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "prepare",
        help="decode, classify and split a folder of pictures into one cohort file",
        description=__doc__,
        epilog="Interrupted and run again, it goes on where it ended. docs/cohort.md describes tables and the file.",
    )
    parser.usage = f"{parser.prog} --images DIR --out FILE [options]"
    parser.add_argument("--images", type=Path, required=True, metavar="DIR", help="folder of pictures, with subfolders")
    parser.add_argument(
        "--labels",
        type=Path,
        metavar="CSV",
        help="table of an ISIC archive, HAM10000, ISIC 2018/2019, or any other that names the pictures; without it "
        "the names of the class folders are the labels",
    )
    parser.add_argument(
        "--columns",
        type=columns_argument,
        default={},
        metavar="ROLE=TITLE,..",
        help="which columns of the table hold what, where that is not found out: "
        "image=..,label=..,lesion=..,patient=..,split=..; patient=folder takes the folder's name, label=folder too",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="cohort to write, such as cohort.h5")
    meaning = parser.add_mutually_exclusive_group()
    meaning.add_argument(
        "--classes",
        choices=("malignancy", "diagnosis"),
        default="malignancy",
        help="malignancy (default): benign and malignant, by the table of diagnoses; diagnosis: each one a class",
    )
    meaning.add_argument("--diagnoses", type=Path, metavar="TOML", help="your own table, instead of the bundled one")
    meaning.add_argument("--malignant", default="", metavar="A,B", help="these are malignant and all others benign")
    meaning.add_argument(
        "--task",
        choices=TASKS,
        default="",
        help="keratinocyte carcinomas against seborrheic keratoses, or melanomas against nevi; all others are left out",
    )
    meaning.add_argument(
        "--taxonomy",
        type=Path,
        metavar="FILE",
        help="tree (.csv with name,parent, or .toml): nodes with fewer pictures than --fewer-than are the classes",
    )
    parser.add_argument(
        "--fewer-than", type=whole_number, default=1000, metavar="N", help="with --taxonomy (default 1000)"
    )
    parser.add_argument(
        "--unknown",
        choices=("stop", "leave-out"),
        default="stop",
        help="what to do about a diagnosis that the table does not know: stop (default), or leave its pictures out",
    )
    parser.add_argument("--folds", type=whole_number, default=0, metavar="K", help="K folds instead of 64/16/20 %")
    parser.add_argument("--own-split", action="store_true", help="split anew, even if the table or the folders do")
    parser.add_argument(
        "--no-validation", action="store_true", help="set no validation part apart: epochs are fixed, as in the paper"
    )
    parser.add_argument("--seed", type=zero_or_more, default=0, help="of the split (default 0)")
    parser.add_argument(
        "--size", type=whole_number, default=300, metavar="N", help="side of the stored pictures (default 300)"
    )
    parser.add_argument(
        "--field-of-view",
        type=any_number,
        default=0.0,
        metavar="MARGIN",
        help="cut to the lesion, and so much of it around",
    )
    parser.add_argument("--source", default="", help="where the pictures come from; goes into reports and networks")
    parser.add_argument("--replace", action="store_true", help="write over a cohort of other pictures")
    parser.set_defaults(run=run)


def columns_argument(text: str) -> "dict[str, list[str]]":
    """What --columns says, for argparse."""
    from trainer.pictures.column_choice import parse_columns

    try:
        return parse_columns(text)
    except UserError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def run(arguments: argparse.Namespace) -> None:
    """Prepare the cohort and say what became of every picture."""
    from trainer.cohort.parallel_decoding import part_of
    from trainer.cohort.prepare import PrepareOptions, prepare
    from trainer.cohort.summary import as_text

    malignant = tuple(word.strip() for word in arguments.malignant.split(",") if word.strip())
    if arguments.malignant and not malignant:
        raise UserError("--malignant names no diagnosis; give some with commas, such as mel,bcc, or leave it out.")
    options = PrepareOptions(
        classes=arguments.classes,
        diagnoses=arguments.diagnoses,
        malignant=malignant,
        task=arguments.task,
        taxonomy=arguments.taxonomy,
        fewer_than=arguments.fewer_than,
        unknown=arguments.unknown,
        columns=arguments.columns,
        source=arguments.source,
        side=arguments.size,
        field_of_view=arguments.field_of_view,
        folds=arguments.folds,
        replace=arguments.replace,
        seed=arguments.seed,
        given_split=not arguments.own_split,
        validation=not arguments.no_validation,
    )
    try:
        with progress("prepare", "pictures") as on_step:
            stages: list[str] = []

            def on_stage(stage: str, done: int, total: int) -> None:
                if stage not in stages:
                    stages.append(stage)
                    on_step.stage(stage)
                on_step(done, total)

            prepared = prepare(arguments.images, arguments.labels, arguments.out, options, on_stage)
    except KeyboardInterrupt as error:
        if not part_of(arguments.out).exists():
            raise
        raise KeyboardInterrupt("interrupted; run the same command again to go on where it ended") from error
    _print_table(prepared)
    say(as_text(prepared.cohort))
    for note in prepared.notes:
        say(f"note: {printable(note)}", error=True)
    unreadable, pictures = (prepared.cohort.flow[key] for key in ("unreadable", "pictures found"))
    if unreadable:
        message = (
            f"{unreadable:,} of {pictures:,} pictures could not be read and are not in {arguments.out}; "
            "describe --json names them all."
        )
        if unreadable > MOST_UNREADABLE * pictures:
            raise UserError(f"{message} So many are no accident: copy them again, and run the same command again.")
        say(f"note: {message}", error=True)


def _print_table(prepared: "Prepared") -> None:
    say(f"labels: {prepared.form}")
    rows = [(printable(diagnosis, 60), meaning, count) for (diagnosis, meaning), count in prepared.table.items()]
    width = max(len(diagnosis) for diagnosis, _, _ in rows)
    for diagnosis, meaning, count in sorted(rows, key=lambda row: (row[1], -row[2])):
        left = "" if meaning in prepared.cohort.classes else ", left out"
        say(f"  {diagnosis:{width}}  {count:7}  {printable(meaning, 60)}{left}")
    say()
