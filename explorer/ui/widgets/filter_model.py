"""The filters of a layer as a Qt model."""

from typing import Any

from PySide6.QtGui import QPixmap

from explorer.core.drawing.styles import Scale
from explorer.core.tags.book import FilterKey
from explorer.core.tags.vocabulary import Vocabulary
from explorer.state.index.filter_facts import FilterFacts
from explorer.state.index.filter_order import arranged, marks
from explorer.state.opened.library import Library
from explorer.state.session import Session, View
from explorer.state.suggestions.suggesting import Suggesting
from explorer.state.tags.tagging import Tagging
from explorer.state.view.muting import Muting
from explorer.state.view.pipeline import Pipeline
from explorer.ui.widgets.lists import BASE, CELL, COLORS, HINTS, MARKS, MUTED, NAME, OVERLAY, SELECTED
from explorer.ui.widgets.paint_budget import PaintBudget
from explorer.ui.widgets.pixmaps import pixmap_of
from explorer.ui.widgets.viewed_list import ListModel

ALL, TAGGED, UNTAGGED, SUGGESTED, REVIEW = "*all", "*tagged", "*untagged", "*suggested", "*review"
SHOWN = {
    ALL: "all filters",
    TAGGED: "with a tag",
    UNTAGGED: "without a tag",
    SUGGESTED: "with a suggestion",
    REVIEW: "needs review",
}
"""Which filters the grid shows; words of the vocabulary come after these, and no word begins with a star here."""
EDGE, TWIN, FLAG, ASKED = "▢", "=", "⚑", "?"
"""Signs: answers mostly at the picture's edge, answers as another filter does, a tag needs review, one is suggested."""


def mark_of(vocabulary: Vocabulary, word: str) -> str:
    """The letter or two that stand for a tag where there is no room for the word."""
    return vocabulary.entry(word).key or word[:2]


class FilterModel(ListModel):
    """The filters of the layer in view, in the chosen order, each with its overlay on the picture in view.

    Those that are silent over the whole folder are left out unless they are unfolded.
    """

    def __init__(
        self,
        session: Session,
        pipeline: Pipeline,
        library: Library,
        tagging: Tagging,
        facts: FilterFacts,
        vocabulary: Vocabulary,
        muting: Muting,
        suggesting: Suggesting,
    ) -> None:
        super().__init__()
        self._muting, self._suggesting = muting, suggesting
        suggesting.listed.connect(self._suggestions_changed)
        muting.changed.connect(self.repaint_all)
        self._facts, self.unfolded, self.silent = facts, False, 0
        facts.changed.connect(self._facts_changed)
        self._session, self._pipeline, self._library = session, pipeline, library
        self.tagging, self.vocabulary = tagging, vocabulary
        self._base: QPixmap | None = None
        self._overlays: dict[int, QPixmap] = {}
        self._budget = PaintBudget(self.repaint_rows, self)
        self.order, self.shown = "number", ALL
        pipeline.picture_changed.connect(self._picture_changed)
        pipeline.maps_changed.connect(self.refresh)
        pipeline.scale_changed.connect(self.refresh)
        session.changed.connect(self._view_changed)
        tagging.changed.connect(self._tags_changed)
        tagging.reset.connect(self.refresh)

    def arrange(self, order: str, shown: str) -> None:
        """Sort by a key of `ORDERS`; show a key of `SHOWN`, or only the filters that have a certain word."""
        self.order, self.shown = order, shown
        self.refresh()

    def unfold(self, unfolded: bool) -> None:
        """Show the filters that are silent over the whole folder too, or fold them away."""
        self.unfolded = unfolded
        self.set_rows(self._arranged())

    def refresh(self) -> None:
        """Find the rows again and draw them anew."""
        self._overlays.clear()
        self.set_rows(self._arranged())

    def words_of(self, filter: int) -> tuple[str, ...]:
        """The words that a filter of the layer in view has, whoever gave them."""
        tags = self.tagging.book.tags(FilterKey(self._session.view.layer, filter))
        return tuple(dict.fromkeys(tag.tag for tag in tags))

    def about(self, row: int) -> str:
        layer = self._session.view.layer
        tags = self.tagging.book.tags(FilterKey(layer, row))
        lines = [f"filter {layer}:{row} · {', '.join(self.words_of(row)) or 'no tag'}"]
        if any(tag.needs_review for tag in tags):
            lines.append(f"{FLAG} needs review")
        if FilterKey(layer, row) in self._muting.keys:
            lines.append("muted: the network on show runs without it")
        if self._suggesting.waiting(FilterKey(layer, row)):
            lines.append(f"{ASKED} a tag is suggested, and waits for your answer")
        edge, twins = marks(row, self._facts.of(layer))
        if edge:
            lines.append(f"{EDGE} answers mostly at the picture's edge")
        if twins:
            others = ", ".join(f"{layer}:{other}" for other in twins[:8])
            lines.append(f"{TWIN} a twin in this layer: answers as {others} over the folder")
        return "\n".join(lines)

    def data_of(self, row: int, role: int) -> Any:
        layer = self._session.view.layer
        if role == BASE:
            return self._base
        if role == OVERLAY:
            return self._overlays.get(row) or self._budget.take(row, lambda: self._draw(layer, row))
        if role == NAME:
            return str(row)
        if role in (MARKS, COLORS):
            tags = self.tagging.book.tags(FilterKey(layer, row))
            signs = {mark_of(self.vocabulary, tag.tag): self.vocabulary.entry(tag.tag).color for tag in tags}
            signs |= {FLAG: ""} if any(tag.needs_review for tag in tags) else {}
            return " ".join(signs) if role == MARKS else tuple(signs.values())
        if role == MUTED:
            return FilterKey(layer, row) in self._muting.keys
        if role == SELECTED:
            return row in self._session.view.also
        if role == HINTS:
            edge, twins = marks(row, self._facts.of(layer))
            return ASKED * self._suggesting.waiting(FilterKey(layer, row)) + EDGE * edge + TWIN * bool(twins)
        return None

    def scale_of(self, filter: int) -> Scale:
        """The scale of one of the layer's filters, as its map is drawn."""
        return self._pipeline.scale(self._session.view.layer, filter)

    def _draw(self, layer: int, filter: int) -> QPixmap | None:
        drawn = self._pipeline.overlay(layer, filter, CELL)
        if drawn is not None:
            self._overlays[filter] = pixmap_of(drawn)
        return self._overlays.get(filter)

    def _arranged(self) -> list[int]:
        network, layer = self._library.network, self._session.view.layer
        if network is None or layer >= len(network.layers):
            return []
        filters = list(range(network.layers[layer].filters))
        book = self.tagging.book
        if self.shown != ALL:
            filters = [filter for filter in filters if self._is_shown(FilterKey(layer, filter))]
        summary = self._facts.of(layer)
        quiet = summary.silent.intersection(filters) if summary is not None else frozenset()
        self.silent = len(quiet)
        loud = [filter for filter in filters if filter not in quiet]
        maps = self._pipeline.maps(layer)
        rows = arranged(loud, self.order, summary, maps, lambda filter: FilterKey(layer, filter) in book)
        return [*rows, *sorted(quiet)] if self.unfolded else rows

    def _facts_changed(self, layer: int) -> None:
        if layer == self._session.view.layer:
            self.set_rows(self._arranged())

    def _suggestions_changed(self) -> None:
        if self.shown == SUGGESTED:
            self.set_rows(self._arranged())
        self.repaint_all()

    def _is_shown(self, key: FilterKey) -> bool:
        tags = self.tagging.book.tags(key)
        if self.shown == SUGGESTED:
            return self._suggesting.waiting(key)
        if self.shown == REVIEW:
            return any(tag.needs_review for tag in tags)
        return {TAGGED: bool(tags), UNTAGGED: not tags}.get(self.shown, any(tag.tag == self.shown for tag in tags))

    def _picture_changed(self) -> None:
        shown = self._pipeline.shown
        self._base = pixmap_of(shown.crop) if shown is not None and shown.crop is not None else None

    def _view_changed(self, before: View, after: View) -> None:
        if after.layer != before.layer or after.style != before.style:
            self.refresh()
        elif after.also != before.also:
            self.repaint_rows(after.also ^ before.also)

    def _tags_changed(self, key: FilterKey) -> None:
        if key.layer != self._session.view.layer:
            return
        if self.shown != ALL or self.order == "untagged":
            self.set_rows(self._arranged())
        self.repaint_rows([key.filter])
