"""`feature-explorer layers`: the convolutional layers of a network."""

import argparse
from typing import TYPE_CHECKING, Any

from explorer.commands.common import add_network_arguments, network_of
from explorer.core.muted_in_file import muted_filters, muted_sentence
from trainer.files.printing import printable, say, say_json

if TYPE_CHECKING:
    from explorer.core.network.opening import Network


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `layers` to the explorer's subcommands; its `run` is set as a default."""
    parser = subparsers.add_parser("layers", help="list the convolutional layers of a network")
    add_network_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print what the arguments of `add_parser` ask for; 0, or a UserError where the network cannot be opened."""
    network = network_of(arguments)
    if arguments.json:
        say_json(values(network))
    else:
        say(table(network))
    return 0


def values(network: "Network") -> dict[str, Any]:
    """The network's layers as plain JSON values."""
    return {
        "digest": network.digest,
        "classes": list(network.classes),
        "input": network.input.to_dict(),
        "layers": [
            {
                "index": layer.index,
                "name": layer.name,
                "filters": layer.filters,
                "height": layer.height,
                "width": layer.width,
            }
            for layer in network.layers
        ],
        "assumed": list(network.assumed),
        **({"muted": list(muted)} if (muted := muted_filters(network.training)) else {}),
    }


def table(network: "Network") -> str:
    """The network's layers for a person."""
    spec = network.input
    names = [printable(name, 60) for name in network.classes[:8]]
    classes = ", ".join([*names, "..."] if len(network.classes) > 8 else names)
    rows = [("layer", "name", "filters", "map")]
    rows += [
        (str(layer.index), printable(layer.name, 200), str(layer.filters), f"{layer.height} x {layer.width}")
        for layer in network.layers
    ]
    first, second, third, _ = (max(map(len, column)) for column in zip(*rows, strict=True))
    lines = [f"{a:>{first}}  {b:<{second}}  {c:>{third}}  {d}" for a, b, c, d in rows]
    filters = sum(layer.filters for layer in network.layers)
    head = [
        f"{printable(network.name, 200)} ({printable(network.architecture, 200)}), digest {network.digest[:12]}",
        f"input {spec.size[0]} x {spec.size[1]} {'RGB' if spec.channels == 3 else 'grey'}, {spec.resize}",
        f"{len(network.classes):,} classes: {classes}",
        f"{len(network.layers)} layers, {filters:,} filters",
    ]
    if sentence := muted_sentence(network.training):
        head.append(printable(sentence, 500))
    return "\n".join([*head, "", *lines])
