"""`feature-explorer concepts`: where lesion, hair, rulers ... lie in pictures, as grey pictures and a table."""

import argparse
from pathlib import Path

from explorer.commands.common import add_chosen_pictures, add_images_argument, chosen_images_of, said_in
from trainer.console.progress import progress
from trainer.files.printing import printable, say


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `concepts` to the explorer's subcommands; its `run` is set as a default."""
    parser = subparsers.add_parser(
        "concepts",
        help="find lesion, border, hair, rulers, ink ... in pictures",
        description="Find what a person can see in dermoscopy pictures: a grey picture for each concept, and a table "
        "of how much of each artifact there is. docs/concepts.md says how well.",
    )
    add_images_argument(parser)
    add_chosen_pictures(parser)
    parser.add_argument(
        "--masks", type=Path, metavar="DIR", help="given lesions, NAME_segmentation.png; they win over found ones"
    )
    parser.add_argument(
        "--artifacts",
        type=Path,
        metavar="CSV",
        help="what a person saw, image,hair,ruler,..: what is 0 there has no map",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="new folder for the maps")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what the arguments of `add_parser` say; 0, or a UserError where the maps cannot be written."""
    from explorer.core.concepts.corrections import Corrections
    from explorer.core.concepts.export import export_maps
    from explorer.core.concepts.masks import given_lesions

    masks = given_lesions(arguments.masks) if arguments.masks else {}
    pictures = chosen_images_of(arguments)
    annotations = said_in(arguments.artifacts, [str(picture) for picture in pictures])
    with progress("concepts", "pictures") as on_step:
        left_out = export_maps(pictures, arguments.out, masks, Corrections(annotations), on_step)
    for reason in left_out.values():
        say(f"feature-explorer: left out: {printable(reason)}", error=True)
    say(f"the concepts of {len(pictures) - len(left_out):,} pictures in {arguments.out}")
    return 0
