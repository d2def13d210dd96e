"""What a recipe shows of a picture is what its training shows."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.trainer.runs import CPU, small
from trainer.cli import main
from trainer.files.errors import UserError
from trainer.networks.input_spec import InputSpec
from trainer.training.augmentation import draw
from trainer.training.data_loading import Preparation
from trainer.training.preview import DRAWS, previewed

RGB = np.random.default_rng(0).integers(0, 256, (50, 70, 3), np.uint8)
CHANGES = {"crop": "random", "size": 24, "rotation": [0.0, 1.0], "brightness": [-0.2, 0.2], "flip_horizontal": True}


def test_a_preview_is_what_training_is_given() -> None:
    recipe = small(**CHANGES, mean=[0.5, 0.4, 0.3], std=[0.2, 0.2, 0.2], precision="float32", seed=3)
    tested, shown = previewed(RGB, recipe, 32)
    stored = InputSpec((32, 32), "squash", 32).crop(RGB)
    assert (tested == InputSpec((24, 24), "squash", 32).crop(stored)).all()
    draws = torch.from_numpy(draw(recipe.augmentation, DRAWS, np.random.default_rng([3, 1])))
    copies = torch.from_numpy(stored).permute(2, 0, 1).repeat(DRAWS, 1, 1, 1)
    given = Preparation(recipe, CPU).augmented(copies, draws)
    known = given * 0.2 + torch.tensor([0.5, 0.4, 0.3]).view(3, 1, 1)
    assert np.abs(known.permute(0, 2, 3, 1).numpy() * 255 - shown).max() <= 0.51
    assert len({tile.tobytes() for tile in shown}) == DRAWS
    assert (previewed(RGB, recipe, 32)[1] == shown).all()
    assert (previewed(RGB, small(**CHANGES, seed=4), 32)[1] != shown).any()


def test_a_sheet_shows_the_picture_and_nine_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(RGB).save(tmp_path / "picture.png")
    words = ["preview", "--recipe", "lenet", "--image", str(tmp_path / "picture.png"), "--stored", "90"]
    assert main([*words, "--out", str(tmp_path / "sheet.png"), "--rotation", "0", "0", "--seed", "7"]) == 0
    assert "nine draws with seed 7" in capsys.readouterr().out
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (5 * 72 + 8, 2 * 72 + 8)
    drawn = (tmp_path / "sheet.png").read_bytes()
    again = [*words, "--out", str(tmp_path / "sheet.png"), "--seed", "8"]
    assert main(again) == 1
    assert "--force replaces it" in capsys.readouterr().err
    assert (tmp_path / "sheet.png").read_bytes() == drawn
    assert main([*again, "--force"]) == 0
    assert (tmp_path / "sheet.png").read_bytes() != drawn
    assert main([*words, "--out", str(tmp_path / "sheet.pdf")]) == 1
    assert main([*words, "--out", str(tmp_path / "near.png"), "--field-of-view", "9"]) == 1
    assert "a margin within 0.05 to 3" in capsys.readouterr().err
    with pytest.raises(UserError, match="smaller than the network's input of 224"):
        previewed(RGB, small(size=224), 100)
