"""The scales of filters over a folder for figures: from a given index, or from the one that the window keeps."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.core.errors import UserError
from trainer.files.printing import printable, say

if TYPE_CHECKING:
    from explorer.core.drawing.styles import Scale
    from explorer.core.network.opening import Network
    from explorer.core.tags.book import FilterKey


def use_kept_index(arguments: argparse.Namespace, network: "Network") -> None:
    """Take the window's own index of this network and folder as --index where none is given, and say so.

    Not where another scale is asked for, or maps that an index does not hold; wrong usage where one is needed and none
    is kept.
    """
    of_index = "--cards" if arguments.cards else "--contact-sheets" if arguments.contact_sheets else ""
    needed = of_index or ("--scale folder" if arguments.scale == "folder" else "")
    other = arguments.peak is not None or arguments.scale not in (None, "folder")
    raw = arguments.raw and any(layer.norm for layer in network.layers)
    if arguments.index is not None or (not needed and (other or raw)):
        return
    arguments.index = kept_index(network, arguments.images)
    if arguments.index is not None:
        instead = "" if of_index else "; --scale seen takes the scales of the pictures exported"
        say(f"feature-explorer: scales are those of the window's index of this folder{instead}.", error=True)
    elif needed:
        arguments.wrong_usage(f"{needed} needs --index: the window keeps none of this network and folder")


def kept_index(network: "Network", images: Sequence[Path]) -> Path | None:
    """The index that the window keeps of a network over a folder; None where it keeps none that can be read."""
    from explorer.core.index import open_index
    from explorer.core.index.kept_indexes import place_of

    path = place_of(network, images[0])
    if len(images) != 1 or not path.exists():
        return None
    try:
        with open_index(path) as index:
            index.check(network)
    except UserError as error:
        say(f"feature-explorer: the window's index is not used: {printable(str(error), 400)}", error=True)
        return None
    return path


def scales_of(
    path: Path | None, network: "Network", filters: "Sequence[FilterKey]", *, raw: bool
) -> "dict[FilterKey, Scale] | None":
    """Each filter's scale over the folder of an index of this network and of these maps; None without an index."""
    if path is None:
        return None
    from explorer.core.index import open_index

    with open_index(path) as index:
        index.check(network)
        if raw and any(network.layers[key.layer].norm for key in filters):
            raise UserError(f"{path.name} holds what the batch norms answer; leave --raw out, or choose another scale.")
        return {key: index.scale(key) for key in filters}
