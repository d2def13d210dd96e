"""`feature-trainer synthesize`: a labelled set of drawn pictures with exact masks."""

import argparse
from pathlib import Path

from trainer.console.numbers import at_least_one, zero_or_more
from trainer.console.progress import progress
from trainer.files.errors import UserError
from trainer.files.printing import say


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser("synthesize", help="draw a labelled set of pictures with exact masks")
    parser.add_argument("--count", type=at_least_one, default=600)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=zero_or_more, default=0)
    parser.add_argument("--planted", help="a shortcut: concept:share, such as ruler:0.8 of the malignant pictures")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Draw the pictures and their masks."""
    from trainer.synthetic.picture import write_folder

    planted = None
    if arguments.planted:
        concept, _, share = arguments.planted.partition(":")
        try:
            planted = (concept, float(share))
        except ValueError as error:
            raise UserError(f"--planted {arguments.planted} is not of the form ruler:0.8.") from error
    with progress("drawing", "pictures") as on_step:
        write_folder(
            arguments.out,
            arguments.count,
            arguments.seed,
            planted=planted,
            on_step=on_step,
        )
    say(f"{arguments.count} pictures in {arguments.out}")
