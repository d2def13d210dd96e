"""`feature-trainer`: from pictures to a cohort, from a cohort to a network, from a network to a report."""

import argparse
import importlib
import sys
from collections.abc import Sequence

from trainer.errors import UserError

COMMANDS = ("prepare", "describe", "train", "rates", "evaluate", "synthesize")


def main(words: Sequence[str] | None = None) -> int:
    """Run one subcommand; 0 done, 1 could not, 2 wrong usage, 130 interrupted."""
    arguments = parser().parse_args(words)
    try:
        arguments.run(arguments)
    except (UserError, OSError) as error:
        print(f"feature-trainer: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as error:
        print(f"feature-trainer: {str(error) or 'interrupted'}", file=sys.stderr)
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="feature-trainer", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    for name in COMMANDS:
        importlib.import_module(f"trainer.commands.{name}").add(commands)
    return top
