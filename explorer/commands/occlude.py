"""`feature-explorer occlude`: what covering parts of a picture does to a class or to filters."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.commands.common import add_network_arguments, network_of, progress
from explorer.core.errors import UserError

if TYPE_CHECKING:
    from explorer.core.occluder import Occluder


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `occlude` to the explorer's subcommands; its `run` is set as a default."""
    parser = subparsers.add_parser(
        "occlude",
        help="measure what covering parts of a picture changes",
        description="Cover every part of a picture in turn and write how much a class's score or a filter's answer "
        "falls (.npz). A folder that was interrupted goes on where it stopped.",
    )
    add_network_arguments(parser)
    pictures = parser.add_mutually_exclusive_group(required=True)
    pictures.add_argument("--image", type=Path, help="one picture")
    pictures.add_argument("--images", type=Path, help="a folder of pictures; --out is then a folder too")
    parser.add_argument(
        "--target",
        required=True,
        help="class:NAME (its logit), probability:NAME, filter:7:8 (its peak), filter:7:8:mean, filter:7:8:at:ROW,COL, "
        "or all (the peaks of all filters)",
    )
    parser.add_argument("--size", type=int, default=16, help="of the patch, in pixels of the input (16)")
    parser.add_argument("--stride", type=int, default=8, help="of its walk (8)")
    parser.add_argument("--fill", default="mean", help="mean, blur, surround, a number, or a color: 0.8,0.6,0.5")
    parser.add_argument("--out", type=Path, required=True, help="the .npz to write")
    parser.add_argument("--force", action="store_true", help="replace what is there")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what the arguments of `add_parser` say; 0, or a UserError where nothing came of it."""
    from explorer.core.images import list_images
    from explorer.core.occluder import Occluder

    occluder = Occluder(arguments.size, arguments.stride, fill_of(arguments.fill))
    network = network_of(arguments)
    if arguments.image is not None:
        if arguments.out.exists() and not arguments.force:
            raise UserError(f"{arguments.out} exists already; choose another name, or add --force to replace it.")
        todo = [(arguments.image, arguments.out)]
    else:
        folder = arguments.images
        found = [(path, _place(path, folder, arguments.out)) for path in list_images(folder)]
        todo = [(path, out) for path, out in found if arguments.force or not out.exists()]
    written, failed, method = [], [], ""
    with progress("occluding") as bar:
        for place, (path, out) in enumerate(todo):
            bar(place, len(todo))
            try:
                method = _one(network, path, out, arguments.target, occluder)
                written.append(str(out))
            except UserError as error:
                if arguments.image is not None or (not written and place == len(todo) - 1):
                    raise
                failed.append(str(error))
    if arguments.json:
        print(json.dumps({"written": written, "failed": failed, "method": method}))
    else:
        print(f"{len(written)} written to {arguments.out}" + (f" ({method})" if method else ""))
    for reason in failed:
        print(f"feature-explorer: {reason}", file=sys.stderr)
    return 0


def _place(path: Path, folder: Path, out: Path) -> Path:
    """Where a picture's result lies: the same path under `out`, its ending kept, so that no two are one."""
    return out / path.relative_to(folder).with_name(f"{path.name}.npz")


def _one(network: Any, path: Path, out: Path, target: str, occluder: "Occluder") -> str:
    import io

    import numpy as np

    from explorer.core.images import picture_digest, read_image
    from explorer.core.occlusion import occlude
    from trainer.files import cannot_write, replace_file

    found = occlude(network, read_image(path), target, occluder)
    settings = {
        "target": target,
        "size": occluder.size,
        "stride": occluder.stride,
        "fill": occluder.fill,
        "method": found.method,
        "network_digest": network.digest,
        "picture": path.name,
        "picture_digest": picture_digest(path),
        "layers": {str(layer): [part.start, part.stop] for layer, part in found.layers.items()},
    }
    columns = {
        "drops": found.drops,
        "unoccluded": found.unoccluded,
        "tops": np.array(found.tops),
        "lefts": np.array(found.lefts),
        "settings": np.array(json.dumps(settings)),
    }
    if found.map is not None:
        columns["map"] = found.map
    content = io.BytesIO()
    np.savez_compressed(content, **columns)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        replace_file(out, content.getvalue())
    except OSError as error:
        raise cannot_write(out, error) from error
    return found.method


def fill_of(text: str) -> str | float | tuple[float, float, float]:
    """The fill written as a word, a number or a color; UserError for a color that is none."""
    parts = text.split(",")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        return text  # a word; the occluder says which there are
    if len(numbers) == 1:
        return numbers[0]
    if len(numbers) != 3 or not all(0 <= number <= 1 for number in numbers):
        raise UserError(f'"{text}" is no color; write three numbers from 0 to 1, such as 0.8,0.6,0.5.')
    return (numbers[0], numbers[1], numbers[2])
