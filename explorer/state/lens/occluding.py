"""A patch that a person moves over the picture on show, while occlusion is the lens."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.core.attribution.occlusion.lens import OCCLUSION, occluder_of
from explorer.core.errors import in_words
from explorer.core.progress import OnStep
from explorer.state.lens.chosen_lens import ChosenLens
from explorer.state.opened.library import Library
from explorer.state.session import Session, View
from explorer.state.view.pipeline import Pipeline

if TYPE_CHECKING:
    from explorer.core.arrays import RGB
    from explorer.core.attribution.attribution_map import Value
    from explorer.core.attribution.occlusion.live_patch import LivePatch, OccludedPrediction


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
    """Measures a patch on the interactive worker, the newest place first; there is none without the lens of occlusion.

    `changed` when the patch has moved, came or went. Places on the picture are shares (row, column) of the sides of
    what the network sees.
    """

    changed = Signal()

    def __init__(
        self,
        session: Session,
        pipeline: Pipeline,
        library: Library,
        lens: ChosenLens,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._pipeline, self._library, self._lens = session, pipeline, library, lens
        self._patch: Patch | None = None
        self._live_patches: list[LivePatch] = []
        self._place: tuple[int, int] | None = None
        self._of = self._appearance
        self._paused = False
        self.following = False
        """Whether the patch goes where the mouse or the arrow keys are."""
        self.trouble = ""
        """Why the last patch could not be measured."""
        session.changed.connect(self._view_changed)
        lens.changed.connect(self._lens_changed)
        library.network_opened.connect(lambda network: self._forget_picture())
        pipeline.picture_changed.connect(self._forget_picture)

    @property
    def possible(self) -> bool:
        """Whether a patch can be put on the picture."""
        return self._lens.lens is OCCLUSION and not self._paused

    @property
    def patch(self) -> Patch | None:
        """The patch that a person put on the picture."""
        return self._patch

    @property
    def size(self) -> int:
        """Side of the patch in pixels of the network's input."""
        size = self._lens.settings_of(OCCLUSION.name)["size"]
        assert isinstance(size, int)
        return size

    def corner(self, row: float, column: float) -> tuple[int, int] | None:
        """Upper left corner, in pixels of the input, of the patch around a place; None where none can be."""
        network, size = self._library.network, self.size
        if network is None or not self.possible:
            return None
        top, left = (
            max(0, min(round(share * side - size / 2), side - size))
            for share, side in zip((row, column), network.input.size, strict=True)
        )
        return top, left

    def outline(self, row: float, column: float) -> tuple[float, float, float, float] | None:
        """Where the patch around a place would lie: (left, top, width, height) in pixels of the picture."""
        network, activations, corner = self._library.network, self._pipeline.activations, self.corner(row, column)
        if network is None or activations is None or corner is None:
            return None
        frame, size = activations.frame, self.size
        down, across = frame.height / network.input.size[0], frame.width / network.input.size[1]
        return frame.left + corner[1] * across, frame.top + corner[0] * down, size * across, size * down

    def pause(self, paused: bool) -> None:
        """Cover nothing for as long as clicks are for something else."""
        if paused != self._paused:
            self._paused = paused
            self.uncover()

    @property
    def said(self) -> str:
        """What the network says with the patch where it lies, as at the top of the window; "" without one or classes.

        Of the class that the map is about, else of the likeliest.
        """
        patch, network = self._patch, self._pipeline.network
        if patch is None or network is None:
            return ""
        before, name = patch.before.probabilities, self._lens.target.partition(":")[2]
        if not len(before):
            return ""
        class_index = network.classes.index(name) if name in network.classes else int(before.argmax())
        after = patch.covered.probabilities[class_index]
        return f"with the patch: {network.classes[class_index]} {before[class_index]:.3f} → {after:.3f}"

    def follow(self, following: bool) -> None:
        """Let the patch go where the mouse or the arrow keys are, or take it away."""
        self.following = following
        if not following:
            self.uncover()

    def move(self, down: int, across: int) -> None:
        """Move the patch by so many of the map's steps, within the input; where there is none, put it in the middle."""
        network, steps = self._library.network, self._lens.settings_of(OCCLUSION.name)["stride"]
        if network is None or not isinstance(steps, int):
            return
        if self._place is None:
            middle = self.corner(0.5, 0.5)
            if middle is not None:
                self.cover(*middle)
            return
        top, left = (
            max(0, min(start + step * steps, side - self.size))
            for start, step, side in zip(self._place, (down, across), network.input.size, strict=True)
        )
        self.cover(top, left)

    def cover(self, top: int, left: int) -> None:
        """Put the patch at (`top`, `left`) of the network's input, in pixels; it stays on the input."""
        if self.possible and (top, left) != self._place:
            self._place = (top, left)
            self._measure()

    def uncover(self) -> None:
        """Take the patch away."""
        self._place = None
        self._library.interactive.cancel("patch")
        if self._patch is not None or self.trouble:
            self._patch, self.trouble = None, ""
            self.changed.emit()

    def close(self) -> None:
        """Announce nothing any more: what listens may be gone."""
        self.blockSignals(True)

    @property
    def _appearance(self) -> tuple[bool, "Value", "Value"]:
        settings = self._lens.settings_of(OCCLUSION.name)
        return self.possible, settings["size"], settings["fill"]

    def _lens_changed(self) -> None:
        before, self._of = self._of, self._appearance
        if not self.possible and before[0]:
            self._forget_picture()
        elif self._of != before and self._place is not None:
            self._measure()

    def _view_changed(self, before: View, after: View) -> None:
        if after.layer != before.layer and after.picture == before.picture and self._place is not None:
            self._measure()

    def _forget_picture(self) -> None:
        self._live_patches = []
        self.uncover()

    def _measure(self) -> None:
        """Measure the patch at its place; while one is measured the newest place waits for its turn."""
        network, shown, place = self._pipeline.network, self._pipeline.shown, self._place
        if network is None or shown is None or place is None or self._library.interactive.busy("patch"):
            return
        rgb, layer, live_patches = shown.rgb, self._session.view.layer, self._live_patches
        appearance, settings = self._appearance, self._lens.settings_of(OCCLUSION.name)

        def work(on_step: OnStep) -> Patch:
            from explorer.core.attribution.occlusion.live_patch import LivePatch

            if not live_patches:
                live_patches.append(LivePatch(network, rgb))
            occluder = occluder_of(settings)
            covered = live_patches[0].at(occluder, *place, layers=[layer])
            return Patch(*live_patches[0].patch(occluder, *place), covered, live_patches[0].unoccluded)

        def wanted_now() -> tuple[object, ...]:
            return self._place, self._appearance, self._session.view.layer

        def done(patch: Patch) -> None:
            if self._place is None:
                return
            self._patch, self.trouble = patch, ""
            self.changed.emit()
            if wanted_now() != (place, appearance, layer):
                self._measure()

        def failed(error: BaseException) -> None:
            if self._place is not None and wanted_now() != (place, appearance, layer):
                self._measure()
                return
            self.uncover()  # a patch at another place than the last, with that one's numbers, would be wrong
            self.trouble = in_words(error)
            self.changed.emit()
            self._library.interactive.failed.emit(error)

        self._library.interactive.submit("patch", work, done, failed)
