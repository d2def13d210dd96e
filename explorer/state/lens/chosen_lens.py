"""Which lens lies over the picture on show, what it is pointed at, and its map."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from explorer.core.attribution import LENSES
from explorer.core.attribution.attribution_map import Value
from explorer.core.attribution.lens import CLASS as CLASSES
from explorer.core.attribution.lens import FILTER as FILTERS
from explorer.core.attribution.lens import Lens
from explorer.core.errors import in_words
from explorer.core.progress import OnStep
from explorer.state.lens.target_choice import CHOSEN_FILTER, CLASS, PREDICTED, TargetChoice
from explorer.state.opened.file_state import FileState
from explorer.state.opened.library import Library
from explorer.state.session import Session, View
from explorer.state.view.pipeline import Pipeline

if TYPE_CHECKING:
    from explorer.core.attribution import AttributionMap
    from explorer.core.network.opening import Network

KEPT = 32
PAUSE_MS = 120
"""How long walking must rest before anything is computed."""
SOON_MS = 60
"""A map that is there within this is shown at once: drawing before it that it is computed would only hold it up."""

LAYER_IN_VIEW = "layer in view"
"""The value of a layer's setting that stands for the layer that is looked at."""


@dataclass(frozen=True)
class Request:
    """All that a map comes from: the network's identity, the picture and its file's state, lens, target, settings.

    A lens that makes its own picture has none: what it made serves every picture.
    """

    network: str
    picture: Path | None
    state: FileState
    lens: str
    target: str
    settings: tuple[tuple[str, Value], ...]


class ChosenLens(QObject):
    """The lens that a person looks through, with its map of the picture on show; the last maps are kept.

    No lens (`name` "") means that the filter's own map lies there. Maps are computed on the batch worker, in the slot
    of the lens's name, once walking rests. `changed` when the lens, its map, settings or target are others.
    """

    changed = Signal()
    _rough = Signal(object, object)

    def __init__(self, session: Session, pipeline: Pipeline, library: Library, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._pipeline, self._library = session, pipeline, library
        self.name = ""
        self.choice = TargetChoice()
        self.rough = False
        """Whether the map on show is only a first, coarse one."""
        self._settings = {name: lens.complete({}) for name, lens in LENSES.items()}
        self._kept: OrderedDict[Request, AttributionMap] = OrderedDict()
        self._found: AttributionMap | None = None
        self._computing: Request | None = None
        self._ended: tuple[Request, str] | None = None
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self._compute)
        self._soon = QTimer(self, singleShot=True, interval=SOON_MS)
        self._soon.timeout.connect(self._tell)
        self._rough.connect(self._show_rough, Qt.ConnectionType.QueuedConnection)
        session.changed.connect(self._view_changed)
        library.network_opened.connect(self._network_opened)
        library.batch.cancelled.connect(self._cancelled)
        pipeline.maps_changed.connect(self._ask)

    @property
    def lens(self) -> Lens | None:
        """The lens over the picture; None while the filter's own map lies there."""
        return LENSES.get(self.name)

    @property
    def found(self) -> "AttributionMap | None":
        """The lens's map of the picture on show; None while it is computed, and where it could not be."""
        return self._found

    @property
    def trouble(self) -> str:
        """Why the map is not computed, or not to its end, and will not be unless a person asks again; else ""."""
        return self._ended[1] if self._ended is not None and self._ended[0] == self._request() else ""

    @property
    def missing(self) -> str:
        """What there must be before anything can be computed; "" where there is a target."""
        if self.target:
            return ""
        network, activations = self._pipeline.network, self._pipeline.activations
        if network is None or self._pipeline.shown is None:
            return "Open a network and a picture to measure."
        if activations is not None and not network.classes:
            return "The network has no class scores: measure the chosen filter, where the lens can."
        return self._pipeline.trouble or "Waiting for what the network says of the picture …"

    @property
    def pointed_at(self) -> str:
        """The person's choice of a target, or what the lens takes instead where it takes none of that kind."""
        kind = FILTERS if self.choice.target == CHOSEN_FILTER else CLASSES
        if self.lens is None or kind in self.lens.targets:
            return self.choice.target
        return PREDICTED if kind == FILTERS else CHOSEN_FILTER

    @property
    def request(self) -> Request | None:
        """All that the map of the lens over the picture on show comes from; None while there is no such map."""
        return self._request()

    @property
    def target(self) -> str:
        """The target on the picture on show, as `attribute` takes it; "" while there is none."""
        network, activations, view = self._pipeline.network, self._pipeline.activations, self._session.view
        if network is None or activations is None:
            return ""
        kind, chosen = "class" if self.choice.score == "logit" else "probability", self.pointed_at
        if chosen == PREDICTED:
            class_index = activations.prediction.best
            return f"{kind}:{network.classes[class_index]}" if class_index is not None else ""
        if chosen == CHOSEN_FILTER:
            return f"filter:{view.layer}:{view.filter}:{self.choice.reading}"
        name = chosen.removeprefix(CLASS)
        return f"{kind}:{name}" if name in network.classes else ""

    @property
    def points(self) -> float:
        """Of how many percentage points a change of a probability has the full color (`color_limit`)."""
        return self._session.view.style.points

    @property
    def opacity(self) -> float:
        """How much of the picture its map covers, in [0, 1]; a picture that a lens made covers all."""
        made = self.lens is not None and not self.lens.of_picture
        return 1.0 if made else self._session.view.style.opacity

    def settings_of(self, name: str) -> Mapping[str, Value]:
        """What a person chose for the lens of this name, whether it lies over the picture or not."""
        return self._settings[name]

    def choose(self, name: str) -> None:
        """Look through the lens of this name, or through none with ""; nothing is computed while nobody looks."""
        if name == self.name:
            return
        self._stop()
        self.name, self._found, self.rough = name, None, False
        self._look_up()
        if self._pause.isActive():  # nobody who chooses a lens is walking
            self._pause.stop()
            self._compute()
            self._soon.start()
        else:
            self._tell()

    def point(self, **values: str) -> None:
        """Change fields of the choice of a target."""
        choice = replace(self.choice, **values)
        if choice != self.choice:
            self.choice = choice
            self._ask()

    def update(self, **values: Value) -> None:
        """Change settings of the lens over the picture."""
        lens = self.lens
        if lens is None:
            return
        settings = lens.adjust(lens.complete(self._settings[lens.name] | values))
        if settings != self._settings[lens.name]:
            self._settings[lens.name] = settings
            self._ask()

    def try_again(self) -> None:
        """Compute once more what could not be computed, or what was stopped."""
        self._ended = None
        self._ask()

    def close(self) -> None:
        """Announce nothing any more: what listens may be gone."""
        self._pause.stop()
        self._soon.stop()
        self.blockSignals(True)

    def _network_opened(self, network: "Network") -> None:
        self._kept.clear()
        if self.choice.target.startswith(CLASS) and self.choice.target.removeprefix(CLASS) not in network.classes:
            self.choice = replace(self.choice, target=PREDICTED)
        self._ask()

    def _view_changed(self, before: View, after: View) -> None:
        if after.picture != before.picture:
            return  # its maps come with it
        of_layer = LAYER_IN_VIEW in self._settings.get(self.name, {}).values()
        walked = (after.layer, after.filter) != (before.layer, before.filter)
        if (walked and self.pointed_at == CHOSEN_FILTER) or (of_layer and after.layer != before.layer):
            self._ask()

    def _request(self) -> Request | None:
        shown, network, target = self._pipeline.shown, self._pipeline.network, self.target
        if shown is None or network is None or not target or not self.name:
            return None
        layer = self._session.view.layer
        chosen = self._settings[self.name].items()
        settings = tuple((name, layer if value == LAYER_IN_VIEW else value) for name, value in chosen)
        picture, state = (shown.picture, shown.state) if LENSES[self.name].of_picture else (None, ())
        return Request(network.identity, picture, state, self.name, target, settings)

    def _stop(self) -> None:
        """End what is computed, and what was about to begin."""
        self._pause.stop()
        self._computing = None
        self._library.batch.cancel(self.name)

    def _cancelled(self, slot: str) -> None:
        """A person stopped the computation: it does not begin again by itself."""
        if slot == self.name and self._computing is not None:
            self._end(self._computing, "Stopped before it was measured.")

    def _end(self, request: Request, why: str) -> None:
        self._computing, self._ended = None, (request, why)
        self._tell()

    def _tell(self) -> None:
        """Announce what is now."""
        self._soon.stop()
        self.changed.emit()

    def _ask(self) -> None:
        """Show the kept map, or have it computed once the person rests."""
        if not self.name:
            return
        request = self._request()
        if request is not None and request == self._computing and self._library.batch.busy(self.name):
            return
        self._look_up()
        self._tell()

    def _look_up(self) -> None:
        """Take the kept map of what is asked for, or begin to wait for the person to rest."""
        request = self._request()
        self._found, self.rough = (self._kept.get(request) if request is not None else None), False
        if request is not None and self._found is not None:
            self._kept.move_to_end(request)  # those that were looked at last are kept
        self._stop()
        if request is not None and self._found is None and not self.trouble:
            self._pause.start()

    def _compute(self) -> None:
        request, shown = self._request(), self._pipeline.shown
        if request is None or shown is None:
            return
        rgb, lens, settings = shown.rgb, LENSES[request.lens], dict(request.settings)
        self._computing = request

        def work(network: "Network", on_step: OnStep) -> "AttributionMap":
            return lens.compute(
                network, rgb, request.target, settings, on_step, lambda map: self._rough.emit(request, map)
            )

        def done(attribution: "AttributionMap") -> None:
            self._kept[request] = attribution
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            self._computing = None
            if request == self._request():
                self._found, self.rough = attribution, False
                self._tell()

        def failed(error: BaseException) -> None:
            self._end(request, in_words(error))
            self._library.batch.failed.emit(error)

        self._library.network_session.run(self._library.batch, request.lens, work, done, failed)

    def _show_rough(self, request: Request, attribution: "AttributionMap") -> None:
        if request == self._request() and (self._found is None or self.rough):
            self._found, self.rough = attribution, True
            self._tell()
