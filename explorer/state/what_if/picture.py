"""What the network would say of the picture on show, had it been taken otherwise, or were other things on the skin."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.core.errors import in_words
from explorer.core.progress import OnStep
from explorer.state.artifacts.lists import ArtifactLists
from explorer.state.opened.library import Library
from explorer.state.session import Session, View
from explorer.state.view.pipeline import Pipeline

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from explorer.core.arrays import RGB
    from explorer.core.maps.activations import Activations
    from explorer.core.network.opening import Network

SLOT = "what if"
UNCHANGED: Mapping[str, float] = MappingProxyType({"gamma": 1.0, "illumination": 0.0, "constancy": 0.0, "crop": 1.0})
"""The fields of a `Change` (`core/what_if/change.py`) that are numbers, with which nothing is changed."""

STEP = 0.02
"""By what share of the picture's sides an arrow moves where something is to be laid."""

Place = tuple[str, float, float, int]
"""What is laid into the picture: the fields of a `Laid` (`core/what_if/artifacts.py`)."""


@dataclass(frozen=True, eq=False)
class WhatIfAnswer:
    """The changed `picture` (H, W, 3), what the network answers to it, the probabilities (K,) of the picture as it is
    and as it would be, and what was done, in words."""

    picture: "RGB"
    activations: "Activations"
    before: "npt.NDArray[np.float64]"
    after: "npt.NDArray[np.float64]"
    said: str


@dataclass(frozen=True, eq=False)
class _OnSkin:
    """What does not change with a slider: `of` which picture and wish, and what came of it."""

    of: tuple[object, ...]
    rgb: "RGB"
    painted_over: tuple[str, ...]


class PictureWhatIf(QObject):
    """A change of the picture on show, while somebody looks at it: the picture itself is never another.

    `changed` with the wish, and again with its `picture` and what the network says of it. It is found on the
    interactive worker, the newest wish next.
    """

    changed = Signal()

    def __init__(
        self,
        session: Session,
        library: Library,
        pipeline: Pipeline,
        lists: ArtifactLists,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._library, self._pipeline, self._lists = session, library, pipeline, lists
        self._values, self._looking = dict(UNCHANGED), False
        self.without: tuple[str, ...] = ()
        """What is painted over, some of `PAINTED_OVER`."""
        self.laid: tuple[Place, ...] = ()
        """What is laid into the picture, in shares of its sides: on another picture in the same place."""
        self.tool = ""
        """What a click lays into the picture, one of `LAID`; "" while a click lays nothing."""
        self.aim: tuple[float, float] | None = None
        """Where `lay` puts it, in shares of the picture's sides (row, column); None until somebody aims by keys."""
        self._on_skin: list[_OnSkin] = []
        """The last one; only the interactive worker reads and writes it."""
        self._answer: WhatIfAnswer | None = None
        self._trouble = ""
        pipeline.picture_changed.connect(self._anew)
        library.network_opened.connect(lambda network: self._anew())
        session.changed.connect(self._view_changed)
        lists.changed.connect(lambda: self._find() if self.without else None)

    @property
    def values(self) -> Mapping[str, float]:
        """The wish as far as it is numbers: one for each of `UNCHANGED`."""
        return self._values

    @property
    def showing(self) -> bool:
        """Whether a changed picture belongs beside the real one."""
        wished = self._values != UNCHANGED or self.without or self.laid
        return self._looking and bool(wished) and self._pipeline.shown is not None

    @property
    def picture(self) -> "RGB | None":
        """The changed picture (H, W, 3); None while it is made, and while nothing is changed."""
        return self._answer.picture if self._answer is not None else None

    @property
    def activations(self) -> "Activations | None":
        """What the network answers to it, with `picture`."""
        return self._answer.activations if self._answer is not None else None

    @property
    def before(self) -> "npt.NDArray[np.float64] | None":
        """The probabilities (K,) of the picture as it is, with `picture`."""
        return self._answer.before if self._answer is not None else None

    @property
    def after(self) -> "npt.NDArray[np.float64] | None":
        """Those as it would be, with `picture`."""
        return self._answer.after if self._answer is not None else None

    @property
    def said(self) -> str:
        """What is done to the picture in `picture`, or why nothing can be done; else ""."""
        return self._answer.said if self._answer is not None else self._trouble

    def look(self, looking: bool) -> None:
        """Begin to look at changes, or leave them; the wish is kept."""
        if looking != self._looking:
            self._looking, self.tool, self.aim = looking, self.tool if looking else "", None
            self._anew()

    def update(self, **values: float) -> None:
        """Change numbers of the wish."""
        self._wish(self._values | values, self.without, self.laid)

    def leave_out(self, concept: str, wanted: bool) -> None:
        """Paint a concept over where it is found, or leave it there."""
        others = tuple(name for name in self.without if name != concept)
        self._wish(self._values, (*others, concept) if wanted else others, self.laid)

    def take_tool(self, concept: str) -> None:
        """Let a click lay this into the picture, or nothing with ""."""
        if concept != self.tool:
            self.tool, self.aim = concept, None
            self.changed.emit()

    def move(self, down: int, across: int) -> None:
        """Aim so many steps further, from the middle on."""
        row, column = self.aim or (0.5, 0.5)
        self.aim = min(max(row + down * STEP, 0.0), 1.0), min(max(column + across * STEP, 0.0), 1.0)
        self.changed.emit()

    def lay(self) -> None:
        """Lay what `tool` says where it was aimed at, or in the middle."""
        row, column = self.aim or (0.5, 0.5)
        self._lay(row, column)

    def click(self, x: float, y: float) -> None:
        """Lay what `tool` says about a place, in pixels of the picture on show; nothing beyond it."""
        shown = self._pipeline.shown
        if not self.tool or shown is None:
            return
        row, column = y / shown.rgb.shape[0], x / shown.rgb.shape[1]
        if 0 <= row <= 1 and 0 <= column <= 1:
            self._lay(row, column)

    def take_back(self) -> None:
        """Take away what was laid into the picture last."""
        self._wish(self._values, self.without, self.laid[:-1])

    def restore(self) -> None:
        """Change nothing any more."""
        self.take_tool("")
        self._wish(dict(UNCHANGED), (), ())

    def close(self) -> None:
        """Announce nothing any more: what listens may be gone."""
        self.blockSignals(True)

    def _lay(self, row: float, column: float) -> None:
        if self.tool:
            number = sum(concept == self.tool for concept, *_ in self.laid)
            self._wish(self._values, self.without, (*self.laid, (self.tool, row, column, number)))

    @property
    def _absent(self) -> tuple[str, ...]:
        """What a person said that the picture on show does not have."""
        shown, folder = self._pipeline.shown, self._library.folder
        if shown is None or folder is None or not shown.picture.is_relative_to(folder.path):
            return ()
        name = shown.picture.relative_to(folder.path).as_posix()
        return tuple(concept for concept in self.without if self._lists.of(name, concept) is False)

    def _wish(self, values: dict[str, float], without: tuple[str, ...], laid: tuple[Place, ...]) -> None:
        wish = values, without, laid
        if wish != (self._values, self.without, self.laid):
            self._values, self.without, self.laid = wish
            self._find()

    def _view_changed(self, before: View, after: View) -> None:
        if after.style.raw != before.style.raw:
            self._anew()

    def _forget(self) -> None:
        self._answer, self._trouble = None, ""

    def _anew(self) -> None:
        """Forget what was found of another picture or by another network."""
        self._forget()
        self._library.interactive.cancel(SLOT)
        self._find()

    def _find(self) -> None:
        """Find what is wished for; while something is being found, the last of it stays on show."""
        shown = self._pipeline.shown
        if not self.showing or shown is None or self._library.network is None:
            self._forget()
            self.changed.emit()
            return
        self.changed.emit()
        if self._library.interactive.busy(SLOT):
            return
        wish, absent = (dict(self._values), self.without, self.laid), self._absent
        rgb, raw, on_skin = shown.rgb, self._session.view.style.raw, self._on_skin
        of = shown.picture, shown.state, self.without, self.laid, absent

        def work(network: "Network", on_step: OnStep) -> WhatIfAnswer:
            on_step(0, 0)
            from explorer.core.maps.activations import record
            from explorer.core.what_if import Change, Laid
            from explorer.core.what_if.folder import scores_of_both

            values, without, laid = wish
            change = Change(**values, without=without, laid=tuple(Laid(*artifact) for artifact in laid))
            if not on_skin or on_skin[0].of != of:
                on_skin[:] = [_OnSkin(of, *change.on_skin(rgb, absent))]
            on_step(0, 0)
            changed = change.taken(on_skin[0].rgb)
            missing = [name for name in without if name not in on_skin[0].painted_over]
            why = {name: "it was said that there is none" if name in absent else "none was found" for name in missing}
            sentence = change.sentence + "".join(
                f"; no {name} is painted over: {reason}" for name, reason in why.items()
            )
            activations = record(network, changed, raw=raw)
            return WhatIfAnswer(changed, activations, *scores_of_both(network, rgb, changed), sentence)

        def done(answer: WhatIfAnswer) -> None:
            if self.showing:
                self._answer = answer
            self.changed.emit()
            if (wish, absent) != ((self._values, self.without, self.laid), self._absent):
                self._find()

        def failed(error: BaseException) -> None:
            self._forget()
            if (wish, absent) != ((self._values, self.without, self.laid), self._absent):
                self._find()
                return
            self._trouble = in_words(error)
            self.changed.emit()

        self._library.network_session.run(self._library.interactive, SLOT, work, done, failed)
