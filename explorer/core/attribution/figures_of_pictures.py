"""The figures of a lens on many pictures: drawn into a folder, and left where they are right already."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from explorer.core.arrays import RGB
from explorer.core.attribution.attribution_map import Settings
from explorer.core.attribution.color_range import OWN, limit_in_points
from explorer.core.attribution.figure import figure_of
from explorer.core.attribution.lens import Lens
from explorer.core.attribution.result_file import describe
from explorer.core.errors import UserError
from explorer.core.figures.attribution_figure import attribution_figure, is_drawn_with
from explorer.core.figures.single import FigureStyle
from explorer.core.images import picture_digest, read_image
from explorer.core.maps.activations import predict
from explorer.core.network.opening import Network
from explorer.core.progress import OnStep, no_step
from explorer.core.shared_folder import names_below
from trainer.files.atomic_files import DiskFull, cannot_write, replace_file, subfolder, sweep_folder


@dataclass(frozen=True)
class LensFigures:
    """File names of the figures that were written and that were right already; (picture, reason) of what failed."""

    written: tuple[str, ...]
    skipped: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]


def draw_figures(
    network: Network,
    lens: Lens,
    pictures: Sequence[Path],
    out: Path,
    *,
    target: str,
    settings: Settings,
    format: str,
    style: FigureStyle,
    points: float = OWN,
    on_step: OnStep = no_step,
) -> LensFigures:
    """Draw what a lens shows of each picture into the folder `out`, one figure each, named after picture and lens.

    `target` is written as for `attribute`; "class:" and "probability:" without a name are of the class that the network
    names of each picture. The colors of a map end at so many percentage `points` of a probability, as in `color_limit`.
    Pictures of several folders keep those below the one that they share. What was drawn with the same settings before
    is left, so that an export that was interrupted goes on. UserError for a target that the lens does not take, and
    where the folder cannot be made.
    """
    lens.check_target(target)
    written, skipped, failed = list[str](), list[str](), list[tuple[str, str]]()
    # A lens that makes its own picture shows the same whatever it is given.
    todo = list(pictures) if lens.of_picture else list(pictures[:1])
    figure_paths = [_place(name, lens, format) for name in names_below(todo)]
    try:
        for folder in dict.fromkeys(figure_path.parent for figure_path in figure_paths):
            sweep_folder(subfolder(out, *folder.parts))
    except OSError as error:
        raise cannot_write(out, error) from error
    for done, (path, figure_path) in enumerate(zip(todo, figure_paths, strict=True)):
        on_step(done, len(todo))
        try:
            new = _draw(network, lens, path, out / figure_path, target, settings, format, style, points)
        except UserError as error:
            failed.append((path.name, str(error)))
            if isinstance(error, DiskFull):
                break
            continue
        (written if new else skipped).append(figure_path.as_posix())
    on_step(len(todo), len(todo))
    return LensFigures(tuple(written), tuple(skipped), tuple(failed))


def _place(name: PurePath, lens: Lens, format: str) -> PurePath:
    """Where a picture's figure lies in the folder; its ending is kept, so that no two are one."""
    if not lens.of_picture:
        return PurePath(f"{lens.name}.{format}")
    return name.with_name(f"{name.name}.{lens.name}.{format}")


def _draw(
    network: Network,
    lens: Lens,
    path: Path,
    figure_path: Path,
    target: str,
    settings: Settings,
    format: str,
    style: FigureStyle,
    points: float,
) -> bool:
    """Whether the figure was drawn; False where it was there. UserError where another is there under its name."""
    rgb = read_image(path)
    target = _named(network, rgb, target)
    named = (path.name, picture_digest(path)) if lens.of_picture else ("", "")
    described = {"lens": lens.name, **describe(network, target, settings, *named)}
    limit = limit_in_points(lens, target, points)
    if limit is not None:
        described["points"] = points
    if figure_path.exists():
        if is_drawn_with(figure_path, lens.name, described, style):
            return False
        raise UserError(f"{figure_path} was drawn with other settings; choose another folder.")
    attribution = lens.compute(network, rgb, target, settings, no_step, None)
    figure = figure_of(
        network,
        lens,
        rgb if attribution.rgb is None else attribution.rgb,
        attribution.map,
        attribution.score,
        described,
        limit,
    )
    try:
        replace_file(figure_path, attribution_figure(figure, format, style), follow=False)
    except OSError as error:
        raise cannot_write(figure_path, error) from error
    return True


def _named(network: Network, rgb: RGB, target: str) -> str:
    """The target with the class that the network names, where it is of no class in particular."""
    if target not in ("class:", "probability:"):
        return target
    if not network.classes:
        raise UserError(f"{network.name} was opened without class scores; choose a filter as target.")
    return target + network.classes[int(predict(network, rgb).argmax())]
