"""The pictures that a concept network learns from: with masks of their lesions, some looked at for artifacts."""

import csv
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from trainer.concepts.words import ARTIFACTS
from trainer.concepts.working_size import SIDE
from trainer.files.errors import UserError
from trainer.files.written_tables import read_rows
from trainer.pictures.folder_walk import list_images
from trainer.pictures.image_decoding import read_image
from trainer.pictures.name_matching import key_of

HELD_OUT = 10
"""One in so many pictures is kept from training, by its name alone."""


@dataclass(frozen=True)
class Pictures:
    """`rgb` (N, 3, S, S) uint8, `lesion` (N, S, S) uint8 of 0 and 1, `said` (N, artifacts) 1, 0 or -1 for unknown."""

    names: tuple[str, ...]
    rgb: torch.Tensor
    lesion: torch.Tensor
    said: torch.Tensor

    def __len__(self) -> int:
        return len(self.names)

    def only(self, wanted: Sequence[bool]) -> "Pictures":
        """Those for which `wanted` is true."""
        rows = [row for row, taken in enumerate(wanted) if taken]
        return Pictures(tuple(self.names[row] for row in rows), self.rgb[rows], self.lesion[rows], self.said[rows])


def is_held_out(name: str, seen: bool) -> bool:
    """Whether a picture of this name is kept from training; one whose artifacts were looked at for it never is."""
    return not seen and int(hashlib.sha256(name.encode()).hexdigest(), 16) % HELD_OUT == 0


def is_validated(name: str, seen: bool) -> bool:
    """Whether a picture of this name is of the tenth on which settings are chosen; none of those is held out."""
    return not seen and int(hashlib.sha256(name.encode()).hexdigest(), 16) % HELD_OUT == 1


def read_seen(path: Path) -> dict[str, list[int]]:
    """Picture key to what was seen of each of `ARTIFACTS`: 1 there, 0 not there, -1 doubtful or not looked for.

    A CSV with a column `image` or `image_id` and one for each artifact that was looked for (`hair`), or one for each of
    two readings (`hair_1`, `hair_2`), which must agree. UserError where it is none.
    """
    try:
        (_, head), *rows = read_rows(path.read_text("utf-8-sig"))
        name = head.index("image_id" if "image_id" in head else "image")
        columns = [
            [head.index(title) for title in (artifact, f"{artifact}_1", f"{artifact}_2") if title in head]
            for artifact in ARTIFACTS
        ]
        return {
            key_of(cells[name]): [_agreed([cells[column] for column in own]) for own in columns] for _, cells in rows
        }
    except (OSError, ValueError, IndexError, csv.Error) as error:
        raise UserError(f"{path} is no table of pictures and artifacts: {error}.") from error


def _agreed(readings: list[str]) -> int:
    return int(readings[0]) if readings and {*readings} in ({"0"}, {"1"}) else -1


def read_pictures(
    images: Path, masks: Path, seen: dict[str, list[int]], wanted: Callable[[str], bool], side: int = SIDE
) -> Pictures:
    """The pictures with a mask `NAME_segmentation.png` and a key that is `wanted`, at `side` pixels."""
    names, rgb, lesion, labels = [], [], [], []
    for path in list_images(images):
        key, mask = key_of(path.name), masks / f"{path.stem}_segmentation.png"
        if not wanted(key) or not mask.exists():
            continue
        rgb.append(_sized(read_image(path), side))
        lesion.append((_sized(read_image(mask), side).mean(axis=2) > 127).astype(np.uint8))
        labels.append(seen.get(key, [-1] * len(ARTIFACTS)))
        names.append(key)
    if not names:
        raise UserError(f"No picture of {images} has a mask NAME_segmentation.png in {masks}.")
    pictures = torch.from_numpy(np.stack(rgb)).permute(0, 3, 1, 2).contiguous()
    return Pictures(tuple(names), pictures, torch.from_numpy(np.stack(lesion)), torch.tensor(labels))


def _sized(rgb: np.ndarray, side: int) -> np.ndarray:
    if rgb.shape[:2] == (side, side):
        return rgb
    return np.asarray(Image.fromarray(rgb).resize((side, side), Image.Resampling.BILINEAR))
