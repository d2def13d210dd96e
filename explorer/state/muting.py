"""Filters that a person takes away to see what the network says of the picture in view without them."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.core.errors import UserError
from explorer.core.progress import OnStep
from explorer.core.tags.book import FilterKey
from explorer.state.library import Library
from explorer.state.pipeline import Pipeline
from explorer.state.tagging import Tagging

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from explorer.core.network.opening import Network

SLOT = "muting"
TAGS_OFF = "Filters are muted. Tags are given to the real network: restore the filters first (Shift+U)."
EXPORT_OFF = "Filters are muted. Figures are made of the real network: restore the filters first (Shift+U)."


class Muting(QObject):
    """Which filters are muted, and what the network says of the picture on show without them.

    `changed` with each of the two; `failed(error)` where the muted network fails. The network itself is never another:
    its maps, the index and everything that is exported are of the real one. Another network has nothing muted. Tags
    are off as long as anything is muted.
    """

    changed = Signal()
    failed = Signal(object)

    def __init__(self, library: Library, pipeline: Pipeline, tagging: Tagging, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._library, self._pipeline, self._tagging = library, pipeline, tagging
        self.keys: tuple[FilterKey, ...] = ()
        self.probabilities: npt.NDArray[np.float32] | None = None
        """Those (K,) of the muted network for the picture on show; None while they are computed or nothing is muted."""
        library.network_opened.connect(lambda network: self.restore())
        pipeline.picture_changed.connect(self._look)
        pipeline.maps_changed.connect(self._look)

    @property
    def sentence(self) -> str:
        """What must stand in the window while filters are muted; "" while none is."""
        count = len(self.keys)
        return f"{count} filter{'s' if count != 1 else ''} muted · not the real network" if count else ""

    @property
    def listed(self) -> str:
        """The muted filters by their names, as many as fit a line or two."""
        return ", ".join(map(str, self.keys[:40])) + (" …" if len(self.keys) > 40 else "")

    def toggle(self, key: FilterKey) -> None:
        """Mute a filter, or take it back; UserError where there is no network, or it has no class scores."""
        network = self._library.network
        if network is None:
            raise UserError("No network is open; open one first (Ctrl+O).")
        if not network.classes:
            raise UserError("This network has no class scores, so that muting would change nothing that is seen.")
        self._set(tuple(sorted({*self.keys} ^ {key})))

    def restore(self) -> None:
        """Mute nothing any more."""
        if self.keys:
            self._set(())

    def close(self) -> None:
        """Announce nothing any more."""
        self.blockSignals(True)

    def _set(self, keys: tuple[FilterKey, ...]) -> None:
        self.keys = keys
        self._tagging.pause(TAGS_OFF if keys else "")
        self._look()

    def _look(self) -> None:
        """Forget what was said of another picture or with other filters, and find it anew."""
        self.probabilities = None
        shown, keys = self._pipeline.shown, self.keys
        if not keys or shown is None or self._pipeline.activations is None:
            self._library.interactive.cancel(SLOT)
            self.changed.emit()
            return
        self.changed.emit()
        rgb = shown.rgb

        def work(network: "Network", on_step: OnStep) -> "npt.NDArray[np.float32]":
            on_step(0, 0)
            from explorer.core.muting import muted_logits
            from trainer.measures.prediction import Prediction

            logits = muted_logits(network, rgb, keys)
            return Prediction(logits, network.output.independent).probabilities.astype("float32")

        self._library.network_session.run(self._library.interactive, SLOT, work, self._done, self.failed.emit)

    def _done(self, probabilities: "npt.NDArray[np.float32]") -> None:
        self.probabilities = probabilities
        self.changed.emit()
