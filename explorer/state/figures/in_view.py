"""The figure in view, labelled: as a picture and as SVG for the clipboard, or in a file without a question."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.core.errors import UserError
from explorer.core.progress import OnStep
from explorer.core.tags.book import FilterKey
from explorer.state.comparison.side_by_side import SideBySide
from explorer.state.export.exporting import Exporting, figure_style
from explorer.state.figures.of_both import drawn_both
from explorer.state.figures.of_lens import SLOT, drawn_lens
from explorer.state.figures.of_panels import Draw, drawn_panels
from explorer.state.lens.chosen_lens import ChosenLens
from explorer.state.lens.occluding import Occluding
from explorer.state.opened.file_state import state_of
from explorer.state.opened.library import Library
from explorer.state.session import Session
from explorer.state.settings_file import Settings
from explorer.state.suggestions.concept import SuggestedConcept
from explorer.state.tags.tagging import Tagging
from explorer.state.view.beside import UNTOUCHED, Beside
from explorer.state.view.pipeline import Pipeline

if TYPE_CHECKING:
    from explorer.core.network.opening import Network

DPI = 300
FOLDER = "export/folder"
"""The setting that keeps into which folder figures went last."""


class FigureInView(QObject):
    """Draws what lies over the picture on the batch worker, with the same code as an export.

    What lies in front and what stands beside are both in it, each with its name.
    `copied(contents)` gives the file's content by format, `saved(path)` where a file lies, `failed(error)`.
    """

    copied = Signal(object)
    saved = Signal(object)
    failed = Signal(object)

    def __init__(
        self,
        session: Session,
        pipeline: Pipeline,
        library: Library,
        lens: ChosenLens,
        exporting: Exporting,
        tagging: Tagging,
        settings: Settings,
        sides: SideBySide,
        beside: Beside,
        occluding: Occluding,
        concept: SuggestedConcept,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._pipeline, self._library, self._lens = session, pipeline, library, lens
        self._exporting, self._tagging, self._settings, self._sides = exporting, tagging, settings, sides
        self._beside, self._occluding, self._concept = beside, occluding, concept

    @property
    def folder(self) -> Path:
        """Where figures go that are saved without a question: where the last ones went."""
        return Path(self._settings.text(FOLDER) or Path.home() / "feature-maps")

    def copy(self) -> None:
        """Draw the figure as PNG and as SVG; `copied` follows. UserError where there is none."""
        self._run(("png", "svg"), lambda name, contents: contents, self.copied.emit)

    def save(self) -> None:
        """Write the figure as PNG beside those saved before, never over another; `saved` follows."""
        folder = self.folder
        self._run(("png",), lambda name, contents: kept(folder, name, "png", contents["png"]), self.saved.emit)

    def _run(
        self,
        formats: tuple[str, ...],
        use: Callable[[str, Mapping[str, bytes]], object],
        done: Callable[[object], None],
    ) -> None:
        shown = self._pipeline.shown
        if shown is None or self._pipeline.activations is None:
            raise UserError("There is no figure in view yet; open a network and a picture.")
        draw = self._drawn()

        def work(network: "Network", on_step: OnStep) -> object:
            on_step(0, 0)
            if state_of(shown.picture) != shown.state:
                raise UserError(f"{shown.picture.name} is another file by now; look at it again first.")
            drawn = {format: draw(network, format) for format in formats}
            return use(drawn[formats[0]][0], {format: content for format, (_, content) in drawn.items()})

        self._library.network_session.run(self._library.batch, SLOT, work, done, self.failed.emit)

    def _drawn(self) -> Draw:
        """What draws all that the window shows; UserError for what is no figure."""
        if self._occluding.patch is not None:
            raise UserError("A patch lies on the picture: no figure is made of it. Take it away first; a click does.")
        concept, entry = self._concept.lies_over(self._lens, self._sides), self._beside.shown
        if self._sides.looking and concept:
            raise UserError("A suggestion lies over the picture, and another network beside: press K first.")
        if self._sides.looking:
            return drawn_both(self._session, self._pipeline, self._lens, self._sides, DPI)
        # One map, with the picture beside it or not, has a figure of its own.
        if concept or (entry is not None and entry.key != UNTOUCHED):
            in_view = self._session, self._pipeline, self._lens, self._sides, self._concept
            return drawn_panels(*in_view, entry, DPI)
        return self._of_lens() if self._lens.lens is not None else self._of_filter()

    def _of_filter(self) -> Draw:
        """What draws the filter's map as the window shows it: the file's name and content."""
        view, shown = self._session.view, self._pipeline.shown
        assert shown is not None
        key, picture, tags = FilterKey(view.layer, view.filter), shown.picture, self._tagging.book.copy()
        kind = self._exporting.kind_of_scale((key,))
        (scale,) = self._exporting.scales_in_window((key,), kind) or (None,)
        style = figure_style(view.style, None, DPI, sheet=False, scale=kind, caption=True)
        given = self._exporting.given((picture,))

        def draw(network: "Network", format: str) -> tuple[str, bytes]:
            from explorer.core.export.run import drawn_figures, plan_export

            scales = {key: scale} if scale is not None else {}
            plan = plan_export(
                network, [picture], [key], Path(), style, format=format, tags=tags, scales=scales, given=given
            )
            figures = drawn_figures(plan, jobs=1)
            if not figures:
                raise UserError(f"{picture.name} cannot be read any more.")
            # An export into the same folder has names of its own, and replaces what is its own.
            return f"{Path(plan.figures[0].name).stem}_in_view", figures[0]

        return draw

    def _of_lens(self) -> Draw:
        shown, name = self._pipeline.shown, self._lens.name
        draw = drawn_lens(self._lens, self._pipeline)
        assert shown is not None
        return lambda network, format: (f"{shown.picture.stem}_{name}", draw(network, format))


def kept(folder: Path, name: str, format: str, content: bytes) -> Path:
    """Write a figure into a folder under its name, or with a number where another has that name; where it lies."""
    from trainer.files.atomic_files import cannot_write, replace_file, subfolder

    path, number = folder / f"{name}.{format}", 1
    try:
        subfolder(folder)
        while path.exists() and path.read_bytes() != content:
            number += 1
            path = folder / f"{name}_{number}.{format}"
        replace_file(path, content, follow=False)
    except OSError as error:
        raise cannot_write(path, error) from error
    return path
