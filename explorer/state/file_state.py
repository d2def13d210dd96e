"""Whether a picture's file is still the one that was read."""

from pathlib import Path

FileState = tuple[int, ...]
"""Which file it is, its size, and when it and its content were last changed; () where there is none."""


def state_of(file: Path) -> FileState:
    """The state of a file: another file under the same name has other maps, whatever its date says."""
    try:
        found = file.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
