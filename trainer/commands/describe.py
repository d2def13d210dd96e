"""`feature-trainer describe`: what a cohort holds, by class, part, diagnosis and how it was made, sex, age and site."""

import argparse
from pathlib import Path

from trainer.files.printing import say, say_json


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser("describe", help="count what a cohort holds", description=__doc__)
    parser.add_argument("cohort", type=Path, help="a file that prepare wrote")
    parser.add_argument("--figure", type=Path, metavar="FILE", help="draw the counts as .svg, .pdf or .png")
    parser.add_argument("--examples", type=Path, metavar="FILE", help="draw pictures of each class and diagnosis, .png")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Print the counts, and draw them where asked."""
    from trainer.cohort.cohort import open_cohort
    from trainer.cohort.summary import as_plain, as_text, write_figure

    cohort = open_cohort(arguments.cohort)
    if arguments.figure:
        write_figure(cohort, arguments.figure)
    if arguments.examples:
        from trainer.cohort.examples import write_examples

        write_examples(cohort, arguments.examples)
    if arguments.json:
        say_json(as_plain(cohort))
    else:
        say(as_text(cohort))
