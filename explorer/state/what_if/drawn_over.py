"""What lies over the changed picture: the same as over the real one, of the changed one."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from explorer.core.attribution import LENSES
from explorer.core.errors import in_words
from explorer.core.progress import OnStep
from explorer.state.lens.chosen_lens import ChosenLens, Request
from explorer.state.opened.library import Library
from explorer.state.session import Session
from explorer.state.view.map_drawing import draw, drawn_attribution, fit
from explorer.state.view.pipeline import Pipeline
from explorer.state.what_if.picture import PictureWhatIf

if TYPE_CHECKING:
    from explorer.core.arrays import RGB, RGBA
    from explorer.core.attribution import AttributionMap
    from explorer.core.network.opening import Network
    from trainer.networks.input_spec import Box

SLOT = "what if, through the lens"
PAUSE_MS = 40
"""How long a slider must rest before a lens is computed."""
RESOLUTION, RESOLUTION_OF_LINES = 256, 512
"""Longer side of a filter's map as it is drawn, without and with an outline, as over the real picture."""


class WhatIfOver(QObject):
    """The filter's map of the changed picture, on the scale of the real one's, or the lens's, in the same colors.

    `changed` when it is another. A lens is computed on the batch worker once that of the real picture is there, for
    the same target; until it is found nothing lies there, never what belongs to another picture.
    """

    changed = Signal()

    def __init__(
        self,
        session: Session,
        pipeline: Pipeline,
        library: Library,
        lens: ChosenLens,
        what_if: PictureWhatIf,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._pipeline, self._library = session, pipeline, library
        self._lens, self._what_if = lens, what_if
        self._asked: tuple[Request, object] | None = None
        self._found: AttributionMap | None = None
        self.trouble = ""
        """Why the lens has nothing to show of the changed picture; else ""."""
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self._compute)
        what_if.changed.connect(self._follow)
        lens.changed.connect(self._follow)
        session.changed.connect(lambda before, after: self.changed.emit() if what_if.showing else None)
        pipeline.scale_changed.connect(self.changed)
        library.batch.cancelled.connect(self._cancelled)

    @property
    def found(self) -> "AttributionMap | None":
        """The lens's map of the changed picture; None while there is none."""
        return self._found

    @property
    def frame(self) -> "Box | None":
        """What the network sees of the changed picture; None while there is none."""
        activations = self._what_if.activations
        return activations.frame if activations is not None else None

    def overlay(self) -> "RGBA | RGB | None":
        """What lies over the changed picture, drawn; None while there is nothing."""
        lens, view, activations = self._lens.lens, self._session.view, self._what_if.activations
        if not self._what_if.showing or activations is None:
            return None
        if lens is not None:
            return self._drawn_lens()
        maps, network = activations.maps.get(view.layer), self._library.network
        if maps is None or view.filter >= len(maps) or network is None:
            return None
        scale = self._pipeline.scale(view.layer, view.filter)
        longest = RESOLUTION_OF_LINES if view.style.outline else RESOLUTION
        return draw(maps[view.filter], scale, view.style, fit(network.input.size, longest))

    def close(self) -> None:
        """Announce nothing any more: what listens may be gone."""
        self._pause.stop()
        self.blockSignals(True)

    def _drawn_lens(self) -> "RGBA | RGB | None":
        attribution, learned, lens = self._found, self._lens.found, self._lens.lens
        if attribution is None or learned is None or lens is None:
            return None
        return drawn_attribution(attribution, lens, self._lens.points, like=learned)[0]

    def _follow(self) -> None:
        """Have the lens computed of another picture, or through another lens; forget what was found before."""
        lens, request, picture = self._lens.lens, self._lens.request, self._what_if.picture
        ready = self._what_if.showing and lens is not None and lens.of_picture and self._lens.found is not None
        wanted = (request, picture) if ready and request is not None and not self._lens.rough else None
        if wanted is None or picture is None:
            self._forget()
            self.changed.emit()
        elif self._asked is None or self._asked[0] != request or self._asked[1] is not picture:
            self._forget()
            self._asked = wanted
            self._pause.start()
            self.changed.emit()

    def _forget(self) -> None:
        self._pause.stop()
        if self._asked is not None and self._found is None and not self.trouble:
            self._asked = None  # it is not a person who stops it
            self._library.batch.cancel(SLOT)
        self._asked, self._found, self.trouble = None, None, ""

    def _compute(self) -> None:
        asked, picture = self._asked, self._what_if.picture
        if asked is None or picture is None:
            return
        request, lens, rgb = asked[0], LENSES[asked[0].lens], picture

        def work(network: "Network", on_step: OnStep) -> "AttributionMap":
            return lens.compute(network, rgb, request.target, dict(request.settings), on_step, None)

        def done(attribution: "AttributionMap") -> None:
            if asked is self._asked:
                self._found = attribution
                self.changed.emit()

        def failed(error: BaseException) -> None:
            if asked is self._asked:
                self.trouble = in_words(error)
                self.changed.emit()

        self._library.network_session.run(self._library.batch, SLOT, work, done, failed)

    def _cancelled(self, slot: str) -> None:
        if slot == SLOT and self._asked is not None and self._found is None:
            self.trouble = "stopped before it was measured"
            self.changed.emit()
