"""`feature-explorer occlude`: what covering parts of a picture does to a class or to filters."""

import argparse
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.commands.common import add_network_arguments, network_of, progress
from explorer.core.drawing.styles import FORMATS
from explorer.core.errors import UserError
from trainer.files.printing import printable, say, say_json

if TYPE_CHECKING:
    from explorer.core.attribution.occlusion.occluder import Occluder
    from explorer.core.figures.attribution_figure import AttributionFigure
    from explorer.core.figures.single import FigureStyle
    from explorer.core.network.opening import Network


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
    figures = parser.add_argument_group("figures")
    figures.add_argument("--figures", choices=tuple(FORMATS), help="draw each map over its picture, beside the .npz")
    figures.add_argument("--width", type=float, metavar="MM", help="of the figure (120)")
    figures.add_argument("--dpi", type=int, default=300, help="pixels per inch (300)")
    figures.add_argument("--limit", type=float, help="where the color scale ends; else each map's own largest value")
    parser.add_argument("--force", action="store_true", help="replace what is there")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.set_defaults(run=run, wrong_usage=parser.error)


def run(arguments: argparse.Namespace) -> int:
    """Do what the arguments of `add_parser` say; 0, 1 where a picture failed, or a UserError where all did."""
    from explorer.core.attribution.occlusion.occluder import Occluder
    from explorer.core.figures.single import FigureStyle
    from trainer.files.atomic_files import DiskFull
    from trainer.pictures.folder_walk import list_folder

    if arguments.figures and arguments.target == "all":
        arguments.wrong_usage("--figures needs a target of one number, not all")
    if arguments.limit is not None and not 0 < arguments.limit < math.inf:
        arguments.wrong_usage("--limit is a number above 0")
    style = FigureStyle(width_mm=arguments.width, dpi=arguments.dpi)
    occluder = Occluder(arguments.size, arguments.stride, fill_of(arguments.fill))
    network = network_of(arguments)
    job = _Job(network, arguments.target, occluder, arguments.figures, style, arguments.limit, arguments.force)
    if arguments.image is not None:
        todo = [(arguments.image, arguments.out)]
    else:
        if arguments.images.is_file():
            raise UserError(f"{arguments.images} is a file; give one picture with --image.")
        listing = list_folder(arguments.images).check()
        for sentence in (*listing.unreadable, *listing.notes):
            say(f"feature-explorer: {sentence}", error=True)
        todo = [(path, _place(path, arguments.images, arguments.out)) for path in listing.pictures]
        job.check(out for _, out in todo)
    _make_folders(arguments.out if arguments.image is None else arguments.out.parent, (out.parent for _, out in todo))
    written: list[str] = []
    failed: list[str] = []
    with progress("occluding") as bar:
        for place, (path, out) in enumerate(todo):
            bar(place, len(todo))
            try:
                written += job.do(path, out, again=arguments.image is None)
            except UserError as error:
                if arguments.image is not None:
                    raise
                failed.append(str(error))
                if isinstance(error, DiskFull):  # the next one would not be written either
                    left = len(todo) - place - 1
                    failed += [f"{left:,} more pictures were not begun; the same command goes on."] * bool(left)
                    break
    if arguments.json:
        say_json({"written": written, "failed": failed, "method": job.method})
    else:
        say(f"{len(written)} written to {arguments.out}" + (f" ({job.method})" if job.method else ""))
    for reason in failed:
        say(f"feature-explorer: {printable(reason)}", error=True)
    return 1 if failed else 0


def _place(path: Path, folder: Path, out: Path) -> Path:
    """Where a picture's result lies: the same path under `out`, its ending kept, so that no two are one."""
    return out / path.relative_to(folder).with_name(f"{path.name}.npz")


@dataclass
class _Job:
    """What is done with every picture; `method` says how the last sweep was computed."""

    network: "Network"
    target: str
    occluder: "Occluder"
    figures: str | None
    style: "FigureStyle"
    limit: float | None
    force: bool
    method: str = ""

    def check(self, places: Iterable[Path]) -> None:
        """UserError where results of other settings lie among those to come: nobody could tell them apart later."""
        from explorer.core.attribution.occlusion.result_file import kept_settings, settings_of

        wanted = settings_of(self.network, self.target, self.occluder, "", "")
        for place in places:
            kept = None if self.force or not place.exists() else kept_settings(place)
            if kept is not None and any(kept.get(name) != value for name, value in wanted.items() if value != ""):
                raise UserError(
                    f"{place} was made with other settings; choose another folder, or add --force to replace what is "
                    "there."
                )

    def do(self, path: Path, out: Path, *, again: bool) -> list[str]:
        """Sweep a picture and draw it; what was written.

        With `again`, what is there and was made with the same settings is left; otherwise that is a UserError.
        """
        from explorer.core.attribution.occlusion.result_file import kept_settings, packed, settings_of
        from explorer.core.attribution.occlusion.sensitivity import occlude
        from explorer.core.images import picture_digest, read_image

        figure = out.with_suffix(f".{self.figures}") if self.figures else None
        there = [place for place in (out, figure) if place is not None and place.exists()]
        if there and not (again or self.force):
            raise UserError(f"{there[0]} exists already; choose another name, or add --force to replace it.")
        settings = settings_of(self.network, self.target, self.occluder, path.name, picture_digest(path))
        written = []
        if self.force or not out.exists():
            rgb = read_image(path)
            found = occlude(self.network, rgb, self.target, self.occluder)
            self.method = found.method
            _write(out, packed(found, settings), named=not again)
            written.append(str(out))
        else:
            kept = kept_settings(out)
            if kept is None or any(kept.get(name) != value for name, value in settings.items()):
                raise UserError(
                    f"{out} was made with other settings or from another picture; choose another folder, or add "
                    "--force to replace it."
                )
        if figure is not None and (written or not self._is_drawn(path, out, figure, settings)):
            self._draw(path, out, figure, settings)
            written.append(str(figure))
        return written

    def _is_drawn(self, path: Path, out: Path, figure: Path, settings: dict[str, Any]) -> bool:
        """Whether the figure is there; UserError where another is there under its name."""
        from explorer.core.figures.attribution_figure import is_drawn

        if not figure.exists():
            return False
        if not is_drawn(figure, self._shown(path, out, settings), self.style):
            raise UserError(
                f"{figure} was drawn with other settings; choose another folder, or add --force to replace it."
            )
        return True

    def _shown(self, path: Path, out: Path, settings: dict[str, Any]) -> "AttributionFigure":
        from explorer.core.attribution.occlusion.result_file import kept_map
        from explorer.core.figures.attribution_figure import AttributionFigure
        from explorer.core.images import read_image

        rgb = read_image(path)
        map, unoccluded = kept_map(out)
        return AttributionFigure(rgb, self.network.input.frame(*rgb.shape[:2]), map, unoccluded, settings, self.limit)

    def _draw(self, path: Path, out: Path, figure: Path, settings: dict[str, Any]) -> None:
        from explorer.core.figures.attribution_figure import occlusion_figure

        assert self.figures is not None
        _write(figure, occlusion_figure(self._shown(path, out, settings), self.figures, self.style), named=False)


def _make_folders(root: Path, folders: Iterable[Path]) -> None:
    """Make the folders below `root` and remove what killed runs left in them."""
    from trainer.files.atomic_files import cannot_write, subfolder, sweep_folder

    for folder in dict.fromkeys(folders):
        try:
            sweep_folder(subfolder(root, *folder.relative_to(root).parts))
        except OSError as error:
            raise cannot_write(folder, error) from error


def _write(path: Path, content: bytes, *, named: bool) -> None:
    """Write a file that a person `named`, or one of a folder whose names are made up here."""
    from trainer.files.atomic_files import cannot_write, replace_file

    try:
        replace_file(path, content, follow=named)
    except OSError as error:
        raise cannot_write(path, error) from error


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
