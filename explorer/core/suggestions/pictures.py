"""The pictures that suggestions are made on: some of those of the index, with the masks that a person has for them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from explorer.core.arrays import RGB, Map
from explorer.core.concepts import given_lesion, given_lesions
from explorer.core.concepts.corrections import Corrections
from explorer.core.errors import UserError
from explorer.core.index.folder_index import FolderIndex
from explorer.core.index.sampling import spread
from explorer.core.shared_folder import shared_folder
from trainer.networks.input_spec import InputSpec
from trainer.pictures.image_decoding import picture_digest, read_image
from trainer.pictures.name_matching import key_of

Said = Mapping[str, Mapping[str, bool]]
MOST_NUMBERS = 3_000_000
"""Filters times pictures that are measured at most: their numbers take about 1.5 GB."""


@dataclass(frozen=True)
class Looked:
    """A picture: its file, its name and SHA-256 (hex) as the index has them, and the file of its given lesion, if any.

    `without` are the artifacts that a person did not see in it. `id` tells it apart: content, mask and those.
    """

    path: Path
    name: str
    digest: str
    mask: Path | None
    id: str
    without: tuple[str, ...] = ()

    def seen(self, spec: InputSpec) -> tuple[RGB, "np.ndarray[tuple[int, ...], np.dtype[np.float32]] | None"]:
        """What the network sees, (h, w, 3), and the given lesion there (h, w); UserError where it is another by now."""
        rgb = read_image(self.path)
        if picture_digest(self.path) != self.digest:
            raise UserError(f"{self.name} was changed since the index was made; make the index again.")
        lesion = None
        if self.mask is not None:
            lesion = given_lesion(self.path, {key_of(self.path.name): self.mask}, rgb.shape[:2])
        color = spec.in_color
        if lesion is None:
            return color.crop(rgb), None
        grey = np.repeat(np.where(lesion, np.uint8(255), np.uint8(0))[..., None], 3, axis=2)
        return color.crop(rgb), (color.crop(grey, of=rgb)[..., 0] > 127).astype(np.float32)

    def corrected(self, maps: Mapping[str, Map]) -> dict[str, Map]:
        """Its concept maps without the artifacts that a person did not see."""
        corrections = Corrections({self.name: dict.fromkeys(self.without, False)})
        return corrections.corrected(self.name, maps)


def choose(
    index: FolderIndex,
    images: Path | str | Sequence[Path | str],
    masks: Path | str | None,
    count: int,
    said: Said | None = None,
) -> tuple[Looked, ...]:
    """Up to `count` pictures of the index, spread over folders and classes; the same ones for the same index.

    `said` is what a person said of their artifacts: picture, as the index names it, to artifact to whether it is there.
    UserError where the pictures are not those of the index, or the masks fit none of them.
    """
    filters = len(index.filters())
    rows = spread(index.pictures, index.given, max(1, min(count, MOST_NUMBERS // max(filters, 1))))
    root = _root(images)
    given = given_lesions(masks) if masks is not None else {}
    missing = [index.pictures[row] for row in rows if not (root / index.pictures[row]).is_file()]
    if missing:
        raise UserError(
            f"{root} lacks {missing[0]} and {len(missing) - 1} more of the index's pictures; "
            "give the folder that the index was made of."
        )
    chosen = [_looked(root, index.pictures[row], index.digests[row], given, said or {}) for row in rows]
    if masks is not None and not any(picture.mask for picture in chosen):
        raise UserError(f"No mask in {masks} belongs to a picture; a mask of NAME.jpg is NAME_segmentation.png.")
    return tuple(chosen)


def _root(images: Path | str | Sequence[Path | str]) -> Path:
    if isinstance(images, Path | str):
        root = Path(images)
        return root if root.is_dir() else root.parent
    # A folder counts as a whole: as if something lay in it.
    return shared_folder([Path(path) / "*" if Path(path).is_dir() else Path(path) for path in images])


def _looked(root: Path, name: str, digest: str, given: Mapping[str, Path], said: Said) -> Looked:
    path = root / name
    mask = given.get(key_of(path.name))
    of_mask = hashlib.sha256(mask.read_bytes()).hexdigest()[:16] if mask is not None else "-"
    without = tuple(sorted(word for word, present in said.get(name, {}).items() if not present))
    of_said = f".-{','.join(without)}" if without else ""
    return Looked(path, name, digest, mask, f"{digest[:32]}.{of_mask}{of_said}", without)
