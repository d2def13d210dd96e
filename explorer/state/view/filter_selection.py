"""Several filters of the layer in view, selected together."""

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QObject

from explorer.core.tags.book import FilterKey
from explorer.state.session import Session, View


class FilterSelection(QObject):
    """What is selected stands in `Session.view`; this changes it as lists do: from an anchor, or one by one."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._anchor = session.view.filter
        session.changed.connect(self._view_changed)

    @property
    def keys(self) -> tuple[FilterKey, ...]:
        """The selected filters, by number; the one in view is always among them."""
        view = self._session.view
        return tuple(FilterKey(view.layer, filter) for filter in sorted({view.filter, *view.also}))

    def extend(self, rows: Sequence[int], filter: int) -> None:
        """Select all from where the selection began up to a filter, in the order of the rows, and look at that one."""
        if filter not in rows:
            return
        first = rows.index(self._anchor if self._anchor in rows else filter)
        last = rows.index(filter)
        between = frozenset(rows[min(first, last) : max(first, last) + 1])
        self._session.update(filter=filter, also=between - {filter})

    def step(self, rows: Sequence[int], step: int) -> None:
        """Extend the selection by the next or previous row."""
        view = self._session.view
        if view.filter in rows:
            self.extend(rows, rows[max(0, min(rows.index(view.filter) + step, len(rows) - 1))])

    def toggle(self, filter: int) -> None:
        """Select one more filter and look at it, or leave it out."""
        view = self._session.view
        if filter in view.also:
            self._session.update(also=view.also - {filter})
        elif filter != view.filter:
            self._session.update(filter=filter, also=view.also | {view.filter})
        elif view.also:
            nearest = min(view.also, key=lambda other: (abs(other - filter), other))
            self._session.update(filter=nearest, also=view.also - {nearest})

    def keep(self, rows: Iterable[int]) -> None:
        """Select none that is not shown any more: nobody tags what they cannot see."""
        self._session.update(also=self._session.view.also.intersection(rows))

    def clear(self) -> bool:
        """Select the filter in view alone; False where it was."""
        several = bool(self._session.view.also)
        self._session.update(also=frozenset())
        return several

    def _view_changed(self, before: View, after: View) -> None:
        if not after.also:
            self._anchor = after.filter
