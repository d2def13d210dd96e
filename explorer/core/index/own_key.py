"""The key with which this program marks files that it wrote on this computer: others are parsed apart first."""

import contextlib
import hashlib
import hmac
import os
from pathlib import Path

import platformdirs

from trainer.files.atomic_files import replace_file, subfolder
from trainer.files.own_files import open_found

HOME = "feature-map-explorer"
NAME, LENGTH = "file-mark.key", 32


def data_folder() -> Path:
    """The folder in which this program keeps what it makes by itself."""
    return platformdirs.user_data_path(HOME, appauthor=False)


def mark(digest: str) -> str:
    """What only this computer's program says of a digest (hex); "" where it can keep no key."""
    key = _key()
    return "" if key is None else hmac.new(key, digest.encode(), hashlib.sha256).hexdigest()


def is_own(digest: str, claimed_mark: str) -> bool:
    """Whether `claimed_mark` is the mark of this digest."""
    own = mark(digest) if claimed_mark else ""
    return bool(own) and hmac.compare_digest(own, claimed_mark)


def _key() -> bytes | None:
    """The key, made where there is none; None where that cannot be."""
    path = data_folder() / NAME
    for _ in range(2):
        with contextlib.suppress(OSError):
            handle = open_found(path, os.O_RDONLY)
            try:
                key = os.read(handle, LENGTH + 1)
            finally:
                os.close(handle)
            if len(key) == LENGTH:
                return key
        with contextlib.suppress(OSError):
            subfolder(path.parent)
            replace_file(path, os.urandom(LENGTH), follow=False)
            path.chmod(0o600)
    return None
