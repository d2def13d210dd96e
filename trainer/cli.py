"""`feature-trainer`: from pictures to a cohort, from a cohort to a network, from a network to a report."""

import argparse
import importlib
from collections.abc import Sequence

from trainer.console.error_boundary import Parser, through

NAME = "feature-trainer"
COMMANDS = (
    *("prepare", "describe", "preview", "train", "rates", "evaluate", "export", "synthesize", "train-concepts"),
)


def main(words: Sequence[str] | None = None) -> int:
    """Run one subcommand; 0 done, 1 could not, 2 wrong usage, 130 interrupted, 141 nobody reads what it prints."""

    def work() -> None:
        arguments = parser().parse_args(words)
        arguments.run(arguments)

    return through(NAME, work)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = Parser(prog=NAME, description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    for name in COMMANDS:
        importlib.import_module(f"trainer.commands.{name.replace('-', '_')}").add(commands)
    return top
