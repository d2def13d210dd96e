"""What stands beside the picture in view: the one list of what may, and what a person chose of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.core.drawing.styles import Scale
from explorer.state.session import Session, View

if TYPE_CHECKING:
    from explorer.core.arrays import RGB, RGBA
    from explorer.core.attribution.lens import Side
    from trainer.networks.input_spec import Box

NOTHING, UNTOUCHED = "", "untouched"
"""Keys of the choice: nothing beside, and the picture without an overlay, which figures can have beside as well."""
RESOLUTION = 256
"""Longer side of a filter's map as it is drawn on the screen; beyond that Qt enlarges smoothly."""


@dataclass(frozen=True)
class SignedBar:
    """The colors of an attribution or a difference: `limit` is where they end, on both sides where `negative` is.

    `told` says the limit in words, where it is no plain number.
    """

    limit: float
    positive: "Side"
    negative: "Side | None" = None
    told: str = ""


@dataclass(frozen=True, eq=False)
class Drawn:
    """What a place of the viewer shows: `overlay` laid over `frame` of `picture` (H, W, 3) uint8, None for the picture
    in view, with a `caption` in its corner.

    `bar` says what its colors mean, None where they are those of the color bar that is there anyway, or none. What is
    not `real`, the network or the picture, has an amber frame.
    """

    picture: "RGB | None" = None
    overlay: "RGBA | RGB | None" = None
    frame: "Box | None" = None
    caption: str = ""
    bar: "Scale | SignedBar | None" = None
    real: bool = True


class BesideEntry(QObject):
    """One thing that may stand beside the picture; `changed` when it is offered, called or drawn otherwise."""

    changed = Signal()
    key = ""

    @property
    def title(self) -> str:
        """Its name in the choice; "" while it is not offered there."""
        return ""

    @property
    def insists(self) -> bool:
        """Whether it was asked for elsewhere (in a tab), so that it stands there whatever else was chosen."""
        return False

    @property
    def picture(self) -> Path | None:
        """The picture that it shows, where that is another than the one in view."""
        return None

    def drawn(self, longest: int = RESOLUTION) -> Drawn:
        """What it shows now; a filter's map at most `longest` pixels long."""
        return Drawn()


class UntouchedBeside(BesideEntry):
    """The picture in view without an overlay."""

    key = UNTOUCHED

    @property
    def title(self) -> str:
        """What the choice calls it."""
        return "untouched picture"


class Beside(QObject):
    """The choice of what stands beside; never more than one.

    `entries` in their order: the first that insists comes before what was chosen. `changed` when what is shown,
    offered or chosen is another. That the untouched picture stands there is part of the style, and remembered with it.
    """

    changed = Signal()

    def __init__(self, session: Session, entries: Sequence[BesideEntry], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._entries, self._chosen = session, entries, NOTHING
        for entry in entries:
            entry.setParent(self)
            entry.changed.connect(lambda entry=entry: self._entry_changed(entry))
        self._told: object = None
        session.changed.connect(self._view_changed)

    @property
    def offered(self) -> tuple[tuple[str, str], ...]:
        """The choice: keys with their titles, nothing first."""
        return (NOTHING, "nothing"), *((entry.key, entry.title) for entry in self._entries if entry.title)

    @property
    def chosen(self) -> str:
        """The key of what a person chose, as far as it is offered."""
        wanted = self._chosen or (UNTOUCHED if self._session.view.style.beside else NOTHING)
        return wanted if wanted in dict(self.offered) else NOTHING

    @property
    def shown(self) -> BesideEntry | None:
        """What stands there."""
        insisting = next((entry for entry in self._entries if entry.insists), None)
        chosen = self.chosen  # asked once: it names every entry
        return insisting or next((entry for entry in self._entries if chosen and entry.key == chosen), None)

    def choose(self, key: str) -> None:
        """Put something else there, or `NOTHING`."""
        if key == self.chosen and key != NOTHING:
            return
        self._chosen = key if key != UNTOUCHED else NOTHING
        self._session.update_style(beside=key == UNTOUCHED)
        self.changed.emit()

    def toggle(self, key: str) -> None:
        """Put it there, or nothing where it is there already."""
        self.choose(NOTHING if self.chosen == key else key)

    def close(self) -> None:
        """Announce nothing any more: what listens may be gone."""
        self.blockSignals(True)

    def _entry_changed(self, entry: BesideEntry) -> None:
        """Nobody needs to hear that what is not shown would be drawn otherwise."""
        state = self.offered, self.shown
        if state != self._told or entry is self.shown:
            self._told = state
            self.changed.emit()

    def _view_changed(self, before: View, after: View) -> None:
        if after.style.beside != before.style.beside:
            if after.style.beside:
                self._chosen = NOTHING
            self.changed.emit()
