"""The pictures of the folder that show what the filter in view answers to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from explorer.core.drawing.styles import Scale
from explorer.core.errors import UserError, in_words
from explorer.core.progress import OnStep
from explorer.core.tags.book import FilterKey
from explorer.state.index.evidence import Evidence
from explorer.state.index.given_classes import GivenClasses
from explorer.state.index.question import lesions_in
from explorer.state.index.surrounds import MeasuredSurrounds
from explorer.state.opened.file_state import state_of
from explorer.state.opened.library import Library
from explorer.state.session import Session, View
from explorer.state.workers.lazy_store import LazyStore, Looked

if TYPE_CHECKING:
    from explorer.core.index import FolderIndex
    from explorer.core.index.gallery import Gallery, GalleryPicture
    from explorer.core.index.other_surround import Surrounds
    from explorer.core.index.peak_crop import PeakCrop
    from explorer.core.index.receptive_field import ReceptiveField

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "strongest": "Strongest",
        "tenths": "Every tenth of the range",
        "weakest": "Weakest",
        "contrast": "Strong, and alike but weak",
        "near": "Strong, and same class without an answer",
        "surround": "Strong, and alike in another skin tone or light",
        "class": "Strongest of each class",
        "random": "Random",
    }
)
"""What pictures can be chosen by, in words."""
ORDERS: Mapping[str, str] = MappingProxyType({"inside": "by the peak", "area_inside": "by the area"})
"""What counts as strong, both without the map's outermost ring: the highest value, or the share above a limit."""
TILES = 24
SLOT, FIELDS = "pictures of a filter", "receptive fields"


@dataclass(frozen=True)
class Answer:
    """What an index says of one filter: the pictures that were chosen, and sentences about it.

    `ring` is the share (0..1) of its answer in the map's outermost ring.
    """

    key: FilterKey
    by: str
    gallery: "Gallery"
    sentence: str
    scale: Scale
    ring: float
    measured: int
    asked: int
    tiles: "Mapping[Path, GalleryPicture]" = field(default_factory=dict)


class FilterGallery(QObject):
    """Chooses pictures for the filter in view while somebody looks: `changed` with another `answer`.

    `answer` is None where nothing is known, and that of the filter before while the next is looked up. `crop` gives
    the parts of pictures in which the filter's peaks lie; `crops_arrived(pictures)` when they are there.
    """

    changed = Signal()
    crops_arrived = Signal(list)

    def __init__(
        self,
        session: Session,
        library: Library,
        evidence: Evidence,
        given: GivenClasses,
        surrounds: MeasuredSurrounds,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._library, self._evidence, self._given = session, library, evidence, given
        self._surrounds = surrounds
        self.kind, self.by, self.seed = "strongest", "inside", 0
        self.answer: Answer | None = None
        self.trouble = ""
        """Why nothing is known although there is an index; "" where that is not so."""
        self._watched = False
        self._done: tuple[object, ...] = ()
        self._fields: tuple[str, tuple[ReceptiveField, ...]] = ("", ())
        self._crops = LazyStore(library.reading, "crops", keep=256, chunk=4, parent=self)
        self._crops.reset(_read_crops)
        self._crops.looked.connect(lambda key, state: library.note_read(key[0], state))
        self._crops.arrived.connect(lambda keys: self.crops_arrived.emit([key[0] for key in keys]))
        surrounds.arrived.connect(self._look)
        surrounds.changed.connect(self._wait_for_surrounds)
        session.changed.connect(self._view_changed)
        evidence.changed.connect(self._index_changed)
        given.changed.connect(self._look)
        library.replaced.connect(self._forget)
        library.folder_opened.connect(lambda folder: self._begin_anew())
        library.network_opened.connect(lambda network: self._begin_anew())

    @property
    def index(self) -> "FolderIndex | None":
        """The index that is looked into."""
        return self._evidence.index

    @property
    def field(self) -> "ReceptiveField | None":
        """What each place of the answer's layer sees of the picture; None while it is not known."""
        network, answer = self._library.network, self.answer
        identity, fields = self._fields
        if network is None or answer is None or identity != network.identity or answer.key.layer >= len(fields):
            return None
        return fields[answer.key.layer]

    def watch(self, on: bool) -> None:
        """Choose pictures from now on, or no longer, because nobody looks."""
        self._watched = on
        self._look()

    def choose(self, kind: str | None = None, by: str | None = None) -> None:
        """Choose by another key of `KINDS` or of `ORDERS`; random ones anew where they were random before."""
        if kind == self.kind == "random":
            self.seed += 1
        self.kind, self.by = kind or self.kind, by or self.by
        self._look()

    def crop(self, picture: Path) -> "PeakCrop | None":
        """The part of a picture in which the peak lies; None while it is not there."""
        field, answer = self.field, self.answer
        if field is None or answer is None or picture not in answer.tiles:
            return None
        crop: PeakCrop | None = self._crops.get((picture, answer.tiles[picture].place, field))
        return crop

    def _view_changed(self, before: View, after: View) -> None:
        if (after.layer, after.filter) != (before.layer, before.filter):
            if after.layer != before.layer:
                self._show(None)  # the maps of the tiles are of another layer
            self._look()

    def _index_changed(self) -> None:
        """The one before is closed next: nothing reads in it any more."""
        self._library.batch.cancel(SLOT)
        self._surrounds.forget()
        if self.index is None:
            self._show(None)
        self._look()

    def _begin_anew(self) -> None:
        """Nothing that was found holds for another folder or network."""
        self._library.batch.cancel(SLOT)
        self._surrounds.forget()
        self._crops.reset(_read_crops)
        self._show(None)
        self._look()

    def _look(self) -> None:
        """Have the pictures chosen, where somebody looks and it is not what was chosen last."""
        index, view, folder, network = self.index, self._session.view, self._library.folder, self._library.network
        key = FilterKey(view.layer, view.filter)
        with_trained_on = self._given.with_trained_on
        wanted = (index, key, self.kind, self.by, self.seed, with_trained_on)
        if not self._watched or self.kind != "surround":
            self._surrounds.drop()
        if not self._watched or index is None or folder is None or network is None:
            return
        if wanted == self._done:
            self._library.batch.cancel(SLOT)  # what is being chosen for another wish must not come after it
            return
        size = network.layers[key.layer].height, network.layers[key.layer].width
        kind, by, seed, positions, root = self.kind, self.by, self.seed, folder.positions, folder.path
        surrounds = self._surrounds.of(index, root) if kind == "surround" else None
        if kind == "surround" and surrounds is None:
            self._library.batch.cancel(SLOT)
            if self.trouble != self._surrounds.sentence:
                self._wait_for_surrounds()
            return
        self._find_fields()

        def work(on_step: OnStep) -> Answer:
            lesions = lesions_in(folder, index)
            return _answer(index, key, size, kind, by, seed, with_trained_on, lesions, surrounds, root, positions)

        def done(answer: Answer) -> None:
            self._done = wanted
            self._show(answer)

        def failed(error: BaseException) -> None:
            if self.index is index:
                self._show(None, in_words(error))

        self._library.batch.submit(SLOT, work, done, failed)

    def _wait_for_surrounds(self) -> None:
        """The pictures that were chosen otherwise are not shown under this choice's name."""
        self._show(None, self._surrounds.sentence)

    def _show(self, answer: Answer | None, trouble: str = "") -> None:
        if answer is None:
            self._done = ()
        self.answer, self.trouble = answer, trouble
        self.changed.emit()

    def _find_fields(self) -> None:
        """Follow the network's arithmetic once."""
        network, session = self._library.network, self._library.network_session
        if network is None or self._fields[0] == network.identity or self._library.batch.busy(FIELDS):
            return
        identity = network.identity

        def work(network: Any, on_step: OnStep) -> "tuple[ReceptiveField, ...]":
            from explorer.core.index.receptive_field import receptive_fields

            return receptive_fields(network)

        def done(fields: "tuple[ReceptiveField, ...]") -> None:
            self._fields = identity, fields
            self.changed.emit()

        session.run(self._library.batch, FIELDS, work, done)

    def _forget(self, picture: Path) -> None:
        self._crops.forget([key for key in self._crops.held if key[0] == picture])


def _answer(
    index: "FolderIndex",
    key: FilterKey,
    size: tuple[int, int],
    kind: str,
    by: str,
    seed: int,
    with_trained_on: bool,
    lesions: Mapping[str, str],
    surrounds: "Surrounds | None",
    root: Path,
    positions: Mapping[Path, int],
) -> Answer:
    from explorer.core.index.gallery import gallery
    from explorer.core.index.schema import share_in_ring
    from explorer.core.index.strong_pictures import strong_pictures

    tile_gallery = gallery(index, key, kind, TILES, by=by, lesions=lesions, surrounds=surrounds, seed=seed)
    tiles = {root / tile.picture: tile for tile in tile_gallery.pictures}
    return Answer(
        key=key,
        by=by,
        gallery=tile_gallery,
        sentence=strong_pictures(index, key, trained_on=with_trained_on).sentence(),
        scale=index.scale(key),
        ring=share_in_ring(float(index.filters()[index.row(key)]["ring_ratio"]), size),
        measured=len(index.pictures),
        asked=index.contents.asked,
        tiles={picture: tile for picture, tile in tiles.items() if picture in positions},
    )


def _read_crops(keys: Sequence[Any], on_step: OnStep) -> dict[Any, Any]:
    from explorer.core.images import read_image
    from explorer.core.index.peak_crop import peak_crop

    crops: dict[Any, Any] = {}
    for done, key in enumerate(keys):
        on_step(done, len(keys))
        picture, place, field = key
        state = state_of(picture)
        try:
            crops[key] = Looked(peak_crop(read_image(picture), field, place), state)
        except UserError:
            crops[key] = Looked(None, state)  # the list of pictures says why it cannot be read
    return crops
