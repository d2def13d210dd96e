"""Reading pictures one by one for lists and grids, each with the state in which its file was."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.core.errors import UserError
from explorer.core.progress import OnStep
from explorer.state.opened.file_state import state_of
from explorer.state.workers.lazy_store import Compute, Looked

if TYPE_CHECKING:
    from explorer.core.arrays import RGB

THUMBNAIL = 128
"""The longer side of a small picture, in pixels."""


def each(look: Callable[[Path], Any]) -> Compute:
    """Look at pictures one by one, and note in which state their files are; of one that cannot be read, None."""

    def compute(pictures: Sequence[Path], on_step: OnStep) -> dict[Path, Any]:
        looked: dict[Path, Any] = {}
        for done, picture in enumerate(pictures):
            on_step(done, len(pictures))
            state = state_of(picture)
            try:
                looked[picture] = Looked(look(picture), state)
            except UserError:
                looked[picture] = Looked(None, state)
            except Exception as error:  # a network fails as it likes; the other pictures are not to suffer
                looked[picture] = Looked(None, state, error)
        return looked

    return compute


def read_thumbnail(picture: Path) -> "RGB | str":
    """A small picture, or the sentence that says why there is none."""
    from explorer.core.images import thumbnail

    try:
        return thumbnail(picture, THUMBNAIL)
    except UserError as error:
        return str(error)
