"""`feature-explorer what-if`: what the network would say if the pictures had been taken otherwise."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.commands.common import add_network_arguments, corrections_of, network_of
from explorer.core.counting import counted
from explorer.core.errors import UserError
from trainer.console.numbers import any_number
from trainer.console.progress import progress
from trainer.files.printing import printable, say, say_json

if TYPE_CHECKING:
    from explorer.core.what_if import Laid, WhatIf


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `what-if` to the explorer's subcommands; its `run` is set as a default."""
    parser = subparsers.add_parser(
        "what-if",
        help="change how pictures were taken, and see what that does to the scores",
        description="Change every picture of a folder as another camera, light or distance might have, and write what "
        "the network says of it before and after (CSV). docs/what-if.md says what each change does.",
    )
    add_network_arguments(parser)
    parser.add_argument("--images", type=Path, required=True, metavar="DIR", help="the folder of pictures, or one")
    change = parser.add_argument_group("change", "in this order; what is left out is not changed")
    change.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="CONCEPT",
        help="paint hair, ruler or bubble over where it is found; may be repeated",
    )
    change.add_argument(
        "--artifacts",
        type=Path,
        metavar="CSV",
        help="what a person says of the pictures (image,hair,ruler,..): where it is not there nothing is painted over",
    )
    change.add_argument(
        "--with",
        dest="laid",
        action="append",
        default=[],
        metavar="CONCEPT[:ROW,COLUMN]",
        help="draw hair, ruler or ink into every picture, about the middle or another place in shares of its sides, "
        "such as ruler:0.2,0.5; may be repeated",
    )
    change.add_argument(
        "--crop", type=any_number, default=1.0, metavar="SHARE", help="keep the middle: 0.8 of either side"
    )
    change.add_argument(
        "--illumination",
        type=any_number,
        nargs="?",
        const=1.0,
        default=0.0,
        metavar="SHARE",
        help="divide by a fitted light, wholly or to a share from 0 to 1",
    )
    change.add_argument(
        "--constancy",
        type=any_number,
        nargs="?",
        const=1.0,
        default=0.0,
        metavar="SHARE",
        help="bring the color of the light to grey (shades of grey), wholly or to a share from 0 to 1",
    )
    change.add_argument("--gamma", type=any_number, default=1.0, metavar="POWER", help="above 1 is darker")
    parser.add_argument("--out", type=Path, required=True, metavar="CSV", help="a row for each picture")
    parser.add_argument("--force", action="store_true", help="replace --out where it exists")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what the arguments of `add_parser` say; 0, 1 where a picture failed, or a UserError where all did."""
    from explorer.core.what_if import Change, what_if
    from explorer.core.what_if.folder import write_table

    change = Change(
        arguments.gamma,
        arguments.illumination,
        arguments.constancy,
        arguments.crop,
        tuple(dict.fromkeys(name for given in arguments.without for name in given.split(","))),
        tuple(map(_laid, arguments.laid)),
    )
    if arguments.out.exists() and not arguments.force:
        raise UserError(f"{printable(str(arguments.out), 300)} exists; --force replaces it.")
    network = network_of(arguments)
    corrections = corrections_of(arguments.artifacts)
    with progress("what if", "pictures") as on_step:
        outcome = what_if(network, arguments.images, change, corrections=corrections, on_step=on_step)
    write_table(arguments.out, outcome)
    if arguments.json:
        say_json({"path": str(arguments.out), **_told(outcome)})
    else:
        say("\n".join([*_lines(outcome), f"{printable(str(arguments.out), 500)}: every picture"]))
    for sentence in (*outcome.notes, *outcome.unreadable):
        say(f"feature-explorer: {printable(sentence, 500)}", error=True)
    return 1 if outcome.unreadable else 0


def _laid(text: str) -> "Laid":
    """CONCEPT or CONCEPT:ROW,COLUMN; UserError for anything else."""
    from explorer.core.what_if import Laid

    concept, _, point = text.partition(":")
    try:
        row, column = map(float, (point or "0.5,0.5").split(","))
    except ValueError as error:
        raise UserError(f'"{printable(text, 60)}" is no drawing; write ruler, or ruler:0.2,0.5.') from error
    return Laid(concept, row, column)


def _told(outcome: "WhatIf") -> dict[str, Any]:
    means, sizes = outcome.mean_change().tolist(), outcome.mean_change(size=True).tolist()
    change = {name: value for name, value in vars(outcome.change).items() if name not in ("without", "laid")}
    if outcome.change.without:
        change["without"] = {name: outcome.painted_over(name) for name in outcome.change.without}
    if outcome.change.laid:
        change["with"] = [vars(laid) for laid in outcome.change.laid]
    return {
        "change": change,
        "pictures": len(outcome.pictures),
        "other_class": outcome.flipped,
        "mean_change": dict(zip(outcome.classes, means, strict=True)),
        "mean_size_of_change": dict(zip(outcome.classes, sizes, strict=True)),
        "unreadable": list(outcome.unreadable),
    }


def _lines(outcome: "WhatIf") -> list[str]:
    lines = [
        f"{name}: painted over on {outcome.painted_over(name):,} of {len(outcome.pictures):,} pictures"
        for name in outcome.change.without
    ]
    lines.append(
        f"{outcome.change.sentence}: another class is named on {outcome.flipped:,} of "
        f"{counted(len(outcome.pictures), 'picture')}"
    )
    for name, mean, size in zip(outcome.classes, outcome.mean_change(), outcome.mean_change(size=True), strict=True):
        lines.append(f"{printable(name)}: {mean:+.3f} on average, {size:.3f} without the sign")
    return lines
