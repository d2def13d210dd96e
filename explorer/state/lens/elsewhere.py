"""The lens over the picture in view, of another picture: for the same target, with the same settings."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.core.attribution import LENSES
from explorer.core.errors import in_words
from explorer.core.progress import OnStep
from explorer.state.lens.chosen_lens import ChosenLens, Request
from explorer.state.opened.file_state import state_of
from explorer.state.opened.library import Library

if TYPE_CHECKING:
    from explorer.core.attribution import AttributionMap
    from explorer.core.network.opening import Network

SLOT = "lens over the pinned picture"


class LensElsewhere(QObject):
    """Computes on the batch worker what somebody looks at, after the lens's map of the picture in view.

    `changed` when a map, or why there is none, is there. One is kept: the last that was asked for.
    """

    changed = Signal()

    def __init__(self, library: Library, lens: ChosenLens, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._library, self._lens = library, lens
        self._asked: Request | None = None
        self._found: AttributionMap | None = None
        self.trouble = ""
        """Why there is no map of the picture that was asked for; "" where there is, or may still be."""
        library.batch.cancelled.connect(self._cancelled)

    def get(self, picture: Path) -> "AttributionMap | None":
        """The lens's map of a picture; None while it is computed, which begins now, and where it could not be."""
        request, learned = self._lens.request, self._lens.found
        if request is None or learned is None or self._lens.rough:
            return None
        if request.picture in (None, picture):  # made of nothing, or the picture in view itself
            return learned
        wanted = replace(request, picture=picture, state=state_of(picture))
        if wanted != self._asked:
            self._asked, self._found, self.trouble = wanted, None, ""
            self._compute(wanted, picture)
        return self._found

    def _compute(self, request: Request, picture: Path) -> None:
        def work(network: "Network", on_step: OnStep) -> "AttributionMap":
            from explorer.core.images import read_image

            rgb, settings = read_image(picture), dict(request.settings)
            return LENSES[request.lens].compute(network, rgb, request.target, settings, on_step, None)

        def done(attribution: "AttributionMap") -> None:
            self._end(request, attribution, "")

        def failed(error: BaseException) -> None:
            self._end(request, None, in_words(error))

        self._library.network_session.run(self._library.batch, SLOT, work, done, failed)

    def _end(self, request: Request, attribution: "AttributionMap | None", why: str) -> None:
        if request == self._asked:
            self._found, self.trouble = attribution, why
            self.changed.emit()

    def _cancelled(self, slot: str) -> None:
        if slot == SLOT and self._asked is not None and self._found is None:
            self.trouble = "stopped before it was measured"
            self.changed.emit()
