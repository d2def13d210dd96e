"""`feature-trainer preview`: what a recipe's augmentation makes of a picture."""

import argparse
from pathlib import Path

from trainer.commands.common import add_recipe_arguments, recipe_of
from trainer.console.numbers import any_number, at_least_one
from trainer.files.errors import UserError
from trainer.files.printing import say

DESCRIPTION = """
Draw what a recipe shows the network of one picture while it trains: nine seeded draws beside the picture as it is
tested. The code that changes them is that of training.
"""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "preview", help="draw what a recipe's augmentation makes of a picture", description=DESCRIPTION
    )
    parser.add_argument("--image", type=Path, required=True, metavar="FILE", help="the picture")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="sheet to write (.png)")
    parser.add_argument("--force", action="store_true", help="replace --out where it exists")
    parser.add_argument(
        "--stored", type=at_least_one, default=300, metavar="N", help="side at which prepare stores it (300)"
    )
    parser.add_argument(
        "--field-of-view", type=any_number, default=0.0, metavar="MARGIN", help="as of prepare (0: none)"
    )
    add_recipe_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Draw the sheet."""
    if arguments.out.exists() and not arguments.force:
        raise UserError(f"{arguments.out} exists; --force replaces it.")
    recipe = recipe_of(arguments)
    from trainer.pictures.image_decoding import read_image
    from trainer.training.preview import write_sheet

    write_sheet(arguments.out, read_image(arguments.image), recipe, arguments.stored, arguments.field_of_view)
    say(f"{arguments.out}: {arguments.image.name} as it is tested, and nine draws with seed {recipe.learning.seed}")
