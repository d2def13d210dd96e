"""What a lens shows, saved as a figure or as data with all that it was made from."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.core.drawing.styles import FORMATS
from explorer.core.errors import UserError
from explorer.core.progress import OnStep
from explorer.state.file_state import state_of
from explorer.state.lens import ChosenLens
from explorer.state.library import Library
from explorer.state.pipeline import Pipeline

if TYPE_CHECKING:
    from explorer.core.network.opening import Network

DATA = "npz"


def save_shown(
    lens: ChosenLens, pipeline: Pipeline, library: Library, path: Path, saved: Callable[[Path], None]
) -> None:
    """Write the map on show to `path`, as its ending says, on the batch worker; then `saved(path)`.

    UserError where no lens shows a map yet, and for an ending of something else.
    """
    found, shown, chosen = lens.found, pipeline.shown, lens.lens
    if found is None or shown is None or chosen is None or lens.rough:
        raise UserError("No lens shows a map yet; choose one (L), and wait for its map.")
    ending = path.suffix.lower().removeprefix(".")
    if ending not in (*FORMATS, DATA):
        raise UserError(f"{path.name} has no ending of a figure; choose {', '.join(FORMATS)}, or {DATA} for the data.")

    def work(network: "Network", on_step: OnStep) -> Path:
        from explorer.core.attribution.figure import figure_of
        from explorer.core.attribution.result_file import describe, packed
        from explorer.core.figures.attribution_figure import attribution_figure
        from explorer.core.figures.single import FigureStyle
        from explorer.core.images import picture_digest
        from trainer.files.atomic_files import cannot_write, replace_file

        name, digest = "", ""
        if chosen.of_picture:
            name, digest = shown.picture.name, picture_digest(shown.picture)
            if state_of(shown.picture) != shown.state:
                raise UserError(f"{name} is another file by now; look at it again, then save.")
        described = describe(network, found.target, found.settings, name, digest)
        described = {"lens": chosen.name, **described}
        if ending == DATA:
            content = packed(found, described)
        else:
            rgb = shown.rgb if found.rgb is None else found.rgb
            figure = figure_of(network, chosen, rgb, found.map, found.score, described)
            content = attribution_figure(figure, ending, FigureStyle())
        try:
            replace_file(path, content)
        except OSError as error:
            raise cannot_write(path, error) from error
        return path

    library.network_session.run(library.batch, "figure", work, saved)
