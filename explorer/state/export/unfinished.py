"""Notes of exports that go on next time: one for each, held by the window that runs it or offers to go on."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
PATTERN = "unfinished-export*.json"


class UnfinishedExports:
    """The notes in a folder, of which a window holds one at most.

    A note is locked while its window lives, so that no other one takes the export for left. Not for two threads at a
    time.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: tuple[Path, int] | None = None

    @property
    def any(self) -> bool:
        """Whether there is a note, whosever it is."""
        return any(self._folder.glob(PATTERN))

    def begin(self, content: bytes) -> None:
        """Hold a new note instead of the one that was held, which goes; UserError where it cannot be written."""
        from trainer.files.atomic_files import cannot_write, replace_file

        self.remove()
        path = self._folder / PATTERN.replace("*", f"-{os.urandom(4).hex()}")
        try:
            replace_file(path, content, follow=False)
        except OSError as error:
            raise cannot_write(path, error) from error
        self._hold(path)

    def find(self, read: Callable[[bytes], T | None]) -> T | None:
        """What `read` makes of the first note that nobody holds and that it can read; that one is held then."""
        self.leave()
        for path in sorted(self._folder.glob(PATTERN)):
            if self._hold(path):
                with contextlib.suppress(OSError):
                    found = read(path.read_bytes())
                    if found is not None:
                        return found
                self.leave()
        return None

    def remove(self) -> None:
        """Nothing is left of what the held note is about."""
        from trainer.files.own_files import remove_own

        path = self._held[0] if self._held is not None else None
        self.leave()  # Windows removes no open file
        if path is not None:
            remove_own([path])

    def leave(self) -> None:
        """Leave the held note to the next window."""
        held, self._held = self._held, None
        if held is not None:
            os.close(held[1])

    def _hold(self, path: Path) -> bool:
        from trainer.files.file_locks import lock
        from trainer.files.own_files import open_found

        try:
            handle = open_found(path, os.O_RDWR)
        except OSError:
            return False
        if lock(handle) is False:
            os.close(handle)
            return False
        self._held = path, handle
        return True
