"""The suggestion for the filter in view: made by another process when a person asks, accepted or rejected by them."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from explorer.core.errors import UserError
from explorer.core.progress import OnStep
from explorer.core.tags.book import FilterKey
from explorer.state.artifacts.lists import ArtifactLists
from explorer.state.index.evidence import Evidence
from explorer.state.opened.library import Library
from explorer.state.session import Session, View
from explorer.state.suggestions.answer import Answer
from explorer.state.suggestions.rejections import lay_rejected, rejected_in, rejected_of
from explorer.state.suggestions.wording import NOT_MADE, outcome_words, progress_words
from explorer.state.tags.tagging import Tagging
from explorer.state.workers.command_process import CommandProcess, number
from explorer.state.workers.kept_changes import KeptChanges

if TYPE_CHECKING:
    from explorer.core.index import FolderIndex
    from explorer.core.suggestions import Suggestion, Suggestions

SLOT = "read suggestions"


class Suggesting(QObject):
    """Suggestions beside the index of the open folder; `changed` when what is said of them is another.

    `command` begins the program's command line; without one nothing is made. What a person said of artifacts in `lists`
    counts. `problem(error)` where making fails. What a person rejects is kept beside the suggestions and not offered
    again; rejected once more it is taken back.
    """

    changed = Signal()
    listed = Signal()
    """Other filters may have a suggestion that waits for an answer; what a tag changes, the tags say themselves."""
    problem = Signal(object)

    def __init__(
        self,
        session: Session,
        library: Library,
        evidence: Evidence,
        tagging: Tagging,
        command: Sequence[str] | None = None,
        parent: QObject | None = None,
        *,
        lists: ArtifactLists | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._library, self._evidence, self._tagging = session, library, evidence, tagging
        self._command, self._lists = command, lists
        self.keeping = KeptChanges("What was rejected last", lay_rejected, self)
        self.keeping.kept.connect(self._take_rejected)
        self._known: dict[FilterKey, Suggestion] = {}
        self._rejected: dict[FilterKey, str] = {}
        self._process: CommandProcess | None = None
        self._place: Path | None = None
        self.stage, self.done, self.total = "", 0, 0
        evidence.changed.connect(self._index_changed)
        session.changed.connect(self._view_changed)
        tagging.changed.connect(lambda key: self.changed.emit())
        tagging.reset.connect(self.changed)
        tagging.annotator_changed.connect(self.changed)
        tagging.annotator_changed.connect(self.listed)

    @property
    def running(self) -> bool:
        """Whether suggestions are being made."""
        return self._process is not None

    @property
    def made(self) -> bool:
        """Whether there are suggestions for this network and folder."""
        return bool(self._known)

    @property
    def outcome(self) -> str:
        """For how many filters a tag is suggested, in words; "" before any was looked for."""
        index, tagged = self._evidence.index, sum(bool(suggestion.tag) for suggestion in self._known.values())
        return outcome_words(tagged, len(self._known), len(index.pictures)) if self._known and index is not None else ""

    @property
    def possible(self) -> bool:
        """Whether they could be made: there is a whole index of the open network and folder."""
        index, network = self._evidence.index, self._library.network
        if index is None or network is None or self._library.folder is None or self._command is None:
            return False
        return index.complete and self._evidence.covers(network, 0, raw=False)

    @property
    def progress(self) -> str:
        """How far the process is, in words, and what not to hope for."""
        index = self._evidence.index
        return progress_words(self.stage, self.done, self.total, len(index.pictures) if index is not None else 0)

    @property
    def missing(self) -> str:
        """Why no filter has a suggestion yet, in words; "" where they were made."""
        if self.running:
            return f"Suggestions are still being made: {self.progress}."
        return "" if self.made else NOT_MADE

    @property
    def key(self) -> FilterKey:
        """The filter in view."""
        view = self._session.view
        return FilterKey(view.layer, view.filter)

    @property
    def suggestion(self) -> "Suggestion | None":
        """What is known of the filter in view, "nothing clear" included."""
        return self._known.get(self.key)

    @property
    def nothing_clear(self) -> "Suggestion | None":
        """What was found of the filter in view where no tag is suggested, and this person gave it none."""
        suggestion = self.suggestion
        return None if suggestion is None or suggestion.tag or self._tagging.words(self.key) else suggestion

    def waiting(self, key: FilterKey) -> bool:
        """Whether a tag is suggested for a filter that this person neither gave it nor rejected for it."""
        suggestion = self._known.get(key)
        if suggestion is None or not suggestion.tag or self._rejected.get(key) == suggestion.words:
            return False
        return suggestion.tag not in self._tagging.words(key)

    @property
    def offered(self) -> "Suggestion | None":
        """What can be accepted for the filter in view."""
        return self.suggestion if self.waiting(self.key) and not self._tagging.read_only else None

    @property
    def rejected(self) -> "Suggestion | None":
        """What this person turned down for the filter in view, as long as the same is suggested and not given."""
        suggestion = self.suggestion
        if suggestion is None or not suggestion.tag or self._rejected.get(self.key) != suggestion.words:
            return None
        return None if suggestion.tag in self._tagging.words(self.key) else suggestion

    def begin(self) -> None:
        """Make the suggestions, or make them anew."""
        index, folder = self._evidence.index, self._library.folder
        if self._process is not None or not self.possible or index is None or folder is None or self._command is None:
            return
        self._place = place_of(index.path)
        options: dict[str, str | None] = {
            "--index": str(index.path),
            "--images": str(folder.path.absolute()),
            "--out": str(self._place),
        }
        artifacts = self._lists.file if self._lists is not None else None
        if artifacts is not None and artifacts.exists():
            options["--artifacts"] = str(artifacts)
        options |= {"--progress": "json"} | self._library.network_session.opening_words
        words = [f"{option}={value}" for option, value in options.items() if value]
        self.stage, self.done, self.total = "", 0, 0
        self._process = CommandProcess([*self._command, "suggest", *words], self)
        self._process.told.connect(self._told)
        self._process.ended.connect(self._ended)
        self.changed.emit()

    def cancel(self) -> None:
        """End the process; what it measured is kept, and it goes on from there when it is asked again."""
        process, self._process = self._process, None
        if process is not None:
            process.end()
            self.changed.emit()

    def accept(self) -> bool:
        """Give the filter in view the suggested tag, with its evidence; False where nothing is offered."""
        suggestion, key = self.offered, self.key
        if suggestion is None:
            return False
        evidence = {name: value for name, value in asdict(suggestion).items() if name in EVIDENCE and value == value}
        evidence |= {"chart": chart} if (chart := suggestion.chart.as_values()) else {}
        self._tagging.add(
            key, suggestion.tag, detail=suggestion.detail, note=suggestion.reason, evidence={"suggestion": evidence}
        )
        return True

    def reject(self) -> bool:
        """Turn down what is offered for the filter in view, or take that back; False where there is neither."""
        offered = self.offered
        suggestion = offered or self.rejected
        if suggestion is None:
            return False
        keep, rejected = partial(self._answer, self._place, self.key), offered is not None
        # What is undone next is what was done last, a tag or this.
        self._tagging.stack.push(Answer(self._tagging, self.key, suggestion.words, keep, rejected=rejected))
        return True

    def _answer(self, place: Path | None, key: FilterKey, words: str) -> None:
        """Let what is suggested at a place be turned down for a filter; "" = not. Nothing where others are open."""
        if place != self._place:
            return
        if words:
            self._rejected[key] = words
        else:
            self._rejected.pop(key, None)
        if place is not None:
            self.keeping.keep(rejected_of(place), (key, words))
        self.changed.emit()
        self.listed.emit()

    def _take_rejected(self, file: Path, rejected: "dict[FilterKey, str]") -> None:
        """Know what the file says, another window's rejections too, and what is on its way there."""
        if self._place is None or file != rejected_of(self._place):
            return
        laid = {**rejected, **dict(self.keeping.waiting(file))}
        before, self._rejected = self._rejected, {key: words for key, words in laid.items() if words}
        if before != self._rejected:
            self.changed.emit()
            self.listed.emit()

    def close(self) -> None:
        """End the process and wait until it is gone, and what was rejected is kept."""
        self.blockSignals(True)
        self.keeping.close()
        self.cancel()
        for process in self.findChildren(CommandProcess):
            process.end(wait=True)

    def _told(self, step: dict[str, Any]) -> None:
        self.stage, self.done, self.total = str(step["stage"]), number(step, "done"), number(step, "total")
        self.changed.emit()

    def _ended(self, trouble: str) -> None:
        self.cancel()
        if trouble:
            self.problem.emit(UserError(f"No tags are suggested: {trouble}"))
        elif self._evidence.index is not None:
            self._read(self._evidence.index, aloud=True)

    def _index_changed(self) -> None:
        """Another network or folder has other suggestions; one that only grew keeps those that are shown."""
        index = self._evidence.index
        file = place_of(index.path) if index is not None else None
        if file == self._place and file is not None:
            self.changed.emit()
            return
        self.cancel()
        self._known, self._rejected, self._place = {}, {}, file
        if index is not None:
            self._read(index, aloud=False)
        self.changed.emit()
        self.listed.emit()

    def _read(self, index: "FolderIndex", *, aloud: bool) -> None:
        file = place_of(index.path)

        def read(on_step: OnStep) -> "Suggestions | None":
            from explorer.core.suggestions import read_suggestions

            return read_suggestions(file) if file.exists() else None

        def done(suggestions: "Suggestions | None") -> None:
            if file == self._place:
                self._known = {row.key: row for row in suggestions.rows} if suggestions is not None else {}
                self.changed.emit()
                self.listed.emit()

        def failed(error: BaseException) -> None:
            if aloud:
                self.problem.emit(error)

        def rejections_known(rejected: "dict[FilterKey, str]") -> None:
            self._take_rejected(rejected_of(file), rejected)
            self._library.reading.submit(SLOT, read, done, failed)

        # First what was rejected, in its turn, so that nothing of it is offered for a moment.
        self.keeping.jobs.call(partial(rejected_in, rejected_of(file)), rejections_known, failed)

    def _view_changed(self, before: View, after: View) -> None:
        if (before.layer, before.filter) != (after.layer, after.filter):
            self.changed.emit()


EVIDENCE = frozenset({"concept", "strength", "times", "effect", "low", "high", "p", "n", "reason", "changes"})
"""What of a suggestion is kept in the tag that comes of it."""


def place_of(index: Path) -> Path:
    """Where the suggestions of an index are kept: a file of their own beside it."""
    return index.with_name(f"{index.stem}.suggestions.csv")
