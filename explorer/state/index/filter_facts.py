"""What the index says of the filters of a layer side by side, found by a worker when somebody looks at the layer."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.core.progress import OnStep
from explorer.state.index.evidence import Evidence
from explorer.state.index.given_classes import GivenClasses
from explorer.state.opened.library import Library

if TYPE_CHECKING:
    from explorer.core.class_words import ClassWords
    from explorer.core.index import FolderIndex
    from explorer.core.index.layer_summary import LayerSummary

    Counted = tuple[ClassWords | None, bool]
    """What given words mean, and whether pictures count that the network was trained on."""

SLOT = "compare filters"


class FilterFacts(QObject):
    """`changed(layer)` when a layer's summary has come or gone.

    Classes are the network's, as far as the `given` words mean them. While an index grows, or words come to mean
    others, what was found before stays until it is found anew.
    """

    changed = Signal(int)

    def __init__(
        self, library: Library, evidence: Evidence, given: GivenClasses, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._library, self._evidence, self._given = library, evidence, given
        self._known: dict[int, tuple[FolderIndex, Counted, LayerSummary]] = {}
        self._pending: tuple[FolderIndex, Counted, int] | None = None
        evidence.changed.connect(self._index_changed)
        given.changed.connect(self._words_changed)

    def of(self, layer: int) -> "LayerSummary | None":
        """The summary of a layer; None while there is none, and then it is being made where there is an index."""
        index, network = self._evidence.index, self._library.network
        if index is None or network is None or not self._evidence.covers(network, layer, raw=False):
            return None
        entry, counted = self._known.get(layer), (self._given.map, self._given.with_trained_on)
        if entry is None or entry[0] is not index or entry[1] != counted:
            self._ask(index, counted, layer, (network.layers[layer].height, network.layers[layer].width))
        return entry[2] if entry is not None else None

    def _ask(self, index: "FolderIndex", counted: "Counted", layer: int, size: tuple[int, int]) -> None:
        if self._pending is not None and self._pending[0] is index and self._pending[1:] == (counted, layer):
            return
        self._pending = index, counted, layer
        words, with_trained_on = counted

        def work(on_step: OnStep) -> "LayerSummary":
            from explorer.core.index.layer_summary import summary_of

            meant = {word: words.of(word) for word in set(index.given)} if words is not None else {}
            given = [meant.get(word, "") for word in index.given] if words is not None else None
            return summary_of(index, layer, size, given=given, with_trained_on=with_trained_on, on_step=on_step)

        def done(summary: "LayerSummary") -> None:
            self._pending = None
            if self._evidence.index is index:
                self._known[layer] = index, counted, summary
                self.changed.emit(layer)

        def failed(error: BaseException) -> None:
            self._pending = None
            if self._evidence.index is index:  # else its file was closed meanwhile, and nobody asks for it any more
                self._library.problem.emit(error)

        self._library.reading.submit(SLOT, work, done, failed)

    def _index_changed(self) -> None:
        index = self._evidence.index
        gone = [
            layer
            for layer, (before, *_) in self._known.items()
            if index is None or before.contents.network.identity != index.contents.network.identity
        ]
        layers = list(self._known)
        for layer in gone:
            del self._known[layer]
        for layer in layers or [0]:
            self.changed.emit(layer)

    def _words_changed(self) -> None:
        for layer in list(self._known):
            self.changed.emit(layer)
