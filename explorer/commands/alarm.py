"""`feature-explorer alarm`: which artifacts go with a class in a folder, and which of them the score follows."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.commands.common import add_network_arguments, network_of, said_in, table_of
from explorer.commands.given_words import add_words_argument, given_words
from explorer.core.errors import UserError
from explorer.core.index.known_lesions import known_lesions
from trainer.console.progress import progress
from trainer.files.printing import printable, say, say_json

if TYPE_CHECKING:
    from explorer.core.index import FolderIndex
    from explorer.core.network.opening import Network


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `alarm` to the explorer's subcommands; its `run` is set as a default."""
    parser = subparsers.add_parser(
        "alarm",
        help="find artifacts that go with a class and that the network's score follows",
        description="Find artifacts (hair, rulers, ink ...) and values of whole pictures (color cast, brightness ...) "
        "that go with a class in a folder and that the network's score follows within class. docs/alarm.md says how.",
    )
    add_network_arguments(parser, required=False)
    inputs = parser.add_argument_group("what")
    inputs.add_argument(
        "--index", type=Path, required=True, metavar="FILE", help="the index of network and folder (.h5)"
    )
    inputs.add_argument(
        "--images", type=Path, metavar="DIR", help="the folder of the index, where it lies elsewhere now"
    )
    inputs.add_argument(
        "--labels",
        type=Path,
        metavar="CSV",
        help="table that says which pictures show one lesion; else the index's own",
    )
    inputs.add_argument("--columns", metavar="ROLE=TITLE,..", help="which of its columns hold what: image=..,label=..")
    add_words_argument(inputs)
    inputs.add_argument(
        "--artifacts",
        type=Path,
        metavar="CSV",
        help="what a person says of the pictures: image,hair,ruler,.. with 1 or 0",
    )
    inputs.add_argument("--quick", action="store_true", help="values of whole pictures alone: no hair, rulers, ink ...")
    inputs.add_argument(
        "--with-trained-on", action="store_true", help="count pictures that the network was trained on too"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print what the arguments of `add_parser` ask for; 0, or a UserError where it cannot be found out."""
    from explorer.core.alarm import sound
    from explorer.core.alarm.as_values import as_values
    from explorer.core.alarm.picture_table import CONCEPTS, WHOLE_PICTURE
    from explorer.core.index import open_index

    network = network_of(arguments) if arguments.model is not None else None
    with open_index(arguments.index) as index, progress("alarm") as on_step:
        _check(arguments.index, index, network)
        folder = arguments.images or Path(str(index.contents.facts.get("folder") or "its old place"))
        if not folder.is_dir():
            raise UserError(f"The folder of {arguments.index} is not at {folder}; name it with --images.")
        paths = [folder / name for name in index.pictures]
        training = network.training if network is not None else None
        alarm = sound(
            index,
            folder,
            words=given_words(arguments, index.contents.network.identity, index.given, index.classes, training).map,
            lesions=known_lesions(index, table_of(arguments, paths), paths),
            said=said_in(arguments.artifacts, index.pictures),
            network=network,
            with_trained_on=arguments.with_trained_on,
            measurements=(WHOLE_PICTURE,) if arguments.quick else (CONCEPTS, WHOLE_PICTURE),
            on_step=on_step,
        )
    if arguments.json:
        say_json(as_values(alarm))
    else:
        head = " ".join([alarm.sentence, *alarm.notes])
        say("\n\n".join([printable(head, 1500), *(printable(finding.words, 3000) for finding in alarm.findings)]))
    return 0


def _check(path: Path, index: "FolderIndex", network: "Network | None") -> None:
    if network is not None:
        index.check(network)
    if not any(index.given):
        raise UserError(f"{path} knows no classes; make it again with `feature-explorer index --labels CSV`.")
