"""Masks of lesions that people have: a folder of them, named as the ISIC archive names them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from explorer.core.errors import UserError
from explorer.core.images import ENDINGS, read_image
from trainer.pictures.name_matching import key_of

ENDS = ("_segmentation", "_mask", "")
"""What a mask's name adds to its picture's; the first is ISIC's."""


def given_lesions(folder: Path | str) -> dict[str, Path]:
    """The masks in a folder: the key of each picture's name (`key_of`: no ending, no case) and its mask's file.

    A mask is `NAME_segmentation.png`, `NAME_mask.png` or `NAME.png` (any format that is read); where a picture has
    several, the first of these. UserError where the folder cannot be read, or holds no pictures.
    """
    folder = Path(folder)
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix.lower().lstrip(".") in ENDINGS)
    except OSError as error:
        raise UserError(f"The folder of masks {folder} cannot be read: {error.strerror or error}.") from error
    if not files:
        raise UserError(f"The folder {folder} holds no masks; they are named as NAME_segmentation.png.")
    masks: dict[str, Path] = {}
    for end in ENDS:
        for path in files:
            key = key_of(path.name)
            if key.endswith(end):
                masks.setdefault(key.removesuffix(end), path)
    return masks


def given_lesion(
    picture: Path | str, masks: Mapping[str, Path], size: tuple[int, int] | None = None
) -> npt.NDArray[np.bool_] | None:
    """The given lesion of a picture, (H, W) bool, or None where none is given.

    `masks` are those of `given_lesions`; what is lighter than half counts as lesion.
    UserError where the mask cannot be read, or is not (height, width) `size`.
    """
    path = masks.get(key_of(Path(picture).name))
    if path is None:
        return None
    mask: npt.NDArray[np.bool_] = read_image(path).mean(axis=2) > 127
    if size is not None and mask.shape != tuple(size):
        raise UserError(f"The mask {path.name} is {mask.shape}, and its picture {tuple(size)}; give masks of its size.")
    return mask
