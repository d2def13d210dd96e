"""Which pictures of the open folder have hair, a ruler ..., as a person says it, kept in a CSV."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.core.counting import counted
from explorer.state.library import Folder, Library
from explorer.state.ordered_jobs import OrderedJobs
from explorer.state.settings_file import Settings

if TYPE_CHECKING:
    from explorer.core.concepts import Corrections

Statement = tuple[str, str, bool | None]
"""A picture, an artifact, and whether it is there; None takes back what was said."""


@dataclass(frozen=True)
class _Kept:
    """What a file, None for none, says of the pictures of a folder, and what it names that is not there."""

    file: Path | None
    corrections: "Corrections"
    unknown: tuple[str, ...] = ()
    gone: Path | None = None


class ArtifactLists(QObject):
    """Keeps every statement in `file` at once: the one that was opened last for the folder, else one of its own.

    `changed` when what was said or its file is another, `loaded` when another file was read; `problem(error)` where
    the file cannot be read or written, `told(sentence)` of what else is to be known. A statement is laid over what the
    file says at that moment, so that nothing of another window or program is lost, and a file that cannot be read is
    not written over.
    """

    changed = Signal()
    loaded = Signal()
    problem = Signal(object)
    told = Signal(str)

    def __init__(self, library: Library, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._files = OrderedJobs("artifact lists", self)
        self._corrections: Corrections | None = None
        self._unsaved: dict[int, Statement] = {}
        self._awaited: object = None
        """The reading that is to be shown once it is done: what is said meanwhile is kept in that file."""
        self._number = 0
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
        if self._corrections is not None:
            self._corrections = self._corrections.with_said(picture, artifact, has_artifact)
            self._number += 1
            self._unsaved[self._number] = picture, artifact, has_artifact
            if self._awaited is None:
                self._save()
            self.changed.emit()

    def use_file(self, file: Path) -> None:
        """Go on with the lists in a CSV; what is said from now on is kept there."""
        self._read(file)

    def save_as(self, file: Path) -> None:
        """Keep everything in another CSV from now on, whatever stands there."""
        if self._corrections is not None:
            self._awaited = None
            self._remember(file)
            self._save(whole=True)
            self.changed.emit()

    def close(self) -> None:
        """Wait for what is being written."""
        self.blockSignals(True)
        self._files.wait()

    def _folder_opened(self, folder: Folder) -> None:
        before, self.folder = self.folder, folder
        if before is None or (before.path, before.pictures) != (folder.path, folder.pictures):
            self._corrections, self.file, self._unsaved = None, None, {}
            self.loaded.emit()
            self.changed.emit()
            remembered = self._settings.text(self._setting)
            self._read(Path(remembered) if remembered else self._own_place, fallback=self._own_place)

    def _read(self, file: Path, fallback: Path | None = None) -> None:
        folder = self.folder
        if folder is None:
            return
        self._awaited = asked = object()

        def work() -> _Kept:
            from explorer.core.concepts import read_corrections

            gone = file if not file.exists() and fallback not in (None, file) else None
            source = file if gone is None else fallback
            assert source is not None
            corrections, unknown = read_corrections(source).for_pictures(_names(folder))
            return _Kept(source if source.exists() else None, corrections, unknown, gone)

        def done(kept: _Kept) -> None:
            if self._awaited is asked:  # else another file or folder was asked for
                self._awaited = None
                self._take(kept)

        def failed(error: BaseException) -> None:
            from explorer.core.concepts import Corrections

            self.problem.emit(error)
            if self._corrections is None:
                done(_Kept(None, Corrections()))
            elif self._awaited is asked:
                self._awaited = None
                self._save_rest()

        self._files.call(work, done, failed)

    def _take(self, kept: _Kept) -> None:
        self._corrections, self.file = kept.corrections, kept.file
        for statement in self._unsaved.values():  # no file has these yet
            self._corrections = self._corrections.with_said(*statement)
        if kept.file is not None:
            self._remember(kept.file)
        if kept.gone is not None:
            self.told.emit(f"{kept.gone} is gone: the lists of artifacts in it do not count. Open them where they are.")
        if kept.unknown and kept.file is not None:
            names = counted(len(kept.unknown), "name")
            self.told.emit(f"{kept.file.name}: {names} without one picture here, {kept.unknown[0]} first.")
        self._save_rest()
        self.loaded.emit()
        self.changed.emit()

    def _save_rest(self) -> None:
        """Keep what was said while a file was read, and what could not be saved before."""
        if self._unsaved:
            self._save()

    def _save(self, *, whole: bool = False) -> None:
        """Lay what is not saved yet over what the file says, or write everything that was said."""
        folder, everything = self.folder, self._corrections
        assert folder is not None
        assert everything is not None
        if self.file is None:
            self._remember(_free(self._own_place))
        file, statements = self.file, dict(self._unsaved)
        assert file is not None

        def work() -> None:
            from explorer.core.concepts import read_corrections, write_corrections

            file.parent.mkdir(parents=True, exist_ok=True)
            corrections = everything if whole else read_corrections(file).for_pictures(_names(folder))[0]
            for statement in statements.values():
                corrections = corrections.with_said(*statement)
            write_corrections(file, corrections)

        def done(nothing: None) -> None:
            for number in statements:
                self._unsaved.pop(number, None)

        self._files.call(work, done, self.problem.emit)

    @property
    def _setting(self) -> str:
        import hashlib  # reads OpenSSL, for which the window's start need not wait

        folder = str(self.folder.path.resolve()) if self.folder is not None else ""
        return f"artifacts/{hashlib.sha256(folder.encode(errors='surrogateescape')).hexdigest()[:16]}"

    @property
    def _own_place(self) -> Path:
        name = self.folder.path.resolve().name if self.folder is not None else ""
        return self._settings.folder / "artifacts" / f"{name[:60] or 'pictures'}-{self._setting[-8:]}.csv"

    def _remember(self, file: Path) -> None:
        self.file = file
        self._settings.set_text(self._setting, str(file))


def _names(folder: Folder) -> list[str]:
    return [picture.relative_to(folder.path).as_posix() for picture in folder.pictures]


def _free(file: Path) -> Path:
    """The file, or the first like it that is not there."""
    number, candidate = 1, file
    while candidate.exists():
        number += 1
        candidate = file.with_name(f"{file.stem}-{number}{file.suffix}")
    return candidate
