"""Files that this program finds again by a name of its own: locks, logs, journals, unfinished cohorts.

A folder that somebody else packed may hold anything under such a name: a link to a person's own file above all. So it
is an ordinary file of one name, or it is refused.
"""

import contextlib
import errno
import io
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import logging

_NO_LINKS = getattr(os, "O_NOFOLLOW", 0)
PLAIN = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | _NO_LINKS
AT_ONCE = getattr(os, "O_NONBLOCK", 0)  # a pipe would be waited for
NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | PLAIN
"""Flags of `os.open`: no link is followed; nobody waits; the file is made and was not there."""


def open_own(path: Path, *, append: bool = False) -> tuple[int, bool]:
    """The handle of a file of our own, for reading and writing (with `append` at its end), and whether it is new.

    It is made where there is none. OSError for anything but an ordinary file of one name (ELOOP a link, EMLINK a
    second name of a file, ENXIO a pipe or a device); nothing is changed then.
    """
    flags = os.O_APPEND if append else 0
    while True:
        with contextlib.suppress(FileExistsError):
            return os.open(path, NEW | flags, 0o666), True
        with contextlib.suppress(FileNotFoundError):  # removed in between
            return open_found(path, os.O_RDWR | flags), False


def own_file(path: Path) -> io.FileIO:
    """A file of our own without a buffer, for reading and writing, made where there is none; OSError as `open_own`."""
    return io.FileIO(open_own(path)[0], "r+")


def open_found(path: Path, flags: int, *, anything: bool = False) -> int:
    """Open what is there; OSError where it is a link, or unless `anything` no ordinary file of one name."""
    if not _NO_LINKS and path.is_symlink():
        raise refusal(errno.ELOOP, path)
    handle = os.open(path, flags | PLAIN | AT_ONCE)
    status = os.fstat(handle)
    ordinary = stat.S_ISREG(status.st_mode)
    if not anything and (not ordinary or status.st_nlink > 1):
        os.close(handle)
        raise refusal(errno.EMLINK if ordinary else errno.ENXIO, path)
    return handle


def remove_own(paths: Iterable[Path]) -> None:
    """Remove files of folders of our own, as far as the system lets us; none in a folder that is a link now."""
    for path in paths:
        if not path.parent.is_symlink():
            with contextlib.suppress(OSError):
                path.unlink()


def refusal(reason: int, path: Path) -> OSError:
    """The system's own error for this reason."""
    return OSError(reason, os.strerror(reason), str(path))


def write_all(handle: int, content: bytes) -> None:
    """Write everything; OSError where the disk takes only a part of it."""
    rest = memoryview(content)
    while rest:
        written = os.write(handle, rest)
        if not written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        rest = rest[written:]


def append_lines(path: Path, content: bytes, *, largest: int = 0) -> None:
    """Add whole lines to a log; OSError as for `open_own`. One that would grow over `largest` bytes begins anew."""
    handle, _ = open_own(path, append=True)
    try:
        end = os.lseek(handle, 0, os.SEEK_END)
        if largest and end + len(content) > largest:
            os.ftruncate(handle, 0)
            end = 0
        if end:
            os.lseek(handle, end - 1, os.SEEK_SET)
            if os.read(handle, 1) != b"\n":  # a killed run may leave half a line
                content = b"\n" + content
        write_all(handle, content)
    finally:
        os.close(handle)


def log_handler(path: Path, largest: int = 1 << 20) -> "logging.Handler":
    """A handler that adds to a log and keeps one older file of `largest` bytes; OSError as for `open_own`."""
    import logging
    from logging.handlers import RotatingFileHandler

    class Own(RotatingFileHandler):
        def _open(self) -> Any:
            return os.fdopen(open_own(Path(self.baseFilename), append=True)[0], "a", encoding="utf-8")

    handler = Own(path, maxBytes=largest, backupCount=1, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    return handler
