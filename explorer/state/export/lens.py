"""An export of what the lens shows: the same lens, target and settings on other pictures."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.core.attribution import LENSES
from explorer.core.attribution.attribution_map import Value
from explorer.core.attribution.color_range import limit_in_points, points_text
from explorer.core.errors import UserError
from explorer.core.progress import OnStep, no_step
from explorer.state.lens.chosen_lens import ChosenLens
from explorer.state.lens.target_choice import PREDICTED

if TYPE_CHECKING:
    from explorer.core.attribution.figures_of_pictures import LensFigures
    from explorer.core.figures.single import FigureStyle
    from explorer.core.figures.size import ExportSize
    from explorer.core.network.opening import Network


@dataclass(frozen=True)
class LensOrder:
    """What a person wants exported: figures of a lens on pictures, into the folder `out`.

    `target` and `points` as `draw_figures` takes them.
    """

    out: Path
    pictures: tuple[Path, ...]
    lens: str
    target: str
    settings: tuple[tuple[str, Value], ...]
    points: float
    style: "FigureStyle"
    format: str

    def size(self, network: "Network") -> "ExportSize":
        """How much is still to be drawn; large work is tried on a few pictures first."""
        from explorer.core.figures.attribution_figure import WIDTH
        from explorer.core.figures.size import largest_file, size_by_trial, there_already

        def trial(folder: Path, count: int) -> None:
            replace(self, out=folder, pictures=self.pictures[:count]).draw(network, no_step)

        count = len(self.pictures) if LENSES[self.lens].of_picture else 1
        files = max(count - there_already(self.out, f".{self.lens}.{self.format}"), 0)
        return size_by_trial(files, largest_file(self.style, WIDTH), self.out, files, trial)

    def draw(self, network: "Network", on_step: OnStep) -> "LensFigures":
        """Draw the figures that are not there yet; it may run in another thread."""
        from explorer.core.attribution.figures_of_pictures import draw_figures

        return draw_figures(
            network,
            LENSES[self.lens],
            self.pictures,
            self.out,
            target=self.target,
            settings=dict(self.settings),
            format=self.format,
            style=self.style,
            points=self.points,
            on_step=on_step,
        )


def exported_lens(lens: ChosenLens, *, of_picture: bool = False) -> str:
    """The lens over the picture with its target, in words; "" where there is none to export (`of_picture`: that is not
    of one that it made)."""
    if lens.lens is None or lens.request is None or (of_picture and not lens.lens.of_picture):
        return ""
    target_words = "the predicted class of each" if lens.pointed_at == PREDICTED else lens.target
    return f"{lens.lens.title} of {target_words}"


def colors_exported(lens: ChosenLens) -> str:
    """In words, what of the window the figures of the lens have, and where their colors end."""
    limit = limit_in_points(lens.lens, lens.target, lens.points) if lens.lens is not None else None
    scale = "each map has a color scale of its own" if limit is None else f"the colors end at {points_text(limit)}"
    return f"Target, settings and opacity of the lens are those of the window; {scale}."


def lens_order(
    lens: ChosenLens, out: Path, pictures: tuple[Path, ...], format: str, width_mm: float, dpi: int
) -> LensOrder:
    """The lens over the picture as an order, in the colors of the window; UserError where there is none."""
    from explorer.core.figures.single import FigureStyle

    request = lens.request
    if request is None:
        raise UserError("No lens lies over the picture; choose one (L).")
    style = FigureStyle(width_mm=width_mm, dpi=dpi, opacity=lens.opacity)
    kind, _, _ = request.target.partition(":")
    target = f"{kind}:" if lens.pointed_at == PREDICTED else request.target
    return LensOrder(out, pictures, request.lens, target, request.settings, lens.points, style, format)
