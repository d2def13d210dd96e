"""What a lens shows, saved as a figure or as data with all that it was made from."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.core.drawing.styles import format_of
from explorer.core.errors import UserError
from explorer.core.progress import OnStep
from explorer.state.lens.chosen_lens import ChosenLens
from explorer.state.opened.file_state import state_of
from explorer.state.opened.library import Library
from explorer.state.view.pipeline import Pipeline

if TYPE_CHECKING:
    from explorer.core.network.opening import Network

DATA = "npz"
SLOT = "drawing the figure"
"""The worker's slot for the figure in view, which is announced under this name."""


def save_shown(
    lens: ChosenLens, pipeline: Pipeline, library: Library, path: Path, saved: Callable[[Path], None]
) -> None:
    """Write the map on show to `path`, as its ending says, on the batch worker; then `saved(path)`.

    UserError where no lens shows a map yet, and for an ending of something else.
    """
    ending = format_of(path, DATA)
    draw = drawn_lens(lens, pipeline)

    def work(network: "Network", on_step: OnStep) -> Path:
        from trainer.files.atomic_files import cannot_write, replace_file

        content = draw(network, ending)
        try:
            replace_file(path, content)
        except OSError as error:
            raise cannot_write(path, error) from error
        return path

    library.network_session.run(library.batch, SLOT, work, saved)


def drawn_lens(lens: ChosenLens, pipeline: Pipeline) -> "Callable[[Network, str], bytes]":
    """What draws the map on show as a file of some format (`DATA`: its numbers); it may run in another thread.

    Its colors and their opacity are those of the window.

    UserError where no lens shows a map yet; the function raises one where the picture's file is another by then.
    """
    attribution, shown, chosen, points, opacity = lens.found, pipeline.shown, lens.lens, lens.points, lens.opacity
    if attribution is None or shown is None or chosen is None or lens.rough:
        raise UserError("No lens shows a map yet; choose one (L), and wait for its map.")

    def draw(network: "Network", ending: str) -> bytes:
        from explorer.core.attribution.color_range import color_limit
        from explorer.core.attribution.figure import figure_of
        from explorer.core.attribution.result_file import describe, packed
        from explorer.core.figures.attribution_figure import attribution_figure
        from explorer.core.figures.single import FigureStyle
        from explorer.core.images import picture_digest

        name, digest = "", ""
        if chosen.of_picture:
            name, digest = shown.picture.name, picture_digest(shown.picture)
            if state_of(shown.picture) != shown.state:
                raise UserError(f"{name} is another file by now; look at it again, then save.")
        described = describe(network, attribution.target, attribution.settings, name, digest)
        described = {"lens": chosen.name, **described}
        if ending == DATA:
            return packed(attribution, described)
        rgb = shown.rgb if attribution.rgb is None else attribution.rgb
        limit = color_limit(chosen, attribution.target, attribution.map, points)
        figure = figure_of(network, chosen, rgb, attribution.map, attribution.score, described, limit)
        return attribution_figure(figure, ending, FigureStyle(opacity=opacity))

    return draw
