"""A file that stands where one is to be written is replaced only where it is of the kind that is written."""

from collections.abc import Callable
from pathlib import Path

from trainer.files.errors import UserError

HEAD = 1 << 16
"""Bytes of a file's beginning from which its kind is told."""


def check_own_kind(path: Path, kind: str, is_own: Callable[[bytes], bool]) -> None:
    """UserError where something stands at `path` whose first `HEAD` bytes are not those of `kind` ("an index")."""
    if path.is_dir():
        raise UserError(f"{path} is a folder; name a file to write {kind} to.")
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except FileNotFoundError:
        return
    except OSError as error:
        raise UserError(f"{path} cannot be replaced by {kind}: {error.strerror or error}.") from error
    if head and not is_own(head):
        raise UserError(
            f"{path} is there already and is not {kind} of this program: it would be written over. Choose another "
            "name, or delete it first."
        )
