"""Which pictures of a folder have an artifact: found by the concept maps, or said by a person."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from explorer.core.alarm.artifacts import THERE, Numbers, Said
from explorer.core.alarm.picture_table import CONCEPTS, picture_table
from explorer.core.index import FolderIndex
from explorer.core.muting.with_and_without import Presence
from explorer.core.progress import OnStep, no_step


def presence_of(
    index: FolderIndex,
    folder: Path,
    artifact: str,
    said: Said,
    *,
    find: bool = True,
    on_step: OnStep = no_step,
) -> Presence:
    """The pictures of an index that have an artifact of the concept maps, as the alarm takes it.

    It is looked for in the files in `folder`, half a second a picture that was not measured before; where `find` is
    False nothing is, and what a person `said` is all that is known.
    """

    def measured(rows: Sequence[int]) -> Numbers:
        if not find:
            return np.full(len(rows), np.nan)
        values = picture_table(index, folder, CONCEPTS, rows, on_step=on_step)[artifact][list(rows)]
        return np.where(np.isfinite(values), values >= THERE, np.nan)

    statements = {picture: row[artifact] for picture, row in said.items() if artifact in row}
    return Presence(artifact, measured, statements)
