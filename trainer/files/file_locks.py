"""The operating system's locks on files, and turns in which one process alone reads, changes and writes a file."""

import contextlib
import errno
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from trainer.files.own_files import open_own, refusal

PATIENCE = 10.0
"""Seconds after which a turn that another process holds is waited for no longer."""

_LEFT = 60.0
"""Seconds after which a lock file that nobody can hold by the system, in a folder without locks, counts as left."""

if sys.platform == "win32":
    import msvcrt

    def lock(handle: int, *, shared: bool = False) -> bool | None:
        """Whether the system locked the open file for us; None where this folder knows no locks, nor shared ones."""
        if shared:
            return None
        try:
            # Others cannot read the locked bytes there, so they are far behind those that name a holder.
            os.lseek(handle, 1 << 30, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            return False if error.errno in (errno.EACCES, errno.EDEADLK) else None
        return True

else:
    import fcntl

    def lock(handle: int, *, shared: bool = False) -> bool | None:
        """Whether the system locked the open file for us; None where this folder knows no locks, nor shared ones."""
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError as error:
            return False if error.errno in (errno.EWOULDBLOCK, errno.EACCES) else None
        return True


def same(handle: int, path: Path) -> bool:
    """Whether the open file is still the one of this name."""
    with contextlib.suppress(OSError):
        return os.path.samestat(os.fstat(handle), path.lstat())
    return False


def remove_if_same(handle: int, path: Path) -> None:
    """Remove the open file, unless another one has its name by now."""
    with contextlib.suppress(OSError):
        if same(handle, path):
            path.unlink()


@contextlib.contextmanager
def turn(path: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Be alone with a file: what is read, changed and written inside loses nothing that another process writes so.

    A lock file beside it holds the turn and goes at its end, or with the process. OSError where that cannot be made,
    EAGAIN where another process holds it for longer than `patience` seconds.
    """
    place = Path(os.path.realpath(path))
    beside = place.with_name(f".{place.name}.lock")
    handle = _awaited(beside, time.monotonic() + patience)
    try:
        yield
    finally:
        if sys.platform != "win32":
            remove_if_same(handle, beside)
        os.close(handle)
        if sys.platform == "win32":  # an open file cannot be removed there, nor the one of the next holder
            with contextlib.suppress(OSError):
                beside.unlink()


def _awaited(beside: Path, until: float) -> int:
    """The handle of the lock file, held by us."""
    while True:
        handle, created = open_own(beside)
        held = False
        try:
            locked = lock(handle)
            held = created if locked is None else locked and same(handle, beside)
            if locked is None and not created and time.time() - os.fstat(handle).st_mtime > _LEFT:
                remove_if_same(handle, beside)
        finally:
            if not held:
                os.close(handle)
        if held:
            return handle
        if time.monotonic() > until:
            raise refusal(errno.EAGAIN, beside)
        time.sleep(0.003)
