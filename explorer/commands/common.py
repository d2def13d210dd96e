"""What the subcommands share: the arguments that name a network, and a progress bar."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.core.progress import OnStep, no_step
from trainer.devices.names import CHOICES, device_argument
from trainer.files.printing import say
from trainer.networks.arguments import add_opening_arguments, opening_of

if TYPE_CHECKING:
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


def network_of(arguments: argparse.Namespace) -> "Network":
    """Open the network that `add_network_arguments` describes; what had to be assumed is said on standard error."""
    from explorer.core.network.opening import open_network

    network = open_network(arguments.model, device=arguments.device, **opening_of(arguments))
    for sentence in network.assumed:
        say(f"feature-explorer: {sentence}", error=True)
    return network


def images_of(arguments: argparse.Namespace) -> tuple[Path, ...]:
    """The pictures of `add_images_argument`, each once; what was left out is said on standard error."""
    from trainer.pictures.folder_walk import list_folder

    found: dict[Path, None] = {}
    listings = [list_folder(place) for place in arguments.images]
    for listing in listings:
        for sentence in (*listing.unreadable, *listing.notes):
            say(f"feature-explorer: {sentence}", error=True)
        found.update(dict.fromkeys(listing.pictures))
    if not found:
        listings[0].check()
    return tuple(found)


@contextmanager
def progress(title: str) -> Iterator[OnStep]:
    """A bar on standard error while the block runs, where that is a terminal."""
    if not sys.stderr.isatty():
        yield no_step
        return
    from tqdm import tqdm

    with tqdm(desc=title, file=sys.stderr, dynamic_ncols=True, leave=False) as bar:

        def on_step(done: int, total: int) -> None:
            if bar.total != (total or None):
                bar.total = total or None
                bar.refresh()
            bar.update(done - bar.n)

        yield on_step
