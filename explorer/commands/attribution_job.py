"""What every command does that writes attributions: pictures one by one, results beside which figures may lie."""

import argparse
import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.commands.large import add_yes, ask_about
from explorer.core.attribution.attribution_map import Value
from explorer.core.attribution.lens import Lens
from explorer.core.drawing.styles import FORMATS
from explorer.core.errors import UserError
from explorer.core.progress import OnStep, no_step
from trainer.console.numbers import any_number, positive, whole_number
from trainer.console.progress import progress
from trainer.files.printing import printable, say, say_json

if TYPE_CHECKING:
    from explorer.core.arrays import RGB
    from explorer.core.figures.attribution_figure import AttributionFigure
    from explorer.core.figures.single import FigureStyle
    from explorer.core.network.opening import Network

Described = dict[str, Any]


def add_picture_arguments(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add --image and --images, of which one is needed where pictures are `required`."""
    pictures = parser.add_mutually_exclusive_group(required=required)
    pictures.add_argument("--image", type=Path, help="one picture")
    pictures.add_argument("--images", type=Path, help="a folder of pictures; --out is then a folder too")


def add_output_arguments(parser: argparse.ArgumentParser) -> None:
    """Add where the results go, how their figures look, and --json."""
    parser.add_argument("--out", type=Path, required=True, help="the .npz to write")
    figures = parser.add_argument_group("figures")
    figures.add_argument("--figures", choices=tuple(FORMATS), help="draw each map over its picture, beside the .npz")
    figures.add_argument("--width", type=any_number, metavar="MM", help="of the figure (120)")
    figures.add_argument("--dpi", type=whole_number, default=300, help="pixels per inch (300)")
    figures.add_argument(
        "--limit",
        type=positive,
        help="where the color scale ends, for figures that are compared (0.1 of a probability: 10 points, as in the "
        "window); else each map's own largest value",
    )
    parser.add_argument("--force", action="store_true", help="replace what is there")
    add_yes(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")


@dataclass
class AttributionJob:
    """What is done with every picture.

    `compute(rgb, description, on_step)` gives the content of the result's file and how it was computed; `about` comes
    first in that description; `doing` is said beside the progress; `method` says how the last one was computed.
    """

    doing: str
    lens: Lens
    network: "Network"
    target: str
    settings: Mapping[str, Value]
    compute: "Callable[[RGB, Described, OnStep], tuple[bytes, str]]"
    figures: str | None
    style: "FigureStyle"
    limit: float | None
    force: bool
    about: Described
    method: str = ""
    correlations: list[float | None] = field(default_factory=list)
    """With the maps on the weights that were learned, where they were shuffled."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do what `add_picture_arguments` and `add_output_arguments` ask; 0, 1 where a picture failed, or UserError."""
        from explorer.core.attribution.target import parse_target
        from trainer.files.atomic_files import DiskFull
        from trainer.pictures.folder_walk import list_folder

        parse_target(self.target, self.network)  # what is wrong for every picture is said once
        todo: list[tuple[Path | None, Path]]
        single = arguments.images is None
        if single:
            todo = [(arguments.image, _named(arguments.out, arguments.image))]
        else:
            if arguments.images.is_file():
                raise UserError(f"{arguments.images} is a file; give one picture with --image.")
            listing = list_folder(arguments.images).check()
            for sentence in (*listing.unreadable, *listing.notes):
                say(f"feature-explorer: {sentence}", error=True)
            todo = [(path, _place(path, arguments.images, arguments.out)) for path in listing.pictures]
            self._check(out for _, out in todo)
        if not arguments.yes:
            self._ask(arguments.out, todo)
        root = todo[0][1].parent if single else arguments.out
        _make_folders(root, (out.parent for _, out in todo))
        written: list[str] = []
        failed: list[str] = []
        with progress(self.doing, "" if single else "pictures") as bar:
            within = bar if single else lambda *_: bar(0, 0)
            for position, (path, out) in enumerate(todo):
                if not single:
                    bar(position, len(todo))
                try:
                    self._do(path, out, within, written, again=not single)
                except UserError as error:
                    if single:
                        raise
                    failed.append(str(error))
                    if isinstance(error, DiskFull):  # the next one would not be written either
                        left = len(todo) - position - 1
                        failed += [f"{left:,} more pictures were not begun; the same command goes on."] * bool(left)
                        break
        summary: Described = {"written": written, "failed": failed, "method": self.method}
        text = f"{len(written)} written to {todo[0][1] if single else arguments.out}" + (
            f" ({self.method})" if self.method else ""
        )
        if self.correlations:
            from explorer.core.attribution.randomised import LikeShuffled

            alike = LikeShuffled.of(self.correlations)
            summary["like_learned"] = asdict(alike)
            text += f"\n{alike.sentence}"
        if arguments.json:
            say_json(summary)
        else:
            say(text)
        for reason in failed:
            say(f"feature-explorer: {printable(reason)}", error=True)
        return 1 if failed else 0

    def _ask(self, out: Path, todo: "Sequence[tuple[Path | None, Path]]") -> None:
        """UserError where these are very many files and nobody says that they are meant."""
        from explorer.core.figures.attribution_figure import WIDTH
        from explorer.core.figures.size import largest_file, size_by_trial
        from trainer.files.atomic_files import subfolder

        left = [(path, place) for path, place in todo if self.force or not place.exists()]

        def trial(folder: Path, count: int) -> None:
            for number, (path, _) in enumerate(left[:count]):
                with contextlib.suppress(UserError):  # it is told when its turn comes
                    self._do(path, subfolder(folder) / f"{number}.npz", no_step, [], again=True)
            self.correlations.clear()

        files = len(left) * (1 + bool(self.figures))
        size = size_by_trial(files, largest_file(self.style, WIDTH), out, len(left), trial)
        ask_about(size, out, "pictures")

    def _described(self, path: Path | None) -> Described:
        """What decides the result of a picture; of no picture in particular with None."""
        from explorer.core.attribution.result_file import describe
        from explorer.core.images import picture_digest

        named = (path.name, picture_digest(path)) if path is not None and self.lens.of_picture else ("", "")
        return self.about | describe(self.network, self.target, self.settings, *named)

    def _check(self, results: Iterable[Path]) -> None:
        """UserError where results of other settings lie among those to come: nobody could tell them apart later."""
        from explorer.core.attribution.result_file import kept_description

        description = self._described(None)
        for path in results:
            previous = None if self.force or not path.exists() else kept_description(path)
            if previous is not None and any(
                previous.get(name) != value for name, value in description.items() if value != ""
            ):
                raise UserError(
                    f"{path} was made with other settings; choose another folder, or add --force to replace what is "
                    "there."
                )

    def _do(self, path: Path | None, out: Path, on_step: OnStep, written: list[str], *, again: bool) -> None:
        """Compute a picture's result and draw it; each file comes to `written` as soon as it is there.

        With `again`, what is there and was made with the same settings is left; otherwise that is a UserError.
        """
        from explorer.core.attribution.result_file import kept_description

        figure = out.with_suffix(f".{self.figures}") if self.figures else None
        existing = [file for file in (out, figure) if file is not None and file.exists()]
        if existing and not (again or self.force):
            raise UserError(f"{existing[0]} exists already; choose another name, or add --force to replace it.")
        described = self._described(path)
        fresh = self.force or not out.exists()
        if fresh:
            content, self.method = self.compute(read_picture(path), described, on_step)
            write_result(out, content, named=not again)
            written.append(str(out))
        else:
            previous = kept_description(out)
            if previous is None or any(previous.get(name) != value for name, value in described.items()):
                raise UserError(
                    f"{out} was made with other settings or from another picture; choose another folder, or add "
                    "--force to replace it."
                )
        if "randomised" in self.about:
            self.correlations.append((kept_description(out) or {}).get("rank_correlation"))
        if figure is not None and (fresh or not self._is_drawn(path, out, figure, described)):
            self._draw(path, out, figure, described)
            written.append(str(figure))

    def _is_drawn(self, path: Path | None, out: Path, figure: Path, described: Described) -> bool:
        """Whether the figure is there; UserError where another is there under its name."""
        from explorer.core.figures.attribution_figure import is_drawn

        if not figure.exists():
            return False
        if not is_drawn(figure, self._shown(path, out, described), self.style):
            raise UserError(
                f"{figure} was drawn with other settings; choose another folder, or add --force to replace it."
            )
        return True

    def _shown(self, path: Path | None, out: Path, described: Described) -> "AttributionFigure":
        from explorer.core.attribution.figure import figure_of
        from explorer.core.attribution.result_file import kept_map

        map, score, own_rgb = kept_map(out)
        rgb = read_picture(path) if own_rgb is None else own_rgb
        return figure_of(self.network, self.lens, rgb, map, score, described, self.limit)

    def _draw(self, path: Path | None, out: Path, figure: Path, described: Described) -> None:
        from explorer.core.figures.attribution_figure import attribution_figure

        assert self.figures is not None
        write_result(
            figure, attribution_figure(self._shown(path, out, described), self.figures, self.style), named=False
        )


def checked_style(arguments: argparse.Namespace) -> "FigureStyle":
    """The style of the figures."""
    from explorer.core.figures.single import FigureStyle

    return FigureStyle(width_mm=arguments.width, dpi=arguments.dpi)


def read_picture(path: Path | None) -> "RGB":
    """A picture (H, W, 3); one black pixel for a lens that looks at none."""
    import numpy as np

    from explorer.core.images import read_image

    return np.zeros((1, 1, 3), np.uint8) if path is None else read_image(path)


def _place(path: Path, folder: Path, out: Path) -> Path:
    """Where a picture's result lies: the same path under `out`, its ending kept, so that no two are one."""
    return out / path.relative_to(folder).with_name(f"{path.name}.npz")


def _named(out: Path, image: Path | None) -> Path:
    """The .npz of one picture: in a folder under the picture's name, and with its ending where a name has none."""
    if out.is_dir() and image is not None:
        return _place(image, image.parent, out)
    if not out.suffix:
        return out.with_name(f"{out.name}.npz")
    return out.with_suffix(".npz") if out.suffix.lower().removeprefix(".") in FORMATS else out  # the figure's own name


def _make_folders(root: Path, folders: Iterable[Path]) -> None:
    """Make the folders below `root` and remove what killed runs left in them."""
    from trainer.files.atomic_files import cannot_write, subfolder, sweep_folder

    for folder in dict.fromkeys(folders):
        try:
            sweep_folder(subfolder(root, *folder.relative_to(root).parts))
        except OSError as error:
            raise cannot_write(folder, error) from error


def write_result(path: Path, content: bytes, *, named: bool) -> None:
    """Write a file that a person `named`, or one of a folder whose names are made up here."""
    from trainer.files.atomic_files import cannot_write, replace_file

    try:
        replace_file(path, content, follow=named)
    except OSError as error:
        raise cannot_write(path, error) from error
