"""The picture in view with what is laid over it: the map of the filter in view, or that of a lens."""

import math
from typing import TYPE_CHECKING

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from explorer.core.drawing.styles import Scale
from explorer.state.lens import ChosenLens
from explorer.state.library import Library
from explorer.state.map_drawing import draw, fit
from explorer.state.muting import Muting
from explorer.state.occluding import Occluding
from explorer.state.picture_what_if import PictureWhatIf
from explorer.state.pipeline import Pipeline
from explorer.state.session import Session, View
from explorer.state.shuffled_weights import ShuffledWeights
from explorer.state.suggested_concept import SuggestedConcept
from explorer.state.what_if_over import WhatIfOver
from explorer.ui.panels.display_bar import DisplayBar
from explorer.ui.panels.scale_lock import ScaleLock
from explorer.ui.widgets.image_view import ImageView
from explorer.ui.widgets.labels_and_layouts import ColorBar, column, label, row
from explorer.ui.widgets.map_histogram import MapHistogram
from explorer.ui.widgets.theme import SPACE

if TYPE_CHECKING:
    from explorer.core.arrays import RGB, RGBA
    from explorer.core.attribution import AttributionMap
    from explorer.core.attribution.lens import Lens
    from trainer.networks.input_spec import Box

ENOUGH = 300
"""Height in pixels from which on there is room for a histogram under the color bar."""

RESOLUTION, RESOLUTION_OF_LINES = 256, 512
"""Longer side of the overlay over the picture, without and with an outline; beyond that Qt enlarges smoothly."""


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
        shuffled: ShuffledWeights,
        what_if: PictureWhatIf,
        what_if_over: WhatIfOver,
    ) -> None:
        super().__init__()
        self._session, self._pipeline, self._library, self._lens = session, pipeline, library, lens
        self._occluding, self._concept = occluding, concept
        self._shuffled, self._what_if, self._muting = shuffled, what_if, muting
        self._over, self._is_changed = what_if_over, False
        self.image = ImageView()
        self.bar = ColorBar()
        self.measured = label("", "quiet", wrap=True)
        self.measured.setFixedWidth(self.bar.width())
        self.display = DisplayBar(session, lens)
        self._dragging = False
        self.histogram = MapHistogram(self.bar.width())
        self.histogram.ends_moved.connect(lambda foot, peak: session.update_style(scale="fixed", foot=foot, peak=peak))
        self.lock = ScaleLock(session, lambda: pipeline.scale(session.view.layer, session.view.filter))
        beside = column(self.bar, self.histogram, self.lock, self.measured)
        beside.setStretch(0, 1)
        self.setLayout(column(self.display, row(self.image, beside, gap=0), gap=SPACE))
        pipeline.picture_changed.connect(self._picture_changed)
        pipeline.maps_changed.connect(self._draw)
        pipeline.scale_changed.connect(self._draw)
        lens.changed.connect(self._draw)
        concept.changed.connect(self._draw)
        occluding.changed.connect(self._draw_patch)
        shuffled.changed.connect(self._draw_beside)
        muting.changed.connect(self._warn)
        what_if.changed.connect(self._draw_beside)
        what_if_over.changed.connect(self._draw_beside)
        self._warn()
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
        self._dragging = dragging
        self.image.set_panning(not dragging)
        if not dragging:
            self._occluding.uncover()

    def _picture_changed(self) -> None:
        shown = self._pipeline.shown
        self.image.set_picture(shown.screen if shown else None)
        network = self._library.network
        if shown is not None and network is not None:
            self.image.set_frame(network.input.frame(*shown.rgb.shape[:2]))

    def _say_what_is_missing(self) -> None:
        missing = "" if self._library.folder else "Open a folder of pictures (Ctrl+Shift+O), or drop one here."
        self.image.set_hint(missing)

    def _view_changed(self, before: View, after: View) -> None:
        self._apply(after)
        if (after.layer, after.filter) != (before.layer, before.filter) or after.style != before.style:
            self._draw()

    def _apply(self, view: View) -> None:
        self._set_opacity()
        self._draw_beside()

    def _set_opacity(self) -> None:
        """As it was chosen; a picture that a lens made covers what lies below it."""
        found = self._lens.found
        self.image.set_opacity(1.0 if found is not None and found.rgb is not None else self._session.view.style.opacity)

    def _frame(self) -> "Box | None":
        activations = self._pipeline.activations
        return activations.frame if activations is not None else None

    def _draw(self) -> None:
        self._set_opacity()
        self._draw_beside()
        lens = self._lens.lens
        if lens is not None:
            self._draw_attribution(lens)
            return
        if self._concept.shown is not None and self._occluding.patch is None:
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

    def _give_room(self) -> None:
        """The histogram stands where a filter's map lies over the picture, and the color bar is not too short then."""
        for part in (self.histogram, self.lock):
            part.setVisible(self._lens.lens is None and self.height() >= ENOUGH)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._give_room()

    def _draw_concept(self) -> None:
        """What is suggested, where it is to be seen: found in the picture, not by the network."""
        style, found, suggestion = self._session.view.style, self._concept.map, self._concept.shown
        self.measured.setText(f"{suggestion.words}: K goes back" if suggestion is not None else "")
        if found is None:
            self.image.set_overlay(None, None)
            self.bar.show_scale(None, style.color_map, style.outline)
            return
        from trainer.networks.input_spec import Box

        scale = Scale(0.0, 1.0)
        drawn = draw(found, scale, style, fit(found.shape, RESOLUTION_OF_LINES))
        self.image.set_overlay(drawn, Box(0, 0, *found.shape))
        self.bar.show_scale(scale, style.color_map, style.outline)

    def _draw_attribution(self, lens: "Lens") -> None:
        self.measured.clear()
        self.histogram.show_map(None, None)
        self._give_room()
        found = self._lens.found
        # Under a patch a person wants to see the patch, not the map.
        if found is None or self._occluding.patch is not None:
            self.image.set_overlay(None, None)
            self.bar.show_attribution(None)
            return
        drawn, limit = drawn_map(found, lens)
        self.image.set_overlay(drawn, self._frame())
        self.bar.show_attribution(limit if found.rgb is None else None, lens.positive, lens.negative)

    def _warn(self) -> None:
        """An amber frame around what is not the real network, or not the real picture."""
        self.image.set_muted(bool(self._muting.keys) or self._what_if.showing)

    def _draw_beside(self) -> None:
        """A changed picture beside, or the lens on shuffled weights over the same one, or the same one, or nothing."""
        self._warn()
        changed = self._what_if.picture if self._what_if.showing else None
        if changed is not None or self._is_changed:
            self.image.set_picture_beside(changed)
            self._is_changed = changed is not None
        if self._what_if.showing:
            self.image.set_beside(True)
            said = " · ".join(filter(None, ("what if", "not the real picture", self._over.trouble)))
            self.image.set_overlay_beside(self._over.overlay(), self._over.frame, said)
            return
        found, lens, showing = self._shuffled.found, self._lens.lens, self._shuffled.showing
        self.image.set_beside(self._session.view.style.beside or showing)
        drawn = drawn_map(found, lens)[0] if found is not None and lens is not None else None
        self.image.set_overlay_beside(drawn, self._frame(), "shuffled weights" if showing else "")

    def _draw_patch(self) -> None:
        patch = self._occluding.patch
        if patch is None:
            self.image.set_patch(None)
        else:
            self.image.set_patch(patch.colors, patch.top, patch.left)
            self.image.outline(None)
        self._draw()

    def _place(self, x: float, y: float) -> tuple[float, float] | None:
        """(row, column) of the input, as shares of its sides, under a point of the picture; None outside of it."""
        frame = self._frame()
        if frame is None or math.isnan(x):
            return None
        row, column = (y - frame.top) / frame.height, (x - frame.left) / frame.width
        return (row, column) if 0 <= row < 1 and 0 <= column < 1 else None

    def _hovered(self, x: float, y: float) -> None:
        if math.isnan(x):
            self.image.set_readout("")
            self.image.outline(None)
            return
        place = self._place(x, y)
        text = f"x {int(x)}  y {int(y)}"
        if place is not None:
            text += self._value_at(place)
        elif self._frame() is not None:
            text += "   outside of what the network sees"
        self.image.set_readout(text)
        self._hold_patch(place)

    def _value_at(self, place: tuple[float, float]) -> str:
        """What the map that lies over the picture says at a place."""
        view, lens = self._session.view, self._lens.lens
        found = self._lens.found
        map = self._pipeline.map(view.layer, view.filter) if lens is None else found.map if found is not None else None
        if map is None or self._occluding.patch is not None:
            return ""
        value = float(map[int(place[0] * map.shape[0]), int(place[1] * map.shape[1])])
        if lens is None:
            return f"   {view.layer}:{view.filter} = {value:.4g}"
        side = lens.negative if lens.negative is not None and value <= 0 else lens.positive
        return f"   {side.here} {abs(value):.3g}"

    def _hold_patch(self, place: tuple[float, float] | None) -> None:
        """Let the patch follow the mouse, or show where a click would put it."""
        corner = self._occluding.corner(*place) if place is not None else None
        if place is None or corner is None:
            self.image.outline(None)
        elif self._dragging:
            self._occluding.cover(*corner)
        elif self._occluding.patch is None:
            self.image.outline(self._occluding.outline(*place))

    def _clicked(self, x: float, y: float) -> None:
        if not self._occluding.possible or self._dragging:
            return
        place = self._place(x, y)
        corner = self._occluding.corner(*place) if place is not None else None
        if corner is None or self._occluding.patch is not None:
            self._occluding.uncover()
        else:
            self._occluding.cover(*corner)


def drawn_map(found: "AttributionMap", lens: "Lens") -> "tuple[RGBA | RGB, float]":
    """What a lens shows, drawn, and the value at which its colors end; a picture that it made as it is."""
    from explorer.core.drawing.signed_overlay import attribution_overlay, limit_of

    limit = limit_of(found.map, lens.quantile)
    return found.rgb if found.rgb is not None else attribution_overlay(found.map, found.map.shape, limit=limit), limit
