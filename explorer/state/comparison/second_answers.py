"""What the second network answers on the picture in view: its maps, its prediction, and its map of the lens."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from explorer.core.attribution import LENSES
from explorer.core.counting import counted
from explorer.core.errors import in_words
from explorer.core.progress import OnStep
from explorer.core.tags.book import FilterKey
from explorer.state.comparison.second_network import SecondNetwork
from explorer.state.index.evidence import Evidence
from explorer.state.lens.chosen_lens import ChosenLens
from explorer.state.session import Session
from explorer.state.view.pipeline import Pipeline

if TYPE_CHECKING:
    from explorer.core.arrays import Map
    from explorer.core.attribution import AttributionMap
    from explorer.core.drawing.styles import Scale
    from explorer.core.maps.activations import Activations
    from explorer.core.maps.value_range import SeenValues
    from explorer.core.network.opening import Network

MAPS, LENS = "second maps", "second lens"
"""Slots of its workers."""
CACHE_BYTES = 64 << 20
"""Of maps of the last pictures and of lenses; the newest are kept, however large."""


class SecondAnswers(QObject):
    """Follows the view for as long as somebody looks, on the second network's own workers, after the first's answers.

    `changed` when the maps, the lens's map or why there is none are others.
    """

    changed = Signal()

    def __init__(
        self,
        session: Session,
        pipeline: Pipeline,
        lens: ChosenLens,
        second: SecondNetwork,
        evidence: Evidence,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._pipeline, self._lens, self._second = session, pipeline, lens, second
        self._evidence = evidence
        evidence.changed.connect(self.changed)
        self._looking = False
        self._filter: FilterKey | None = None
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._asked: dict[str, Hashable] = {}
        self._troubles: dict[Hashable, str] = {}
        self._seen: dict[bool, SeenValues] = {}
        """What it answered on the pictures that were looked at, and, apart from that, what it did before its norms."""
        pipeline.picture_changed.connect(self._follow)
        pipeline.maps_changed.connect(self._follow)
        lens.changed.connect(self._follow)
        second.changed.connect(self._anew)
        for jobs in (second.session.interactive, second.session.batch):
            jobs.cancelled.connect(self._cancelled)

    @property
    def activations(self) -> "Activations | None":
        """Its maps and logits for the picture in view; None while they are recorded."""
        key = self._maps_key()
        activations: Activations | None = self._kept.get(key) if key is not None else None
        return activations

    @property
    def lens_map(self) -> "AttributionMap | None":
        """Its map of the lens over the picture in view; None while there is none."""
        key = self._lens_key()
        attribution: AttributionMap | None = self._kept.get(key) if key is not None else None
        return attribution

    @property
    def trouble(self) -> str:
        """Why there is nothing to show and will not be; "" where there is, or may still be."""
        key = self._maps_key() if self._lens.lens is None else self._lens_key()
        return self._troubles.get(key, "") if key is not None else ""

    def map(self, key: FilterKey | None) -> "Map | None":
        """One of its filters' maps of the picture in view."""
        activations = self.activations
        maps = activations.maps.get(key.layer) if activations is not None and key is not None else None
        return maps[key.filter] if maps is not None and key is not None and key.filter < len(maps) else None

    def scale(self, key: FilterKey) -> "Scale":
        """Its filter's own scale in the style of the view; over the pictures seen where no index says the folder's."""
        from explorer.core.drawing.styles import Scale
        from explorer.core.maps.value_range import scale_of

        style, activations = self._session.view.style, self.activations
        if activations is None:
            return Scale(0.0, 0.0)
        kind, seen = style.scale, self._seen_of(key.layer)
        if kind == "folder":
            folder_scale = self._over_folder(key)
            if folder_scale is not None:
                return folder_scale
            kind = "seen"
        fixed = Scale(style.foot, style.peak)
        return scale_of(activations.maps[key.layer], key.layer, key.filter, kind, seen=seen, fixed=fixed)

    def _seen_of(self, layer: int) -> "SeenValues":
        """What it answered on the pictures that were looked at, the one in view among them."""
        from explorer.core.maps.value_range import SeenValues

        network, activations, shown = self._second.network, self.activations, self._pipeline.shown
        before_norm = self._session.view.style.raw and network is not None and bool(network.layers[layer].norm)
        seen = self._seen.setdefault(before_norm, SeenValues())
        if activations is not None and shown is not None:
            seen.add(layer, str((shown.picture, shown.state)), activations.maps[layer])
        return seen

    def scale_words(self, key: FilterKey) -> str:
        """What its own scale is measured on, where that is not what was chosen."""
        if self._session.view.style.scale != "folder" or self._over_folder(key) is not None:
            return "own scale"
        pictures = counted(self._seen_of(key.layer).pictures(key.layer), "picture")
        return f"own scale, over {pictures} seen: B has no index yet"

    def _over_folder(self, key: FilterKey) -> "Scale | None":
        """What an index of B says of a filter, as far as it holds what is on show."""
        raw = self._session.view.style.raw
        covered = self._evidence.covers(self._second.network, key.layer, raw=raw)
        return self._evidence.scale(key) if covered else None

    def look(self, looking: bool, filter: FilterKey | None) -> None:
        """Follow the view from now on, or not any more; `filter` is what stands for the first network's one."""
        if (looking, filter) != (self._looking, self._filter):
            self._looking, self._filter = looking, filter
            if not looking:
                self._asked.clear()  # it is not a person who stops it
                self._second.session.interactive.cancel(MAPS)
                self._second.session.batch.cancel(LENS)
            self._follow()

    def begin_scale_anew(self) -> None:
        """The scale over the pictures seen is of those of the open folder."""
        self._seen.clear()
        self.changed.emit()

    def close(self) -> None:
        """Announce nothing any more: what listens may be gone."""
        self.blockSignals(True)

    def _anew(self) -> None:
        self._kept.clear()
        self._asked.clear()
        self._troubles.clear()
        self._seen.clear()
        self._follow()

    def _maps_key(self) -> Hashable | None:
        shown, network = self._pipeline.shown, self._second.network
        if shown is None or network is None:
            return None
        return network.identity, shown.picture, shown.state, self._session.view.style.raw

    def _lens_key(self) -> Hashable | None:
        request, network = self._lens.request, self._second.network
        return (network.identity, request, self._filter) if request is not None and network is not None else None

    def _follow(self) -> None:
        if self._looking and self._second.network is not None:
            self._ask_maps()
            if self._lens.lens is not None:
                self._ask_lens()
        self.changed.emit()

    def _ask_maps(self) -> None:
        key, shown = self._maps_key(), self._pipeline.shown
        # The first network's answer is waited for by a person; this one comes after it.
        if shown is None or (self._pipeline.activations is None and not self._pipeline.trouble):
            return
        rgb, raw = shown.rgb, self._session.view.style.raw

        def work(network: "Network", on_step: OnStep) -> "Activations":
            on_step(0, 0)
            from explorer.core.maps.activations import record

            return record(network, rgb, raw=raw)

        self._ask(MAPS, key, work)

    def _ask_lens(self) -> None:
        request, shown = self._lens.request, self._pipeline.shown
        if request is None or shown is None or self._lens.found is None or self._lens.rough:
            return
        rgb, lens, filter = shown.rgb, LENSES[request.lens], self._filter

        def work(network: "Network", on_step: OnStep) -> "AttributionMap":
            from explorer.core.comparison.lens_of_both import translated

            target, settings = translated(lens, request.target, dict(request.settings), network, filter)
            return lens.compute(network, rgb, target, settings, on_step, None)

        self._ask(LENS, self._lens_key(), work)

    def _ask(self, slot: str, key: Hashable, work: Any) -> None:
        """Have something computed that is neither kept, nor asked for already, nor known to fail."""
        session = self._second.session
        jobs = session.interactive if slot == MAPS else session.batch
        if key in self._kept or key in self._troubles or (self._asked.get(slot) == key and jobs.busy(slot)):
            return
        self._asked[slot] = key

        def done(answer: Any) -> None:
            self._kept[key] = answer
            while len(self._kept) > 2 and sum(map(bytes_of, self._kept.values())) > CACHE_BYTES:
                self._kept.popitem(last=False)
            self.changed.emit()

        def failed(error: BaseException) -> None:
            self._troubles[key] = in_words(error)
            self.changed.emit()

        session.run(jobs, slot, work, done, failed)

    def _cancelled(self, slot: str) -> None:
        """A person stopped it: it does not begin again by itself."""
        key = self._asked.pop(slot, None)
        if key is not None and key not in self._kept:
            self._troubles.setdefault(key, "Stopped before it was measured.")
            self.changed.emit()


def bytes_of(answer: "Activations | AttributionMap") -> int:
    """Bytes that an answer holds."""
    return answer.map.nbytes if hasattr(answer, "map") else answer.nbytes
