"""Changed pixels do not go unnoticed."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.trainer.cohorts import drawn_cohort
from trainer.cli import main
from trainer.cohort import hdf5_file
from trainer.cohort.cohort import open_cohort
from trainer.cohort.pixel_check import open_checked

COUNT, SIDE = 70, 32


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A cohort that `prepare` made."""
    random = np.random.default_rng(0)
    for name in ("benign", "malignant"):
        (tmp_path / "images" / name).mkdir(parents=True)
        for number in range(COUNT // 2):
            pixels = random.integers(0, 256, (48, 48, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "images" / name / f"{number:02}.png")
    words = ["prepare", "--images", str(tmp_path / "images"), "--out", str(tmp_path / "c.h5"), "--size", str(SIDE)]
    assert main(words) == 0
    return tmp_path / "c.h5"


def change(file: Path, place: int) -> str:
    """Change one value of a picture; its name."""
    with file.open("r+b") as content:
        at = hdf5_file.first_byte() + place * SIDE * SIDE * 3 + 777
        content.seek(at)
        value = content.read(1)[0]
        content.seek(at)
        content.write(bytes([value ^ 1]))
    return open_cohort(file).names[place]


def test_work_does_not_begin_on_changed_pictures(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(open_checked(file)) == COUNT
    name = change(file, COUNT - 1)
    capsys.readouterr()
    for words in (
        ["train", "--recipe", "lenet", "--epochs", "1", "--out", str(tmp_path / "run")],
        ["rates", "--recipe", "lenet", "--steps", "10", "--out", str(tmp_path / "rates")],
    ):
        assert main([*words, "--data", str(file)]) == 1
        said = capsys.readouterr().err
        assert f"c.h5: 1 of 64 pictures that were looked at have other pixels than prepare wrote ({name})" in said
        assert "or prepare the cohort again (describe --check" in said
        assert len(said.splitlines()) == 1
    assert not (tmp_path / "run").exists()


def test_every_picture_is_looked_at_where_that_is_asked_for(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["describe", str(file), "--check"]) == 0
    assert f"The pixels of all {COUNT} pictures are as they were written." in capsys.readouterr().err
    names = [change(file, place) for place in (1, 50)]
    assert main(["describe", str(file), "--check"]) == 1
    said = capsys.readouterr().err
    assert [line for line in said.splitlines() if line.startswith("changed: ")] == [
        f"changed: {name}" for name in names
    ]
    assert f"2 of {COUNT} pictures" in said


def test_a_cohort_of_an_earlier_version_opens_and_cannot_be_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(hdf5_file, "OPTIONAL", ("confirmed",))
        drawn_cohort(tmp_path / "old.h5")
    assert open_checked(tmp_path / "old.h5").pixels == ()
    assert main(["describe", str(tmp_path / "old.h5"), "--check"]) == 1
    assert "was written by an earlier version" in capsys.readouterr().err
