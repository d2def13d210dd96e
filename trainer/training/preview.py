"""What a recipe's augmentation makes of one picture, on a sheet."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from trainer.files.errors import UserError
from trainer.networks.input_spec import InputSpec
from trainer.pictures.png_file import check_png, write_png
from trainer.training.augmentation import draw
from trainer.training.data_loading import Preparation
from trainer.training.network_input import stored_input, tested_input
from trainer.training.recipe import Recipe

DRAWS = 9
_ACROSS, _GAP = 5, 8

Rgb = npt.NDArray[np.uint8]


def previewed(rgb: Rgb, recipe: Recipe, stored: int = 300, field_of_view: float = 0.0) -> tuple[Rgb, Rgb]:
    """The picture (H, W, 3) as it is tested (size, size, 3), and `DRAWS` draws (9, size, size, 3), all uint8.

    It is stored at `stored` pixels first, with this `field_of_view`, as `prepare` does, and changed by `Preparation`,
    as in training; the draws follow from the recipe's seed. What a network is given is the same before mean and std
    are taken off. UserError where it is smaller than the network's input.
    """
    side = recipe.data.resize_to or stored
    if side < recipe.data.size:
        raise UserError(
            f"A picture stored at {side} x {side} is smaller than the network's input of {recipe.data.size}; raise "
            "--stored or lower --size."
        )
    stored_rgb = InputSpec((stored, stored), "squash", stored, field_of_view=field_of_view).crop(rgb)
    resized = stored_input(recipe, stored).crop(stored_rgb)
    plain = recipe.with_settings(
        {"mean": [0.0] * 3, "std": [1.0] * 3, "precision": "float32", "channels_last": False}, "the preview"
    )
    draws = torch.from_numpy(draw(recipe.augmentation, DRAWS, np.random.default_rng([recipe.learning.seed, 1])))
    copies = torch.from_numpy(resized).permute(2, 0, 1).expand(DRAWS, -1, -1, -1).contiguous()
    changed = Preparation(plain, torch.device("cpu")).augmented(copies, draws)
    shown = changed.mul(255).round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()
    return tested_input(recipe, stored).crop(stored_rgb), np.asarray(shown, np.uint8)


def write_sheet(path: Path, rgb: Rgb, recipe: Recipe, stored: int = 300, field_of_view: float = 0.0) -> None:
    """Write the picture as it is tested, framed, and its draws as one PNG; UserError where it cannot be written."""
    check_png(path)
    tested, draws = previewed(rgb, recipe, stored, field_of_view)
    side = recipe.data.size
    rows = -(-(1 + len(draws)) // _ACROSS)
    step = side + _GAP
    sheet = Image.new("RGB", (_ACROSS * step + _GAP, rows * step + _GAP), "white")
    sheet.paste("black", (_GAP - 3, _GAP - 3, step + 3, step + 3))  # a frame around what is not a draw
    for index, tile in enumerate((tested, *draws)):
        sheet.paste(Image.fromarray(tile), (_GAP + index % _ACROSS * step, _GAP + index // _ACROSS * step))
    write_png(path, sheet)
