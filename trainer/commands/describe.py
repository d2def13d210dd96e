"""`feature-trainer describe`: what a cohort holds, by class, part, diagnosis and how it was made, sex, age and site."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.console.progress import progress
from trainer.files.errors import UserError
from trainer.files.printing import printable, say, say_json

if TYPE_CHECKING:
    from trainer.cohort.cohort import Cohort


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser("describe", help="count what a cohort holds", description=__doc__)
    parser.add_argument("cohort", type=Path, help="a file that prepare wrote")
    parser.add_argument("--figure", type=Path, metavar="FILE", help="draw the counts as .svg, .pdf or .png")
    parser.add_argument("--examples", type=Path, metavar="FILE", help="draw pictures of each class and diagnosis, .png")
    parser.add_argument("--check", action="store_true", help="look whether each picture still is as prepare wrote it")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Print the counts, and draw them where asked."""
    from trainer.cohort.cohort import open_cohort
    from trainer.cohort.summary import as_plain, as_text, write_figure

    cohort = open_cohort(arguments.cohort)
    if arguments.check:
        check(cohort)
    if arguments.figure:
        write_figure(cohort, arguments.figure)
    if arguments.examples:
        from trainer.cohort.examples import write_examples

        write_examples(cohort, arguments.examples)
    if arguments.json:
        say_json(as_plain(cohort))
    else:
        say(as_text(cohort))


def check(cohort: "Cohort") -> None:
    """Look at the pixels of every picture; UserError where some were changed, after their names are said."""
    from trainer.cohort.pixel_check import changed_pictures, were_changed

    if not cohort.pixels:
        raise UserError(
            f"{cohort.path} was written by an earlier version, which kept nothing to check pixels by; "
            "prepare the cohort again."
        )
    with progress("checking", "pictures") as on_step:
        changed = changed_pictures(cohort, range(len(cohort)), on_step)
    for name in changed:
        say(f"changed: {printable(name)}", error=True)
    if changed:
        raise were_changed(cohort, changed, len(cohort))
    say(f"The pixels of all {len(cohort):,} pictures are as they were written.", error=True)
