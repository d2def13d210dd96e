"""What is looked at: one immutable view, and one signal when it changes."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from explorer.core.attribution.color_range import USUAL


@dataclass(frozen=True)
class DisplayStyle:
    """How maps are drawn: a key of `SCALES`, the fixed foot and peak, a key of `COLOR_MAPS`, and what stands beside.

    `points`: of how many percentage points a change of a probability has the full color; `OWN` for a map's own range.
    """

    scale: str = "folder"
    foot: float = 0.0
    peak: float = 1.0
    color_map: str = "green"
    opacity: float = 1.0
    outline: bool = False
    beside: bool = False
    raw: bool = False
    points: float = USUAL


@dataclass(frozen=True)
class View:
    """Which picture (None before a folder is open), layer and filter are looked at, and how.

    `also` are other filters of the layer that are selected beside the one in view: a key tags them all.
    """

    picture: Path | None = None
    layer: int = 0
    filter: int = 0
    style: DisplayStyle = DisplayStyle()
    also: frozenset[int] = frozenset()


class Session(QObject):
    """Holds the current `View`; everything that depends on it listens to `changed(before, after)`."""

    changed = Signal(object, object)

    def __init__(self, view: View | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._view = view or View()

    @property
    def view(self) -> View:
        """The current view."""
        return self._view

    def update(self, **values: Any) -> None:
        """Replace some fields of the view; listeners hear of it only where something differs.

        Whoever goes to another filter without a word about the others selects that one alone.
        """
        before, after = self._view, replace(self._view, **values)
        if "also" not in values and (after.layer, after.filter) != (before.layer, before.filter):
            after = replace(after, also=frozenset())
        if after != before:
            self._view = after
            self.changed.emit(before, after)

    def update_style(self, **values: Any) -> None:
        """Replace some fields of the view's style."""
        self.update(style=replace(self._view.style, **values))
