"""The classes and lesions that an index has, for whoever brings it up to date without the table it was made with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from explorer.core.errors import UserError
from explorer.core.index import open_index
from explorer.core.labels import Labels, folder_labels
from explorer.core.shared_folder import shared_folder
from trainer.pictures.folder_walk import list_folder


@dataclass(frozen=True)
class LabelsOfIndex(Labels):
    """Labels whose lesions are those of an index."""

    _lesions: Mapping[Path, str] = field(default_factory=dict, repr=False)

    def lesion(self, path: Path | str) -> str:
        """The name of the lesion that the picture at `path` shows, "" where the index does not know."""
        return self._lesions.get(Path(path), "")


def labels_of_index(path: Path, images: Path | Sequence[Path]) -> Labels | None:
    """What the index at `path` knows of the pictures in a folder, or of these; None where their folders say as much."""
    if not path.exists():
        return None
    pictures = list_folder(images).pictures if isinstance(images, Path) else images
    folder = images if isinstance(images, Path) and images.is_dir() else shared_folder(pictures)
    try:
        with open_index(path) as index:
            known = {folder / name: word for name, word in zip(index.pictures, index.given, strict=True) if word}
            lesions = {folder / name: lesion for name, lesion in index.lesions.items()}
    except UserError:  # whoever makes it anew says what there is to say
        return None
    of_folders = folder_labels(folder, pictures)
    if not lesions and all(of_folders.of(picture) == word for picture, word in known.items()):
        return None
    return LabelsOfIndex(source=path.name, _known=known, _lesions=lesions)
