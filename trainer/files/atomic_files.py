"""Files that are replaced whole or not at all, and what to tell a person when that fails.

This module and `own_files` alone open files for writing; `tests/fences/test_writing.py` holds that. A folder that
somebody else packed may hold links to a person's own files under any name that this program makes up. So an unfinished
file has a name of chance, and is made, never found. Only a target that a person named is followed where it is a link.
"""

import contextlib
import errno
import os
import re
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from trainer.files.errors import UserError
from trainer.files.file_locks import lock
from trainer.files.own_files import AT_ONCE, NEW, PLAIN, open_found, refusal, write_all

_REASONS = {
    errno.ENOSPC: "the disk is full; make room and save again",
    errno.EDQUOT: "your share of the disk is used up; make room and save again",
    errno.EFBIG: "the disk does not take a file of this size; make room and save again",
    errno.EROFS: "the disk is read only; choose another folder",
    errno.EACCES: "it is write-protected or open in another program; close it there, or choose another folder",
    errno.EPERM: "it is write-protected; choose another folder",
    errno.ENOENT: "its folder is gone; bring the folder back or choose another one",
    errno.ENOTDIR: "its folder is gone; bring the folder back or choose another one",
    errno.EEXIST: "a file has the name of its folder; choose another folder",
    errno.EISDIR: "a folder has this name; choose another name",
    errno.ENAMETOOLONG: "its name is too long; choose a shorter one",
    errno.ELOOP: "it is a link to what is gone, or to what is not this program's to change; remove the link",
    errno.EMLINK: "it is a second name of another file, which would be changed too; remove this name",
    errno.ENXIO: "it is no ordinary file; remove it or choose another name",
    errno.EAGAIN: "another program is changing it all the time; end that one and save again",
}

_UNFINISHED = r"\.(.+)\.[0-9a-f]{12}\.part"
_DAY = 86_400.0


class DiskFull(UserError):  # noqa: N818 - a sentence, not a fault of the program
    """There is no room: the next file would not be written either."""


def cannot_write(path: Path, error: OSError) -> UserError:
    """One sentence for a file that could not be written; whatever was there before is untouched."""
    reason = _REASONS.get(error.errno or 0, error.strerror or repr(error))
    kind = DiskFull if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS) else UserError
    return kind(f"{path} could not be saved, what was there before is unchanged: {reason}.")


def replace_file(path: Path, content: bytes, *, backup: bool = False, follow: bool = True, flush: bool = True) -> None:
    """Put `content` at `path` through a flushed file beside it, so that no reader ever sees half of it.

    With `backup` the previous file stays beside it as `.bak`; at every moment there is a whole file at `path`.
    A link that leads to a file is followed, because a person named it; without `follow`, for names that the program
    makes up, the file takes the link's own place. What killed processes left of the file beside it is swept where it
    has the name that a person gave. Without `flush` a power cut may take it: for what can be made again.
    OSError where it cannot be done; then the old file is unchanged and nothing is left beside it.
    """
    path = _place(path, follow)
    handle, new = _begin(path)
    try:
        try:
            write_all(handle, content)
            if flush:
                os.fsync(handle)
            if path.exists() and not path.is_symlink():
                with contextlib.suppress(OSError):  # some network folders know no modes
                    new.chmod(path.stat().st_mode & 0o777)
                if backup:
                    _keep(path, path.with_name(f"{path.name}.bak"))
            if os.name == "nt":  # no open file can be renamed there
                os.close(handle)
                handle = -1
            _rename(new, path)
        finally:
            if handle >= 0:
                os.close(handle)
    except BaseException:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
        raise
    if flush:
        _flush_folder(path.parent)
    if follow:  # the folders of made up names are swept once, not with each of a thousand files
        sweep_folder(path.parent, path.name)


def move_into_place(new: Path, path: Path) -> None:
    """Let a whole, flushed file beside `path` take its place; OSError where it cannot be, then both are unchanged."""
    path = _place(path, follow=True)
    _rename(new, path)
    _flush_folder(path.parent)


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """An empty folder beside `path` to be filled by the block; it becomes `path` at the end, or nothing of it stays.

    An empty folder at `path` is replaced. OSError where it cannot be done.
    """
    beside = _beside(path)
    beside.mkdir(parents=True)
    handle = -1
    with contextlib.suppress(OSError):  # Windows opens no folders
        handle = os.open(beside, os.O_RDONLY)
        _hold(handle)
    try:
        yield beside
        if path.exists():
            path.rmdir()  # Windows does not rename over a folder
        beside.rename(path)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        if handle >= 0:
            os.close(handle)


def subfolder(folder: Path, *parts: str) -> Path:
    """A folder below one that a person named, made where it is missing; OSError where a link stands on the way."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in parts:
        folder /= part
        if folder.is_symlink():
            raise refusal(errno.ELOOP, folder)
        folder.mkdir(exist_ok=True)
    return folder


def create_file(path: Path, content: bytes) -> None:
    """Write a file where there is none yet, in a folder of `new_folder`; OSError where there is anything."""
    handle = os.open(path, NEW, 0o666)
    try:
        write_all(handle, content)
    finally:
        os.close(handle)


def sweep(path: Path) -> int:
    """Remove what killed processes left unfinished beside the file `path`, never what a living one is writing.

    The number of files removed.
    """
    return sweep_folder(path.resolve().parent, path.resolve().name)


def sweep_folder(folder: Path, name: str = "", *, named: bool = True) -> int:
    """Remove what killed processes left unfinished in a folder, of the file `name` or of all; how many.

    A folder that no person `named` but the program is left alone where it is a link: it may lead anywhere.

    Whoever writes keeps a lock on the unfinished file, which ends with the process. Where a folder knows no locks,
    only what is older than a day goes.
    """
    pattern = re.compile(_UNFINISHED, re.DOTALL)
    removed = 0
    if not named and folder.is_symlink():
        return removed
    with contextlib.suppress(OSError):
        for entry in os.listdir(folder):  # noqa: PTH208 - twice as fast in a folder of 20,000 pictures
            match = pattern.fullmatch(entry)
            if match and name in ("", match[1]):
                with contextlib.suppress(OSError):
                    removed += _remove_if_left(folder / entry)
    return removed


def _remove_if_left(path: Path) -> bool:
    handle = open_found(path, os.O_RDONLY, anything=True)
    try:
        status, free = os.fstat(handle), _hold(handle, shared=False)
    finally:
        os.close(handle)
    if free is False or (free is None and time.time() - status.st_mtime < _DAY):
        return False
    if stat.S_ISDIR(status.st_mode):
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink()
    return True


def _place(path: Path, follow: bool) -> Path:
    """Where a file is to lie in truth; OSError where what is there must not be replaced."""
    if not follow:
        path = Path(os.path.realpath(path.parent)) / path.name
        if path.is_symlink():
            return path
    elif path.is_symlink() and not path.exists():
        # Its disk may be away; and a link that came with a folder must not make a file in a place of its choice.
        raise refusal(errno.ELOOP, path)
    path = Path(os.path.realpath(path))
    with contextlib.suppress(FileNotFoundError):
        # Renaming alone would override a person's write protection.
        handle = os.open(path, os.O_WRONLY | PLAIN | AT_ONCE)
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise refusal(errno.ENXIO, path)
        finally:
            os.close(handle)
    return path


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.urandom(6).hex()}.part")


def _begin(path: Path) -> tuple[int, Path]:
    """An empty unfinished file beside `path`, held so that nobody sweeps it away, with the modes of a new file here
    (tempfile's would shut colleagues out)."""
    while True:
        new = _beside(path)
        handle = os.open(new, NEW, 0o666)
        held = _hold(handle)
        with contextlib.suppress(OSError):
            if held is not False and os.path.samestat(os.fstat(handle), new.stat()):
                return handle, new
        os.close(handle)  # somebody swept it away in the moment before it was held


def _hold(handle: int, *, shared: bool = True) -> bool | None:
    """Whether the open file is locked for us until it is closed; None where this folder knows no locks."""
    return None if os.name == "nt" else lock(handle, shared=shared)  # an open file cannot be removed there anyway


def _keep(path: Path, backup: Path) -> None:
    """Let `backup` be what `path` is now, without a moment in which `path` is missing."""
    new, handle = _beside(path), -1
    try:
        with contextlib.suppress(OSError):  # a file that may be written and not read
            handle = os.open(path, os.O_RDONLY | PLAIN)
            _hold(handle)  # the link is the same file, so nobody sweeps it away either
        try:
            os.link(path, new)
        except (OSError, NotImplementedError):  # FAT and some network folders know no links
            create_file(new, path.read_bytes())
        _rename(new, backup)
    finally:  # also after success: renaming one link of a file over another one of the same file leaves both
        if handle >= 0:
            os.close(handle)
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)


def _rename(source: Path, target: Path) -> None:
    for patience in (0.02, 0.05, 0.1, 0.2):
        try:
            source.replace(target)
            return
        except PermissionError:
            if os.name != "nt":
                raise
            time.sleep(patience)  # virus scanners and indexers hold a new file for a moment on Windows
    source.replace(target)


def _flush_folder(folder: Path) -> None:
    """Make the renaming last through a power cut, where the system can."""
    with contextlib.suppress(OSError):  # Windows opens no folders; the file itself is in place already
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
