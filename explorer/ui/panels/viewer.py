"""The picture in view with what is laid over it: the map of the filter in view, or the occlusion map."""

import math
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from explorer.core.drawing.styles import Scale
from explorer.state.library import Library
from explorer.state.occluding import Occluding
from explorer.state.pipeline import Pipeline
from explorer.state.session import Session, View
from explorer.ui.panels.display_bar import DisplayBar
from explorer.ui.widgets.image_view import ImageView
from explorer.ui.widgets.theme import SPACE
from explorer.ui.widgets.widgets import ColorBar, column, row

if TYPE_CHECKING:
    from trainer.networks.input_spec import Box

RESOLUTION, RESOLUTION_OF_LINES = 256, 512
"""Longer side of the overlay over the picture, without and with an outline; beyond that Qt enlarges smoothly."""


class Viewer(QWidget):
    """The picture in view, the overlay, its color scale, and the patch that a person puts on the picture."""

    def __init__(self, session: Session, pipeline: Pipeline, library: Library, occluding: Occluding) -> None:
        super().__init__()
        self._session, self._pipeline, self._library, self._occluding = session, pipeline, library, occluding
        self.image = ImageView()
        self.bar = ColorBar()
        self.display = DisplayBar(session)
        self._dragging = False
        occluding.changed.connect(lambda: self.display.show_only_picture(occluding.active))
        self.setLayout(column(self.display, row(self.image, self.bar, gap=0), gap=SPACE))
        pipeline.picture_changed.connect(self._picture_changed)
        pipeline.maps_changed.connect(self._draw)
        occluding.changed.connect(self._draw)
        occluding.patch_changed.connect(self._draw_patch)
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
        self.image.set_opacity(view.style.opacity)
        self.image.set_beside(view.style.beside)

    def _frame(self) -> "Box | None":
        activations = self._pipeline.activations
        return activations.frame if activations is not None else None

    def _draw(self) -> None:
        if self._occluding.active:
            self._draw_occlusion()
            return
        view = self._session.view
        longest = RESOLUTION_OF_LINES if view.style.outline else RESOLUTION
        drawn = self._pipeline.overlay(view.layer, view.filter, longest)
        self.image.set_overlay(drawn, self._frame())
        scale: Scale | None = self._pipeline.scale(view.layer, view.filter) if drawn is not None else None
        self.bar.show_scale(scale, view.style.color_map, view.style.outline)

    def _draw_occlusion(self) -> None:
        found = self._occluding.found
        if found is None or found.map is None:
            self.image.set_overlay(None, None)
            self.bar.show_change(None)
            return
        from explorer.core.drawing.signed_overlay import limit_of, occlusion_overlay

        # Under a patch a person wants to see the patch, not the map.
        hidden = self._occluding.patch is not None
        limit = limit_of(found.map)
        drawn = None if hidden else occlusion_overlay(found.map, found.map.shape, limit=limit)
        self.image.set_overlay(drawn, self._frame())
        self.bar.show_change(None if hidden else limit)

    def _draw_patch(self) -> None:
        patch = self._occluding.patch
        if patch is None:
            self.image.set_patch(None)
        else:
            self.image.set_patch(patch.colors, patch.top, patch.left)
            self.image.outline(None)
        if self._occluding.active:
            self._draw_occlusion()

    def _place(self, x: float, y: float) -> tuple[float, float] | None:
        """(row, column) of the input, as shares of its sides, under a point of the picture; None outside of it."""
        frame = self._frame()
        if frame is None or math.isnan(x):
            return None
        row, column = (y - frame.top) / frame.height, (x - frame.left) / frame.width
        return (row, column) if 0 <= row < 1 and 0 <= column < 1 else None

    def _hovered(self, x: float, y: float) -> None:
        place = self._place(x, y)
        if math.isnan(x):
            self.image.set_readout("")
            self.image.outline(None)
            return
        text = f"x {int(x)}  y {int(y)}"
        if self._occluding.active:
            text += self._hovered_patch(place)
        elif place is None and self._frame() is not None:
            text += "   outside of what the network sees"
        elif place is not None:
            view = self._session.view
            map = self._pipeline.map(view.layer, view.filter)
            if map is not None:
                value = map[int(place[0] * map.shape[0]), int(place[1] * map.shape[1])]
                text += f"   {view.layer}:{view.filter} = {value:.4g}"
        self.image.set_readout(text)

    def _hovered_patch(self, place: tuple[float, float] | None) -> str:
        corner = self._corner(place)
        if place is None or corner is None:
            self.image.outline(None)
            return "   outside of what the network sees"
        if self._dragging:
            self._occluding.cover(*corner)
            return ""
        if self._occluding.patch is None:
            self._outline(corner)
        found = self._occluding.found
        if found is None or found.map is None:
            return ""
        value = found.map[int(place[0] * found.map.shape[0]), int(place[1] * found.map.shape[1])]
        return f"   covering here {'lowers' if value > 0 else 'raises'} it by {abs(value):.3g}"

    def _corner(self, place: tuple[float, float] | None) -> tuple[int, int] | None:
        """Upper left corner, in pixels of the input, of the patch in whose middle a place is."""
        network, size = self._library.network, self._occluding.settings.size
        if place is None or network is None:
            return None
        top, left = (
            max(0, min(round(share * side - size / 2), side - size))
            for share, side in zip(place, network.input.size, strict=True)
        )
        return top, left

    def _outline(self, corner: tuple[int, int]) -> None:
        frame, network, size = self._frame(), self._library.network, self._occluding.settings.size
        if frame is None or network is None:
            return
        down, across = frame.height / network.input.size[0], frame.width / network.input.size[1]
        self.image.outline((frame.left + corner[1] * across, frame.top + corner[0] * down, size * across, size * down))

    def _clicked(self, x: float, y: float) -> None:
        if not self._occluding.active or self._dragging:
            return
        corner = self._corner(self._place(x, y))
        if corner is None or self._occluding.patch is not None:
            self._occluding.uncover()
        else:
            self._occluding.cover(*corner)
