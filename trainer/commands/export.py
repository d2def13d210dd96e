"""`feature-trainer export`: a network as a file that other programs run."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.files.errors import UserError
from trainer.files.printing import say
from trainer.networks.arguments import add_opening_arguments, opening_of

if TYPE_CHECKING:
    from trainer.networks.checkpoint import Checkpoint

DESCRIPTION = """
Write a network as an ONNX file. Its answers are compared with the network's before it is kept, by onnxruntime where
that is installed, else by this program; classes and input stand in the file, and the explorer opens it.
"""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser("export", help="write a network as an ONNX file", description=DESCRIPTION)
    parser.add_argument(
        "--model",
        type=Path,
        required=True,
        metavar="FILE",
        help="the network: a file or folder that the explorer opens",
    )
    parser.add_argument("--format", choices=("onnx",), default="onnx", help="default: onnx")
    parser.add_argument("--out", type=Path, metavar="FILE", help="file to write (default: beside the model, .onnx)")
    add_opening_arguments(parser)
    parser.set_defaults(run=run)


def _facts(checkpoint: "Checkpoint") -> dict[str, str]:
    """What whoever gets the file has to know: the terms of its weights, and the threshold that its training kept."""
    threshold = checkpoint.training.get("threshold")
    facts = {"licence": checkpoint.licence, "threshold": json.dumps(threshold) if threshold else ""}
    return {name: text for name, text in facts.items() if text}


def run(arguments: argparse.Namespace) -> None:
    """Write the file, and say how close its answers are."""
    from trainer.networks.onnx_export import export_onnx
    from trainer.networks.opening import open_model

    out: Path = arguments.out or arguments.model.with_suffix(".onnx")
    if out.exists() and arguments.model.exists() and out.samefile(arguments.model):
        raise UserError(f"{out} is the network itself; choose another --out.")
    if out.suffix != ".onnx":
        raise UserError(f"{out.name} must end in .onnx.")
    opened = open_model(arguments.model, **opening_of(arguments))
    for sentence in opened.assumed:
        say(f"feature-trainer: {sentence}", error=True)
    alone = opened.output.independent
    facts = _facts(opened.checkpoint) if opened.checkpoint else {}
    apart, by = export_onnx(
        opened.module, opened.classes, opened.input, out, independent=alone, title=opened.name, facts=facts
    )
    say(
        f"{out}: {out.stat().st_size / 1e6:.1f} MB; {by} computes the same scores from it (the largest difference is "
        f"{apart:.1e} of their range)"
    )
