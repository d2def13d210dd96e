"""Which pictures of an index show one lesion, for everything that counts or draws over lesions."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explorer.core.index.folder_index import FolderIndex
    from explorer.core.labels import Labels


def known_lesions(index: "FolderIndex", table: "Labels | None", paths: Sequence[Path]) -> dict[str, str]:
    """The lesion of each picture of which it is known, by the picture's name in the index.

    As the `table` of classes says of the pictures at `paths`, which are those of the index in its order; without one
    as the index knows from the table that it was made with.
    """
    if table is None:
        return index.lesions
    lesions = {name: table.lesion(path) for name, path in zip(index.pictures, paths, strict=True)}
    return {name: lesion for name, lesion in lesions.items() if lesion}
