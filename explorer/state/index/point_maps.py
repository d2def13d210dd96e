"""The maps of pictures and of filters, laid out by a worker of its own, and what colors their points."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.core.errors import UserError
from explorer.core.progress import OnStep
from explorer.core.tags.book import FilterKey
from explorer.state.index.evidence import Evidence
from explorer.state.index.question import NO_INDEX
from explorer.state.opened.library import Library
from explorer.state.session import Session, View
from explorer.state.tags.tagging import Tagging
from explorer.state.workers.jobs import Jobs

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from explorer.core.index.kept_map import PlacedPoints

PICTURES, FILTERS = "pictures", "filters"
CLASS, PREDICTION, PEAK, TAG, LAYER = "given class", "prediction", "this filter's peak", "tag", "layer"
COLORINGS = {PICTURES: (CLASS, PREDICTION, PEAK), FILTERS: (TAG, LAYER)}
"""What may color the points of each map."""

LAYING_OUT = "Laying out what is alike side by side … This takes a while once, and is kept."


@dataclass(frozen=True)
class Colors:
    """The group (N) of each point, -1 for none, and their names; or, without names, a value (N) from 0 to 1."""

    names: tuple[str, ...]
    of: "npt.NDArray[np.float64]"


class PointMaps(QObject):
    """`found` for the map that is looked at, or the `sentence` that says why there is none; `changed` with each.

    `recolored` when only colors are others, `ringed` when the picture or filter in view is another.
    """

    changed = Signal()
    recolored = Signal()
    ringed = Signal()

    def __init__(
        self, session: Session, library: Library, evidence: Evidence, tagging: Tagging, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._library, self._evidence, self._tagging = session, library, evidence, tagging
        self._jobs = Jobs("point maps", self)
        self._looked_at = False
        self._known: dict[str, PlacedPoints] = {}
        self._laid_on: dict[str, tuple[str, ...]] = {}
        """The digests of the pictures that a map was laid out of."""
        self._identity = ""
        self._names: tuple[str, ...] = ()
        """The network and the pictures of the index that was there last."""
        self._peaks: Colors | None = None
        self.kind, self.sentence = PICTURES, NO_INDEX
        self.coloring = {PICTURES: CLASS, FILTERS: TAG}
        evidence.changed.connect(self._index_changed)
        session.changed.connect(self._view_changed)
        tagging.changed.connect(lambda key: self._recolor(TAG))
        tagging.reset.connect(lambda: self._recolor(TAG))

    @property
    def found(self) -> "PlacedPoints | None":
        """The places of the map that is looked at; None while there are none."""
        return self._known.get(self.kind)

    @property
    def in_view(self) -> int:
        """The row of the picture or filter in view; -1 where it has none."""
        index, folder, view = self._evidence.index, self._library.folder, self._session.view
        if index is None:
            return -1
        if self.kind == FILTERS:
            try:
                return index.row(FilterKey(view.layer, view.filter))
            except UserError:
                return -1
        if folder is None or view.picture is None or not view.picture.is_relative_to(folder.path):
            return -1
        return index.rows.get(view.picture.relative_to(folder.path).as_posix(), -1)

    def look(self, looked_at: bool) -> None:
        """Lay out the map as long as somebody looks."""
        self._looked_at = looked_at
        self._lay_out()

    def choose(self, kind: str, coloring: str) -> None:
        """Look at a map, PICTURES or FILTERS, colored by one of its `COLORINGS`."""
        self.kind = kind
        self.coloring[kind] = coloring
        self._lay_out()
        self.changed.emit()

    def pick(self, row: int) -> None:
        """Look at the picture or filter of a row."""
        index, folder = self._evidence.index, self._library.folder
        if index is None:
            return
        if self.kind == FILTERS:
            record = index.contents.filters[row]
            self._session.update(layer=int(record["layer"]), filter=int(record["filter"]))
        elif folder is not None and folder.path / index.pictures[row] in folder.positions:
            self._session.update(picture=folder.path / index.pictures[row])

    def names_inside(self, corners: "list[tuple[float, float]]") -> tuple[str, ...]:
        """The names of the pictures within a line drawn on their map, the corners in its coordinates."""
        import numpy as np

        from explorer.core.index.map_points import inside

        index, points = self._evidence.index, self.found
        if index is None or points is None or self.kind != PICTURES or len(corners) < 3:
            return ()
        return tuple(index.pictures[row] for row in np.flatnonzero(inside(points.places, np.array(corners))))

    def names_nearest(self, count: int) -> tuple[str, ...]:
        """The names of the pictures that lie nearest to the one in view on their map, that one first."""
        from explorer.core.index.map_points import nearest

        index, points, at = self._evidence.index, self.found, self.in_view
        if index is None or points is None or self.kind != PICTURES or at < 0:
            return ()
        return tuple(index.pictures[row] for row in nearest(points.places, at, count))

    def step(self, direction: tuple[float, float]) -> None:
        """Look at the nearest point that lies in a direction (right, up) from the one in view."""
        from explorer.core.index.map_points import neighbour

        points, at = self.found, self.in_view
        if points is not None and at >= 0 and (row := neighbour(points.places, at, direction)) >= 0:
            self.pick(row)

    def about(self, row: int) -> str:
        """A point in words."""
        index = self._evidence.index
        if index is None:
            return ""
        if self.kind == FILTERS:
            record = index.contents.filters[row]
            key = FilterKey(int(record["layer"]), int(record["filter"]))
            tags = dict.fromkeys(tag.tag for tag in self._tagging.book.tags(key))
            return f"{key} · {', '.join(tags) or 'no tag'}"
        from explorer.core.class_words import named_class

        predicted, _ = named_class(index.classes, index.probabilities[row])
        best = f" · {predicted}" if predicted else ""
        return f"{index.pictures[row]}{f' · given {index.given[row]}' if index.given[row] else ''}{best}"

    def colors(self) -> Colors | None:
        """What colors the points now; None while that is not known."""
        import numpy as np

        index, coloring = self._evidence.index, self.coloring[self.kind]
        if index is None:
            return None
        if coloring == PEAK:
            return self._peaks
        if coloring == CLASS:
            names = tuple(sorted({*index.given} - {""}))
            class_indices = {name: class_index for class_index, name in enumerate(names)}
            return Colors(names, np.array([class_indices.get(word, -1) for word in index.given], float))
        if coloring == PREDICTION:
            if index.logits.shape[1] < 2:
                return Colors((), np.asarray(index.probabilities.sum(axis=1)))
            return Colors(index.classes, index.logits.argmax(axis=1).astype(float))
        layers = index.contents.filters["layer"]
        if coloring == LAYER:
            return Colors(tuple(f"layer {layer}" for layer in range(int(layers.max()) + 1)), layers.astype(float))
        entries = [(key, tag.tag) for key, tag in self._tagging.book.entries()]
        words = tuple(dict.fromkeys(sorted(word for _, word in entries)))
        rows = {(int(record["layer"]), int(record["filter"])): row for row, record in enumerate(index.contents.filters)}
        tagged = np.full(len(layers), -1.0)
        for key, word in entries:
            if (key.layer, key.filter) in rows:
                tagged[rows[key.layer, key.filter]] = words.index(word)
        return Colors(words, tagged)

    def close(self) -> None:
        """End the worker."""
        self._jobs.close()

    def _index_changed(self) -> None:
        """Keep what is laid out while an index of the same network grows; nothing of another one."""
        from explorer.state.index.carried_map import carried

        index, known = self._evidence.index, self._known
        self._known, self._peaks = {}, None
        for slot in ("lay out", "peaks"):
            self._jobs.cancel(slot)
        if index is not None and index.contents.network.identity == self._identity:
            for kind, points in known.items():
                laid_on, names = self._laid_on[kind], self._names if kind == PICTURES else None
                carried_over = points if laid_on == index.digests else carried(points, names, len(laid_on), index)
                if carried_over is not None:
                    self._known[kind] = carried_over
        self._identity = index.contents.network.identity if index is not None else ""
        self._names = index.pictures if index is not None else ()
        self._lay_out()
        self.changed.emit()

    def _lay_out(self) -> None:
        index = self._evidence.index
        if index is None:
            self.sentence = NO_INDEX
        elif self._looked_at:
            self._read_peaks()
            laid_on = self._laid_on.get(self.kind)
            if self.kind not in self._known or (index.complete and laid_on != index.digests):
                self.sentence = LAYING_OUT
                self._begin()

    def _begin(self) -> None:
        from explorer.state.index.carried_map import of_a_part

        index, kind = self._evidence.index, self.kind
        assert index is not None

        def work(on_step: OnStep) -> "PlacedPoints":
            from explorer.core.index.kept_map import placed_filters, placed_pictures

            return (placed_pictures if kind == PICTURES else placed_filters)(index, on_step=on_step)

        def done(points: "PlacedPoints") -> None:
            self._known[kind] = points if index.complete else of_a_part(points, index)
            self._laid_on[kind] = index.digests
            self.changed.emit()

        def failed(error: BaseException) -> None:
            self._known.pop(kind, None)
            self.sentence = str(error) if isinstance(error, UserError) else "The map could not be laid out."
            self.changed.emit()

        self._jobs.submit("lay out", work, done, failed)

    def _read_peaks(self) -> None:
        """Read how strongly the filter in view answers to every picture, from 0 to 1 of its scale."""
        index, view = self._evidence.index, self._session.view
        if index is None or self.coloring[PICTURES] != PEAK or self.kind != PICTURES:
            return
        key = FilterKey(view.layer, view.filter)

        def work(on_step: OnStep) -> Colors:
            import numpy as np

            peaks = index.answers(key, "inside").astype(float)
            top = float(peaks.max(initial=0))
            return Colors((), np.clip(peaks / top, 0, 1) if top > 0 else np.zeros(len(peaks)))

        def done(colors: Colors) -> None:
            self._peaks = colors
            self.recolored.emit()

        self._jobs.submit("peaks", work, done, lambda error: None)  # a filter that the index does not have

    def _recolor(self, coloring: str) -> None:
        if self.coloring[self.kind] == coloring:
            self.recolored.emit()

    def _view_changed(self, before: View, after: View) -> None:
        if not self._looked_at:
            return
        if (before.layer, before.filter) != (after.layer, after.filter):
            self._read_peaks()
        self.ringed.emit()
