"""What several rows say of one picture is put together; what they say differently is said."""

from pathlib import Path

import pytest

from explorer.core.labels import read_labels
from trainer.cohort.cases import Case, read_cases
from trainer.pictures.name_matching import key_of, loose


def read(folder: Path, text: str, *names: str) -> tuple[list[Case], list[str]]:
    for name in names:
        (folder / "p" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "p" / name).touch()
    (folder / "l.csv").write_text(text)
    reading = read_cases(folder / "p", folder / "l.csv")
    labels = read_labels(folder / "l.csv", [folder / "p" / name for name in names])
    assert {case.name: case.diagnoses[-1] for case in reading.cases} == {
        name: word for name in names if (word := labels.of(folder / "p" / name))
    }
    return reading.cases, reading.problems


def test_a_later_row_fills_what_an_earlier_one_leaves_open(tmp_path: Path) -> None:
    text = "image,dx,patient_id,age\na,nv,,45\nb,mel,P2,\na,nv,P1,\nb,,unknown,60\na,,,\n"
    cases, problems = read(tmp_path, text, "a.jpg", "b.jpg")
    assert [(case.patient, case.age) for case in cases] == [("P1", 45), ("P2", 60)]
    assert problems == []


def test_rows_that_differ_in_part_or_patient_are_said(tmp_path: Path) -> None:
    text = "image,dx,split,patient_id,sex\na,nv,train,P1,male\nb,mel,test,P2,F\na,nv,test,P1,Male\nb,mel,test,P3,F\n"
    cases, problems = read(tmp_path, text, "a.jpg", "b.jpg")
    assert [(case.part, case.patient) for case in cases] == [("train", "P1"), ("test", "P2")]
    assert problems == [
        "1 picture has rows with another patient (b first); the first row counts.",
        "1 picture has rows with another split (a first); the first row counts.",
    ]


@pytest.mark.parametrize(
    ("one", "other"), [("nv", "NV"), ("basal cell carcinoma", "Basal_Cell-Carcinoma"), ("1", "1.0")]
)
def test_two_spellings_of_a_class_are_one(one: str, other: str, tmp_path: Path) -> None:
    cases, problems = read(tmp_path, f"image,label\na,{one}\nb,{other}\nc,mel\na,{other}\n", "a.jpg", "b.jpg", "c.jpg")
    assert [case.diagnoses for case in cases] == [(one,), (one,), ("mel",)]
    assert problems == [f'These words are taken as one class each: "{one}" and "{other}".']


def test_numbers_that_only_look_alike_are_two_classes(tmp_path: Path) -> None:
    cases, _ = read(tmp_path, "image,label\na,-1\nb,1\nc,10\n", "a.jpg", "b.jpg", "c.jpg")
    assert [case.diagnoses for case in cases] == [("-1",), ("1",), ("10",)]


def test_pictures_that_differ_in_their_ending_have_rows_of_their_own(tmp_path: Path) -> None:
    names = ("x/a.jpg", "x/a.png", "x/b.jpg")
    for paths in (
        "a.jpg,nv\na.png,mel\nb,bcc\n",
        "x/a.jpg,nv\nx/A.PNG,mel\nb,bcc\n",
        "c:\\x\\a.jpg,nv\nx/a.png,mel\nb,bcc\n",
    ):
        cases, problems = read(tmp_path, f"image,dx\n{paths}", *names)
        assert [case.diagnoses[0] for case in cases] == ["nv", "mel", "bcc"]
        assert problems == []
    cases, _ = read(tmp_path, "image,dx\na,nv\nb.png,mel\n", *names)  # one row for both, and another ending
    assert [case.diagnoses[0] for case in cases] == ["nv", "nv", "mel"]


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("s_1.05", "s_1.5", False),
        ("s_1,05", "s_1,5", False),
        ("s_01.5", "s_1.5", True),
        ("img.001", "img.1", True),
        ("ISIC_0024306", "isic_24306", True),
    ],
)
def test_zeros_behind_a_decimal_mark_are_none_that_lead(one: str, other: str, alike: bool, tmp_path: Path) -> None:
    assert (loose(key_of(one)) == loose(key_of(other))) is alike


def test_spellings_are_one_beside_a_column_of_0_and_1(tmp_path: Path) -> None:
    text = "DDI_file,malignant,disease\na,1,melanoma\nb,1.0,Melanoma\nc,0,nevus\n"
    cases, _ = read(tmp_path, text, "a.jpg", "b.jpg", "c.jpg")
    assert [case.diagnoses for case in cases] == [("melanoma", "malignant")] * 2 + [("nevus", "benign")]
