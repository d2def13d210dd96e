"""What the network would say of the picture on show, had it been taken otherwise."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.core.errors import in_words
from explorer.core.progress import OnStep
from explorer.state.library import Library
from explorer.state.pipeline import Pipeline

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from explorer.core.arrays import RGB
    from explorer.core.network.opening import Network

SLOT = "what if"
UNCHANGED: Mapping[str, float] = MappingProxyType({"gamma": 1.0, "illumination": 0.0, "constancy": 0.0, "crop": 1.0})
"""The fields of a `Change` (`core/what_if/change.py`) with which nothing is changed."""


class PictureWhatIf(QObject):
    """A change of the picture on show, while somebody looks at it: the picture itself is never another.

    `changed` with the wish, and again with its `picture` and what the network says of it. It is found on the
    interactive worker, the newest wish next.
    """

    changed = Signal()

    def __init__(self, library: Library, pipeline: Pipeline, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._library, self._pipeline = library, pipeline
        self._values, self._looking = dict(UNCHANGED), False
        self.picture: RGB | None = None
        """The changed picture (H, W, 3); None while it is made, and while nothing is changed."""
        self.before: npt.NDArray[np.float64] | None = None
        self.after: npt.NDArray[np.float64] | None = None
        """The probabilities (K,) of the picture as it is and as it would be, with `picture`."""
        self.said = ""
        """What is done to the picture in `picture`, or why nothing can be done; else ""."""
        pipeline.picture_changed.connect(self._anew)
        library.network_opened.connect(lambda network: self._anew())

    @property
    def values(self) -> Mapping[str, float]:
        """The wish: a number for each of `UNCHANGED`."""
        return self._values

    @property
    def showing(self) -> bool:
        """Whether a changed picture belongs beside the real one."""
        return self._looking and self._values != UNCHANGED and self._pipeline.shown is not None

    def look(self, looking: bool) -> None:
        """Begin to look at changes, or leave them; the wish is kept."""
        if looking != self._looking:
            self._looking = looking
            self._anew()

    def update(self, **values: float) -> None:
        """Change the wish."""
        if self._values != self._values | values:
            self._values |= values
            self._find()

    def restore(self) -> None:
        """Change nothing any more."""
        self.update(**UNCHANGED)

    def close(self) -> None:
        """Announce nothing any more: what listens may be gone."""
        self.blockSignals(True)

    def _forget(self) -> None:
        self.picture, self.before, self.after, self.said = None, None, None, ""

    def _anew(self) -> None:
        """Forget what was found of another picture or by another network."""
        self._forget()
        self._library.interactive.cancel(SLOT)
        self._find()

    def _find(self) -> None:
        """Find what is wished for; while something is being found, the last of it stays on show."""
        shown = self._pipeline.shown
        if not self.showing or shown is None or self._library.network is None:
            self._forget()
            self.changed.emit()
            return
        self.changed.emit()
        if self._library.interactive.busy(SLOT):
            return
        rgb, values = shown.rgb, dict(self._values)

        def work(
            network: "Network", on_step: OnStep
        ) -> "tuple[RGB, npt.NDArray[np.float64], npt.NDArray[np.float64], str]":
            on_step(0, 0)
            from explorer.core.what_if import Change
            from explorer.core.what_if.folder import scores_of

            change = Change(**values)
            return change.applied(rgb), *scores_of(network, rgb, change), change.sentence

        def done(answer: "tuple[RGB, npt.NDArray[np.float64], npt.NDArray[np.float64], str]") -> None:
            if self.showing:
                self.picture, self.before, self.after, self.said = answer
            self.changed.emit()
            if values != self._values:
                self._find()

        def failed(error: BaseException) -> None:
            self._forget()
            self.said = in_words(error)
            self.changed.emit()

        self._library.network_session.run(self._library.interactive, SLOT, work, done, failed)
