"""The report on the tagged filters, written by the worker for long jobs."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.core.errors import UserError
from explorer.core.progress import OnStep
from explorer.state.artifacts.lists import ArtifactLists
from explorer.state.index.evidence import Evidence
from explorer.state.index.given_classes import GivenClasses
from explorer.state.opened.library import Library
from explorer.state.suggestions.rejections import rejected_of
from explorer.state.suggestions.suggesting import place_of
from explorer.state.tags.tagging import Tagging

if TYPE_CHECKING:
    from explorer.core.network.opening import Network

SLOT = "report"
NO_INDEX = (
    "There is no complete index of this folder yet, and a report stands on it. It is made in the background; the "
    "status bar shows how far it is."
)


class Reporting(QObject):
    """Writes one report at a time; `done(path)` or `failed(error)` ends it."""

    done = Signal(object)
    failed = Signal(object)

    def __init__(
        self,
        library: Library,
        evidence: Evidence,
        tagging: Tagging,
        given: GivenClasses,
        lists: ArtifactLists,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._library, self._evidence, self._tagging, self._given = library, evidence, tagging, given
        self._lists = lists

    @property
    def running(self) -> bool:
        """Whether one is written at this moment."""
        return self._library.long.busy(SLOT)

    def proposed(self) -> str:
        """The name that a report would have; UserError where there is nothing to report on."""
        folder, network, index = self._library.folder, self._library.network, self._evidence.index
        if folder is None or network is None:
            raise UserError("Open a network and a folder of pictures first; then there is something to report on.")
        if index is None or not index.complete:
            raise UserError(NO_INDEX)
        if self.running:
            raise UserError("A report is being written; wait for its end.")
        return f"{Path(network.name).stem}-report.html"

    def write(self, path: Path) -> None:
        """Write a report; UserError where there is nothing to report on."""
        self.proposed()
        folder, index, request = self._library.folder, self._evidence.index, self._library.request
        assert folder is not None
        assert index is not None
        class_words = self._given.map
        edited = class_words if class_words is not None and class_words != self._given.proposed else None
        words_file = self._given.file if edited is not None else None
        book = self._tagging.book.copy()
        files = {"images": folder.path, "labels": folder.table, "tags": self._tagging.path}
        files["rejected"] = turned_down = rejected_of(place_of(index.path))
        files["artifacts"], statements = self._lists.file, self._lists.said
        files["model"] = request.path if request is not None else None

        def work(network: "Network", on_step: OnStep) -> Path:
            from explorer.core.report import Sources, evidence_report
            from explorer.core.suggestions.rejected import read_rejected

            opening = tuple(f"{name}={value}" for name, value in request.options(network).items()) if request else ()
            existing = {name: file for name, file in files.items() if file is not None and file.exists()}
            made = existing, opening, edited, words_file, statements, read_rejected(turned_down)
            sources = Sources(network, index, book, folder.path, folder.labels, *made)
            evidence_report(sources, path, on_step=on_step)
            return path

        self._library.network_session.run(self._library.long, SLOT, work, self.done.emit, self.failed.emit)
