"""Filters that a person takes away to see what the network says of the picture in view without them."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.core.counting import counted
from explorer.core.errors import UserError
from explorer.core.muted_in_file import NOT_TRAINED, muted_sentence
from explorer.core.progress import OnStep
from explorer.core.tags.book import FilterKey
from explorer.state.index.evidence import Evidence
from explorer.state.opened.library import Library
from explorer.state.settings import MUTE_WITH
from explorer.state.settings_file import Settings
from explorer.state.tags.tagging import Tagging
from explorer.state.view.pipeline import Pipeline

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from explorer.core.index import FolderIndex
    from explorer.core.muting import FolderMeans
    from explorer.core.network.opening import Network

SLOT, MEANS = "muting", "what stands for muted maps"
ZERO = "zero"
NAMED = 4
"""So many muted filters are named in the line itself."""
NEEDS_INDEX = "zero until the folder's index is complete"
LOOKING = "looking through the folder"
NOT_FOUND = "zero: the folder's pictures cannot be read"
TAGS_OFF = "Filters are muted. Tags are given to the real network: restore the filters first (Shift+U)."
EXPORT_OFF = "Filters are muted. Figures are made of the real network: restore the filters first (Shift+U)."


class Muting(QObject):
    """Which filters are muted, what stands for their maps (`fill`), and what the network says of the picture then.

    A fill that comes from the folder waits for its complete index; until then it is zero, which `remark` says.
    `changed` with each of the two; `failed(error)` where the muted network fails. The network itself is never another:
    its maps, the index and everything that is exported are of the real one. Another network has nothing muted. Tags
    are off as long as anything is muted.
    """

    changed = Signal()
    failed = Signal(object)

    def __init__(
        self,
        library: Library,
        pipeline: Pipeline,
        tagging: Tagging,
        evidence: Evidence,
        settings: Settings,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._library, self._pipeline, self._tagging = library, pipeline, tagging
        self._evidence, self._settings = evidence, settings
        self._means: tuple[FolderIndex, FolderMeans | None] | None = None
        """What was found for an index; None where nothing can be."""
        self.keys: tuple[FilterKey, ...] = ()
        self.probabilities: npt.NDArray[np.float32] | None = None
        """Those (K,) of the muted network for the picture on show; None while they are computed or nothing is muted."""
        library.network_opened.connect(lambda network: self._network_opened())
        pipeline.picture_changed.connect(self._look)
        pipeline.maps_changed.connect(self._look)
        evidence.changed.connect(self._index_changed)
        settings.setting_changed.connect(lambda setting: self._look() if setting is MUTE_WITH else None)

    @property
    def fill(self) -> str:
        """What is to stand for a muted map, a key of `MUTE_WITH.choices`."""
        return self._settings.value(MUTE_WITH)

    def mute_with(self, fill: str) -> None:
        """Let something else stand for muted maps, here and in the next windows."""
        self._settings.set_value(MUTE_WITH, fill)

    @property
    def remark(self) -> str:
        """Why zero stands for the maps where something else is to; "" where it is as it is to be."""
        if self.fill == ZERO or self._found is not None:
            return ""
        if self._index is None:
            return NEEDS_INDEX
        return LOOKING if self._means is None else NOT_FOUND

    @property
    def _index(self) -> "FolderIndex | None":
        """The index of the open network over all of the folder."""
        index, network = self._evidence.index, self._library.network
        if index is None or network is None or not index.complete:
            return None
        return index if index.contents.network.identity == network.identity else None

    @property
    def _found(self) -> "FolderMeans | None":
        return self._means[1] if self._means is not None and self._means[0] is self._index else None

    @property
    def sentences(self) -> tuple[str, ...]:
        """What must stand in the window while filters are muted, the longest first; () while none is."""
        count = len(self.keys)
        if not count:
            return ()
        names = [f" ({self.listed})"] if count <= NAMED else []
        return tuple(f"{counted(count, 'filter')} muted{more} · not the real network" for more in (*names, ""))

    @property
    def sentence(self) -> str:
        """The longest of these; "" while no filter is muted."""
        return next(iter(self.sentences), "")

    @property
    def in_file(self) -> tuple[str, ...]:
        """That filters are muted in the network's file, so that it is not the trained one, the longest first; or ()."""
        network = self._library.network
        sentence = muted_sentence(network.training) if network is not None else ""
        return (sentence, NOT_TRAINED) if sentence else ()

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

    def _network_opened(self) -> None:
        self.restore()
        self.changed.emit()  # what its file says of muted filters is another

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
        self._find_means()
        self.changed.emit()
        rgb, means = shown.rgb, self._found
        fill = self.fill if means is not None else ZERO

        def work(network: "Network", on_step: OnStep) -> "npt.NDArray[np.float32]":
            on_step(0, 0)
            from explorer.core.muting import muted_logits
            from trainer.measures.prediction import Prediction

            logits = muted_logits(network, rgb, keys, fill, index=means)
            return Prediction(logits, network.output.independent).probabilities.astype("float32")

        self._library.network_session.run(self._library.interactive, SLOT, work, self._done, self.failed.emit)

    def _find_means(self) -> None:
        """Find once for an index what may stand for muted maps, on the worker for what takes long."""
        index = self._index
        if self.fill == ZERO or index is None or (self._means is not None and self._means[0] is index):
            return
        if self._library.batch.busy(MEANS):
            return

        def work(network: "Network", on_step: OnStep) -> "FolderMeans":
            from explorer.core.muting import FolderMeans

            return FolderMeans.of(network, index, on_step=on_step)

        def done(means: "FolderMeans") -> None:
            self._means = index, means
            self._look()

        def failed(error: BaseException) -> None:
            if self._index is index:  # else it was closed meanwhile
                self._means = index, None
                self.failed.emit(error)
                self._look()

        self._library.network_session.run(self._library.batch, MEANS, work, done, failed)

    def _index_changed(self) -> None:
        """The one before is closed next: nothing reads in it any more."""
        self._library.batch.cancel(MEANS)
        if self._means is not None and self._means[0] is not self._index:
            self._means = None
        if self.keys and self.fill != ZERO:
            self._look()

    def _done(self, probabilities: "npt.NDArray[np.float32]") -> None:
        self.probabilities = probabilities
        self.changed.emit()
