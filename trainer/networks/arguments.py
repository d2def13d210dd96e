"""The options of both command lines that say what a network's file leaves unsaid; imports nothing heavy for --help."""

import argparse
import csv
import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from trainer.files.errors import UserError

if TYPE_CHECKING:
    from trainer.networks.input_spec import InputSpec


def add_opening_arguments(parser: "argparse.ArgumentParser | argparse._ArgumentGroup") -> None:
    """Add --architecture, --classes, --input, --key and --outputs."""
    parser.add_argument("--architecture", metavar="NAME", help="its architecture, or file.py:factory, which runs code")
    parser.add_argument(
        "--classes", metavar="A,B", help='names of its classes, in the order of its outputs: a,b or "a, b",c'
    )
    parser.add_argument(
        "--input",
        metavar="SPEC",
        help="its input: 224x224, grey:28x28, or an input specification as JSON; pictures are squashed to it",
    )
    parser.add_argument("--key", metavar="NAME", help="which weights to open, where the file holds several (EMA, raw)")
    parser.add_argument(
        "--outputs",
        metavar="SPEC",
        help="what its outputs are: logits, probabilities, independent-logits or independent-probabilities; where it "
        "answers with several tensors or has several heads, the name or position of the scores (1, or 1:probabilities)",
    )


def opening_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """What the arguments of `add_opening_arguments` say, as `open_model` and `open_network` take it."""
    from trainer.networks.output_spec import OutputSpec

    return {
        "architecture": arguments.architecture,
        "classes": words_of(arguments.classes) if arguments.classes else None,
        "input": input_of(arguments.input) if arguments.input else None,
        "outputs": OutputSpec.parse(arguments.outputs) if arguments.outputs else None,
        "key": arguments.key,
    }


def input_of(text: str) -> "InputSpec":
    """The input specification written as `224x224`, `grey:28x28` or JSON; UserError for anything else."""
    from trainer.networks.input_spec import InputSpec

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


def words_of(text: str) -> list[str]:
    """The words of a list with commas; one that holds a comma itself stands in quotation marks."""
    row = next(csv.reader([" ".join(text.splitlines())], skipinitialspace=True), [])
    return [word.strip() for word in row if word.strip()]


def line_of(words: Sequence[str]) -> str:
    """The words as `words_of` reads them."""
    return ", ".join('"{}"'.format(word.replace('"', '""')) if set(word) & {",", '"'} else word for word in words)
