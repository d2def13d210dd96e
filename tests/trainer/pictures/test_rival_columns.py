"""Columns beside those of a known form: they are read with it, or asked about, never passed over."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from explorer.core.labels import read_labels
from trainer.cohort.cases import Reading, read_cases
from trainer.files.errors import UserError
from trainer.pictures.class_columns import ColumnQuestion
from trainer.pictures.column_choice import parse_columns

PICTURES = tuple(f"ISIC_{number:07}.jpg" for number in range(12))
THREE = ("nv", "mel", "bcc") * 4


def table(header: str, *columns: Sequence[object]) -> str:
    rows = zip(PICTURES, *columns, strict=True)
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"


def read(folder: Path, text: str, columns: str = "") -> Reading:
    """What the trainer reads; the explorer takes the same columns."""
    (folder / "p").mkdir(exist_ok=True)
    for name in PICTURES:
        (folder / "p" / name).touch()
    (folder / "l.csv").write_text(text)
    wanted = parse_columns(columns) if columns else None
    try:
        reading = read_cases(folder / "p", folder / "l.csv", wanted)
    except ColumnQuestion:
        with pytest.raises(ColumnQuestion):
            read_labels(folder / "l.csv", [folder / "p" / name for name in PICTURES], wanted)
        raise
    labels = read_labels(folder / "l.csv", [folder / "p" / name for name in PICTURES], wanted)
    assert {case.name: case.diagnoses[-1] for case in reading.cases} == {
        name: word for name in PICTURES if (word := labels.of(folder / "p" / name))
    }
    return reading


def words_of(reading: Reading) -> list[str]:
    return [case.diagnoses[0] for case in reading.cases]


def one_each(titles: Sequence[str], words: Sequence[str]) -> list[list[int]]:
    return [[int(word == title) for word in words] for title in titles]


@pytest.mark.parametrize(
    "titles",
    [
        ("melanoma", "seborrheic_keratosis", "nevus", "basal_cell_carcinoma"),
        ("benign", "malignant", "indeterminate"),
        ("BCC", "MEL", "SCC", "ACK", "NEV", "SEK"),
        ("MEL", "NV", "BCC", "LENTIGO", "OTHER"),
        ("bkl", "nv", "df", "mel", "vasc", "bcc", "akiec", "healthy"),
    ],
)
@pytest.mark.parametrize("more", [False, True])
def test_columns_of_0_and_1_that_complete_a_known_form_are_classes(
    titles: Sequence[str], more: bool, tmp_path: Path
) -> None:
    words = [titles[number % len(titles)] for number in range(12)]
    columns, header = one_each(titles, words), ["image", *titles]
    if more:  # what else may be 0 and 1 is no class
        columns, header = [*columns, [1] * 12, [1, 1, 0, 0] * 3], [*header, "valid", "itches"]
    assert words_of(read(tmp_path, table(",".join(header), *columns))) == words


def test_columns_of_diagnoses_leave_no_row_to_the_class_of_the_others(tmp_path: Path) -> None:
    words = ["melanoma", "seborrheic_keratosis", "nevus", "wart"] * 3
    titles = ("melanoma", "seborrheic_keratosis", "nevus")
    reading = read(tmp_path, table(",".join(["image", *titles]), *one_each(titles, words)))
    assert words_of(reading) == [word for word in words if word != "wart"]
    assert {reason for _, reason in reading.left_out} == {"its row in l.csv has no single label"}


def test_known_forms_of_0_and_1_are_read_as_before(tmp_path: Path) -> None:
    words = ["melanoma", "seborrheic_keratosis", "nevus"] * 4
    marks = one_each(("melanoma", "seborrheic_keratosis"), words)
    text = table("image_id,melanoma,seborrheic_keratosis,sex_male,itches", *marks, [1, 0, 1, 1] * 3, [0, 0, 1, 1] * 3)
    assert words_of(read(tmp_path, text)) == words
    same = table("image_id,melanoma,seborrheic_keratosis,diagnosis", *marks, ["mel", "SEK", "blue nevus"] * 4)
    assert words_of(read(tmp_path, same)) == words


@pytest.mark.parametrize(
    ("header", "columns", "first", "second"),
    [
        pytest.param(
            "image_id,melanoma,seborrheic_keratosis,diagnosis",
            (*one_each(("mel", "sk"), ("bcc", "mel", "sk") * 4), ("bcc", "melanoma", "seborrheic keratosis") * 4),
            "melanoma",
            "diagnosis",
            id="neither, and a word for it",
        ),
        pytest.param(
            "image,MEL,NV,label",
            (*one_each(("mel", "nv"), THREE), ("nevus", "melanoma", "bcc") * 4),
            "MEL",
            "label",
            id="words where no column is 1",
        ),
        pytest.param(
            "isic_id,target,label", ((0, 1) * 6, ("nv", "mel", "mel", "nv", "nv", "mel") * 2), "target", "label"
        ),
        pytest.param("image,label,diagnosis", ((0, 1) * 6, THREE), "label", "diagnosis"),
        pytest.param("image,class,finding", ((0, 1, 2) * 4, ("nv", "mel") * 6), "class", "finding"),
        pytest.param("image_id,dx,label", (("nv", "mel") * 6, (0, 1, 1) * 4), "dx", "label"),
        pytest.param("image,diagnosis,final_diagnosis", (THREE, ("nv", "mel") * 6), "diagnosis", "final_diagnosis"),
        pytest.param("isic_id,diagnosis,final_diagnosis", (("nv", "mel") * 6, ("mel", "nv") * 6), "diagnosis", "final"),
        pytest.param("image,MEL,NV,label", (*one_each(("a", "b"), ("a", "b") * 6), (0, 1, 2) * 4), "MEL", "label"),
        pytest.param("isic_id,malignant,label", ((0, 1) * 6, (0, 1, 1) * 4), "label", "malignant"),
        pytest.param(
            "image,clinical_diagnosis,histology", (THREE, ("Naevus", "Melanom") * 6), "clinical_diagnosis", "histology"
        ),
    ],
)
def test_columns_that_contradict_a_known_form_are_a_question(
    header: str, columns: Sequence[Sequence[object]], first: str, second: str, tmp_path: Path
) -> None:
    text = table(header, *columns)
    with pytest.raises(ColumnQuestion, match=rf'"{first}.* "{second}.*--columns label={second}') as caught:
        read(tmp_path, text)
    assert caught.value.about == "label"
    last = header.rpartition(",")[2]
    words = [{"0": "benign", "1": "malignant"}[str(word)] if last == "malignant" else str(word) for word in columns[-1]]
    assert words_of(read(tmp_path, text, f"label={last}")) == words


def test_columns_of_0_and_1_that_contradict_a_label_are_a_question(tmp_path: Path) -> None:
    marks = one_each(("nv", "mel", "bcc"), THREE)
    with pytest.raises(ColumnQuestion, match=r'"label" and "nevus", "melanoma", "bcc" .*label=nevus,label=melanoma'):
        read(tmp_path, table("image,label,nevus,melanoma,bcc", (0, 1) * 6, *marks))
    agreed = table("image,label,nevus,melanoma,bcc", (0, 1, 1) * 4, *marks)
    assert words_of(read(tmp_path, agreed)) == ["0", "1", "1"] * 4


def test_columns_of_diagnoses_go_before_one_of_malignant(tmp_path: Path) -> None:
    marks = one_each(("nv", "mel", "bcc"), THREE)
    text = table("image,malignant,nevus,melanoma,bcc", (0, 1, 1) * 4, *marks)
    assert words_of(read(tmp_path, text)) == ["nevus", "melanoma", "bcc"] * 4


def test_two_columns_of_one_title_are_refused_before_they_are_compared(tmp_path: Path) -> None:
    with pytest.raises(UserError, match='has two columns "label"; remove one of them'):
        read(tmp_path, table("image,label,label", THREE, ("nv", "mel") * 6))


@pytest.mark.parametrize(
    ("header", "columns", "expected"),
    [
        ("image,label,diagnosis", ((0, 1, 1) * 4, THREE), THREE[:3]),
        ("image,label,label_name", ((0, 1, 2) * 4, THREE), THREE[:3]),
        ("isic_id,diagnosis,target", (THREE, (0, 1, 1) * 4), THREE[:3]),
        ("isic_id,diagnosis,mel_class", (THREE, ("blue nevus", "melanoma in situ", "x") * 4), THREE[:3]),
        ("image,label,diagnosis_method", (THREE, ("histology", "consensus") * 6), THREE[:3]),
        ("image_id,dx,dataset", (THREE, ("vidir", "rosendahl") * 6), THREE[:3]),
    ],
)
def test_columns_that_agree_are_no_question(
    header: str, columns: Sequence[Sequence[object]], expected: Sequence[str], tmp_path: Path
) -> None:
    assert words_of(read(tmp_path, table(header, *columns))) == [*expected] * 4


@pytest.mark.parametrize("title", ["lesion", "group", "Patient"])
def test_diagnoses_are_classes_whatever_their_title(title: str, tmp_path: Path) -> None:
    reading = read(tmp_path, table(f"image,{title}", THREE))
    assert words_of(reading) == list(THREE)
    assert {(case.lesion, case.group, case.patient) for case in reading.cases} == {("", "", "")}


@pytest.mark.parametrize(
    ("title", "flag", "expected"),
    [
        ("target", "followed", ("benign", "malignant")),
        ("malignant", "followed", ("benign", "malignant")),
        ("malignant", "benign", ("benign", "malignant")),
        ("malignant", "nevus", ("nevus", "malignant")),
    ],
)
def test_only_a_known_class_completes_a_single_column_of_0_and_1(
    title: str, flag: str, expected: Sequence[str], tmp_path: Path
) -> None:
    text = table(f"isic_id,{title},{flag}", (0, 1) * 6, (1, 0) * 6)
    assert words_of(read(tmp_path, text)) == [*expected] * 6
