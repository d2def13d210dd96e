"""Occlusion over the picture on show: which map is wanted, the last maps, and a patch that a person moves."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from explorer.core.errors import in_words
from explorer.core.progress import OnStep
from explorer.state.file_state import FileState
from explorer.state.library import Library
from explorer.state.occlusion_settings import CLASS, FILTER, PREDICTED, OcclusionSettings, occluder_of
from explorer.state.pipeline import Pipeline
from explorer.state.session import Session, View

if TYPE_CHECKING:
    from explorer.core.arrays import RGB
    from explorer.core.attribution.occlusion.live_patch import LivePatch, OccludedPrediction
    from explorer.core.attribution.occlusion.sensitivity import Occlusion
    from explorer.core.network.opening import Network

KEPT = 32
PAUSE_MS = 120
"""How long walking must rest before a sweep begins."""


@dataclass(frozen=True)
class Measured:
    """What a sweep's map comes from: the network's identity, the picture and its file's state, target and settings."""

    network: str
    picture: Path
    state: FileState
    target: str
    settings: OcclusionSettings


@dataclass(frozen=True)
class Patch:
    """A patch on the picture on show: its colors (h, w, 3) uint8 at (`top`, `left`) of the picture's own pixels,
    and what the network says with it (`covered`) and without it (`before`)."""

    colors: "RGB"
    top: int
    left: int
    covered: "OccludedPrediction"
    before: "OccludedPrediction"


class Occluding(QObject):
    """Sweeps on the batch worker, while it is `active`; the last maps are kept.

    `changed` when the map, the settings or the target is another one; `patch_changed` when the patch that a person put
    on the picture has moved, came or went. A patch is measured by the interactive worker, newest place first.
    """

    changed = Signal()
    patch_changed = Signal()
    _rough = Signal(object, object)

    def __init__(self, session: Session, pipeline: Pipeline, library: Library, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._pipeline, self._library = session, pipeline, library
        self.settings = OcclusionSettings()
        self._active = False
        self._kept: OrderedDict[Measured, Occlusion] = OrderedDict()
        self._found: Occlusion | None = None
        self.rough = False
        """Whether the map on show is only the first, coarse one."""
        self._patch: Patch | None = None
        self._live_patches: list[LivePatch] = []
        self._place: tuple[int, int] | None = None
        self._sweeping: Measured | None = None
        self._ended: tuple[Measured, str] | None = None
        self.patch_trouble = ""
        """Why the last patch could not be measured."""
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self._sweep)
        self._rough.connect(self._show_rough, Qt.ConnectionType.QueuedConnection)
        session.changed.connect(self._view_changed)
        library.network_opened.connect(lambda network: self._forget_network())
        library.batch.cancelled.connect(self._cancelled)
        pipeline.maps_changed.connect(self._ask)
        pipeline.picture_changed.connect(self._forget_picture)

    @property
    def active(self) -> bool:
        """Whether somebody looks at occlusion."""
        return self._active

    @property
    def found(self) -> "Occlusion | None":
        """The map for the picture on show and the settings; None while it is computed, or where it could not be."""
        return self._found

    @property
    def trouble(self) -> str:
        """Why the map is not computed, or not to its end, and will not be unless a person asks again; else ""."""
        return self._ended[1] if self._ended is not None and self._ended[0] == self._key() else ""

    @property
    def missing(self) -> str:
        """What there must be before anything can be measured; "" where there is a target."""
        if self.target:
            return ""
        if self._pipeline.network is None or self._pipeline.shown is None:
            return "Open a network and a picture to measure."
        return self._pipeline.trouble or "Waiting for what the network says of the picture …"

    @property
    def patch(self) -> Patch | None:
        """The patch that a person put on the picture."""
        return self._patch

    @property
    def target(self) -> str:
        """What is measured on the picture on show, as `occlude` takes it; "" while nothing can be."""
        network, activations, view = self._pipeline.network, self._pipeline.activations, self._session.view
        if network is None or activations is None:
            return ""
        kind = "class" if self.settings.score == "logit" else "probability"
        if self.settings.target == PREDICTED:
            best = activations.prediction.best
            return "" if best is None else f"{kind}:{network.classes[best]}"
        if self.settings.target == FILTER:
            return f"filter:{view.layer}:{view.filter}:{self.settings.reading}"
        name = self.settings.target.removeprefix(CLASS)
        return f"{kind}:{name}" if name in network.classes else ""

    def _forget_network(self) -> None:
        self._kept.clear()
        self._forget_picture()
        self._ask()

    def activate(self, active: bool) -> None:
        """Begin or end looking at occlusion; nothing is computed while nobody looks."""
        if active == self._active:
            return
        self._active = active
        if not active:
            self._stop()
            self._found = None
            self._forget_picture()
            self.changed.emit()
        self._ask()

    def try_again(self) -> None:
        """Measure once more what could not be measured, or what was stopped."""
        self._ended = None
        self._ask()

    def update(self, **values: Any) -> None:
        """Change fields of the settings; a stride beyond the size would leave gaps and is held at it."""
        settings = replace(self.settings, **values)
        settings = replace(settings, stride=min(settings.stride, settings.size))
        if settings != self.settings:
            other_patch = (settings.size, settings.fill) != (self.settings.size, self.settings.fill)
            self.settings = settings
            self._ask()
            if other_patch and self._place is not None:
                self._measure()

    def cover(self, top: int, left: int) -> None:
        """Put the patch at (`top`, `left`) of the network's input, in pixels; it stays on the input."""
        if self._active and (top, left) != self._place:
            self._place = (top, left)
            self._measure()

    def uncover(self) -> None:
        """Take the patch away."""
        self._place = None
        self._library.interactive.cancel("patch")
        if self._patch is not None or self.patch_trouble:
            self._patch, self.patch_trouble = None, ""
            self.patch_changed.emit()

    def close(self) -> None:
        """Announce nothing any more: what listens may be gone."""
        self._pause.stop()
        self.blockSignals(True)

    def _view_changed(self, before: View, after: View) -> None:
        if (after.layer, after.filter) != (before.layer, before.filter) and after.picture == before.picture:
            if self.settings.target == FILTER:
                self._ask()
            if after.layer != before.layer and self._place is not None:
                self._measure()

    def _forget_picture(self) -> None:
        self._live_patches = []
        self.uncover()

    def _key(self) -> Measured | None:
        shown, network, target = self._pipeline.shown, self._pipeline.network, self.target
        if shown is None or network is None or not target:
            return None
        return Measured(network.identity, shown.picture, shown.state, target, self.settings)

    def _stop(self) -> None:
        """End what is computed, and what was about to begin."""
        self._pause.stop()
        self._sweeping = None
        self._library.batch.cancel("occlusion")

    def _cancelled(self, slot: str) -> None:
        """A person stopped the sweep: it does not begin again by itself."""
        if slot == "occlusion" and self._sweeping is not None:
            self._end(self._sweeping, "Stopped before it was measured.")

    def _end(self, key: Measured, why: str) -> None:
        self._sweeping, self._ended = None, (key, why)
        self.changed.emit()

    def _ask(self) -> None:
        """Show the kept map, or have it computed once the person rests."""
        if not self._active:
            return
        key = self._key()
        if key is not None and key == self._sweeping and self._library.batch.busy("occlusion"):
            return
        self._found, self.rough = (self._kept.get(key) if key is not None else None), False
        self._stop()
        if key is not None and self._found is None and not self.trouble:
            self._pause.start()
        self.changed.emit()

    def _sweep(self) -> None:
        key, shown, settings = self._key(), self._pipeline.shown, self.settings
        if key is None or shown is None:
            return
        target, rgb = key.target, shown.rgb
        self._sweeping = key

        def work(network: "Network", on_step: OnStep) -> "Occlusion":
            from explorer.core.attribution.occlusion.sensitivity import occlude

            return occlude(
                network,
                rgb,
                target,
                occluder_of(settings),
                on_step=on_step,
                on_rough=lambda map: self._rough.emit(key, map),
            )

        def done(found: "Occlusion") -> None:
            self._kept[key] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            self._sweeping = None
            if key == self._key():
                self._found, self.rough = found, False
                self.changed.emit()

        def failed(error: BaseException) -> None:
            self._end(key, in_words(error))
            self._library.batch.failed.emit(error)

        self._library.on_batch("occlusion", work, done, failed)

    def _show_rough(self, key: Measured, found: "Occlusion") -> None:
        if key == self._key() and self._found is None:
            self._found, self.rough = found, True
            self.changed.emit()

    def _measure(self) -> None:
        """Measure the patch at its place; while one is measured the newest place waits for its turn."""
        network, shown, place, settings = self._pipeline.network, self._pipeline.shown, self._place, self.settings
        if network is None or shown is None or place is None or self._library.interactive.busy("patch"):
            return
        rgb, layer, held = shown.rgb, self._session.view.layer, self._live_patches

        def work(on_step: OnStep) -> Patch:
            from explorer.core.attribution.occlusion.live_patch import LivePatch

            if not held:
                held.append(LivePatch(network, rgb))
            occluder = occluder_of(settings)
            covered = held[0].at(occluder, *place, layers=[layer])
            return Patch(*held[0].patch(occluder, *place), covered, held[0].unoccluded)

        def done(patch: Patch) -> None:
            if self._place is None:
                return
            self._patch, self.patch_trouble = patch, ""
            self.patch_changed.emit()
            if (self._place, self.settings, self._session.view.layer) != (place, settings, layer):
                self._measure()

        def failed(error: BaseException) -> None:
            self.uncover()  # a patch at another place than the last, with that one's numbers, would be wrong
            self.patch_trouble = in_words(error)
            self.patch_changed.emit()
            self._library.interactive.failed.emit(error)

        self._library.interactive.submit("patch", work, done, failed)
