"""Patients in label tables: under whichever title they stand, and however their names are written."""

from pathlib import Path

import pytest

from tests.trainer.pictures.twelve_pictures import read

HOLDERS = [number // 3 + 1 for number in range(12)]


@pytest.mark.parametrize(
    "title",
    [
        *("Patient number", "patient_no", "Patient Nr.", "PatientID", "patients", "participant_id", "Participant"),
        *("subject", "Subject code", "subjectNumber", "case number", "Case_ID", "person_id", "pat_id", "Patient #"),
        *("Patienten-Nr", "anon_patient_id"),
    ],
)
def test_a_column_of_patients_has_many_titles(title: str, tmp_path: Path) -> None:
    reading = read(tmp_path, title, HOLDERS)
    assert [case.patient for case in reading.cases] == [*map(str, HOLDERS)]


@pytest.mark.parametrize("title", ["Lesion code", "LesionID", "lesion identifier", "mole id"])
def test_a_column_of_lesions_has_many_titles(title: str, tmp_path: Path) -> None:
    reading = read(tmp_path, title, HOLDERS)
    assert [case.lesion for case in reading.cases] == [*map(str, HOLDERS)]


@pytest.mark.parametrize(
    "title", ["patient_age", "case", "subject_area", "lesion_number", "personal_history", "patient sex"]
)
def test_other_titles_are_no_patients(title: str, tmp_path: Path) -> None:
    reading = read(tmp_path, title, HOLDERS)
    assert {(case.patient, case.lesion) for case in reading.cases} == {("", "")}


def test_a_case_number_of_its_own_for_every_row_is_no_patient(tmp_path: Path) -> None:
    assert {case.patient for case in read(tmp_path, "case_num", range(12)).cases} == {""}


def test_a_known_title_goes_before_another_which_is_said(tmp_path: Path) -> None:
    reading = read(tmp_path, "participant_id,patient_id", ["x", *HOLDERS[1:]], HOLDERS)
    assert [case.patient for case in reading.cases] == [*map(str, HOLDERS)]
    said = 'Column "participant_id" holds patients, too; --columns patient=participant_id reads it instead.'
    assert said in reading.problems


@pytest.mark.parametrize("role", ["patient", "lesion", "group"])
@pytest.mark.parametrize(("one", "other"), [("{}", "{}.0"), ("P{}", "p{}"), ("P_{}", "P-{}")])
def test_spellings_of_one_patient_are_one(role: str, one: str, other: str, tmp_path: Path) -> None:
    names = [(one, other)[row % 2].format(holder + 3) for row, holder in enumerate(HOLDERS)]
    reading = read(tmp_path, f"{role}_id", names)
    assert len({getattr(case, role) for case in reading.cases}) == 4
    said = [note for note in reading.problems if "written in several ways" in note]
    assert said == [
        f'4 {role}s are written in several ways, "{one.format(4)}" and "{other.format(4)}" first; each counts as one.'
    ]
    plain = read(tmp_path, f"{role}_id", HOLDERS)
    assert not any("several ways" in note for note in plain.problems)
