"""A split that a table's column gives is read where it is plain, and said where it is not."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.trainer.pictures.twelve_pictures import PICTURES, read
from trainer.cohort.cases import read_cases


@pytest.mark.parametrize(
    ("title", "cells", "expected"),
    [
        ("set", ("training set", "test set"), ("train", "test")),
        ("split", ("Training set", "validation_set", "Test images"), ("train", "validation", "test")),
        ("Usage", ("Training", "PublicTest", "PrivateTest"), ("train", "test", "test")),
        ("usage", ("Train", "Public test", "private_test"), ("train", "test", "test")),
        ("is_train", (1, 0), ("train", "test")),
        ("is_train", ("True", "False", ""), ("train", "test", "")),
        ("IsTest", ("no", "yes"), ("train", "test")),
        ("is_val", (0, 1, 0), ("train", "validation", "train")),
        ("train", (1, 0, 1), ("train", "test", "train")),
    ],
)
def test_a_plain_split_is_read(title: str, cells: Sequence[object], expected: Sequence[str], tmp_path: Path) -> None:
    reading = read(tmp_path, title, [cells[number % len(cells)] for number in range(12)])
    assert [case.part for case in reading.cases] == [expected[number % len(expected)] for number in range(12)]
    assert f'parts by "{title}"' in reading.form
    assert len({case.diagnoses for case in reading.cases}) == 2


@pytest.mark.parametrize(
    ("title", "cells"),
    [
        ("fold", (0, 1, 2, 3)),
        ("kfold", ("a", "b")),
        ("cv_fold", (1, 2)),
        ("Usage", ("A", "B")),
        ("set", (1, 2, 3)),
        ("phase", ("train", "x", "y", "z")),
    ],
)
def test_a_column_that_looks_like_a_split_is_said(title: str, cells: Sequence[object], tmp_path: Path) -> None:
    reading = read(tmp_path, title, [cells[number % len(cells)] for number in range(12)])
    assert {case.part for case in reading.cases} == {""}
    assert reading.problems == [
        f'Column "{title}" looks like a split and was not used; one with the words train, validation and test is '
        f"(--columns split={title})."
    ]


@pytest.mark.parametrize(
    ("title", "cells"), [("note", ("a", "b")), ("fold", ("",)), ("skin_fold", ("yes", "no")), ("test", (0, 1))]
)
def test_other_columns_are_no_split(title: str, cells: Sequence[object], tmp_path: Path) -> None:
    reading = read(tmp_path, title, [cells[number % len(cells)] for number in range(12)])
    assert {case.part for case in reading.cases} == {""}
    assert not reading.problems


def test_a_split_in_several_columns_of_0_and_1_is_said(tmp_path: Path) -> None:
    reading = read(
        tmp_path, "is_train,is_val,is_test", *[[int(row % 3 == part) for row in range(12)] for part in range(3)]
    )
    assert {case.part for case in reading.cases} == {""}
    assert any('"is_train", "is_val", "is_test"' in note for note in reading.problems)


def test_a_column_of_words_goes_before_one_of_0_and_1(tmp_path: Path) -> None:
    reading = read(tmp_path, "is_train,split", (1, 0) * 6, ("train", "val") * 6)
    assert [case.part for case in reading.cases] == ["train", "validation"] * 6
    assert not reading.problems


def test_classes_may_stand_under_a_title_of_a_split(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    for name in PICTURES:
        (tmp_path / "p" / name).touch()
    (tmp_path / "l.csv").write_text(
        "image,phase\n" + "".join(f"{name},{'ab'[n % 2]}\n" for n, name in enumerate(PICTURES))
    )
    reading = read_cases(tmp_path / "p", tmp_path / "l.csv")
    assert {case.diagnoses for case in reading.cases} == {("a",), ("b",)}
    assert not reading.problems
