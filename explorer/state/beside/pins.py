"""What a person pins so that it stays beside, wherever they walk: a filter, or a picture."""

from pathlib import Path
from typing import TYPE_CHECKING

from explorer.core.counting import clipped
from explorer.core.tags.book import FilterKey
from explorer.state.lens.chosen_lens import ChosenLens
from explorer.state.lens.elsewhere import LensElsewhere
from explorer.state.opened.library import Library
from explorer.state.session import Session, View
from explorer.state.view.beside import RESOLUTION, BesideEntry, Drawn
from explorer.state.view.map_drawing import draw, drawn_attribution, fit
from explorer.state.view.pipeline import Pipeline

if TYPE_CHECKING:
    from explorer.core.arrays import RGB
    from explorer.core.attribution.lens import Lens
    from explorer.state.opened.network_session import OverPicture

LONGEST = 14
"""Characters of a picture's name in the choice."""


class PinnedFilter(BesideEntry):
    """A filter's overlay on the picture in view, whatever filter lies over it; of the network that is open."""

    key = "pinned filter"

    def __init__(self, session: Session, pipeline: Pipeline, library: Library) -> None:
        super().__init__()
        self._session, self._pipeline = session, pipeline
        self.filter: FilterKey | None = None
        pipeline.maps_changed.connect(self._redraw)
        pipeline.scale_changed.connect(self._redraw)
        library.network_opened.connect(lambda network: self.pin(None))

    @property
    def title(self) -> str:
        """Which filter it is, while one is pinned."""
        return f"filter {self.filter}" if self.filter is not None else ""

    def pin(self, filter: FilterKey | None) -> None:
        """Let this filter stand beside, or none any more."""
        if filter != self.filter:
            self.filter = filter
            self.changed.emit()

    def drawn(self, longest: int = RESOLUTION) -> Drawn:
        """Its overlay and its scale; the picture alone while there are no maps of it."""
        key, activations, caption = self.filter, self._pipeline.activations, f"pinned: filter {self.filter}"
        overlay = self._pipeline.overlay(key.layer, key.filter, longest) if key is not None else None
        if key is None or activations is None or overlay is None:
            return Drawn(caption=caption)
        scale = self._pipeline.scale(key.layer, key.filter)
        return Drawn(overlay=overlay, frame=activations.frame, caption=caption, bar=scale)

    def _redraw(self) -> None:
        if self.filter is not None:
            self.changed.emit()


class PinnedPicture(BesideEntry):
    """What the network sees of another picture, with what lies over the one in view: the filter's map, on its scale, or
    that of the lens, in its colors. The picture is of the folder that is open."""

    key = "pinned picture"

    def __init__(self, session: Session, pipeline: Pipeline, library: Library, lens: ChosenLens) -> None:
        super().__init__()
        self._session, self._pipeline, self._library, self._lens = session, pipeline, library, lens
        self._through = LensElsewhere(library, lens, self)
        self._through.changed.connect(self._redraw)
        lens.changed.connect(self._redraw)
        self._picture: Path | None = None
        self._crop: RGB | None = None
        library.over.arrived.connect(lambda pictures: self._redraw() if self.picture in pictures else None)
        pipeline.scale_changed.connect(self._redraw)
        session.changed.connect(self._view_changed)
        library.folder_opened.connect(lambda folder: self.pin(None))
        library.network_opened.connect(lambda network: self._redraw())

    @property
    def title(self) -> str:
        """Which picture it is, while one is pinned."""
        return f"picture {clipped(self.picture.stem, LONGEST)}" if self.picture is not None else ""

    @property
    def picture(self) -> Path | None:
        """The picture that is pinned."""
        return self._picture

    def pin(self, picture: Path | None) -> None:
        """Let this picture, which is the one in view, stand beside, or none any more."""
        if picture != self.picture:
            shown = self._pipeline.shown
            self._picture = picture
            self._crop = shown.crop if shown is not None and shown.picture == picture else None
            self.changed.emit()

    def drawn(self, longest: int = RESOLUTION) -> Drawn:
        """The picture with the overlay; without it while it is computed."""
        if self.picture is None:
            return Drawn()
        view, lens = self._session.view, self._lens.lens
        name = f"pinned: {clipped(self.picture.stem, LONGEST)}"
        over_picture: OverPicture | None = self._library.over.get(self.picture)
        if lens is not None:
            return self._drawn_lens(lens, self.picture, over_picture, name)
        caption = f"{name} · filter {FilterKey(view.layer, view.filter)}"
        if over_picture is None or view.filter >= len(over_picture.maps):
            return Drawn(picture=self._crop, caption=caption)
        from trainer.networks.input_spec import Box

        self._crop, size = over_picture.crop, over_picture.crop.shape[:2]
        maps = over_picture.maps.astype("float32")
        scale = self._pipeline.scale_over_pictures(maps, view.layer, view.filter)
        overlay = draw(maps[view.filter], scale, view.style, fit((size[0], size[1]), longest))
        same = scale == self._pipeline.scale(view.layer, view.filter)
        return Drawn(self._crop, overlay, Box(0, 0, *size), caption, None if same else scale)

    def _drawn_lens(self, lens: "Lens", picture: Path, over_picture: "OverPicture | None", name: str) -> Drawn:
        """The picture with the lens's map of it; without it while it is measured."""
        self._crop = over_picture.crop if over_picture is not None else self._crop
        attribution, learned = self._through.get(picture), self._lens.found
        if self._crop is None or attribution is None:
            return Drawn(picture=self._crop, caption=f"{name} · {self._through.trouble or 'measuring …'}")
        from trainer.networks.input_spec import Box

        overlay, _ = drawn_attribution(attribution, lens, self._lens.points, like=learned)
        frame = Box(0, 0, *self._crop.shape[:2])
        return Drawn(self._crop, overlay, frame, f"{name} · {lens.title}, {attribution.target}")

    def _view_changed(self, before: View, after: View) -> None:
        if (after.layer, after.filter, after.style) != (before.layer, before.filter, before.style):
            self._redraw()

    def _redraw(self) -> None:
        if self.picture is not None:
            self.changed.emit()
