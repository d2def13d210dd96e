"""The open folder of pictures and the open network, announced when they are there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.core.progress import OnStep
from explorer.state.opened.file_state import FileState
from explorer.state.opened.network_session import NetworkSession, Request
from explorer.state.opened.reading import each, read_thumbnail
from explorer.state.workers.jobs import Jobs
from explorer.state.workers.lazy_store import LazyStore

if TYPE_CHECKING:
    from explorer.core.errors import UserError
    from explorer.core.labels import Labels
    from explorer.core.network.opening import Network
    from trainer.pictures.column_choice import Wanted


@dataclass(frozen=True)
class Folder:
    """The pictures of a folder in their order, and the classes that are known of them."""

    path: Path
    pictures: tuple[Path, ...]
    labels: "Labels | None" = None
    problems: tuple[str, ...] = ()
    positions: Mapping[Path, int] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    """The pictures' names and classes in small letters, to search in."""
    table: Path | None = None
    columns: str = ""
    """The table of the classes, and what was said of its columns, as on the command line."""
    unread: "Unread | None" = None

    @property
    def asked(self) -> "AskedTable | None":
        """The table whose columns a person may name: one that could not be told, or was read by its content."""
        if self.unread is not None:
            table, about = self.unread, getattr(self.unread.reason, "about", "label")
            if not table.choices:
                return None
            return AskedTable(table.labels, str(table.reason), table.choices, about, table.columns)
        if self.table is None or self.labels is None or not self.labels.titles:
            return None
        from trainer.pictures.column_choice import parse_columns

        columns = parse_columns(self.columns) if self.columns else None
        return AskedTable(self.table, self.labels.problems[0], self.labels.titles, "", columns)


@dataclass(frozen=True)
class Unread:
    """A table of classes that was asked for and could not be read, with what was said of its columns, and why."""

    labels: Path
    columns: "Wanted | None"
    reason: "UserError"

    @property
    def choices(self) -> tuple[str, ...]:
        """The columns that may be named instead, where that is what was not to be found out."""
        return getattr(self.reason, "choices", ())

    @property
    def column_words(self) -> str:
        """What was said of its columns, as on the command line."""
        from trainer.pictures.column_choice import column_words

        return column_words(self.columns or {})


@dataclass(frozen=True)
class AskedTable:
    """A table, why it is asked about, its titles, what has to be named ("" for nothing), and what was said so far."""

    path: Path
    text: str
    titles: tuple[str, ...]
    about: str
    columns: "Wanted | None"


class Library(QObject):
    """The folder that is open, read by a worker of its own, and the network that is looked through.

    `unreadable(picture, reason)` with "" where it can be read again; `replaced(picture)` where its file is another than
    was read before. The network's own signals and workers stand here under their names, for all who need both.
    """

    folder_opened = Signal(object)
    folder_failed = Signal()
    problem = Signal(object)
    unreadable = Signal(object, str)
    replaced = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.network_session = NetworkSession(self)
        running = self.network_session
        self.network_opening, self.network_opened, self.question = running.opening, running.opened, running.question
        self.interactive, self.batch, self.long, self.matching = running.workers
        self.predictions, self.over = running.predictions, running.over
        self.reading = Jobs("reading", self)
        self.thumbnails = LazyStore(self.reading, "thumbnails", keep=600, parent=self)
        self.folder: Folder | None = None
        self.bad: dict[Path, str] = {}
        self._states: dict[Path, FileState] = {}
        running.problem.connect(self.problem)
        for store in (self.thumbnails, self.predictions, self.over):
            store.looked.connect(self.note_read)
        self.thumbnails.reset(each(read_thumbnail))

    @property
    def network(self) -> "Network | None":
        """The network that is looked through."""
        return self.network_session.network

    @property
    def request(self) -> Request | None:
        """What was asked to open it, with the answers that were given."""
        return self.network_session.request

    @property
    def workers(self) -> tuple[Jobs, ...]:
        """All workers, to listen to their progress."""
        return *self.network_session.workers, self.reading

    def close(self) -> None:
        """End the workers and wait for them."""
        self.thumbnails.reset(None)
        self.network_session.close()
        self.reading.close()

    def open_network(self, request: Request) -> None:
        """Open a network file; `network_opened`, `question(request, question)` or `problem` follows."""
        self.network_session.open_network(request)

    def open_folder(self, path: Path, labels: Path | None = None, columns: "Wanted | None" = None) -> None:
        """List a folder and read its classes; `folder_opened` or `problem` follows.

        `columns` says what the columns of `labels` hold, where that is not to be found out. A table that cannot be read
        keeps no folder from opening: `unread` says why, and an open folder keeps the classes that it had.
        """
        before = self.folder if self.folder is not None and self.folder.path == path else Folder(path, ())

        def work(on_step: OnStep) -> Folder:
            from explorer.core.errors import UserError
            from explorer.core.labels import Labels, folder_labels, read_labels
            from trainer.pictures.column_choice import column_words
            from trainer.pictures.folder_walk import list_folder

            listing = list_folder(path, on_step=on_step).check()
            pictures, problems = listing.pictures, (*listing.unreadable, *listing.notes)
            unread = None
            if labels is None:
                given_labels = folder_labels(path, pictures)
            else:
                try:
                    given_labels = read_labels(labels, pictures, columns)
                except UserError as error:
                    unread, given_labels = Unread(labels, columns, error), before.labels or Labels()
                    how = "keeps the classes that it had" if given_labels.counts else "was opened without classes"
                    problems = (f"{error} The folder {how}.", *problems)
            rows = {picture: row for row, picture in enumerate(pictures)}
            names = tuple(picture.name.lower() for picture in pictures)
            classes = tuple(given_labels.of(picture).lower() for picture in pictures)
            problems = (*problems, *given_labels.problems)
            table = (
                (labels, column_words(columns or {}) if labels else "")
                if unread is None
                else (before.table, before.columns)
            )
            return Folder(path, pictures, given_labels, problems, rows, names, classes, *table, unread)

        def done(folder: Folder) -> None:
            self.folder = folder
            self.bad = {}
            self._states = {}
            self.thumbnails.reset(each(read_thumbnail))
            self.network_session.answer_anew()
            self.folder_opened.emit(folder)

        def failed(error: BaseException) -> None:
            self.folder_failed.emit()
            self.problem.emit(error)

        self.reading.submit("open folder", work, done, failed)

    def note_bad(self, picture: Path, reason: str) -> None:
        """Keep a picture that cannot be read, with its reason."""
        if picture not in self.bad:
            self.bad[picture] = reason
            self.unreadable.emit(picture, reason)

    def note_readable(self, picture: Path, state: FileState) -> None:
        """A picture was read in this state of its file: whatever was said or found of another state is forgotten."""
        self.note_read(picture, state)
        if self.bad.pop(picture, None) is not None:
            self._forget(picture)
            self.unreadable.emit(picture, "")

    def note_read(self, picture: Path, state: FileState) -> None:
        """A picture's file was in this state when it was looked at: what was found of another state is forgotten."""
        before = self._states.setdefault(picture, state)
        if before != state:
            self._states[picture] = state
            self._forget(picture)
            self.replaced.emit(picture)

    def _forget(self, picture: Path) -> None:
        self.thumbnails.forget([picture])
        self.network_session.forget([picture])
