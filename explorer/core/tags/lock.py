"""The lock file beside a tags file: who holds it may save, everyone else only looks."""

import atexit
import contextlib
import errno
import json
import os
import secrets
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from explorer.core.errors import UserError
from trainer.files.atomic_files import cannot_write, sweep
from trainer.files.file_locks import lock, remove_if_same, same
from trainer.files.own_files import open_own


class TagLock:
    """The right to save one tags file, kept by the operating system, so that it ends with its process in any case.

    After `acquire` gave False, `problem` is a sentence to show, and `owner` says who holds the lock, "" where nobody
    does but the folder cannot be written. On a network folder that knows no locks the file's presence is the lock.
    What another computer left is never taken over unasked: some network folders lock for one computer only. A lock
    file may vanish with its folder and come back: ask `confirm` before every save.
    """

    def __init__(self, tags: Path | str) -> None:
        # Two names of one file have one lock; a link to nothing makes none where it leads.
        exists = Path(tags).exists()
        self.tags = Path(
            os.path.realpath(tags) if exists else Path(os.path.realpath(Path(tags).parent), Path(tags).name)
        )
        self.path = self.tags.with_name(f"{self.tags.name}.lock")
        self.owner = ""
        self.problem = ""
        self._handle: int | None = None
        self._process = 0
        self._token = secrets.token_hex(8)

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._handle is not None

    def acquire(self, *, take_over: bool = False) -> bool:
        """Try to get the lock without waiting; unfinished files of killed runs beside the tags file are removed.

        `take_over` ignores a lock file of another computer; a lock that the system says is held stays so.
        """
        for _ in range(10):  # the holder may remove the file between our opening and our locking of it
            if self.held:
                return True
            try:
                if not self._attempt(take_over):
                    return False
            except (OSError, _NoLockFileError) as error:
                self.owner = ""
                self.problem = str(error if isinstance(error, UserError) else cannot_write(self.path, error))
                return False
            if self.held:
                sweep(self.tags)
        return self.held

    def confirm(self) -> bool:
        """Whether this object holds the lock still; one whose file is gone is got again, if nobody else has it.

        After True following a loss, somebody else may have saved meanwhile.
        """
        if not self.held or self._is_mine():
            return self.held
        handle, self._handle = self._handle, None
        atexit.unregister(self.release)
        with contextlib.suppress(OSError):
            os.close(handle)  # type: ignore[arg-type]  # it was held
        return self.acquire()

    def release(self) -> None:
        """Give the lock back and remove its file; nothing happens where it is not held."""
        handle, self._handle = self._handle, None
        if handle is None:
            return
        atexit.unregister(self.release)
        mine = self._process == os.getpid()  # a fork of the holder must leave the lock to its parent
        if mine and sys.platform != "win32":
            remove_if_same(handle, self.path)
        os.close(handle)
        if mine and sys.platform == "win32":  # an open file cannot be removed there, nor the one of a newer holder
            with contextlib.suppress(OSError):
                self.path.unlink()

    def __enter__(self) -> "TagLock":
        if not self.acquire():
            raise UserError(self.problem)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _is_mine(self) -> bool:
        """Whether the file of this name is the one that is locked, with what this object wrote into it."""
        assert self._handle is not None
        return same(self._handle, self.path) and _holder(self._handle).get("token") == self._token

    def _attempt(self, take_over: bool) -> bool:
        """One try; True without `held` asks for another one, because the file was replaced meanwhile."""
        try:
            handle, created = _open(self.path)
        except FileNotFoundError:
            if self.path.parent.is_dir():
                return True  # its holder has just removed it
            raise
        try:
            locked = lock(handle)
            holder = _holder(handle)
            own = holder.get("token") == self._token
            if locked is None and not created and (take_over or own or _dead(holder)):
                remove_if_same(handle, self.path)
                return True
            free = created if locked is None else locked and (take_over or holder.get("host") in (None, _host()))
            if not free:
                self._refuse(holder)
                return False
            if not same(handle, self.path):
                return True
            me = {
                "host": _host(),
                "process": os.getpid(),
                "since": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
                "token": self._token,
            }
            try:
                os.ftruncate(handle, 0)
                os.lseek(handle, 0, os.SEEK_SET)
                os.write(handle, json.dumps(me).encode())
            except OSError:  # a full disk: an empty file must keep nobody out
                remove_if_same(handle, self.path)
                raise
            self.owner, self.problem = _said(me), ""
            self._handle, self._process, handle = handle, os.getpid(), -1
        finally:
            if handle >= 0:
                os.close(handle)
        atexit.register(self.release)
        return True

    def _refuse(self, holder: dict[str, Any]) -> None:
        self.owner = _said(holder)
        self.problem = f"{self.tags.name} is being tagged in another window ({self.owner}); close it there first."
        if holder.get("host") != _host():
            self.problem += f" If that one is gone, remove {self.path}."


class _NoLockFileError(UserError):
    """What has the lock file's name was made by something else, and might lead anywhere."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is a link, a folder or something else that is no lock file; remove it to tag here.")


def _open(path: Path) -> tuple[int, bool]:
    """The lock file and whether it is we who made it: only one of two who try at once makes it.

    FileNotFoundError where there is no folder.
    """
    try:
        return open_own(path)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.EISDIR):
            raise _NoLockFileError(path) from error
        raise


def _host() -> str:
    return socket.gethostname()


def _holder(handle: int) -> dict[str, Any]:
    """What the holder wrote: "host", "process", "since", "token"; empty where nothing can be read."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        os.lseek(handle, 0, os.SEEK_SET)
        values = json.loads(os.read(handle, 1000))
        if isinstance(values, dict):
            return values
    return {}


def _said(holder: dict[str, Any]) -> str:
    parts = [f"{name} {holder[name]!s:.60}" for name in ("host", "process", "since") if name in holder]
    return ", ".join(parts) or "it does not say whose"


def _dead(holder: dict[str, Any]) -> bool:
    """Whether it is certain that the holder no longer runs."""
    number = holder.get("process")
    if holder.get("host") != _host() or type(number) is not int or number <= 0 or sys.platform == "win32":
        return False  # asking for a process this way would end it on Windows
    try:
        os.kill(number, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except OSError:
        return False
    return False
