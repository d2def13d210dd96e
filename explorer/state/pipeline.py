"""When the view changes, what has to be computed again: the picture, its maps, or only the overlay."""

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from explorer.core.looks import Scale
from explorer.core.progress import OnStep
from explorer.state.jobs import Jobs
from explorer.state.session import Look, Session, View

if TYPE_CHECKING:
    from explorer.core.activations import Activations
    from explorer.core.arrays import RGB, RGBA, Map, Maps
    from explorer.core.network import Network
    from explorer.core.scale import SeenValues

CACHE_BYTES = 128 << 20
PATIENCE_MS = 60

Key = tuple[Path, tuple[int, int], bool]
"""A picture, the state of its file, and whether the maps are raw."""


@dataclass(frozen=True)
class Shown:
    """A picture that was read, and what the network sees of it (h, w, channels) uint8, None without a network."""

    picture: Path
    rgb: "RGB"
    crop: "RGB | None"


class Pipeline(QObject):
    """Keeps what belongs to the current view.

    `picture_changed` when the picture on show is another one (or none), `maps_changed` when its maps have come or
    gone, `picture_failed(path, error)` when it cannot be read, `recording_failed(error)` when the network fails.
    """

    picture_changed = Signal()
    maps_changed = Signal()
    picture_failed = Signal(object, object)
    recording_failed = Signal(object)

    def __init__(self, session: Session, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._jobs = session, jobs
        self._network: Network | None = None
        self._shown: Shown | None = None
        self._read_so_far: list[Shown] = []
        self._late = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._late.timeout.connect(self._show_late)
        self._activations: Activations | None = None
        self._cache: OrderedDict[Key, Activations] = OrderedDict()
        self._seen: SeenValues | None = None
        session.changed.connect(self._view_changed)

    @property
    def shown(self) -> Shown | None:
        """The picture on show; None while none is chosen or it is being read."""
        return self._shown

    @property
    def activations(self) -> "Activations | None":
        """The maps of the picture on show; None while they are being recorded."""
        return self._activations

    def set_network(self, network: "Network | None") -> None:
        """Look through another network: everything that came from the old one is forgotten."""
        self._network = network
        self._cache.clear()
        self._seen = None
        self._show(self._shown, None)
        self._read()

    def close(self) -> None:
        """Announce nothing any more: what listens may be gone."""
        self._late.stop()
        self.blockSignals(True)

    def forget_seen(self) -> None:
        """Begin the scale "over the pictures seen" anew: with another folder, or with raw maps."""
        self._seen = None
        self._cache.clear()
        self._note_seen()
        self.maps_changed.emit()

    def maps(self, layer: int) -> "Maps | None":
        """The maps of a layer on the picture on show."""
        return None if self._activations is None else self._activations.maps.get(layer)

    def map(self, layer: int, filter: int) -> "Map | None":
        """One filter's map on the picture on show."""
        maps = self.maps(layer)
        return maps[filter] if maps is not None and filter < len(maps) else None

    def scale(self, layer: int, filter: int) -> Scale:
        """From what to what value this filter is drawn in the current look."""
        maps = self.maps(layer)
        if maps is None:
            return Scale(0.0, 0.0)
        return self.scale_over_pictures(maps, layer, filter)

    def scale_over_pictures(self, maps: "Maps", layer: int, filter: int) -> Scale:
        """The scale of a filter on another picture, whose maps of this layer are given."""
        from explorer.core.scale import scale_of

        look = self._session.view.look
        if look.scale == "seen" and self._seen is None:
            return Scale(0.0, 0.0)
        return scale_of(maps, layer, filter, look.scale, seen=self._seen, fixed=Scale(look.foot, look.peak))

    def overlay(self, layer: int, filter: int, longest: int) -> "RGBA | None":
        """The overlay of one filter on the picture on show, in the proportions of the input."""
        map = self.map(layer, filter)
        if map is None or self._network is None:
            return None
        return draw(map, self.scale(layer, filter), self._session.view.look, fit(self._network.input.size, longest))

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
        found: dict[str, object] = {"picture": shown.picture.name, "box": [round(side, 2) for side in box]}
        return found | ({"value": float(finite.max())} if np.isfinite(finite.max()) else {})

    def _view_changed(self, before: View, after: View) -> None:
        if after.picture != before.picture:
            self._read()
        elif after.look.raw != before.look.raw:
            self._show(self._shown, None)
            self.forget_seen()
            if after.picture is not None:
                there = self._shown is not None and self._shown.picture == after.picture
                self._submit(after.picture, self._shown if there else None)
        elif after.layer != before.layer:
            self._note_seen()

    def _read(self) -> None:
        """Read the picture of the view and record its maps; fast walking ends on the last picture.

        What is on show stays until the new picture can be shown with its maps, or for `PATIENCE_MS`: painting a
        picture without its overlay first would take the processor away from the forward pass.
        """
        picture = self._session.view.picture
        self._late.stop()
        if picture is None:
            self._jobs.cancel("picture")
            self._show(None, None)
        else:
            self._submit(picture, None)
            self._late.start()

    def _submit(self, picture: Path, shown: Shown | None) -> None:
        """Record a picture that was read already, or read it first; one job, so that no time is lost between."""
        network, raw = self._network, self._session.view.look.raw
        key = (picture, stamp(picture), raw)
        known = self._cache.get(key)
        read = [shown] if shown is not None else []
        self._read_so_far = read

        def work(on_step: OnStep) -> "Activations | None":
            if not read:
                read.append(_read_picture(picture, network))
                on_step(1, 2)
            if network is None or known is not None:
                return known
            from explorer.core.activations import record

            return record(network, read[0].rgb, raw=raw, crop=read[0].crop)

        def done(activations: "Activations | None") -> None:
            if activations is not None:
                self._hold(key, activations)
            self._show(read[0], activations)

        def failed(error: BaseException) -> None:
            self._show(read[0] if read else None, None)
            if read:
                self.recording_failed.emit(error)
            else:
                self.picture_failed.emit(picture, error)

        self._jobs.submit("picture", work, done, failed)

    def _hold(self, key: Key, activations: "Activations") -> None:
        self._cache[key] = activations
        self._cache.move_to_end(key)
        while len(self._cache) > 1 and sum(held.nbytes for held in self._cache.values()) > CACHE_BYTES:
            self._cache.popitem(last=False)

    def _show_late(self) -> None:
        """Show the picture without its maps, because these take long."""
        if not self._read_so_far:
            self._late.start()
        elif self._read_so_far[0] is not self._shown:
            self._show(self._read_so_far[0], None)

    def _show(self, shown: Shown | None, activations: "Activations | None") -> None:
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
            from explorer.core.scale import SeenValues

            self._seen = self._seen or SeenValues()
            self._seen.add(layer, str(self._shown.picture), maps)


def stamp(picture: Path) -> tuple[int, int]:
    """When a file was written, and its size: another file under the same name has other maps."""
    try:
        status = picture.stat()
    except OSError:
        return (0, 0)
    return status.st_mtime_ns, status.st_size


def _read_picture(picture: Path, network: "Network | None") -> Shown:
    from explorer.core.images import read_image

    rgb = read_image(picture)
    return Shown(picture, rgb, network.input.crop(rgb) if network is not None else None)


def fit(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """(height, width) with the proportions of `size`, its longer side `longest`."""
    height, width = size
    factor = longest / max(height, width)
    return max(1, round(height * factor)), max(1, round(width * factor))


def draw(map: "Map", scale: Scale, look: Look, size: tuple[int, int]) -> "RGBA":
    """A map in a look: its overlay at `size` (height, width), with the outline at half of the scale if wanted."""
    from explorer.core.overlay import outline, overlay

    drawn = overlay(map, size, foot=scale.foot, peak=scale.peak, color_map=look.color_map)
    if look.outline and scale.peak > scale.foot:
        line = outline(map, size, (scale.foot + scale.peak) / 2)
        drawn[line[..., 3] > 0] = line[line[..., 3] > 0]
    return drawn
