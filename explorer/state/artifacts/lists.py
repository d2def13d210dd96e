"""Which pictures of the open folder have hair, a ruler ..., as a person says it, kept in a CSV."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.core.counting import counted
from explorer.state.opened.library import Folder, Library
from explorer.state.settings_file import Settings
from explorer.state.workers.kept_changes import KeptChanges

if TYPE_CHECKING:
    from explorer.core.concepts import Corrections


@dataclass(frozen=True)
class Statement:
    """That an artifact is in a picture of a folder or is not; None takes back what was said."""

    folder: Folder
    picture: str
    artifact: str
    there: bool | None

    def over(self, corrections: "Corrections") -> "Corrections":
        """What was said before, with this."""
        return corrections.with_said(self.picture, self.artifact, self.there)


@dataclass(frozen=True)
class _Kept:
    """What a file, None for none, says of the pictures of a folder, and what it names that is not there.

    `place` is where that file lies, or would lie.
    """

    file: Path | None
    corrections: "Corrections"
    place: Path | None = None
    unknown: tuple[str, ...] = ()
    gone: Path | None = None


class ArtifactLists(QObject):
    """Keeps every statement in `file` at once: the one that was opened last for the folder, else one of its own.

    `changed` when what was said or its file is another, `loaded` when another file was read; `problem(error)` where
    the file cannot be read or written, `told(sentence)` of what else is to be known. A statement is laid over what the
    file says at that moment, so that nothing of another window or program is lost, and a file that cannot be read is
    not written over. `keeping` tries again what could not be written, also when another folder is open by then.
    """

    changed = Signal()
    loaded = Signal()
    problem = Signal(object)
    told = Signal(str)

    def __init__(self, library: Library, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self.keeping = KeptChanges("What was said of artifacts last", self._lay, self)
        self.keeping.problem.connect(self.problem)
        self.keeping.kept.connect(self._written)
        self._corrections: Corrections | None = None
        self._own_is_damaged = False
        self._meanwhile: list[Statement] = []
        self._awaited: object = None
        """The reading that is to be shown once it is done: what is said meanwhile is kept in that file."""
        self.folder: Folder | None = None
        self.file: Path | None = None
        library.folder_opened.connect(self._folder_opened)

    @property
    def said(self) -> Mapping[str, Mapping[str, bool]]:
        """Picture (as an index of the folder names it) to artifact to whether it is there."""
        return self._corrections.said if self._corrections is not None else {}

    @property
    def ready(self) -> bool:
        """Whether the folder's file has been read, so that something can be said."""
        return self._corrections is not None

    def of(self, picture: str, artifact: str) -> bool | None:
        """What was said of a picture; None where nothing was."""
        return self.said.get(picture, {}).get(artifact)

    def count(self, artifact: str) -> tuple[int, int]:
        """Pictures that have an artifact, and pictures without it, as far as somebody said."""
        statements = [row[artifact] for row in self.said.values() if artifact in row]
        return sum(statements), len(statements) - sum(statements)

    def say(self, picture: str, artifact: str, has_artifact: bool | None) -> None:
        """Take a statement, and keep it."""
        if self._corrections is not None and self.folder is not None:
            statement = Statement(self.folder, picture, artifact, has_artifact)
            self._corrections = statement.over(self._corrections)
            self._meanwhile.append(statement)
            if self._awaited is None:
                self._keep()
            self.changed.emit()

    def use_file(self, file: Path) -> None:
        """Go on with the lists in a CSV; what is said from now on is kept there."""
        self._read(file)

    def save_as(self, file: Path) -> None:
        """Keep everything in another CSV from now on, whatever stands there."""
        if self._corrections is not None:
            self._awaited, self._meanwhile = None, []
            if self.file is not None:
                self.keeping.withdraw(self.file)  # it is all in what follows
            self.keeping.withdraw(file)
            self._remember(file)
            self.keeping.keep(file, self._corrections)
            self.changed.emit()

    def close(self) -> None:
        """Wait for what is being written."""
        self.blockSignals(True)
        self._keep()
        self.keeping.close()

    def _folder_opened(self, folder: Folder) -> None:
        before = self.folder
        if before is None or (before.path, before.pictures) != (folder.path, folder.pictures):
            self._keep()
            self.folder, self._corrections, self.file = folder, None, None
            self._own_is_damaged = False
            self.loaded.emit()
            self.changed.emit()
            remembered = self._settings.text(self._setting)
            self._read(Path(remembered) if remembered else self._own_place, fallback=self._own_place)
        self.folder = folder

    def _read(self, file: Path, fallback: Path | None = None) -> None:
        folder = self.folder
        if folder is None:
            return
        self._awaited = asked = object()
        may_be_gone = fallback not in (None, file) and not self.keeping.waiting(file)

        def work() -> _Kept:
            from explorer.core.concepts import read_corrections

            gone = file if may_be_gone and not file.exists() else None
            source = file if gone is None else fallback
            assert source is not None
            corrections, unknown = read_corrections(source).for_pictures(_names(folder))
            return _Kept(source if source.exists() else None, corrections, source, unknown, gone)

        def done(kept: _Kept) -> None:
            if self._awaited is asked:  # else another file or folder was asked for
                self._awaited = None
                self._take(kept)

        def failed(error: BaseException) -> None:
            from explorer.core.concepts import Corrections

            self.problem.emit(error)
            if self._corrections is None:
                self._own_is_damaged = True
                done(_Kept(None, Corrections()))
            elif self._awaited is asked:
                self._awaited = None
                self._keep()

        self.keeping.jobs.call(work, done, failed)

    def _take(self, kept: _Kept) -> None:
        before, waiting = self.file, self.keeping.waiting(kept.place) if kept.place is not None else ()
        self.file = kept.place if waiting else kept.file
        if self.file is not None:
            self._remember(self.file)
        self._corrections = _laid(kept.corrections, waiting)
        if before is not None and before != self.file:
            unsaved = self.keeping.waiting(before)
            if all(isinstance(change, Statement) for change in unsaved):  # they go to the file that counts now
                self.keeping.withdraw(before)
                self._meanwhile = [*unsaved, *self._meanwhile]
        self._corrections = _laid(self._corrections, self._meanwhile)
        if kept.gone is not None:
            self.told.emit(f"{kept.gone} is gone: the lists of artifacts in it do not count. Open them where they are.")
        if kept.unknown and kept.file is not None:
            names = counted(len(kept.unknown), "name")
            self.told.emit(f"{kept.file.name}: {names} without one picture here, {kept.unknown[0]} first.")
        self._keep()
        self.loaded.emit()
        self.changed.emit()

    def _keep(self) -> None:
        """Bring into the folder's file what was said since."""
        if not self._meanwhile:
            return
        if self.file is None:
            self._remember(_free(self._own_place) if self._own_is_damaged else self._own_place)
        assert self.file is not None
        statements, self._meanwhile = self._meanwhile, []
        self.keeping.keep(self.file, *statements)

    def _written(self, file: Path, corrections: "Corrections") -> None:
        """Know what the file says now, another window's statements too."""
        if file != self.file or self._awaited is not None or self._corrections is None:
            return
        laid = _laid(corrections, (*self.keeping.waiting(file), *self._meanwhile))
        if laid != self._corrections:
            self._corrections = laid
            self.changed.emit()

    def _lay(self, file: Path, changes: "Sequence[Statement | Corrections]") -> "Corrections":
        from explorer.core.concepts import change_corrections
        from trainer.files.atomic_files import subfolder

        if file.parent == self._own_folder:
            subfolder(file.parent)
        folders = {id(change.folder): change.folder for change in changes if isinstance(change, Statement)}

        def laid(corrections: "Corrections") -> "Corrections":
            for folder in folders.values():
                corrections, _ = corrections.for_pictures(_names(folder))
            return _laid(corrections, changes)

        return change_corrections(file, laid, anew=any(not isinstance(change, Statement) for change in changes))

    @property
    def _setting(self) -> str:
        import hashlib  # reads OpenSSL, for which the window's start need not wait

        folder = str(self.folder.path.resolve()) if self.folder is not None else ""
        return f"artifacts/{hashlib.sha256(folder.encode(errors='surrogateescape')).hexdigest()[:16]}"

    @property
    def _own_folder(self) -> Path:
        return self._settings.folder / "artifacts"

    @property
    def _own_place(self) -> Path:
        name = self.folder.path.resolve().name if self.folder is not None else ""
        return self._own_folder / f"{name[:60] or 'pictures'}-{self._setting[-8:]}.csv"

    def _remember(self, file: Path) -> None:
        self.file = file
        self._settings.set_text(self._setting, str(file))


def _names(folder: Folder) -> list[str]:
    return [picture.relative_to(folder.path).as_posix() for picture in folder.pictures]


def _laid(corrections: "Corrections", changes: "Iterable[Statement | Corrections]") -> "Corrections":
    """Statements over what was said before; whole lists take its place."""
    for change in changes:
        corrections = change.over(corrections) if isinstance(change, Statement) else change
    return corrections


def _free(file: Path) -> Path:
    """The file, or the first like it that is not there."""
    number, candidate = 1, file
    while candidate.exists():
        number += 1
        candidate = file.with_name(f"{file.stem}-{number}{file.suffix}")
    return candidate
