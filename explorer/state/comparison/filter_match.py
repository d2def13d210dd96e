"""Which filter of the second network stands for the one in view, and how much alike they answer."""

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.core.errors import in_words
from explorer.core.progress import OnStep
from explorer.core.tags.book import FilterKey
from explorer.state.comparison.second_network import SecondNetwork
from explorer.state.index.evidence import Evidence
from explorer.state.opened.library import Library
from explorer.state.session import Session, View
from trainer.measures.percent import percent

if TYPE_CHECKING:
    from pathlib import Path

    from explorer.core.comparison.filter_match import BothAnswers, SampleAnswers
    from explorer.core.comparison.matching import MatchedFilter
    from explorer.core.index import FolderIndex
    from explorer.core.network.opening import Network

    Indexes = tuple[FolderIndex, FolderIndex]

ANSWERS, NUMBER, HAND = "answers", "number", "hand"
"""By what they answer over the folder, by the number, or as a person says."""
FIRST, SECOND, LAYER = "matching filters", "matching filters of B", "matching a layer"
"""Slots of the workers for matching."""


class FilterMatch(QObject):
    """`key` is the filter of B that stands for the one in view; `changed` when it, or what is said of it, is another.

    What both answer over the folder comes from the indexes of both, as soon as there are some; until then a sample of
    the folder is measured on workers of their own, once somebody looks.
    """

    changed = Signal()

    def __init__(
        self,
        session: Session,
        library: Library,
        second: SecondNetwork,
        evidences: tuple[Evidence, Evidence],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._library, self._second, self._evidences = session, library, second, evidences
        self._looking, self._chosen, self._hand = False, "", FilterKey(0, 0)
        self._by_number: set[int] = set()  # the layers in which filters of the same number answer more alike
        self.alike = True
        """Whether both have the same layers: only then have filters common numbers and values a common scale."""
        self.notes: tuple[str, ...] = ()
        """Sentences about what cannot be compared."""
        self.trouble = ""
        """Why filters could not be matched; "" where they were, or may still be."""
        self._both: BothAnswers | None = None
        self._indexes: Indexes | None = None
        self._matches: dict[int, tuple[MatchedFilter, ...]] = {}
        self._share, self._matching = 0.0, -1  # the layer that is matched
        session.changed.connect(self._view_changed)
        second.changed.connect(self._networks_changed)
        library.network_opened.connect(lambda network: self._networks_changed())
        library.folder_opened.connect(lambda folder: self._forget())
        for evidence in evidences:
            evidence.changed.connect(self._indexes_changed)
        for jobs in (library.matching, second.session.matching):
            jobs.progressed.connect(self._progressed)
            jobs.cancelled.connect(self._cancelled)

    @property
    def first(self) -> FilterKey:
        """The filter in view, of A."""
        return FilterKey(self._session.view.layer, self._session.view.filter)

    @property
    def key(self) -> FilterKey | None:
        """The filter of B; None while it is not known, and where there is none."""
        return self.of(self.first)

    def of(self, first: FilterKey) -> FilterKey | None:
        """The filter of B that stands for one of A; None as for `key`, and by hand for all but the one in view."""
        if self._second.network is None:
            return None
        how = self.how_in(first.layer)
        if how == HAND:
            return self._hand if first == self.first else None
        if how == NUMBER:
            return first if self.alike else None
        matches = self._matches.get(first.layer, ())
        return matches[first.filter].second if first.filter < len(matches) else None

    @property
    def how(self) -> str:
        """How the filter of B is found that stands for the one in view: `ANSWERS`, `NUMBER` or `HAND`."""
        return self.how_in(self.first.layer)

    def how_in(self, layer: int) -> str:
        """The same in a layer: as a person chose, and until then by what is stronger there."""
        return self._chosen or (NUMBER if layer in self._by_number else ANSWERS)

    @property
    def strength(self) -> float:
        """The correlation of both filters' peaks on the half on which nothing was matched; NaN where there is none."""
        return self.strength_of(self.first, self.key)

    def strength_of(self, first: FilterKey, second: FilterKey | None) -> float:
        """That of any two filters; NaN where there is none, or nothing was measured."""
        return self._both.strength(first, second) if self._both is not None and second is not None else math.nan

    @property
    def pending(self) -> bool:
        """Whether the filter of B is still being found."""
        return self.how == ANSWERS and self.first.layer not in self._matches and not self.trouble

    @property
    def sentence(self) -> str:
        """Which filter stands for which, and how strong that is."""
        if self._second.network is None or self._library.network is None:
            return ""
        first, key, both = self.first, self.key, self._both
        if key is None and self.how == NUMBER:
            return "A and B have other layers: there is no filter of the same number. Match by answers, or by hand."
        if both is None:
            pair = f"{first} of A and {key} of B. " if key is not None else ""
            return pair + (self.trouble or f"Matching filters by their answers: {percent(self._share)}")
        if key is None:
            done = first.layer in self._matches
            return f"No filter of B is left for {first} of A." if done else "Matching the filters of this layer"
        return both.sentence(first, key, by_answers=self.how == ANSWERS)

    def choose(self, how: str) -> None:
        """Match by `ANSWERS`, `NUMBER` or `HAND`, which begins where the last choice was."""
        if how == HAND and self.how != HAND:
            self._hand = self.key or FilterKey(0, 0)
        if how != self._chosen:
            self._chosen = how
            self.changed.emit()

    def take(self, key: FilterKey) -> None:
        """Say by hand which filter of B stands there, as far as B has it."""
        network = self._second.network
        if network is None:
            return
        layer = min(max(0, key.layer), len(network.layers) - 1)
        filter = min(max(0, key.filter), network.layers[layer].filters - 1)
        self._chosen, self._hand = HAND, FilterKey(layer, filter)
        self.changed.emit()

    def look(self, looking: bool) -> None:
        """Have filters matched from now on, or measure nothing any more."""
        if looking != self._looking:
            self._looking = looking
            if not looking:
                self._stop()
            self._follow()

    def close(self) -> None:
        """Announce nothing any more: what listens may be gone."""
        self.blockSignals(True)

    def _stop(self) -> None:
        self._library.matching.cancel(FIRST)
        for slot in (SECOND, LAYER):
            self._second.session.matching.cancel(slot)

    def _networks_changed(self) -> None:
        first, second = self._library.network, self._second.network
        self.alike, self.notes = True, ()
        if first is not None and second is not None:
            from explorer.core.comparison.comparable import not_comparable, same_layers

            self.alike, self.notes = same_layers(first, second), not_comparable(first, second)
            self._hand, self._chosen = FilterKey(0, 0), ""
        self._forget()

    def _forget(self) -> None:
        self._stop()
        self._both, self._indexes, self.trouble, self._share = None, None, "", 0.0
        self._matches, self._by_number = {}, set()
        self._follow()

    def _open_indexes(self) -> "Indexes | None":
        """Those of both networks that are open; None where one is missing."""
        first, second = (evidence.index for evidence in self._evidences)
        covered = zip(self._evidences, (self._library.network, self._second.network), strict=True)
        whole = all(evidence.covers(network, 0, raw=False) for evidence, network in covered)
        return (first, second) if first is not None and second is not None and whole else None

    def _indexes_changed(self) -> None:
        """Look into new indexes; what is known stays until that is done, but no sample is measured any more."""
        if self._open_indexes() != self._indexes:
            if self._both is None:
                self._stop()
                self._indexes, self.trouble = None, ""
            self._follow()

    def _view_changed(self, before: View, after: View) -> None:
        if (before.layer, before.filter) != (after.layer, after.filter):
            self._follow()

    def _follow(self) -> None:
        """Have measured or matched what is missing for the filter in view."""
        required = self._library.network, self._second.network, self._library.folder
        if self._looking and all(part is not None for part in required) and not self.trouble:
            jobs, layer, indexes = self._second.session.matching, self.first.layer, self._open_indexes()
            busy = self._library.matching.busy(FIRST) or jobs.busy(SECOND)
            matching = jobs.busy(LAYER) and self._matching == layer
            if indexes is not None and indexes != self._indexes:
                self._look_into(indexes)
            elif self._both is None and not busy:
                self._measure_first()
            elif self._both is not None and layer not in self._matches and not matching:
                self._match(self._both, layer)
        self.changed.emit()

    def _look_into(self, indexes: "Indexes") -> None:
        first, self._indexes = self._library.network, indexes
        assert first is not None

        def work(second: "Network", on_step: OnStep) -> "BothAnswers":
            on_step(0, 0)
            from explorer.core.comparison.filter_match import of_indexes

            return of_indexes(indexes, (first, second))

        def done(both: "BothAnswers") -> None:
            if indexes == self._open_indexes():  # else they are of another folder
                self._take(both)

        def failed(error: BaseException) -> None:
            if indexes == self._open_indexes() and self._both is None:  # else a file was closed meanwhile
                self._failed(error)

        self._second.session.run(self._second.session.matching, SECOND, work, done, failed)

    def _measure_first(self) -> None:
        folder = self._library.folder
        assert folder is not None
        root, listed = folder.path, folder.pictures

        def work(network: "Network", on_step: OnStep) -> "tuple[tuple[Path, ...], SampleAnswers]":
            from explorer.core.comparison.filter_match import measure_sample, sample_of

            pictures = sample_of(root, listed)
            return pictures, measure_sample(network, pictures, on_step)

        def done(measured: "tuple[tuple[Path, ...], SampleAnswers]") -> None:
            if self._second.network is not None:
                self._measure_second(*measured)

        self._library.network_session.run(self._library.matching, FIRST, work, done, self._failed)

    def _measure_second(self, pictures: "tuple[Path, ...]", first: "SampleAnswers") -> None:
        alike, folder = self.alike, self._library.folder
        root = folder.path if folder is not None else None

        def work(network: "Network", on_step: OnStep) -> "BothAnswers":
            from explorer.core.comparison.filter_match import measure_sample, of_samples

            return of_samples(first, measure_sample(network, pictures, on_step), root, same_layers=alike)

        self._second.session.run(self._second.session.matching, SECOND, work, self._take, self._failed)

    def _take(self, both: "BothAnswers") -> None:
        self._both, self._matches, self._matching = both, {}, -1
        self._follow()

    def _match(self, both: "BothAnswers", layer: int) -> None:
        def work(on_step: OnStep) -> "tuple[MatchedFilter, ...]":
            on_step(0, 0)
            return both.matches(layer)

        def done(matches: "tuple[MatchedFilter, ...]") -> None:
            self._matches[layer] = matches
            from explorer.core.comparison.matching import number_is_stronger

            self._by_number = self._by_number - {layer} | ({layer} if number_is_stronger(matches) else set())
            self._follow()

        self._matching = layer
        self._second.session.matching.submit(LAYER, work, done, self._failed)

    def _failed(self, error: BaseException) -> None:
        self.trouble = in_words(error)
        self.changed.emit()

    def _progressed(self, slot: str, done: int, total: int) -> None:
        if slot in (FIRST, SECOND) and total:
            self._share = (done / total + (slot == SECOND)) / 2
            self.changed.emit()

    def _cancelled(self, slot: str) -> None:
        """A person stopped it: it does not begin again by itself."""
        if slot in (FIRST, SECOND, LAYER) and self._looking and self._both is None:
            self.trouble = "Stopped before the filters were matched."
            self.changed.emit()
