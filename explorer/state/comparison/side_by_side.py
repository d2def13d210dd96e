"""Two networks side by side: which of them lies in front, whether somebody looks, and what both say of the picture."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.state.comparison.both_drawn import BothDrawn
from explorer.state.comparison.filter_match import FilterMatch
from explorer.state.comparison.second_answers import SecondAnswers
from explorer.state.comparison.second_network import SecondNetwork
from explorer.state.session import Session
from explorer.state.tags.tagging import Tagging
from explorer.state.view.beside import Beside, Drawn
from explorer.state.view.muting import Muting
from explorer.state.view.pipeline import Pipeline

if TYPE_CHECKING:
    from explorer.core.maps.activations import Activations
    from explorer.core.network.opening import Network

Said = tuple[tuple[str, float], ...]
TAGS_OFF = "B lies in front, and tags are A's: press W first."
EXPORT_OFF = "B lies in front, and figures of many pictures begin with A: press W first."
MUTING_OFF = "B lies in front, and filters of A are muted: press W first."
SECOND, DIFFERENCE = "network B", "difference"
"""Keys of what may stand beside."""
CLASSES = 2
"""Classes of a prediction that are named: those that A thinks likeliest, of both."""


class SideBySide(QObject):
    """Brings what is looked at and the second network together; `changed` when anything of either is another.

    `swapped`: B lies in front, and A beside. Everything else in the window is about A all the same, so tags are off
    meanwhile; it ends when something else is put beside.
    """

    changed = Signal()

    def __init__(
        self,
        session: Session,
        pipeline: Pipeline,
        muting: Muting,
        tagging: Tagging,
        second: SecondNetwork,
        answers: SecondAnswers,
        match: FilterMatch,
        both: BothDrawn,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._pipeline, self._muting, self._tagging = pipeline, muting, tagging
        self._second, self._answers, self.match, self.both = second, answers, match, both
        self._beside: Beside | None = None
        self.looking = self.swapped = False
        for source in (answers.changed, match.changed, muting.changed, pipeline.scale_changed):
            source.connect(self._tell)
        second.changed.connect(self._opened_or_closed)
        session.changed.connect(lambda before, after: self._tell() if before.style != after.style else None)

    def follow(self, beside: Beside) -> None:
        """Look while network B, or the difference, stands there."""
        self._beside = beside
        beside.changed.connect(self._look)

    @property
    def name(self) -> str:
        """That of the second network; "" while there is none."""
        return self.titles[1]

    @property
    def titles(self) -> tuple[str, str]:
        """What both networks are called."""
        return self._second.titles

    @property
    def in_front(self) -> Drawn | None:
        """What lies over the picture in view where that is B; None where it is A, as without a second network."""
        return self.both.drawn(second=True) if self.swapped and self.looking else None

    @property
    def caption(self) -> str:
        """Which network lies in front, in a corner of the picture; "" while only one is looked at."""
        if not self.looking:
            return ""
        return self.both.caption(second=self.swapped) + (" · tags are A's" if self.swapped else "")

    @property
    def network_in_front(self) -> "Network | None":
        """The network whose answer lies over the picture in view."""
        return self._second.network if self.swapped and self.looking else self._pipeline.network

    @property
    def second(self) -> "Network | None":
        """Network B."""
        return self._second.network

    @property
    def difference_beside(self) -> bool:
        """Whether B minus A stands there, and not one of the two."""
        shown = self._beside.shown if self._beside is not None else None
        return shown is not None and shown.key == DIFFERENCE

    def values_at(self, x: float, y: float) -> str:
        """What both answer at a place of the picture, in its pixels, for the line under the mouse."""
        values = [(name, self.both.value_at(x, y, second=second)) for name, second in (("A", False), ("B", True))]
        return "".join(f"   {name} {value:.4g}" for name, value in values if value is not None)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about what must not be compared, or be taken for something else."""
        muted = ("Filters of A are muted; in B nothing is.",) if self._muting.keys else ()
        return *self.match.notes, *muted

    @property
    def predictions(self) -> "tuple[Said, Said]":
        """What A and B say of the picture: first, in both, the classes that A thinks likeliest; () for nothing."""
        first = _said(self._pipeline.network, self._pipeline.activations, ())
        return first, _said(self._second.network, self._answers.activations, [name for name, _ in first[:CLASSES]])

    def show(self) -> None:
        """Put the second network beside again."""
        if self._beside is not None and self._second.network is not None:
            self._beside.choose(SECOND)

    def swap(self) -> None:
        """Bring the other network to the front."""
        if self.looking:
            self._set_swapped(not self.swapped)

    def bring_back(self) -> None:
        """Let A lie in front again."""
        if self.swapped:
            self._set_swapped(False)

    def use_own_scales(self, own: bool) -> None:
        """Draw each on its own scale, or both on that of A."""
        if own != self.both.own_scales:
            self.both.own_scales = own
            self._tell()

    def close(self) -> None:
        """Announce nothing any more: what listens may be gone."""
        self.blockSignals(True)

    def _opened_or_closed(self) -> None:
        """Put a network that was opened beside; with none there is nothing in front of A."""
        self.changed.emit()
        if not self.looking:
            self.show()
        self._look()

    def _look(self) -> None:
        shown = self._beside.shown if self._beside is not None else None
        looking = self._second.network is not None and shown is not None and shown.key in (SECOND, DIFFERENCE)
        changed, self.looking = looking != self.looking, looking
        if not looking:
            self.bring_back()
        self.match.look(looking)
        self._answers.look(looking, self.match.key)
        if changed:
            self.changed.emit()

    def _set_swapped(self, swapped: bool) -> None:
        self.swapped = swapped
        self._tagging.pause(TAGS_OFF if swapped else "", by="side by side")
        self._tell()

    def _tell(self) -> None:
        if self._second.network is not None:
            self._answers.look(self.looking, self.match.key)
            self.changed.emit()


def spoken(prediction: Said, most: int = CLASSES) -> str:
    """A prediction in a line."""
    return ", ".join(f"{name} {value:.2f}" for name, value in prediction[:most]) or "…"


def _said(network: "Network | None", activations: "Activations | None", order: Sequence[str]) -> Said:
    """The classes with their probabilities: those of `order`, then the likeliest."""
    if network is None or activations is None:
        return ()
    pairs = zip(network.classes, activations.probabilities.tolist(), strict=False)
    ranks = {name: rank for rank, name in enumerate(order)}
    return tuple(sorted(pairs, key=lambda pair: (ranks.get(pair[0], len(ranks)), -pair[1])))
