"""What the subcommands share: the arguments that name a network, its pictures and its index."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.core.counting import counted
from explorer.core.errors import UserError
from trainer.console.numbers import at_least_one
from trainer.console.progress import progress
from trainer.devices.names import CHOICES, device_argument
from trainer.files.atomic_files import subfolder
from trainer.files.printing import printable, say
from trainer.networks.arguments import add_opening_arguments, opening_of

if TYPE_CHECKING:
    from explorer.core.alarm.artifacts import Said
    from explorer.core.concepts import Corrections
    from explorer.core.labels import Labels
    from explorer.core.network.opening import Network


def add_network_arguments(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add --model and what a file may leave unsaid about it."""
    group = parser.add_argument_group("network")
    group.add_argument(
        "--model",
        type=Path,
        required=required,
        metavar="FILE",
        help="the network: .safetensors, a state dict, .onnx, or a folder with config.json",
    )
    add_opening_arguments(group)
    group.add_argument("--device", type=device_argument, default="auto", metavar="NAME", help=CHOICES)


def add_images_argument(parser: "argparse.ArgumentParser | argparse._ArgumentGroup", *, required: bool = True) -> None:
    """Add --images: folders and pictures."""
    parser.add_argument(
        "--images",
        type=Path,
        nargs="+",
        required=required,
        metavar="PATH",
        help="folders (read recursively) or pictures",
    )


def add_chosen_pictures(parser: "argparse.ArgumentParser | argparse._ArgumentGroup") -> None:
    """Add --pictures and --first, which choose among those of --images."""
    some = parser.add_mutually_exclusive_group()
    some.add_argument(
        "--pictures",
        action="append",
        metavar="NAME,...",
        help="only these pictures, by file name or end of path",
    )
    some.add_argument("--first", type=at_least_one, metavar="N", help="only the first N pictures")


def network_of(arguments: argparse.Namespace, model: Path | None = None) -> "Network":
    """Open the network that `add_network_arguments` describes, or another `model` in the same way.

    What had to be assumed is said on standard error.
    """
    from explorer.core.network.opening import open_network

    network = open_network(model or arguments.model, device=arguments.device, **opening_of(arguments))
    for sentence in network.assumed:
        say(f"feature-explorer: {sentence}", error=True)
    return network


def images_of(arguments: argparse.Namespace) -> tuple[Path, ...]:
    """The pictures of `add_images_argument`, each once; what was left out is said on standard error."""
    from trainer.pictures.folder_walk import list_folder

    pictures: dict[Path, None] = {}
    listings = [list_folder(path) for path in arguments.images]
    for listing in listings:
        for sentence in (*listing.unreadable, *listing.notes):
            say(f"feature-explorer: {sentence}", error=True)
        pictures.update(dict.fromkeys(listing.pictures))
    if not pictures:
        listings[0].check()
    return tuple(pictures)


def chosen_images_of(arguments: argparse.Namespace) -> tuple[Path, ...]:
    """The pictures of `add_images_argument` that `add_chosen_pictures` leaves, to write figures of them to `--out`.

    UserError where none is left. That figures would lie among the pictures, and be taken for some next time, is said.
    """
    from explorer.core.selection import choose_pictures, picture_names

    for folder in arguments.images:
        if folder.is_dir() and arguments.out.resolve().is_relative_to(folder.resolve()):
            told = f"{arguments.out} lies in the folder of the pictures: what is written there is taken for pictures"
            say(f"feature-explorer: {printable(told, 500)} next time; choose a folder outside of it.", error=True)
    pictures = images_of(arguments)
    names = [name for text in arguments.pictures or () for name in picture_names(text, pictures)]
    if arguments.pictures and not names:
        raise UserError("--pictures names no picture; give file names or ends of paths, or leave it out for all.")
    return choose_pictures(pictures, names, arguments.first)


def check_columns(arguments: argparse.Namespace) -> None:
    """UserError where --columns is given without the table that it is about."""
    if getattr(arguments, "columns", None) and arguments.labels is None:
        raise UserError("--columns says what the columns of a table hold; give the table as --labels CSV.")


def table_of(arguments: argparse.Namespace, images: "Path | list[Path]") -> "Labels | None":
    """The table of --labels for a folder or pictures, as --columns says; what is odd about it on standard error."""
    check_columns(arguments)
    if arguments.labels is None:
        return None
    from explorer.core.labels import read_labels
    from trainer.pictures.column_choice import parse_columns
    from trainer.pictures.folder_walk import list_folder

    pictures = images if isinstance(images, list) else list_folder(images).pictures
    columns = getattr(arguments, "columns", None)
    labels = read_labels(arguments.labels, pictures, parse_columns(columns) if columns else None)
    if getattr(arguments, "progress", "bar") != "json":  # the window reads the table itself, and says so there
        for problem in labels.problems:
            say(f"feature-explorer: {problem}", error=True)
    return labels


def index_of(
    arguments: argparse.Namespace, network: "Network", labels: "Labels | None", path: Path | None = None
) -> Path:
    """The index of --index; else the one at `path`, or that the window keeps, made or brought up to date.

    With the classes of `table_of`, so that the window finds them in its own; without a table it keeps those it has.
    """
    if arguments.index is not None:
        return Path(arguments.index)
    from explorer.commands.labels_of_index import labels_of_index
    from explorer.core.index.build import STAGES, build_index
    from explorer.core.index.kept_indexes import place_of

    path = path or place_of(network, arguments.images)
    subfolder(path.parent)
    say_size(network, arguments.images, path)
    labels = labels or labels_of_index(path, arguments.images)
    with progress("index", "pictures") as on_step:
        on_step.stage(STAGES["reading"])

        def on_stage(name: str) -> None:
            on_step.stage(STAGES[name])

        def on_note(sentence: str) -> None:
            say(f"feature-explorer: {sentence}", error=True)

        return build_index(
            network, arguments.images, path, labels=labels, on_step=on_step, on_stage=on_stage, on_note=on_note
        )


def say_size(network: "Network", images: "Path | list[Path]", path: Path) -> None:
    """Say on standard error how large the index at `path` becomes, where there is none yet."""
    from explorer.core.index.kept_indexes import expected_size
    from trainer.pictures.folder_walk import list_folder

    if path.exists():
        return
    pictures = len(images if isinstance(images, list) else list_folder(images).pictures)
    filters = sum(info.filters for info in network.layers)
    size = max(1, round(expected_size(network, pictures) / 1e6))
    about = f"{counted(filters, 'filter')} on {counted(pictures, 'picture')}: the index takes about {size:,} MB"
    say(f"feature-explorer: {about}, {printable(str(path), 400)}", error=True)


def corrections_of(path: Path | None) -> "Corrections | None":
    """What a person says in the CSV of --artifacts, None for none; UserError where the file is not there."""
    if path is None:
        return None
    if not path.exists():
        raise UserError(f"{path} does not exist; it is a CSV with image,hair,ruler,... and 1 or 0.")
    from explorer.core.concepts import read_corrections

    return read_corrections(path)


def said_in(path: Path | None, pictures: Sequence[str]) -> "Said":
    """What a person says of these pictures in the CSV of --artifacts, nothing for None.

    Rows without a picture here are counted on standard error; UserError where the file is not there.
    """
    corrections = corrections_of(path)
    if path is None or corrections is None:
        return {}
    matching, unknown = corrections.for_pictures(pictures)
    if unknown:
        names = counted(len(unknown), "name")
        first = printable(unknown[0], 80)
        say(f"feature-explorer: {path.name}: {names} without one picture here, {first} first.", error=True)
    return matching.said
