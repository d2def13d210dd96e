"""The pictures that are looked at to say whether they have an artifact, the likeliest first."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.core.progress import OnStep
from explorer.state.artifacts.lists import ArtifactLists
from explorer.state.index.evidence import Evidence
from explorer.state.session import Session
from explorer.state.workers.jobs import Jobs
from trainer.concepts.words import ARTIFACTS

if TYPE_CHECKING:
    from explorer.core.alarm.likely_pictures import Candidate

MOST = 400
"""Candidates that are listed; who has judged these goes on with the next."""
OPEN, THERE, NOT_THERE = "open", "there", "not there"
SHOWN = {OPEN: "likeliest first", THERE: "said to have it", NOT_THERE: "said not to have it"}
"""Which pictures are listed."""
SLOT = "candidates"
NO_INDEX = "Candidates stand here as soon as the filters are measured over the folder."
NONE_LEFT = "Of every picture it was said whether it has this."
NONE_SAID = "Of no picture this was said."


@dataclass
class _Listed:
    """The rows on show, what is known of each, and the lowest one that was judged: what stands above it stays there."""

    rows: tuple[str, ...] = ()
    of: "Mapping[str, Candidate]" = field(default_factory=dict)
    judged: int = -1


class ArtifactCandidates(QObject):
    """Lists pictures for one `artifact` while somebody looks, and takes what a person says of the one in view.

    `listed` when the `rows` are others, each the name of a picture in the index. A judged picture stays where it is,
    and what follows is put into order anew by its likeness to the confirmed ones.
    """

    listed = Signal()
    problem = Signal(object)

    def __init__(
        self, session: Session, evidence: Evidence, lists: ArtifactLists, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._evidence, self.lists = session, evidence, lists
        self._jobs = Jobs("candidates", self)
        self._list = _Listed()
        self._looked_at, self._at_top = False, True
        self.artifact, self.shown = ARTIFACTS[0], OPEN
        lists.loaded.connect(self._from_top)
        evidence.changed.connect(self._index_changed)

    @property
    def rows(self) -> tuple[str, ...]:
        """The listed pictures, as the index names them."""
        return self._list.rows

    @property
    def sentence(self) -> str:
        """How far the list is, and where it is kept."""
        have, lack = self.lists.count(self.artifact)
        where = f" · kept in {self.lists.file.name}" if self.lists.file is not None else ""
        return f"{have:,} with, {lack:,} without{where}"

    @property
    def why_empty(self) -> str:
        """Why there are no rows, where there are none."""
        if self.shown != OPEN:
            return NONE_SAID
        return NO_INDEX if self._evidence.index is None else NONE_LEFT

    def words(self, picture: str) -> tuple[str, str]:
        """A picture in two short lines: what was said, or how like the confirmed ones it is; what the program finds."""
        has_artifact, candidate = self.lists.of(picture, self.artifact), self._list.of.get(picture)
        likeness = f"alike {candidate.likeness:.2f}" if candidate is not None and candidate.likeness is not None else ""
        first = likeness if has_artifact is None else f"✓ {self.artifact}" if has_artifact else f"✕ no {self.artifact}"
        return first, f"found {candidate.found:.2f}" if candidate is not None and candidate.found is not None else ""

    def look(self, looked_at: bool) -> None:
        """List pictures, from the top, as long as somebody looks."""
        self._looked_at = looked_at
        if looked_at:
            self._from_top()

    def choose(self, artifact: str | None = None, shown: str | None = None) -> None:
        """List pictures for another artifact, or others of it (a key of `SHOWN`)."""
        self.artifact, self.shown = artifact or self.artifact, shown or self.shown
        self._from_top()

    def judge(self, has_artifact: bool | None) -> None:
        """Say of the picture in view whether it has the artifact, None to take that back, and look at the next."""
        rows, name = self.rows, self._in_view
        if not self.lists.ready or name not in rows:
            return
        row = rows.index(name)
        self._list.judged = max(row, self._list.judged)
        if has_artifact is not None and row + 1 < len(rows):
            self._look_at(rows[row + 1])
        self.lists.say(name, self.artifact, has_artifact)
        self.listed.emit()
        if self.shown == OPEN:
            self._rank()

    def close(self) -> None:
        """End the worker."""
        self.blockSignals(True)
        self._jobs.close()

    def _index_changed(self) -> None:
        """The one before is closed next: nothing reads in it any more."""
        self._jobs.cancel(SLOT)
        if self._looked_at and self.lists.ready and self.shown == OPEN:
            self._rank()

    def _from_top(self) -> None:
        self._list, self._at_top = _Listed(), True
        if not self._looked_at or not self.lists.ready:
            self.listed.emit()
        elif self.shown == OPEN:
            self._rank()
        else:
            has_artifact = self.shown == THERE
            names = sorted(name for name, row in self.lists.said.items() if row.get(self.artifact) is has_artifact)
            self._show(tuple(names), {})

    def _rank(self) -> None:
        """Put what follows the judged rows, and the one in view, into its order."""
        index, artifact, statements, before = self._evidence.index, self.artifact, self.lists.said, self._list
        if index is None:
            self._show((), {})
            return

        def work(on_step: OnStep) -> "tuple[Candidate, ...]":
            on_step(0, 0)
            from explorer.core.alarm.likely_pictures import candidates

            return candidates(index, artifact, statements, MOST)

        def done(ranked: "tuple[Candidate, ...]") -> None:
            if self._list is not before or self.artifact != artifact:
                return  # another list was asked for
            name = self._in_view
            viewed = before.rows.index(name) if name in before.rows else -1
            above = before.rows[: max(before.judged, viewed) + 1]
            stay = frozenset(above)
            rows = (*above, *(candidate.picture for candidate in ranked if candidate.picture not in stay))
            self._show(rows, {**before.of, **{candidate.picture: candidate for candidate in ranked}})

        def failed(error: BaseException) -> None:
            if self._evidence.index is index:  # else it was closed meanwhile
                self.problem.emit(error)

        self._jobs.submit(SLOT, work, done, failed)

    def _show(self, rows: tuple[str, ...], of: "Mapping[str, Candidate]") -> None:
        self._list.rows, self._list.of = rows, of
        self.listed.emit()
        if self._at_top and rows and self._looked_at:
            self._at_top = False
            self._look_at(rows[0])

    @property
    def _in_view(self) -> str:
        picture, folder = self._session.view.picture, self.lists.folder
        if folder is None or picture is None or not picture.is_relative_to(folder.path):
            return ""
        return picture.relative_to(folder.path).as_posix()

    def _look_at(self, name: str) -> None:
        folder = self.lists.folder
        if folder is not None and (picture := folder.path / name) in folder.positions:
            self._session.update(picture=picture)
