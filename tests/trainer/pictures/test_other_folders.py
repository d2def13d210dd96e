"""Paths in tables whose folders are not those of the pictures."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from explorer.core.labels import read_labels
from trainer.cohort.cases import Reading, read_cases
from trainer.files.errors import UserError

STEMS = tuple(f"L_{number:04}" for number in range(8))


def read(root: Path, folders: Sequence[str], *, explored: bool = True) -> Reading:
    root.mkdir(parents=True, exist_ok=True)
    rows = [f"{folder}{stem}.jpg,{word}" for folder, stem, word in zip(folders, STEMS, ("nv", "mel") * 4, strict=True)]
    table = root.parent / "l.csv"
    table.write_text("\n".join(["image,label", *rows]) + "\n")
    pictures = [root / f"{stem}.jpg" for stem in STEMS]
    for picture in pictures:
        picture.touch()
    reading = read_cases(root, table)
    if explored:
        labels = read_labels(table, pictures)
        assert {note for note in reading.problems if "in other folders" in note} <= {*labels.problems}
        assert sum(bool(labels.of(picture)) for picture in pictures) == len(reading.cases)
    return reading


@pytest.mark.parametrize("folder", ["otherset/", "C:\\data\\otherset\\", "/home/me/otherset/"])
def test_pictures_found_by_their_file_names_alone_are_said(folder: str, tmp_path: Path) -> None:
    reading = read(tmp_path / "pics", [folder] * 8)
    assert len(reading.cases) == 8
    said = "8 pictures were found by their file names alone: the table has them in other folders, "
    assert [note for note in reading.problems if "folders" in note] == [f"{said}{folder}L_0000.jpg first."]


@pytest.mark.parametrize("folder", ["", "pics/", "./", "C:\\data\\pics\\", "/home/me/pics/"])
def test_pictures_in_a_folder_of_the_same_name_are_not(folder: str, tmp_path: Path) -> None:
    reading = read(tmp_path / "pics", [folder] * 8)
    assert len(reading.cases) == 8
    assert not any("folders" in note for note in reading.problems)


@pytest.mark.parametrize(
    ("here", "there"), [("test", "train/"), ("val_images", "data/train/"), ("train", "test set/img/")]
)
def test_pictures_of_one_part_have_no_row_of_another(here: str, there: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="labels none of the 8 pictures"):
        read(tmp_path / here, [there] * 8, explored=False)
    mixed = [there] * 4 + ["img/"] * 4
    assert [case.name for case in read(tmp_path / here, mixed).cases] == [f"{stem}.jpg" for stem in STEMS[4:]]


@pytest.mark.parametrize(
    ("here", "there"), [("test", "Test_images/"), ("pics", "train/"), ("valid", "val/"), ("eval", "test/")]
)
def test_another_word_for_the_same_part_is_no_other_part(here: str, there: str, tmp_path: Path) -> None:
    assert len(read(tmp_path / here, [there] * 8).cases) == 8
