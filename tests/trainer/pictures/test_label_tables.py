"""One set of tables for both programs: every form that people have, and what each says of its pictures."""

from pathlib import Path
from typing import NamedTuple

import pytest

from explorer.core.labels import read_labels
from trainer.cohort.cases import Case, read_cases


class Table(NamedTuple):
    """A table's text, the pictures in the folder, and for each what the explorer shows, and the trainer goes by."""

    text: str
    expected: dict[str, tuple[str, ...]]
    form: str = ""


ISIC_CLI = (
    "isic_id,attribution,copyright_license,age_approx,anatom_site_general,diagnosis_1,diagnosis_2,diagnosis_3,"
    "image_type,lesion_id,patient_id,sex\n"
    "ISIC_0000001,A,CC-BY-NC,45,posterior torso,Benign,Benign melanocytic proliferations,Nevus,d,IL_1,IP_1,male\n"
    'ISIC_0000002,A,CC-BY-NC,60,upper extremity,Malignant,,"Melanoma, NOS",dermoscopic,IL_2,IP_2,female\n'
)
ONE, TWO, THREE = "ISIC_0000001.jpg", "ISIC_0000002.jpg", "ISIC_0000003.jpg"
TABLES = {
    "ISIC 2016": Table("ISIC_0000001,benign\nISIC_0000002,malignant\n", {ONE: ("benign",), TWO: ("malignant",)}),
    "ISIC 2017": Table(
        "image_id,melanoma,seborrheic_keratosis\nISIC_0000001,0.0,0.0\nISIC_0000002,1.0,0.0\nISIC_0000003,0.0,1.0\n",
        {ONE: ("nevus",), TWO: ("melanoma",), THREE: ("seborrheic_keratosis",)},
        "ISIC 2017",
    ),
    "ISIC 2018": Table(
        "image,MEL,NV,BCC,AKIEC,BKL,DF,VASC\nISIC_0000001,0.0,1.0,0,0,0,0,0\nISIC_0000002,1.0,0.0,0,0,0,0,0\n",
        {ONE: ("NV",), TWO: ("MEL",)},
        "one column for each class",
    ),
    "ISIC archive": Table(
        ISIC_CLI,
        {ONE: ("Nevus", "Benign melanocytic proliferations", "Benign"), TWO: ("Melanoma, NOS", "Malignant")},
        "ISIC archive",
    ),
    "HAM10000": Table(
        "lesion_id\timage_id\tdx\tdx_type\tage\tsex\tlocalization\tdataset\n"
        '"HAM_1"\t"ISIC_0000001"\t"nv"\t"histo"\t45.0\t"male"\t"back"\t"vidir_molemax"\n'
        '"HAM_2"\t"ISIC_0000002"\t"mel"\t"histo"\t60.0\t"female"\t"face"\t"rosendahl"\n',
        {ONE: ("nv",), TWO: ("mel",)},
        "HAM10000",
    ),
    "image and label": Table(
        "image,label,split\nISIC_0000001.jpg,cat,train\nISIC_0000002.jpg,dog,test\n", {ONE: ("cat",), TWO: ("dog",)}
    ),
}


def read(folder: Path, table: Table) -> tuple[dict[str, Case], dict[str, str], str]:
    """The trainer's cases and the explorer's classes by picture, and the form that both say."""
    for name in table.expected:
        (folder / "pictures" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "pictures" / name).touch()
    path = folder / "labels.csv"
    path.write_text(table.text, encoding="utf-8")
    images = [folder / "pictures" / name for name in table.expected]
    labels = read_labels(path, images)
    reading = read_cases(folder / "pictures", path)
    assert reading.form.startswith(labels.source)
    shown = {name: labels.of(folder / "pictures" / name) for name in table.expected}
    return {case.name: case for case in reading.cases}, shown, labels.source


@pytest.mark.parametrize("name", TABLES)
def test_both_programs_read_every_form(name: str, tmp_path: Path) -> None:
    table = TABLES[name]
    cases, shown, source = read(tmp_path, table)
    assert {name: case.diagnoses for name, case in cases.items()} == {
        name: expected for name, expected in table.expected.items() if expected
    }
    assert shown == {name: (expected or ("",))[-1] for name, expected in table.expected.items()}
    assert source.endswith(table.form)
