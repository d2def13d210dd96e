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

if TYPE_CHECKING:
    from explorer.core.network.opening import Network
    from trainer.networks.checkpoint import InputSpec


def add_network_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --model and what a file may leave unsaid about it."""
    group = parser.add_argument_group("network")
    group.add_argument("--model", type=Path, required=True, metavar="FILE", help="the file or folder of the network")
    group.add_argument("--architecture", metavar="NAME", help="its architecture, or file.py:factory, which runs code")
    group.add_argument("--classes", metavar="A,B", help="names of its classes, in the order of its outputs")
    group.add_argument(
        "--input",
        metavar="SPEC",
        help="its input: 224x224, grey:28x28, or an input specification as JSON; pictures are squashed to it",
    )
    group.add_argument("--device", type=device_argument, default="auto", metavar="NAME", help=CHOICES)


def add_images_argument(parser: "argparse.ArgumentParser | argparse._ArgumentGroup") -> None:
    """Add --images: folders and pictures."""
    parser.add_argument(
        "--images",
        type=Path,
        nargs="+",
        required=True,
        metavar="PATH",
        help="folders (read recursively) or pictures",
    )


def network_of(arguments: argparse.Namespace) -> "Network":
    """Open the network that `add_network_arguments` describes; what had to be assumed is said on standard error."""
    from explorer.core.network.opening import open_network

    network = open_network(
        arguments.model,
        architecture=arguments.architecture,
        device=arguments.device,
        classes=_words(arguments.classes) if arguments.classes else None,
        input=input_of(arguments.input) if arguments.input else None,
    )
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


def input_of(text: str) -> "InputSpec":
    """The input specification written as `224x224`, `grey:28x28` or JSON; UserError for anything else."""
    import json
    import re

    from explorer.core.errors import UserError
    from trainer.networks.checkpoint import InputSpec

    match = re.fullmatch(r"(grey:|rgb:)?(\d{1,5})x(\d{1,5})", text.strip(), re.IGNORECASE)
    if match:
        height, width = int(match[2]), int(match[3])
        channels = 1 if (match[1] or "").casefold() == "grey:" else 3
        mean, std = (0.0,) * channels, (1.0,) * channels
        return InputSpec((height, width), "squash", min(height, width), mean, std)
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise UserError(f'--input "{text[:60]}" is no input; write height x width as 224x224, or JSON.')
    return InputSpec.from_dict(values)


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


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]
