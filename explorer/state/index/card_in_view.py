"""The card of the filter in view, read by a worker while somebody looks at it."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from explorer.core.progress import OnStep
from explorer.core.tags.book import FilterKey
from explorer.state.index.evidence import Evidence
from explorer.state.index.given_classes import GivenClasses
from explorer.state.opened.library import Library
from explorer.state.session import Session, View

if TYPE_CHECKING:
    from explorer.core.index import FolderIndex
    from explorer.core.index.filter_card import FilterCard

SLOT = "filter's card"
REST_MS = 40


class CardInView(QObject):
    """`changed` when `card` is another; None while there is none, or while nobody `wanted` it."""

    changed = Signal()

    def __init__(
        self,
        session: Session,
        library: Library,
        evidence: Evidence,
        given: GivenClasses,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._library, self._evidence, self._given = session, library, evidence, given
        self.card: FilterCard | None = None
        self.wanted = False
        self._made_of: tuple[FolderIndex, FilterKey, bool] | None = None
        self._soon = QTimer(self, singleShot=True, interval=REST_MS)
        self._soon.timeout.connect(self._ask)
        session.changed.connect(self._view_changed)
        evidence.changed.connect(self._index_changed)
        given.changed.connect(self._ask)

    def want(self, wanted: bool) -> None:
        """Read cards from now on, or not any more."""
        self.wanted = wanted
        if wanted:
            self._ask()

    @property
    def picture(self) -> str:
        """The picture in view as the index names it; "" where it is not in it."""
        folder, picture, index = self._library.folder, self._session.view.picture, self._evidence.index
        if folder is None or picture is None or index is None or not picture.is_relative_to(folder.path):
            return ""
        name = picture.relative_to(folder.path).as_posix()
        return name if name in index.rows else ""

    @property
    def peak(self) -> float | None:
        """The filter's highest value inside on the picture in view; None where the index does not know it."""
        index, name = self._evidence.index, self.picture
        if self.card is None or index is None or not name or len(self.card.peaks) != len(index.pictures):
            return None
        return float(self.card.peaks[index.rows[name]])

    def _ask(self) -> None:
        index, network, view = self._evidence.index, self._library.network, self._session.view
        key = FilterKey(view.layer, view.filter)
        if not self.wanted or index is None or network is None:
            return
        with_trained_on = self._given.with_trained_on
        if self._made_of == (index, key, with_trained_on):
            self._library.reading.cancel(SLOT)  # what is being read for another wish must not come after it
            return
        if not self._evidence.covers(network, view.layer, raw=False):
            return
        size = network.layers[view.layer].height, network.layers[view.layer].width

        def work(on_step: OnStep) -> "FilterCard":
            from explorer.core.index.filter_card import filter_card

            return filter_card(index, key, size, with_trained_on=with_trained_on, on_step=on_step)

        def done(card: "FilterCard") -> None:
            now = self._session.view
            if self._evidence.index is index and (now.layer, now.filter) == (key.layer, key.filter):
                self.card, self._made_of = card, (index, key, with_trained_on)
                self.changed.emit()

        def failed(error: BaseException) -> None:
            if self._evidence.index is index:  # else its file was closed meanwhile
                self._library.problem.emit(error)

        self._library.reading.submit(SLOT, work, done, failed)

    def _view_changed(self, before: View, after: View) -> None:
        if (before.layer, before.filter) != (after.layer, after.filter):
            self._soon.start()
        if before.picture != after.picture and self.card is not None:
            self.changed.emit()

    def _index_changed(self) -> None:
        index = self._evidence.index
        before = self._made_of[0] if self._made_of is not None else None
        if index is None or before is None or before.contents.network.identity != index.contents.network.identity:
            self.card = None
            self.changed.emit()
        self._made_of = None
        self._ask()
