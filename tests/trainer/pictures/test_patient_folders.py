"""Folders of patients, above those of the classes or within them: they are said, and keep their pictures together."""

from pathlib import Path

import pytest

from tests.trainer.pictures.test_class_folders import touch
from trainer.cohort.cases import read_cases
from trainer.cohort.classes import group_of
from trainer.files.errors import UserError
from trainer.pictures.column_choice import parse_columns


def drawn(root: Path, pattern: str, patients: int = 6) -> Path:
    """Two pictures of each class of each patient, by a pattern such as `{patient}/{name}`."""
    for number in range(patients):
        for name in ("nv", "mel"):
            folder = pattern.format(patient=f"P{number:02}", name=name, part=("train", "test")[number % 2])
            touch(root, *(f"{folder}/{number}_{name}_{picture}.jpg" for picture in range(2)))
    return root


@pytest.mark.parametrize(
    "pattern",
    [
        "{patient}/{name}",
        "{name}/{patient}",
        "{part}/{patient}/{name}",
        "{part}/{name}/{patient}",
        "{patient}/images/{name}",
        "{name}/{patient}/dermoscopic",
        "{patient}/{name}/images",
        "all/{patient}/{name}",
        "benign or not/{patient}/{name}",
    ],
)
def test_folders_of_patients_are_said_and_asked_for_they_stay_together(pattern: str, tmp_path: Path) -> None:
    drawn(tmp_path, pattern)
    reading = read_cases(tmp_path, None)
    assert {case.diagnoses[0] for case in reading.cases} == {"nv", "mel"}
    assert (
        'Besides the folders of the classes there are 6 others, "P00", "P01", "P02" and 3 more. If they are of '
        "patients, --columns patient=folder keeps the pictures of each on one side of the split."
    ) in reading.problems
    asked = read_cases(tmp_path, None, parse_columns("patient=folder"))
    assert {case.diagnoses[0] for case in asked.cases} == {"nv", "mel"}
    assert all(case.patient == f"P{int(Path(case.name).name[0]):02}" for case in asked.cases)
    assert len({group_of(case) for case in asked.cases}) == 6
    assert not any("Besides the folders" in problem for problem in asked.problems)


@pytest.mark.parametrize("pattern", ["{patient}", "{patient}/images", "{patient}/{name}", "{name}/{patient}"])
def test_beside_a_table_the_folder_that_says_no_diagnosis_is_the_patient(pattern: str, tmp_path: Path) -> None:
    drawn(tmp_path / "p", pattern)
    rows = [f"{path.name},{path.stem.split('_')[1]}" for path in (tmp_path / "p").rglob("*.jpg")]
    (tmp_path / "l.csv").write_text("image,dx\n" + "\n".join(sorted(rows)))
    asked = read_cases(tmp_path / "p", tmp_path / "l.csv", parse_columns("patient=folder"))
    assert len(asked.cases) == 24
    assert all(case.patient == f"P{int(Path(case.name).name[0]):02}" for case in asked.cases)


def test_pictures_outside_of_folders_of_patients_have_none_and_that_is_said(tmp_path: Path) -> None:
    drawn(tmp_path, "{patient}/{name}")
    touch(tmp_path, "nv/x.jpg", "mel/y.jpg")
    asked = read_cases(tmp_path, None, parse_columns("patient=folder"))
    assert {case.name: case.patient for case in asked.cases if case.name.startswith(("nv", "mel"))} == {
        "mel/y.jpg": "",
        "nv/x.jpg": "",
    }
    assert "2 pictures lie in no folder of a patient (mel/y.jpg first)." in asked.problems


@pytest.mark.parametrize("folders", [("nv", "mel"), ("all/nv", "all/mel"), ("mel/left", "nv/right")])
def test_where_no_folder_could_be_a_patient_it_is_refused(folders: tuple[str, ...], tmp_path: Path) -> None:
    touch(tmp_path, *(f"{folder}/{number}.jpg" for folder in folders for number in range(3)))
    assert not any("Besides" in problem for problem in read_cases(tmp_path, None).problems)
    with pytest.raises(UserError, match="no two folders besides those of classes and parts"):
        read_cases(tmp_path, None, parse_columns("patient=folder"))


def test_visits_and_lesions_within_patients_are_none_themselves_and_it_is_said(tmp_path: Path) -> None:
    drawn(tmp_path, "{patient}/visit1/{name}")
    drawn(tmp_path, "{patient}/visit2/{name}")
    said = " ".join(read_cases(tmp_path, None).problems)
    assert 'there are 6 others, "P00", "P01", "P02" and 3 more' in said
    asked = read_cases(tmp_path, None, parse_columns("patient=folder"))
    assert {(case.name.split("/")[0], case.patient) for case in asked.cases} == {(f"P0{n}", f"P0{n}") for n in range(6)}
    for problems in ([said], asked.problems):
        assert 'takes "P00", "P01", "P02" and 3 more for patients, not "visit1", "visit2"' in problems[-1]
        assert "if each name is one patient, give a table with a column of patients" in problems[-1]


@pytest.mark.parametrize("pattern", ["{name}/{patient}/L1", "{patient}/{name}/L1", "{patient}/L1/{name}"])
@pytest.mark.parametrize("role", ["lesion", "group"])
def test_a_lesion_is_told_by_all_folders_around_it(role: str, pattern: str, tmp_path: Path) -> None:
    drawn(tmp_path, pattern)
    drawn(tmp_path, pattern.replace("L1", "L2"))
    asked = read_cases(tmp_path, None, parse_columns(f"patient=folder,{role}=folder"))
    assert {getattr(case, role) for case in asked.cases} == {f"P0{n}/L{m}" for n in range(6) for m in (1, 2)}
    assert all(case.patient == getattr(case, role).split("/")[0] for case in asked.cases)


def test_visits_around_patients_part_none_of_them(tmp_path: Path) -> None:
    for visit in ("Visit_1", "Visit_2"):
        drawn(tmp_path, f"{visit}/{{patient}}/{{name}}")
    asked = read_cases(tmp_path, None, parse_columns("patient=folder"))
    assert {(case.name.split("/")[1], case.patient) for case in asked.cases} == {(f"P0{n}", f"P0{n}") for n in range(6)}


def test_patients_within_hospitals_are_said_with_the_way_to_tell_them_apart(tmp_path: Path) -> None:
    for hospital in ("rome", "vienna"):
        drawn(tmp_path, f"{hospital}/{{patient}}/{{name}}")
    asked = read_cases(tmp_path, None, parse_columns("patient=folder"))
    assert {case.patient for case in asked.cases} == {"rome", "vienna"}
    assert 'group=folder takes each folder with those around it, such as "rome/P00"' in asked.problems[-1]
    assert len({group_of(case) for case in read_cases(tmp_path, None, parse_columns("group=folder")).cases}) == 12


def test_a_folder_around_all_patients_is_none_beside_pictures_outside_of_it(tmp_path: Path) -> None:
    drawn(tmp_path, "study/{patient}/{name}")
    touch(tmp_path, "nv/x.jpg")
    asked = read_cases(tmp_path, None, parse_columns("patient=folder"))
    assert {case.patient for case in asked.cases} == {"", *(f"P0{n}" for n in range(6))}
