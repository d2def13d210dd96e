"""Files that are replaced whole or not at all, and what to tell a person when that fails."""

import contextlib
import errno
import os
import re
import time
from pathlib import Path

from trainer.errors import UserError

_REASONS = {
    errno.ENOSPC: "the disk is full; make room and save again",
    errno.EDQUOT: "your share of the disk is used up; make room and save again",
    errno.EFBIG: "the disk does not take a file of this size; make room and save again",
    errno.EROFS: "the disk is read only; choose another folder",
    errno.EACCES: "it is write-protected or open in another program; close it there, or choose another folder",
    errno.EPERM: "it is write-protected; choose another folder",
    errno.ENOENT: "its folder is gone; bring the folder back or choose another one",
    errno.ENOTDIR: "its folder is gone; bring the folder back or choose another one",
    errno.EISDIR: "a folder has this name; choose another name",
    errno.ENAMETOOLONG: "its name is too long; choose a shorter one",
}


def cannot_write(path: Path, error: OSError) -> UserError:
    """One sentence for a file that could not be written; whatever was there before is untouched."""
    reason = _REASONS.get(error.errno or 0, error.strerror or repr(error))
    return UserError(f"{path} could not be saved, what was there before is unchanged: {reason}.")


def replace_file(path: Path, content: bytes, *, backup: bool = False) -> None:
    """Put `content` at `path` through a flushed file beside it, so that no reader ever sees half of it.

    With `backup` the previous file stays beside it as `.bak`; at every moment there is a whole file at `path`.
    A link is followed. OSError where it cannot be done; then the old file is unchanged and nothing is left beside it.
    """
    path = Path(os.path.realpath(path))
    if path.exists():
        os.close(os.open(path, os.O_WRONLY))  # renaming alone would override a person's write protection
    new = _beside(path)
    try:
        _write(new, content)
        if path.exists():
            with contextlib.suppress(OSError):  # some network folders know no modes
                new.chmod(path.stat().st_mode & 0o777)
            if backup:
                _keep(path, path.with_name(f"{path.name}.bak"))
        _rename(new, path)
    except BaseException:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
        raise
    _flush_folder(path.parent)


def move_into_place(new: Path, path: Path) -> None:
    """Let a whole, flushed file beside `path` take its place; OSError where it cannot be, then both are unchanged."""
    path = Path(os.path.realpath(path))
    if path.exists():
        os.close(os.open(path, os.O_WRONLY))  # as in `replace_file`
    _rename(new, path)
    _flush_folder(path.parent)


def sweep(path: Path) -> int:
    """Remove what killed runs of `replace_file` left beside `path`; the number of files removed.

    Only for the one who may write `path` at this moment: another's unfinished file would go too.
    """
    path = Path(os.path.realpath(path))
    ours = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{12}}\.part")
    removed = 0
    with contextlib.suppress(OSError):
        for name in os.listdir(path.parent):  # noqa: PTH208 - twice as fast in a folder of 20,000 pictures
            if ours.fullmatch(name):
                with contextlib.suppress(OSError):
                    path.with_name(name).unlink()
                    removed += 1
    return removed


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.urandom(6).hex()}.part")


def _write(path: Path, content: bytes) -> None:
    """Create `path` with the modes that a new file has here (tempfile's would shut colleagues out), and flush it."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        rest = memoryview(content)
        while rest:
            written = os.write(handle, rest)
            if not written:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            rest = rest[written:]
        os.fsync(handle)
    finally:
        os.close(handle)


def _keep(path: Path, kept: Path) -> None:
    """Let `kept` be what `path` is now, without a moment in which `path` is missing."""
    new = _beside(path)
    try:
        try:
            os.link(path, new)
        except (OSError, NotImplementedError):  # FAT and some network folders know no links
            _write(new, path.read_bytes())
        _rename(new, kept)
    finally:  # also after success: renaming one link of a file over another one of the same file leaves both
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
