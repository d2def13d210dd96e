"""The picture in view with what is laid over it: the map of the filter in view, or that of a lens."""

import math
from typing import TYPE_CHECKING

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from explorer.core.attribution.color_range import range_text
from explorer.core.drawing.styles import Scale
from explorer.state.comparison.side_by_side import SideBySide
from explorer.state.lens.chosen_lens import ChosenLens
from explorer.state.lens.occluding import Occluding
from explorer.state.opened.library import Library
from explorer.state.session import Session, View
from explorer.state.suggestions.concept import SuggestedConcept
from explorer.state.view.beside import RESOLUTION, Beside, Drawn
from explorer.state.view.map_drawing import drawn_attribution, place_in
from explorer.state.view.muting import Muting
from explorer.state.view.pipeline import Pipeline
from explorer.ui.panels.beside_drawing import BesideDrawing, show_bar
from explorer.ui.panels.display_bar import DisplayBar
from explorer.ui.panels.readout import concept_at, value_at
from explorer.ui.panels.scale_lock import ScaleLock
from explorer.ui.panels.second_network_strip import SecondNetworkStrip
from explorer.ui.widgets.image_view import ImageView
from explorer.ui.widgets.info_mark import InfoMark
from explorer.ui.widgets.labels_and_layouts import ColorBar, column, label, row
from explorer.ui.widgets.map_histogram import MapHistogram
from explorer.ui.widgets.theme import SPACE

if TYPE_CHECKING:
    from explorer.core.attribution.lens import Lens
    from trainer.networks.input_spec import Box

ENOUGH = 300
"""Height in pixels from which on there is room for a histogram under the color bar."""

RESOLUTION_OF_LINES = 512
"""Longer side of the overlay over the picture with an outline, which `RESOLUTION` would blur."""
RELATIVE = "relative"
"""Stands at the ends of the bar of a lens whose values have no unit that people know."""


class Viewer(QWidget):
    """The picture in view, the overlay, its color scale, and the patch that a person puts on the picture."""

    def __init__(
        self,
        session: Session,
        pipeline: Pipeline,
        library: Library,
        lens: ChosenLens,
        occluding: Occluding,
        muting: Muting,
        concept: SuggestedConcept,
        beside: Beside,
        sides: SideBySide,
    ) -> None:
        super().__init__()
        self._session, self._pipeline, self._library, self._lens = session, pipeline, library, lens
        self._occluding, self._concept = occluding, concept
        self._sides = sides
        self.image = ImageView()
        self.bar, self.beside = ColorBar(), BesideDrawing(session, beside, muting, self.image)
        self.measured = label("", "quiet", wrap=True)
        self.measured.setFixedWidth(self.bar.width())
        self.display = DisplayBar(session, lens, beside)
        self._mouse = math.nan, math.nan
        self.histogram = MapHistogram(self.bar.width())
        self.histogram.ends_moved.connect(lambda foot, peak: session.update_style(scale="fixed", foot=foot, peak=peak))
        self.lock = ScaleLock(session, lambda: pipeline.scale(session.view.layer, session.view.filter))
        self.explanation = InfoMark("scale")
        below = row(self.lock, self.explanation, 1, gap=4)
        colors = column(self.bar, self.histogram, below, self.measured)
        colors.setStretch(0, 1)
        side = QWidget()
        colors.setContentsMargins(SPACE, 0, 0, 0)  # the frame around a muted network's picture touches no words
        side.setLayout(colors)
        side.setFixedWidth(self.bar.width() + SPACE)
        self.strip = SecondNetworkStrip(sides)
        self.setLayout(column(self.display, self.strip, row(self.beside.bar, self.image, side, gap=0), gap=SPACE))
        pipeline.picture_changed.connect(self._picture_changed)
        pipeline.maps_changed.connect(self._draw)
        pipeline.scale_changed.connect(self._draw)
        lens.changed.connect(self._draw)
        concept.changed.connect(self._draw)
        occluding.changed.connect(self._draw_patch)
        sides.changed.connect(self._sides_changed)
        self._swapped = False
        session.changed.connect(self._view_changed)
        self.image.hovered.connect(self._hovered)
        self.image.clicked.connect(self._clicked)
        library.network_opened.connect(lambda network: self._say_what_is_missing())
        library.folder_opened.connect(lambda folder: self._say_what_is_missing())
        self._apply(session.view)
        self._picture_changed()
        self._draw()
        if library.network is not None or library.folder is not None:
            self._say_what_is_missing()

    def drag_patch(self, dragging: bool) -> None:
        """Let the patch follow the mouse, or stay where it is clicked."""
        self.image.set_panning(not dragging)
        self._occluding.follow(dragging)

    def _picture_changed(self) -> None:
        shown = self._pipeline.shown
        self.image.set_picture(shown.screen if shown else None)
        self._show_frame()

    def _show_frame(self) -> None:
        """What the network in front sees."""
        shown, network = self._pipeline.shown, self._sides.network_in_front
        if shown is not None and network is not None:
            same_input = network.input == shown.input
            frame = shown.frame if same_input else network.input.frame_of(shown.rgb)
            self.image.set_frame(frame, shown.about_frame if same_input else "")

    def _say_what_is_missing(self) -> None:
        missing = "" if self._library.folder else "Open a folder of pictures (Ctrl+Shift+O), or drop one here."
        self.image.set_hint(missing)

    def _view_changed(self, before: View, after: View) -> None:
        self._apply(after)
        if (after.layer, after.filter) != (before.layer, before.filter) or after.style != before.style:
            self._draw()

    def _apply(self, view: View) -> None:
        self._set_opacity()

    def _set_opacity(self) -> None:
        """As it was chosen; a picture that a lens made covers what lies below it."""
        self.image.set_opacity(self._lens.opacity)

    def _frame(self) -> "Box | None":
        activations = self._pipeline.activations
        return activations.frame if activations is not None else None

    def _draw(self) -> None:
        self._set_opacity()
        self.beside.draw()
        self._read_out()
        if not self._occluding.possible:
            self.image.outline(None)
        front = self._sides.in_front
        if front is not None:
            self._draw_front(front)
            return
        lens = self._lens.lens
        if lens is not None:
            self._draw_attribution(lens)
            return
        if self._concept_lies_over:
            self._draw_concept()
            return
        view = self._session.view
        longest = RESOLUTION_OF_LINES if view.style.outline else RESOLUTION
        drawn = self._pipeline.overlay(view.layer, view.filter, longest)
        self.image.set_overlay(drawn, self._frame())
        scale: Scale | None = self._pipeline.scale(view.layer, view.filter) if drawn is not None else None
        self.bar.show_scale(scale, view.style.color_map, view.style.outline)
        self.measured.setText(self._pipeline.measured if scale is not None else "")
        self.histogram.show_map(self._pipeline.map(view.layer, view.filter), scale)
        self._give_room()

    def _draw_front(self, drawn: Drawn) -> None:
        """The second network's answer in place of the first's."""
        self.image.set_overlay(drawn.overlay, drawn.frame)
        self.measured.setText("network B")
        self.histogram.show_map(None, None)
        show_bar(self.bar, drawn, self._session.view.style)
        self._give_room()

    def _sides_changed(self) -> None:
        """Another network lies in front, or its answer is another."""
        if self._sides.swapped or self._swapped:
            self._swapped = self._sides.swapped
            self._show_frame()
            self._draw()
        self.image.set_caption(self._sides.caption)

    @property
    def shows_filter(self) -> bool:
        """Whether the map of the filter in view lies over the picture, and nothing else."""
        return self._lens.lens is None and not self._sides.swapped and not self._concept_lies_over

    @property
    def _concept_lies_over(self) -> bool:
        """Whether a suggestion's concept lies over the picture in place of the filter's map."""
        return self._concept.lies_over(self._lens, self._sides)

    def _give_room(self) -> None:
        """The histogram stands where a filter's map lies over the picture, and the color bar is not too short then."""
        self.explanation.explain("scale" if self._lens.lens is None else "lens")
        self.strip.give_room(self.height() >= ENOUGH)
        scaled = self.shows_filter and self.height() >= ENOUGH
        for part in (self.histogram, self.lock):
            part.setVisible(scaled)
        self.explanation.setVisible(scaled or self._lens.lens is not None)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._give_room()

    def _draw_concept(self) -> None:
        """What is suggested, where it is to be seen: found in the picture, not by the network."""
        style, suggestion = self._session.view.style, self._concept.shown
        self.measured.setText(f"{suggestion.words}: K goes back" if suggestion is not None else "")
        self.histogram.show_map(None, None)
        self._give_room()
        drawn = self._concept.drawn(style, RESOLUTION_OF_LINES)
        self.image.set_overlay(drawn.overlay, drawn.frame)
        show_bar(self.bar, drawn, style)

    def _draw_attribution(self, lens: "Lens") -> None:
        self.measured.clear()
        self.histogram.show_map(None, None)
        self._give_room()
        attribution = self._lens.found
        # Under a patch a person wants to see the patch, not the map.
        if attribution is None or self._occluding.patch is not None:
            self.image.set_overlay(None, None)
            self.bar.show_attribution(None)
            return
        drawn, limit = drawn_attribution(attribution, lens, self._lens.points)
        self.image.set_overlay(drawn, self._frame())
        # A number in units of a gradient tells nobody anything: what is read of such a map is where it is strong.
        range_words = range_text(attribution, lens, limit) if lens.of_changes else RELATIVE
        ends = limit if attribution.rgb is None else None
        self.bar.show_attribution(ends, lens.positive, lens.negative, range_words)

    def _draw_patch(self) -> None:
        patch = self._occluding.patch
        if patch is None:
            self.image.set_patch(None)
        else:
            self.image.set_patch(patch.colors, patch.top, patch.left)
            self.image.outline(None)
        self._draw()

    def _hovered(self, x: float, y: float) -> None:
        self._mouse = x, y
        self._read_out()
        place = place_in(self._frame(), x, y)
        self._hold_patch(place if not self._sides.swapped else None)

    def _read_out(self) -> None:
        """Say what lies under the mouse, also where that changed and the mouse did not move."""
        x, y = self._mouse
        place = place_in(self._frame(), x, y)
        patched = self._occluding.said if not self._sides.looking else ""
        if math.isnan(x) or self._pipeline.shown is None:
            self.image.set_readout(patched)
            return
        text = f"x {int(x)}  y {int(y)}"
        if patched:
            self.image.set_readout(f"{text}   {patched}")
            return
        if self._sides.looking:
            text += self._sides.values_at(x, y)
        elif self._concept_lies_over:
            text += concept_at(self._concept, x, y)
        elif place is not None:
            text += value_at(self._session.view, self._pipeline, self._lens, place)
        elif self._frame() is not None:
            text += "   outside of what the network sees"
        self.image.set_readout(text)

    def _hold_patch(self, place: tuple[float, float] | None) -> None:
        """Let the patch follow the mouse, or show where a click would put it."""
        corner = self._occluding.corner(*place) if place is not None else None
        if place is None or corner is None:
            self.image.outline(None)
        elif self._occluding.following:
            self._occluding.cover(*corner)
        elif self._occluding.patch is None:
            self.image.outline(self._occluding.outline(*place))

    def _clicked(self, x: float, y: float) -> None:
        if not self._occluding.possible or self._occluding.following or self._sides.swapped:
            return
        place = place_in(self._frame(), x, y)
        corner = self._occluding.corner(*place) if place is not None else None
        if corner is None or self._occluding.patch is not None:
            self._occluding.uncover()
        else:
            self._occluding.cover(*corner)
