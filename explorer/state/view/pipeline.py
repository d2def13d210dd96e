"""When the view changes, what has to be computed again: the picture, its maps, or only the overlay."""

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from explorer.core.drawing.styles import Scale
from explorer.core.errors import in_words
from explorer.core.progress import OnStep
from explorer.core.tags.book import FilterKey
from explorer.state.index.evidence import Evidence
from explorer.state.opened.file_state import FileState, state_of
from explorer.state.opened.library import Library
from explorer.state.opened.loaded_picture import LoadedPicture, load_picture
from explorer.state.session import Session, View
from explorer.state.view.map_drawing import draw, fit

if TYPE_CHECKING:
    from explorer.core.arrays import RGBA, Map, Maps
    from explorer.core.maps.activations import Activations
    from explorer.core.maps.value_range import SeenValues
    from explorer.core.network.opening import Network

CACHE_BYTES = 128 << 20
PATIENCE_MS = 60


@dataclass(frozen=True)
class Wanted:
    """All that the view's maps are made from but the picture's content; `network` is an identity, "" without one."""

    picture: Path
    network: str
    raw: bool


class Pipeline(QObject):
    """Keeps what belongs to the current view.

    `picture_changed` when the picture on show is another one (or none), `maps_changed` when its maps have come or
    gone, `scale_changed` when the index gives filters another scale, `picture_failed(path, error)` when it cannot be
    read, `recording_failed(error)` when the network fails.
    """

    picture_changed = Signal()
    maps_changed = Signal()
    scale_changed = Signal()
    picture_failed = Signal(object, object)
    recording_failed = Signal(object)

    def __init__(
        self, session: Session, library: Library, over_folder: Evidence, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._over_folder = over_folder
        self._session, self._library, self._jobs = session, library, library.interactive
        self._network: Network | None = None
        self._shown: LoadedPicture | None = None
        self._read_so_far: list[LoadedPicture] = []
        self._late = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._late.timeout.connect(self._show_late)
        self._activations: Activations | None = None
        self._cache: OrderedDict[Wanted, tuple[FileState, Activations]] = OrderedDict()
        self._seen: SeenValues | None = None
        self.trouble = ""
        """Why the view's picture has no maps; "" where it has them, or may still get them."""
        # First of all that listen: nobody should see a new network beside the maps of the one before.
        library.network_opened.connect(self._set_network)
        library.folder_opened.connect(lambda folder: self._folder_opened())
        library.replaced.connect(self._look_again)
        session.changed.connect(self._view_changed)
        over_folder.changed.connect(self._index_changed)

    @property
    def network(self) -> "Network | None":
        """The network whose maps these are."""
        return self._network

    @property
    def shown(self) -> LoadedPicture | None:
        """The picture on show; None while none is chosen or it is being read."""
        return self._shown

    @property
    def activations(self) -> "Activations | None":
        """The maps of the picture on show; None while they are being recorded."""
        return self._activations

    def close(self) -> None:
        """Announce nothing any more: what listens may be gone."""
        self._late.stop()
        self.blockSignals(True)

    def maps(self, layer: int) -> "Maps | None":
        """The maps of a layer on the picture on show."""
        return None if self._activations is None else self._activations.maps.get(layer)

    def map(self, layer: int, filter: int) -> "Map | None":
        """One filter's map on the picture on show."""
        maps = self.maps(layer)
        return maps[filter] if maps is not None and filter < len(maps) else None

    def scale(self, layer: int, filter: int) -> Scale:
        """From what to what value this filter is drawn in the current style."""
        maps = self.maps(layer)
        if maps is None:
            return Scale(0.0, 0.0)
        return self.scale_over_pictures(maps, layer, filter)

    def scale_over_pictures(self, maps: "Maps", layer: int, filter: int) -> Scale:
        """The scale of a filter on another picture, whose maps of this layer are given."""
        from explorer.core.maps.value_range import scale_of

        style, kind = self._session.view.style, self.kind_of_scale(layer)
        if kind == "seen" and self._seen is None:
            return Scale(0.0, 0.0)
        folder = self._over_folder.scale(FilterKey(layer, filter)) if kind == "folder" else None
        fixed = Scale(style.foot, style.peak)
        return scale_of(maps, layer, filter, kind, seen=self._seen, fixed=fixed, folder=folder)

    def lasting_scale(self, key: FilterKey) -> Scale | None:
        """The scale that a filter has on every picture in the current style; None where the picture decides it, or
        nothing of its layer was seen yet."""
        kind = self.kind_of_scale(key.layer)
        if kind == "folder":
            return self._over_folder.scale(key)
        seen = self._seen if kind == "seen" else None
        return seen.scale(key.layer, key.filter) if seen is not None and seen.pictures(key.layer) else None

    def kind_of_scale(self, layer: int) -> str:
        """The key of `SCALES` by which this layer is drawn: "seen" where that over the folder is not to be had."""
        style = self._session.view.style
        covered = style.scale != "folder" or self._over_folder.covers(self._network, layer, raw=style.raw)
        return style.scale if covered else "seen"

    @property
    def measured(self) -> str:
        """On what the scale in force was measured, in words, where the folder decides it; else ""."""
        style, kind = self._session.view.style, self.kind_of_scale(self._session.view.layer)
        if style.scale != "folder":
            return ""
        return self._over_folder.measured if kind == "folder" else "over the pictures seen so far"

    def overlay(self, layer: int, filter: int, longest: int) -> "RGBA | None":
        """The overlay of one filter on the picture on show, in the proportions of the input."""
        map = self.map(layer, filter)
        if map is None or self._network is None:
            return None
        return draw(map, self.scale(layer, filter), self._session.view.style, fit(self._network.input.size, longest))

    def evidence(self, layer: int, filter: int) -> dict[str, object]:
        """On which picture a filter is being looked at, and where its map is highest: [top, left, height, width]."""
        map, shown, activations = self.map(layer, filter), self._shown, self._activations
        if map is None or shown is None or activations is None:
            return {}
        import numpy as np

        finite = np.where(np.isfinite(map), map, -np.inf)
        row, column = divmod(int(finite.argmax()), map.shape[1])
        frame = activations.frame
        down, across = frame.height / map.shape[0], frame.width / map.shape[1]
        box = [frame.top + row * down, frame.left + column * across, down, across]
        evidence: dict[str, object] = {"picture": shown.picture.name, "box": [round(side, 2) for side in box]}
        return evidence | ({"value": float(finite.max())} if np.isfinite(finite.max()) else {})

    def _set_network(self, network: "Network") -> None:
        """Look through another network: everything that came from the old one is forgotten."""
        self._network = network
        self._cache.clear()
        self._forget_maps()
        self._ask()

    def _folder_opened(self) -> None:
        """Begin the scale "over the pictures seen" anew, and look whether the picture on show is still so."""
        self._seen = None
        self._note_seen()
        self.maps_changed.emit()
        if self._shown is not None:
            self._look_again(self._shown.picture)

    def _index_changed(self) -> None:
        if self._session.view.style.scale == "folder":
            self.scale_changed.emit()

    def _look_again(self, picture: Path) -> None:
        """Read the picture on show anew where it is this one and its file is another now."""
        shown = self._shown
        if shown is not None and shown.picture == picture and state_of(picture) != shown.state:
            self._ask()

    def _view_changed(self, before: View, after: View) -> None:
        if after.style.raw != before.style.raw:
            self._forget_maps()
        if (after.picture, after.style.raw) != (before.picture, before.style.raw):
            self._ask()
        elif after.layer != before.layer:
            self._note_seen()

    def _forget_maps(self) -> None:
        """The maps on show, and the scale over those seen, are not those that are wanted now."""
        self._seen = None
        self._show(self._shown, None)

    def _wanted(self) -> Wanted | None:
        view, network = self._session.view, self._network
        identity = network.identity if network is not None else ""
        return None if view.picture is None else Wanted(view.picture, identity, view.style.raw)

    def _ask(self) -> None:
        """Have the view's picture read and its maps recorded; fast walking ends on the last picture.

        What is on show stays until the new picture can be shown with its maps, or for `PATIENCE_MS`: painting a
        picture without its overlay first would take the processor away from the forward pass.
        """
        self._late.stop()
        self.trouble = ""
        wanted = self._wanted()
        if wanted is None:
            self._jobs.cancel("picture")
            self._show(None, None)
        else:
            self._submit(wanted)
            self._late.start()

    def _submit(self, wanted: Wanted) -> None:
        """Read and record in one job, so that no time is lost between; what is there and still right is taken."""
        network, before, cached = self._network, self._shown, self._cache.get(wanted)
        pictures_read: list[LoadedPicture] = []
        self._read_so_far = pictures_read

        def work(on_step: OnStep) -> "Activations | None":
            shown = load_picture(wanted.picture, network, before)
            pictures_read.append(shown)
            on_step(1, 2)
            if network is None:
                return None
            if cached is not None and cached[0] == shown.state:
                return cached[1]
            from explorer.core.maps.activations import record

            return record(network, shown.rgb, raw=wanted.raw, crop=shown.crop)

        def done(activations: "Activations | None") -> None:
            (shown,) = pictures_read
            if activations is not None:
                self._hold(wanted, shown.state, activations)
            if wanted == self._wanted():
                self._show(shown, activations)
            self._library.note_readable(shown.picture, shown.state)

        def failed(error: BaseException) -> None:
            if wanted != self._wanted():
                return
            self.trouble = in_words(error)
            self._show(pictures_read[0] if pictures_read else None, None)
            if pictures_read:
                self.recording_failed.emit(error)
            else:
                self.picture_failed.emit(wanted.picture, error)

        self._jobs.submit("picture", work, done, failed)

    def _hold(self, wanted: Wanted, state: FileState, activations: "Activations") -> None:
        self._cache[wanted] = state, activations
        self._cache.move_to_end(wanted)
        while len(self._cache) > 1 and sum(held.nbytes for _, held in self._cache.values()) > CACHE_BYTES:
            self._cache.popitem(last=False)

    def _show_late(self) -> None:
        """Show the picture without its maps, because these take long."""
        if not self._read_so_far:
            self._late.start()
        elif self._read_so_far[0] is not self._shown:
            self._show(self._read_so_far[0], None)

    def _show(self, shown: LoadedPicture | None, activations: "Activations | None") -> None:
        """Put a picture on show together with its own maps, never with another's."""
        self._late.stop()
        another, self._shown, self._activations = shown is not self._shown, shown, activations
        if another:
            self.picture_changed.emit()
        self._note_seen()
        self.maps_changed.emit()

    def _note_seen(self) -> None:
        layer = self._session.view.layer
        maps = self.maps(layer)
        if maps is not None and self._shown is not None:
            from explorer.core.maps.value_range import SeenValues

            self._seen = self._seen or SeenValues()
            self._seen.add(layer, f"{self._shown.picture} {self._shown.state}", maps)
