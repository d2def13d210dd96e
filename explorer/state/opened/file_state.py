"""Whether a picture's file is still the one that was read."""

from pathlib import Path

FileState = tuple[int, ...]
"""Which file it is, its size, and when it and its content were last changed; () where there is none."""


def state_of(file: Path) -> FileState:
    """The state of a file: another file under the same name has other maps, whatever its date says."""
    try:
        status = file.stat()
    except OSError:
        return ()
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
