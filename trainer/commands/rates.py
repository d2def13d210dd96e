"""`feature-trainer rates`: which learning rate suits a recipe."""

import argparse
from pathlib import Path

from trainer.commands.common import add_device_argument, add_recipe_arguments, recipe_of
from trainer.console.numbers import any_number, whole_number
from trainer.console.progress import progress
from trainer.devices.names import find_device
from trainer.files.printing import say


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser("rates", help="learning-rate range test: a plot and a suggestion")
    parser.add_argument("--data", type=Path, required=True, metavar="FILE", help="the cohort (.h5)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the plot and its numbers")
    parser.add_argument("--lowest", type=any_number, default=1e-6, metavar="X", help="rate to begin with (1e-6)")
    parser.add_argument("--highest", type=any_number, default=1.0, metavar="X", help="rate to end with (1)")
    parser.add_argument(
        "--steps", type=whole_number, default=100, metavar="N", help="steps from the one to the other (100)"
    )
    add_device_argument(parser)
    add_recipe_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Try the rates, write the plot, print the suggestion."""
    recipe = recipe_of(arguments)

    from trainer.cohort.pixel_check import open_checked
    from trainer.training.learning_rate_test import rate_test, write_rates

    with progress("trying rates") as on_step:
        range_test = rate_test(
            open_checked(arguments.data),
            recipe,
            find_device(arguments.device),
            arguments.lowest,
            arguments.highest,
            arguments.steps,
            on_step=on_step,
        )
    write_rates(arguments.out, range_test)
    plot = arguments.out / "rates.svg"
    if range_test.doubt:
        say(f"{plot}: no learning rate can be suggested: {range_test.doubt}")
        return
    fastest, least = f"{range_test.suggested:.1e}", f"{range_test.tenth_of_least:.1e}"
    say(f"{plot}: the loss falls fastest at a learning rate of {fastest}; a tenth of the rate of the least is {least}")
