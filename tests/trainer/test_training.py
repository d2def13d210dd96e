import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from trainer.augment import Augmentation, hue_rotation
from trainer.checkpoint import load
from trainer.cli import main
from trainer.cohort import read_cases, split_cases
from trainer.errors import UserError
from trainer.synthetic import write_folder

STILL = Augmentation(rotation=0, zoom=1, shift=0, brightness=0, contrast=0, saturation=0, hue=0)


def batch(count: int = 4) -> torch.Tensor:
    return torch.rand(count, 3, 24, 24, generator=torch.Generator().manual_seed(0))


def changed(augmentation: Augmentation, seed: int = 1) -> torch.Tensor:
    return augmentation(batch(), torch.Generator().manual_seed(seed))


def test_without_reach_only_flips_remain() -> None:
    for before, after in zip(batch(), changed(STILL), strict=True):
        same, flipped = (torch.allclose(after, wanted, atol=1e-5) for wanted in (before, before.flip(2)))
        assert same or flipped


def test_every_picture_has_its_own_draw() -> None:
    one = batch(1).repeat(6, 1, 1, 1)
    after = Augmentation()(one, torch.Generator().manual_seed(0))
    assert len({tuple(picture.flatten()[:50].tolist()) for picture in after}) == 6


def test_augmented_pictures_stay_pictures() -> None:
    after = changed(Augmentation(brightness=0.9, contrast=0.9, saturation=0.9))
    assert after.shape == batch().shape
    assert after.min() >= 0
    assert after.max() <= 1


def test_a_hue_rotation_keeps_grey_and_length() -> None:
    turn = hue_rotation(torch.tensor([[[0.7]], [[2.0]]]))
    grey = torch.ones(3, 1)
    assert torch.allclose(turn @ grey, grey.expand(2, 3, 1), atol=1e-6)
    assert torch.allclose(turn @ turn.transpose(1, 2), torch.eye(3).expand(2, 3, 3), atol=1e-6)


def labelled(tmp_path: Path, count: int = 30) -> Path:
    write_folder(tmp_path / "drawn", count, seed=1, size=64)
    return tmp_path / "drawn"


def test_groups_never_stand_on_two_sides(tmp_path: Path) -> None:
    folder = labelled(tmp_path)
    table = tmp_path / "labels.csv"
    names = sorted(path.name for path in (folder / "images").rglob("*.jpg"))
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "label", "group"])
        for number, name in enumerate(names):
            writer.writerow([name, "benign" if number % 2 else "malignant", f"lesion{number // 3}"])
    cases = read_cases(folder / "images", table)
    split = split_cases(cases, 0)
    groups = [{cases[place].group for place in part} for part in vars(split).values()]
    assert sum(len(part) for part in vars(split).values()) == len(names)
    assert len(set.union(*groups)) == sum(map(len, groups))


def test_a_person_without_data_trains_and_gets_a_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "drawn.safetensors"
    assert main(["synthesize", "--count", "40", "--out", str(tmp_path / "drawn")]) == 0
    words = ["train", "--images", str(tmp_path / "drawn" / "images"), "--out", str(out), "--epochs", "1"]
    assert main([*words, "--batch", "8", "--bottleneck", "8", "--device", "cpu"]) == 0
    found = load(out)
    assert found.classes == ("benign", "malignant")
    assert found.training["parts"]["train"] > 0
    assert "test AUC" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--images", "nowhere"], "is not a folder"),
        (["--images", "{drawn}/images", "--malignant", "melanoma"], "No picture has the class melanoma"),
        (["--images", "{drawn}/images/benign"], "have one class"),
        (["--images", "{drawn}/masks/hair", "--labels", "{drawn}/none.csv"], "cannot be read"),
        (["--images", "{drawn}/images", "--out", "{drawn}/no/folder/x.safetensors"], "does not exist"),
    ],
)
def test_mistakes_get_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    drawn = labelled(tmp_path, 6)
    filled = [word.format(drawn=drawn) for word in words]
    assert main(["train", "--out", str(tmp_path / "x.safetensors"), *filled]) == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_an_unreadable_picture_is_named(tmp_path: Path) -> None:
    from trainer.cohort import decode
    from trainer.input_spec import InputSpec

    folder = labelled(tmp_path, 6)
    broken = next((folder / "images").rglob("*.jpg"))
    broken.write_bytes(broken.read_bytes()[:500])
    with pytest.raises(UserError, match=broken.stem):
        decode(read_cases(folder / "images", None), InputSpec())


def test_the_auc_interval_holds_the_auc() -> None:
    from trainer.train import auc, auc_interval

    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 200)
    scores = np.stack([1 - (s := labels * 0.3 + random.random(200)), s], 1).astype(np.float32)
    low, high = auc_interval(labels, scores, 0, draws=200)
    assert low < auc(labels, scores) < high
    three = np.random.default_rng(1).dirichlet([1, 1, 1], 60).astype(np.float32)
    assert 0 <= auc(np.arange(60) % 3, three) <= 1
