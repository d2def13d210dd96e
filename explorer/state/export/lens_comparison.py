"""An export of a lens over two networks: A's map, B's, and B minus A of many pictures."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.core.attribution import LENSES
from explorer.core.errors import UserError
from explorer.core.progress import OnStep, no_step
from explorer.core.tags.book import FilterKey
from explorer.state.comparison.side_by_side import SideBySide
from explorer.state.lens.chosen_lens import ChosenLens, Request
from explorer.state.lens.target_choice import PREDICTED

if TYPE_CHECKING:
    from explorer.core.arrays import RGB
    from explorer.core.comparison.figures_of_both import BothFigures, Drawn, FigureOfBoth
    from explorer.core.figures.side_by_side import Panel
    from explorer.core.figures.single import FigureStyle
    from explorer.core.figures.size import ExportSize
    from explorer.core.network.opening import Network

OF_EACH = ("class:", "probability:")
"""Targets that are of the class which A names of each picture."""


@dataclass(frozen=True)
class LensComparisonOrder:
    """What a person wants exported into the folder `out`: the lens of `request` over pictures, of A and of `second`.

    `target` may be one of `OF_EACH`; `filter` is the filter of B that stands for the one in view; `points` as
    `color_limit` takes them.
    """

    out: Path
    pictures: tuple[Path, ...]
    second: "Network"
    request: Request
    target: str
    filter: FilterKey | None
    points: float
    style: "FigureStyle"
    format: str

    def size(self, network: "Network") -> "ExportSize":
        """How much is still to be drawn; large work is tried on a few pictures first."""
        from explorer.core.figures.side_by_side import WIDTH
        from explorer.core.figures.size import largest_file, size_by_trial, there_already

        def trial(folder: Path, count: int) -> None:
            replace(self, out=folder, pictures=self.pictures[:count]).draw(network, no_step)

        files = max(len(self.pictures) - there_already(self.out, f".A_B.{self.format}"), 0)
        return size_by_trial(files, largest_file(self.style, WIDTH), self.out, files, trial)

    def draw(self, network: "Network", on_step: OnStep) -> "BothFigures":
        """Draw the figures that are not there yet; it may run in another thread."""
        from explorer.core.comparison.figures_of_both import FigureOfBoth, about_both, write_figures
        from explorer.core.images import read_image

        second, lens = self.second.for_another_thread(), LENSES[self.request.lens]

        def make(number: int) -> "FigureOfBoth":
            path = self.pictures[number]
            rgb = read_image(path)
            target = self._target(network, rgb)
            settings = dict(self.request.settings)
            about = about_both(network, second, path, lens=lens.name, target=target, settings=settings)
            drawn: Callable[[], Drawn] = lambda: (  # noqa: E731 - it is called where the figure is not there yet
                rgb,
                self._panels(network, second, rgb, target),
                (f"{path.stem} · {lens.title}, {target}", f"A: {network.name} · B: {second.name}"),
            )
            return FigureOfBoth(about, drawn)

        figures = [(f"{lens.name}_", make)]
        return write_figures(figures, self.pictures, self.out, self.style, format=self.format, on_step=on_step)

    def _target(self, network: "Network", rgb: "RGB") -> str:
        if self.target not in OF_EACH:
            return self.target
        from explorer.core.maps.activations import predict

        return self.target + network.classes[int(predict(network, rgb).argmax())]

    def _panels(self, first: "Network", second: "Network", rgb: "RGB", target: str) -> "list[Panel]":
        from explorer.core.comparison.lens_of_both import lens_panels, through_both, translated

        lens, settings = LENSES[self.request.lens], dict(self.request.settings)
        requests = (target, settings), translated(lens, target, settings, second, self.filter)
        both = through_both(lens, (first, second), rgb, requests, no_step)
        return lens_panels(lens, both, (first.name, second.name), points=self.points)


def lens_comparison_order(lens: ChosenLens, sides: SideBySide, **values: Any) -> LensComparisonOrder:
    """The lens over the picture as an order; `values` are the other fields. UserError where nothing can be compared."""
    request, second = lens.request, sides.second
    if request is None or second is None or request.picture is None:
        raise UserError("There is nothing to compare: choose a lens (L) that is of the picture, and a second network.")
    kind, _, _ = request.target.partition(":")
    target = f"{kind}:" if lens.pointed_at == PREDICTED else request.target
    return LensComparisonOrder(
        second=second, request=request, target=target, filter=sides.match.key, points=lens.points, **values
    )
