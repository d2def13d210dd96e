"""The pictures of a folder and its subfolders: one walk for both programs, and what it left alone."""

import os
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trainer.files.errors import UserError
from trainer.files.progress import OnStep, no_step
from trainer.pictures.file_names import ENDINGS, NaturalKey, natural_key, one_line
from trainer.pictures.foreign_files import ARCHIVE, about, is_dicom, kind_of
from trainer.pictures.image_decoding import brief, check_plain_file, opened
from trainer.pictures.masks import masks_among

_LOOKED_AT = 100
"""Files of no known ending that are looked into where there are no pictures."""
_DOTTED = tuple(f".{ending}" for ending in ENDINGS)
# What systems and drives keep among people's files: archives of macOS, thumbnails of network drives, bins.
_NOT_THE_PERSONS = frozenset({"__macosx", "@eadir", "$recycle.bin", "system volume information", "lost+found"})


@dataclass(frozen=True)
class Listing:
    """What a walk found: the pictures in natural order, and what it left alone.

    `masks` lie among the pictures; `foreign` are files by a kind that is not read; `unreadable` has a sentence for each
    subfolder that cannot be read, `notes` one for everything else that a person should know.
    """

    folder: Path
    pictures: tuple[Path, ...]
    masks: tuple[Path, ...] = ()
    foreign: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    unreadable: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def foreign_in(self, folder: Path) -> list[str]:
        """A clause for each kind of the foreign files in a folder."""
        inside = {
            kind: found
            for kind, files in self.foreign.items()
            if (found := [file for file in files if file.is_relative_to(folder)])
        }
        return about(inside)

    def check(self) -> "Listing":
        """The same; UserError where there are no pictures, with what is there instead."""
        if self.pictures:
            return self
        clauses = "; ".join(about(self.foreign))
        raise UserError(
            f"{one_line(str(self.folder))} holds no pictures that can be read, but {clauses}."
            if clauses
            else f"{one_line(str(self.folder))} holds no pictures (jpg, png, tif, bmp, webp); choose another folder."
        )


def list_folder(folder: Path | str, *, on_step: OnStep = no_step) -> Listing:
    """Pictures of a folder and its subfolders in natural order, by their endings; a file lists itself.

    Hidden files and folders are left out, and those that a system or drive keeps for itself; so are masks of other
    pictures. Linked folders are followed, each folder once. A link to nowhere is listed, so that its reason shows when
    it is read. `on_step` gets (pictures so far, 0): the total is not known.
    UserError where `folder` itself is missing or cannot be read.
    """
    root = Path(folder)
    try:
        if not stat.S_ISDIR(root.stat().st_mode):
            return Listing(root, (root,))
        # A link to a folder that holds this one would bring in pictures that nobody chose.
        seen = {_identity(parent) for parent in root.resolve().parents}
    except (OSError, ValueError, RuntimeError) as error:
        raise UserError(f"{one_line(str(root))} {_why_no_folder(error)}.") from error
    problems: list[str] = []
    pictures: list[tuple[tuple[NaturalKey, ...], str]] = []
    real: list[tuple[str, tuple[NaturalKey, ...]]] = [(str(root), ())]
    links: list[tuple[str, tuple[NaturalKey, ...]]] = []
    others: list[str] = []
    while real or links:
        # Links come last, so that a picture is listed under its own path where it has one in the folder.
        path, keys = real.pop() if real else links.pop(0)
        on_step(len(pictures), 0)
        try:
            identity = _identity(Path(path))
            if identity in seen:
                continue
            seen.add(identity)
            with os.scandir(path) as entries:
                for count, entry in enumerate(entries, 1):
                    if count % 500 == 0:
                        on_step(len(pictures), 0)
                    if is_hidden(entry.name):
                        continue
                    if _is_folder(entry):
                        into = links if entry.is_symlink() else real
                        into.append((entry.path, (*keys, natural_key(entry.name))))
                    elif entry.name.lower().endswith(_DOTTED) and (entry.is_symlink() or entry.is_file()):
                        pictures.append(((*keys, natural_key(entry.name)), entry.path))
                    elif kind_of(entry.name) or len(others) < _LOOKED_AT:
                        others.append(entry.path)
        except OSError as error:
            if not keys:
                raise UserError(f"{one_line(path)} {_why_no_folder(error)}.") from error
            problems.append(f"{one_line(path)} {_why_no_folder(error)}.")
        links.sort()
    pictures.sort()
    return _screened(root, [Path(path) for _, path in pictures], sorted(others), problems, on_step)


def _screened(
    root: Path, paths: Sequence[Path], others: Sequence[str], problems: Sequence[str], on_step: OnStep
) -> Listing:
    """The listing of what a walk found, without masks, and with what there is to say."""
    masks = masks_among(paths, root, lambda done, total: on_step(len(paths), 0))
    pictures = tuple(path for path in paths if path not in masks)
    foreign: dict[str, list[Path]] = {}
    for path in map(Path, others):
        kind = kind_of(path.name) or ("DICOM" if not pictures and is_dicom(path) else "")
        if kind:
            foreign.setdefault(kind, []).append(path)
    foreign = {kind: files for kind, files in foreign.items() if not pictures or kind != ARCHIVE}
    notes = [f"Not read: {clause}." for clause in about(foreign)] if pictures else []
    if masks:
        first = next(path for path in paths if path in masks)
        notes.append(
            f"{len(masks):,} masks or superpixels among the pictures are left out ({one_line(first.name)} first)."
        )
    paged = []
    for path in pictures:
        if path.suffix.lower() in (".tif", ".tiff"):
            on_step(len(paths), 0)
            paged += [path] * _has_pages(path)
    if paged:
        notes.append(
            f"Of {len(paged):,} TIFF file{'s' * (len(paged) > 1)} with several pages the first page is taken "
            f"({one_line(paged[0].name)}{' first' * (len(paged) > 1)})."
        )
    return Listing(
        root,
        pictures,
        tuple(path for path in paths if path in masks),
        {kind: tuple(files) for kind, files in foreign.items()},
        tuple(problems),
        tuple(notes),
    )


def _has_pages(path: Path) -> bool:
    try:
        check_plain_file(path)
        with path.open("rb") as file, opened(file) as picture:
            return int(getattr(picture, "n_frames", 1)) > 1
    except Exception:  # a decoder may raise anything; whoever reads the picture says why
        return False


def list_images(
    folder: Path | str, *, on_step: OnStep = no_step, on_problem: Callable[[str], None] = lambda text: None
) -> tuple[Path, ...]:
    """The pictures of `list_folder`; `on_problem` gets each of its sentences."""
    listing = list_folder(folder, on_step=on_step)
    for problem in (*listing.unreadable, *listing.notes):
        on_problem(problem)
    return listing.pictures


def is_hidden(name: str) -> bool:
    """Whether a file or folder is hidden, or what a system keeps for itself."""
    return name.startswith(".") or name.casefold() in _NOT_THE_PERSONS


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself or into a locked folder must not hide its neighbours
        return False


def _why_no_folder(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "does not exist; choose a folder with pictures"
    if isinstance(error, PermissionError):
        return "may not be read; change its permissions or choose another folder"
    return f"cannot be read ({brief(error)}); choose another folder"


def _identity(folder: Path) -> tuple[int, int] | str:
    """What is the same for two paths to one folder; some network drives number nothing."""
    status = folder.stat()
    return (status.st_dev, status.st_ino) if status.st_ino else str(folder.resolve())
