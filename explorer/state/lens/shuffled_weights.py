"""The lens over the picture on show, once more on the same network with its weights shuffled."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.core.attribution import LENSES
from explorer.core.errors import in_words
from explorer.core.progress import OnStep
from explorer.state.lens.chosen_lens import ChosenLens, Request
from explorer.state.opened.library import Library
from explorer.state.view.pipeline import Pipeline

if TYPE_CHECKING:
    from explorer.core.attribution import AttributionMap
    from explorer.core.network.opening import Network

SLOT = "shuffled weights"


class ShuffledWeights(QObject):
    """Follows the lens for as long as it is `wanted`: what is still shown there was not learned (Adebayo et al. 2018).

    `changed` when its map is another. It is computed on the batch worker, after the lens's own map.
    """

    changed = Signal()

    def __init__(self, pipeline: Pipeline, library: Library, lens: ChosenLens, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pipeline, self._library, self._lens = pipeline, library, lens
        self.wanted = False
        self._shuffled: list[tuple[str, Network]] = []
        """The last network with its weights shuffled, and whose it is; only the batch worker reads and writes it."""
        self._asked: Request | None = None
        self._found: AttributionMap | None = None
        self._said = ""
        lens.changed.connect(self._follow)
        library.batch.cancelled.connect(self._cancelled)

    @property
    def showing(self) -> bool:
        """Whether a map on shuffled weights belongs beside the picture: it is wanted, and a lens is looked through."""
        return self.wanted and self._lens.lens is not None

    @property
    def found(self) -> "AttributionMap | None":
        """The lens's map on shuffled weights; None while there is none."""
        return self._found if self.showing else None

    @property
    def sentence(self) -> str:
        """How much alike the two maps are, or why there is none; "" while nobody wants it."""
        if not self.showing:
            return ""
        return self._said or "Measuring it on shuffled weights …"

    def want(self, wanted: bool) -> None:
        """Follow the lens from now on, or not any more."""
        if wanted != self.wanted:
            self.wanted = wanted
            self._forget()
            self._follow()
            self.changed.emit()

    def close(self) -> None:
        """Announce nothing any more: what listens may be gone."""
        self.blockSignals(True)

    def _forget(self) -> None:
        """Forget what was measured, and measure no further."""
        running = self._asked is not None and self._found is None
        self._asked, self._found, self._said = None, None, ""
        if running:  # it is not a person who stops it
            self._library.batch.cancel(SLOT)

    def _follow(self) -> None:
        request, learned = self._lens.request, self._lens.found
        if not self.showing or request is None or learned is None or self._lens.rough:
            if self._asked is not None and request != self._asked:
                self._forget()
                self.changed.emit()
            return
        if request == self._asked:
            return
        self._forget()
        self._asked = request
        self._compute(request, learned)
        self.changed.emit()

    def _compute(self, request: Request, learned: "AttributionMap") -> None:
        shown, shuffled_networks = self._pipeline.shown, self._shuffled
        if shown is None:
            return
        rgb, lens, settings = shown.rgb, LENSES[request.lens], dict(request.settings)

        def work(network: "Network", on_step: OnStep) -> "tuple[AttributionMap, str]":
            from explorer.core.attribution.randomised import LikeShuffled, rank_correlation, shuffled

            if not shuffled_networks or shuffled_networks[0][0] != network.identity:
                shuffled_networks[:] = [(network.identity, shuffled(network))]
            attribution = lens.compute(shuffled_networks[0][1], rgb, request.target, settings, on_step, None)
            return attribution, LikeShuffled.of([rank_correlation(learned.map, attribution.map)]).of_one

        def done(answer: "tuple[AttributionMap, str]") -> None:
            if request == self._asked:
                self._found, self._said = answer
                self.changed.emit()

        def failed(error: BaseException) -> None:
            if request == self._asked:
                self._said = in_words(error)
                self.changed.emit()

        self._library.network_session.run(self._library.batch, SLOT, work, done, failed)

    def _cancelled(self, slot: str) -> None:
        if slot == SLOT and self._asked is not None and self._found is None:
            self._said = "Stopped before it was measured on shuffled weights."
            self.changed.emit()
