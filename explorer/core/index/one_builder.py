"""One process at a time makes an index; another waits for it, and then finds everything made."""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from explorer.core.index.parts import folder_of
from explorer.core.progress import OnStep
from trainer.files.atomic_files import cannot_write, subfolder
from trainer.files.own_files import own_file

try:
    import fcntl
except ImportError:  # Windows: two processes there may compute the same pictures, and the files stay whole
    fcntl = None  # type: ignore[assignment]


@contextlib.contextmanager
def only_builder(index: Path, on_step: OnStep) -> Iterator[None]:
    """Wait until nobody else makes this index, and keep others waiting during the block; `on_step` may end the wait.

    UserError where the folder cannot be written.
    """
    folder = folder_of(index)
    try:
        subfolder(folder.parent, folder.name)
        lock = own_file(folder / "lock")
    except OSError as error:
        raise cannot_write(index, error) from error
    with lock:
        while not _held(lock.fileno()):
            on_step(0, 0)
            time.sleep(0.2)
        yield


def _held(handle: int) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a network folder that knows no locks
        return True
    return True


def lowest_priority() -> None:
    """Let everything else on this computer go first."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(19)
