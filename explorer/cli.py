"""`feature-explorer`: the window without a subcommand, everything else without Qt."""

import argparse
import gc
import importlib
import itertools
import sys
from collections.abc import Sequence
from pathlib import Path

from explorer import __version__
from explorer.core.errors import UserError
from explorer.core.progress import Cancelled
from trainer.console.error_boundary import Parser, through
from trainer.devices.names import CHOICES, device_argument

NAME = "feature-explorer"
COMMANDS = (
    "layers",
    "export",
    "occlude",
    "lens",
    "index",
    "concepts",
    "suggest",
    "evaluate",
    "alarm",
    "mute",
    "compare",
    "what-if",
    "report",
    "tags",
)
"""What needs no window; each is a module of `explorer.commands`."""


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; 0 done, 1 could not, 2 wrong usage, 130 interrupted, 141 nobody reads what it prints."""
    words = sys.argv[1:] if words is None else list(words)

    def work() -> int:
        late = late_command(words)
        if late:
            parser().error(f"the options before {late} are those of the window; give its own after it")
        asked = bool(words) and (not words[0].startswith("-") or "-h" in words or "--help" in words)
        arguments = parser(commands=asked).parse_args(words)
        try:
            return int(arguments.run(arguments))
        except Cancelled as error:
            raise KeyboardInterrupt from error

    return through(NAME, work)


def late_command(words: Sequence[str]) -> str:
    """The subcommand that stands behind options of the window, where it can be none of their values; else ""."""
    if not words or words[0] in COMMANDS:
        return ""
    takes_nothing = ("--demo", "--version")
    for before, word in itertools.pairwise(words):
        if word in COMMANDS and (not before.startswith("-") or "=" in before or before in takes_nothing):
            return word
    return ""


def parser(*, commands: bool = True) -> argparse.ArgumentParser:
    """The command line: options of the window, and one subcommand for each thing that needs none.

    Without `commands`, whose modules a window would wait for, those of the window alone.
    """
    top = Parser(
        prog=NAME,
        description="Look at what every filter of a trained CNN answers to, tag it, and export figures. "
        "Without a subcommand the window opens.",
    )
    top.add_argument("--version", action="version", version=f"{NAME} {__version__}")
    top.add_argument("--model", type=Path, help="the network: .safetensors, a state dict, .onnx, or a folder")
    top.add_argument("--images", type=Path, help="the folder of pictures")
    top.add_argument("--compare", type=Path, metavar="MODEL", help="a second network, to look at beside the first")
    top.add_argument("--labels", type=Path, help="table of the pictures' classes (CSV)")
    top.add_argument("--columns", metavar="ROLE=TITLE,..", help="which of its columns hold what: image=..,label=..")
    top.add_argument("--tags", type=Path, help="the tags file (.h5)")
    top.add_argument("--architecture", help="a name, or file.py:factory, which runs the code of that file")
    top.add_argument("--classes", help="names of the classes in order, with commas")
    top.add_argument("--input", help="the network's input: 224x224, grey:28x28, or JSON")
    top.add_argument("--key", help="which weights to open, where the file holds several")
    top.add_argument("--outputs", help="what the network's outputs are: logits, probabilities ... (docs/opening.md)")
    top.add_argument("--device", type=device_argument, default="auto", metavar="NAME", help=CHOICES)
    top.add_argument("--demo", action="store_true", help="open the bundled network and pictures")
    top.set_defaults(run=run_window)
    if commands:
        subparsers = top.add_subparsers(dest="command", metavar="COMMAND")
        for name in COMMANDS:
            importlib.import_module(f"explorer.commands.{name.replace('-', '_')}").add_parser(subparsers)
    return top


def run_window(arguments: argparse.Namespace) -> int:
    """Open the window; one line where there is no display for it."""
    from explorer.display import obstacle

    for path in (arguments.model, arguments.compare, arguments.images, arguments.labels):
        if path is not None and not path.exists():
            raise UserError(f"{path} does not exist.")
    if arguments.columns and not arguments.demo:  # which has a table of its own
        from explorer.commands.common import check_columns

        check_columns(arguments)
    reason = obstacle()
    if reason:
        raise UserError(reason)
    gc.disable()  # a tenth of the start would be spent on collecting what stays; see explorer.state.workers.collector

    from explorer.app import run_window as run
    from explorer.state.start import Start
    from trainer.networks.arguments import input_of, words_of

    input = input_of(arguments.input) if arguments.input else None
    columns = None
    if arguments.columns:
        from trainer.pictures.column_choice import parse_columns

        columns = parse_columns(arguments.columns)
    start = Start(
        model=arguments.model,
        images=arguments.images,
        labels=arguments.labels,
        columns=columns,
        tags=arguments.tags,
        architecture=arguments.architecture,
        classes=tuple(words_of(arguments.classes)) if arguments.classes else None,
        input=input,
        outputs=arguments.outputs,
        key=arguments.key,
        device=arguments.device,
        demo=arguments.demo,
        compare=arguments.compare,
    )
    return run(start)
