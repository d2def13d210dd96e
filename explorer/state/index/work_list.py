"""The work list of the open network on the open folder, as it is now."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.core.tags.book import FilterKey
from explorer.state.index.evidence import Evidence
from explorer.state.session import Session, View
from explorer.state.tags.tagging import Tagging

if TYPE_CHECKING:
    from explorer.core.index.work_list import WorkList


class WorkingThrough(QObject):
    """Follows the index and the tags; `changed` when `list` is another, None where there is no index.

    `moved` when another filter is in view.
    """

    changed = Signal()
    moved = Signal()

    def __init__(self, session: Session, evidence: Evidence, tagging: Tagging, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._evidence, self._tagging = session, evidence, tagging
        self.list: WorkList | None = None
        evidence.changed.connect(self._make)
        tagging.changed.connect(lambda key: self._make())
        tagging.reset.connect(self._make)
        session.changed.connect(self._view_changed)

    @property
    def said(self) -> str:
        """Where the filter in view stands in the list, and how far the list is done."""
        if self.list is None or not self.list.filters:
            return ""
        view = self._session.view
        return "  ·  ".join(filter(None, (self.list.place_of(FilterKey(view.layer, view.filter)), str(self.list))))

    @property
    def shorter(self) -> tuple[str, ...]:
        """The same where there is less room: the share of each word is left out, then the place too."""
        if self.list is None or not self.list.filters:
            return ()
        view = self._session.view
        named = f"{self.list.named:,} of {len(self.list.filters):,} that matter named"
        place = self.list.place_of(FilterKey(view.layer, view.filter))
        return *((f"{place}  ·  {named}",) if place else ()), named

    def beside(self, step: int) -> FilterKey | None:
        """The filter `step` places further on in the list, the first from outside of it; None at its ends."""
        if self.list is None or not self.list.filters:
            return None
        view, filters = self._session.view, self.list.filters
        place = self.list.places.get(FilterKey(view.layer, view.filter))
        if place is None:
            return filters[0]
        position = place + step
        return filters[position] if 0 <= position < len(filters) else None

    def _view_changed(self, before: View, after: View) -> None:
        if (before.layer, before.filter) != (after.layer, after.filter):
            self.moved.emit()

    def _make(self) -> None:
        before, index = self.list, self._evidence.index
        self.list = None
        if index is not None:
            from explorer.core.index.work_list import work_list

            self.list = work_list(index.filters(), self._tagging.book)
        if self.list != before:
            self.changed.emit()
