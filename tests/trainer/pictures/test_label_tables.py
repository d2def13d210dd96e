"""One set of tables for both programs: every form that people have, and what each says of its pictures."""

import contextlib
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from explorer.core.labels import read_labels
from tests.conftest import SHARED
from trainer.cohort.cases import Case, read_cases
from trainer.files.errors import UserError
from trainer.files.written_tables import write_rows
from trainer.pictures import table_file
from trainer.pictures.column_choice import parse_columns
from trainer.pictures.label_table import read_label_table


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
TABLES: dict[str, Table] = {
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
    "ISIC 2016, test": Table("ISIC_0000001,0.0\nISIC_0000002,1.0\n", {ONE: ("0.0",), TWO: ("1.0",)}, "by content"),
    "ISIC 2019": Table(
        "image,MEL,NV,BCC,AK,BKL,DF,VASC,SCC,UNK\n"
        "ISIC_0000001_downsampled,1.0,0,0,0,0,0,0,0,0\nISIC_0000002,0,0,0,0,0,0,0,0,1.0\nISIC_0000003,1,1,0,0,0,0,0,0,0\n",
        {ONE: ("MEL",), "ISIC_0000002_downsampled.jpg": ("UNK",), THREE: ()},
        "one column for each class",
    ),
    "ISIC 2020": Table(
        "image_name,patient_id,lesion_id,sex,age_approx,anatom_site_general_challenge,diagnosis,benign_malignant,"
        "target\n"
        "ISIC_0000001,IP_1,IL_1,male,45.0,torso,unknown,benign,0\n"
        "ISIC_0000002,IP_2,IL_2,female,50.0,lower extremity,melanoma,malignant,1\n",
        {ONE: ("benign",), TWO: ("melanoma", "malignant")},
        "ISIC archive",
    ),
    "ISIC 2024": Table(
        "isic_id,target,patient_id,age_approx,sex,anatom_site_general,clin_size_long_diam_mm,tbp_lv_A,attribution,"
        "lesion_id,iddx_full,iddx_1,iddx_2,iddx_3,iddx_4,iddx_5,mel_thick_mm\n"
        "ISIC_0000001,0,IP_1,60.0,male,lower extremity,3.04,20.2,A,,Benign,Benign,,,,,\n"
        "ISIC_0000002,1,IP_2,55.0,female,posterior torso,1.1,31.7,B,IL_7,Malignant::x,Malignant,x,"
        "Melanoma in situ,,,\n",
        {ONE: ("Benign", "benign"), TWO: ("Melanoma in situ", "x", "Malignant", "malignant")},
        "ISIC 2024",
    ),
    "ISIC 2024, few columns": Table(
        "isic_id,target,patient_id,age_approx,sex,anatom_site_general,attribution\n"
        "ISIC_0000001,0,IP_1,60.0,male,lower extremity,A\nISIC_0000002,1,IP_2,55.0,female,posterior torso,B\n",
        {ONE: ("benign",), TWO: ("malignant",)},
        "ISIC 2024",
    ),
    "ISIC 2024, ground truth": Table(
        "isic_id,malignant\nISIC_0000001,0.0\nISIC_0000002,1.0\n", {ONE: ("benign",), TWO: ("malignant",)}
    ),
    "MILK10k": Table(
        "lesion_id,AKIEC,BCC,BEN_OTH,BKL,DF,INF,MAL_OTH,MEL,NV,SCCKA,VASC\n"
        "IL_0000001,0,0,0,0,0,0,0,0,1,0,0\nIL_0000002,0,0,0,0,0,0,0,1,0,0,0\n",
        {"IL_0000001/ISIC_1.jpg": ("NV",), "IL_0000001/ISIC_2.jpg": ("NV",), "IL_0000002/ISIC_3.jpg": ("MEL",)},
        "one column for each class",
    ),
    "MILK10k, supplement": Table(
        "isic_id,diagnosis_full,diagnosis_confirm_type,invasion_thickness_interval\n"
        "ISIC_0000001,Nevus,histopathology,\nISIC_0000002,Melanoma,histopathology,0-1\n",
        {ONE: ("Nevus",), TWO: ("Melanoma",)},
        "MILK10k",
    ),
    "BCN20000": Table(
        "bcn_filename,age_approx,anatom_site_general,diagnosis,lesion_id,capture_date,sex,split\n"
        "BCN_0000001.jpg,55.0,anterior torso,NV,BCN_0000011,2012-05-16,male,train\n"
        "BCN_0000002.jpg,60.0,head/neck,,BCN_0000012,2014-02-01,female,test\n",
        {"BCN_0000001.jpg": ("NV",), "BCN_0000002.jpg": ()},
        "BCN20000",
    ),
    "PAD-UFES-20": Table(
        "patient_id,lesion_id,smoke,drink,age,pesticide,gender,skin_cancer_history,fitspatrick,region,diameter_1,"
        "diagnostic,itch,elevation,img_id,biopsed\n"
        "PAT_1516,1765,,,8,,,,,ARM,,NEV,FALSE,FALSE,PAT_1516_1765_530.png,FALSE\n"
        "PAT_46,881,FALSE,FALSE,55,FALSE,FEMALE,TRUE,3.0,NECK,6.0,BCC,TRUE,TRUE,PAT_46_881_939.png,TRUE\n",
        {"PAT_1516_1765_530.png": ("NEV",), "PAT_46_881_939.png": ("BCC",)},
        "PAD-UFES-20",
    ),
    "derm7pt": Table(
        "case_num,diagnosis,seven_point_score,pigment_network,streaks,level_of_diagnostic_difficulty,elevation,"
        "location,sex,management,clinic,derm,case_id,notes\n"
        "1,basal cell carcinoma,0,absent,absent,medium,nodular,abdomen,female,excision,"
        "NEL/Nel026.jpg,NEL/NEL025.jpg,,\n"
        "2,blue nevus,1,typical,absent,low,palpable,head neck,male,none,NEL/Nel027.jpg,NEL/NEL028.jpg,,\n",
        {"NEL/NEL025.jpg": ("basal cell carcinoma",), "nel/Nel028.JPG": ("blue nevus",), "NEL/Nel026.jpg": ()},
        "derm7pt",
    ),
    "Fitzpatrick17k": Table(
        "md5hash,fitzpatrick_scale,fitzpatrick_centaur,label,nine_partition_label,three_partition_label,qc,url\n"
        "5e82a45bc5d78bd24ae9202d194423f8,3,3,drug induced pigmentary changes,inflammatory,non-neoplastic,,http://x/y\n"
        "fa2911a9b13b6f8af79cb700937cc14f,1,1,melanoma,malignant melanoma,malignant,,http://x/z\n",
        {
            "5e82a45bc5d78bd24ae9202d194423f8.jpg": (
                "drug induced pigmentary changes",
                "inflammatory",
                "non-neoplastic",
            ),
            "fa2911a9b13b6f8af79cb700937cc14f.jpg": ("melanoma", "malignant melanoma", "malignant"),
        },
        "Fitzpatrick17k",
    ),
    "DDI": Table(
        ",DDI_ID,DDI_file,skin_tone,malignant,disease\n0,1,000001.png,56,True,melanoma-in-situ\n"
        "1,2,000002.png,56,False,melanocytic-nevi\n",
        {"000001.png": ("melanoma-in-situ", "malignant"), "000002.png": ("melanocytic-nevi", "benign")},
        "DDI",
    ),
    "Excel with sep=": Table(
        "sep=;\nimage_id;dx\nISIC_0000001;nv\nISIC_0000002;mel\n", {ONE: ("nv",), TWO: ("mel",)}, "HAM10000"
    ),
    "decimal commas": Table(
        "image;MEL;NV\nISIC_0000001;0,0;1,0\nISIC_0000002;1,0;0,0\n", {ONE: ("NV",), TWO: ("MEL",)}
    ),
    "other titles": Table(
        "Foto;Alter;Befund;Ort\nISIC_0000001.JPG;45;Melanom;Arm\nISIC_0000002.JPG;50;nevus;Arm\n"
        "ISIC_0000003.JPG;51;melanoma;Arm\n",
        {ONE: ("Melanom",), TWO: ("nevus",), THREE: ("melanoma",)},
        "by content",
    ),
    "an index and Windows paths": Table(
        ",path,cell_type\n0,C:\\data\\x\\ISIC_0000001.jpg,Melanocytic nevi\n1,C:\\data\\x\\ISIC_0000002.jpg,Melanoma\n",
        {ONE: ("Melanocytic nevi",), TWO: ("Melanoma",)},
    ),
    "numbers without their zeros": Table(
        "id,diagnosis\n1,nevus\n2.0,melanoma\n", {"0001.jpg": ("nevus",), "0002.jpg": ("melanoma",)}
    ),
    "one for each class, other titles": Table(
        "file,naevus,lentigo,cancer,biopsied\nISIC_0000001,1,0,0,1\nISIC_0000002,0,0,1,1\nISIC_0000003,0,1,0,0\n",
        {ONE: ("naevus",), TWO: ("cancer",), THREE: ("lentigo",)},
        "by content",
    ),
    "yes and no": Table(
        "image,melanoma\nISIC_0000001,False\nISIC_0000002,True\n", {ONE: ("not_melanoma",), TWO: ("melanoma",)}
    ),
    "tabs without a header": Table(
        "ISIC_0000001\tnevus\nISIC_0000002\tmelanoma\n", {ONE: ("nevus",), TWO: ("melanoma",)}
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


@pytest.mark.parametrize("name", ["ISIC 2016", "tabs without a header"])
def test_the_first_row_of_a_table_without_a_header_counts(name: str, tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text(TABLES[name].text + "ISIC_0000003,benign\n" * (name == "ISIC 2016"))
    labels = read_labels(tmp_path / "l.csv")
    assert labels.of(ONE) == TABLES[name].expected[ONE][0]


def test_what_a_table_says_besides_is_read(tmp_path: Path) -> None:
    cases, _, _ = read(tmp_path, TABLES["PAD-UFES-20"])
    case = cases["PAT_46_881_939.png"]
    assert (case.patient, case.lesion, case.sex, case.site, case.age) == ("PAT_46", "881", "female", "neck", 55)
    cases, _, _ = read(tmp_path / "milk", TABLES["MILK10k"])
    assert [case.lesion for case in cases.values()] == ["IL_0000001", "IL_0000001", "IL_0000002"]
    cases, _, _ = read(tmp_path / "bcn", TABLES["BCN20000"])
    assert cases["BCN_0000001.jpg"].part == "train"


def test_real_headers_that_lie_beside_are_read(tmp_path: Path) -> None:
    tables = SHARED.parent / "tables"
    if not tables.is_dir():
        pytest.skip("the shared tables (../shared/tables) are not here")
    for path in sorted([*tables.glob("*.csv"), *tables.glob("*.tab")]):
        folder = tmp_path / path.stem
        names = [f"{stem}_000000{number}" for number in (1, 2, 3) for stem in ("ISIC", "BCN")]
        if "lesion_id,AKIEC" in path.read_text():
            names = [f"IL_000000{number}/x{number}" for number in (1, 2, 3)]
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.jpg").touch()
        assert len(read_cases(folder, path).cases) == 3, path.name
        assert sum(read_labels(path, sorted(folder.rglob("*.jpg"))).counts.values()) == 3, path.name


def problems_of(folder: Path, text: str, columns: str = "", names: tuple[str, ...] = (ONE, TWO, THREE)) -> list[str]:
    """What the trainer says of a table; the explorer says the same, and more."""
    for name in names:
        (folder / "p" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "p" / name).touch()
    (folder / "l.csv").write_text(text)
    wanted = parse_columns(columns)
    said = read_cases(folder / "p", folder / "l.csv", wanted).problems
    explorer = read_labels(folder / "l.csv", [folder / "p" / name for name in names], wanted).problems
    assert {sentence for sentence in said if " counts as " in sentence or " count as " in sentence} <= set(explorer)
    return said


def test_a_word_for_everybody_is_no_patient(tmp_path: Path) -> None:
    rows = "".join(f"ISIC_000000{number},nv,{{}},L{number}\n" for number in (1, 2, 3))
    header = "image,label,patient_id,lesion_id\n"
    for words in (("0", "0", "0"), ("anonymous", "anonymous", "P1"), ("0", "0", "P1"), ("-1", "-1", "P1")):
        said = problems_of(tmp_path, header + rows.format(*words))
        assert f'"{words[0]}" stands in' in said[0]
        assert 'rows of column "patient_id": it is no patient, and counts as not known.' in said[0]
        cases = read_cases(tmp_path / "p", tmp_path / "l.csv").cases
        assert [case.patient for case in cases] == [word if word == "P1" else "" for word in words]
        assert [case.lesion for case in cases] == ["L1", "L2", "L3"]
    assert problems_of(tmp_path, header + rows.format("P1", "P1", "P2")) == []


def test_a_word_for_not_known_is_said_and_no_class_in_either_program(tmp_path: Path) -> None:
    said = problems_of(tmp_path, "image,label\nISIC_0000001,NA\nISIC_0000002,nv\nISIC_0000003,NA\n")
    assert said == ['These words count as not known, not as a class: "NA" (2).']
    assert read_labels(tmp_path / "l.csv", [tmp_path / "p" / ONE]).of(tmp_path / "p" / ONE) == ""


def test_names_without_zeros_are_said(tmp_path: Path) -> None:
    said = problems_of(tmp_path, "image,label\n1,nv\n2,mel\n", names=("001.jpg", "002.jpg"))
    assert said == ["2 pictures were found without leading zeros or _downsampled in their names, 001.jpg first."]


@pytest.mark.parametrize(
    "text",
    [
        "image_id,dx\n{},nv\n{},mel\n{},nv\n",
        "24306.0,nv\n24307.0,mel\n24308.0,nv\n",
        "nr,what,note\n{},nv,a\n{},mel,b\n{},nv,c\n",
    ],
)
def test_numbers_of_pictures_are_found_and_said_in_both_programs(text: str, tmp_path: Path) -> None:
    names = tuple(f"ISIC_00{number}.jpg" for number in (24306, 24307, 24308))
    problems_of(tmp_path, text.format(24306, "0024307", 24308), names=names)
    reading = read_cases(tmp_path / "p", tmp_path / "l.csv")
    labels = read_labels(tmp_path / "l.csv", [tmp_path / "p" / name for name in names])
    assert [case.diagnoses[-1] for case in reading.cases] == [labels.of(tmp_path / "p" / name) for name in names]
    assert labels.of(tmp_path / "p" / names[1]) == "mel"
    said = "3 pictures were found by the number in their names alone, ISIC_0024306.jpg as 24306"
    for problems in (reading.problems, labels.problems):
        assert any(sentence.startswith(said) for sentence in problems)


def test_a_number_that_several_pictures_have_is_no_name(tmp_path: Path) -> None:
    names = ("ISIC_0000001.jpg", "PAD_1.jpg", "ISIC_0000002.jpg", "ISIC_0000003.jpg")
    said = problems_of(tmp_path, "image,label\n1,nv\n2,mel\n3,nv\n", names=names)
    assert [case.name for case in read_cases(tmp_path / "p", tmp_path / "l.csv").cases] == list(names[2:])
    assert any("2 pictures were found by the number" in sentence for sentence in said)


def test_names_go_before_numbers(tmp_path: Path) -> None:
    text = "index,photo,label\n3,ISIC_0000001,nv\n2,ISIC_0000002,mel\n1,ISIC_0000003,bcc\n"
    assert problems_of(tmp_path, text) == []
    assert [case.diagnoses for case in read_cases(tmp_path / "p", tmp_path / "l.csv").cases] == [
        ("nv",), ("mel",), ("bcc",)
    ]  # fmt: skip


def test_a_second_column_of_pictures_is_said_and_can_be_asked_for(tmp_path: Path) -> None:
    text = "clinic,derm,diagnosis\nNEL/1.jpg,NEL/2.jpg,nevus\nNEL/3.jpg,NEL/4.jpg,melanoma\n"
    names = tuple(f"NEL/{number}.jpg" for number in (1, 2, 3, 4))
    said = problems_of(tmp_path, text, names=names)
    assert said == ['Column "clinic" names pictures, too; --columns image=clinic reads those instead.']
    assert [case.name for case in read_cases(tmp_path / "p", tmp_path / "l.csv").cases] == ["NEL/2.jpg", "NEL/4.jpg"]
    asked = read_cases(tmp_path / "p", tmp_path / "l.csv", parse_columns("image=clinic")).cases
    assert [case.name for case in asked] == ["NEL/1.jpg", "NEL/3.jpg"]


TEXTS = "photo,colour,shape\nISIC_0000001,red,round\nISIC_0000002,red,oval\nISIC_0000003,blue,round\n"


def test_where_columns_are_not_found_out_they_can_be_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"more than one column may hold the classes .* --columns label=TITLE"):
        problems_of(tmp_path, TEXTS)
    for column, expected in (("label=Shape", "oval"), ("label=3,image=photo", "oval"), ("label=colour", "red")):
        problems_of(tmp_path, TEXTS, column)
        assert read_cases(tmp_path / "p", tmp_path / "l.csv", parse_columns(column)).cases[1].diagnoses == (expected,)
    with pytest.raises(UserError, match=r"no column holds the names of these pictures; .* --columns image=TITLE"):
        problems_of(tmp_path, "a,b,label\nx,y,nv\nx,y,mel\n")
    with pytest.raises(UserError, match=r'no column "size"; its columns are photo, colour, shape'):
        problems_of(tmp_path, TEXTS, "label=size")
    for wrong in ("label", "tint=a", "image="):
        with pytest.raises(UserError, match="write it as in image=file,label=diagnosis"):
            parse_columns(wrong)


def test_a_workbook_is_no_csv(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_bytes(b"PK\x03\x04" + bytes(50))
    with pytest.raises(UserError, match="a workbook; save its sheet as CSV"):
        read_labels(tmp_path / "l.csv")


def test_a_table_longer_than_what_is_looked_at_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_file, "SAMPLE_CELLS", 60)  # of two columns: the first 30 rows
    read: list[int] = []
    records = table_file._records

    def counted(text: str, delimiter: str) -> object:
        found = records(text, delimiter)
        if not text.startswith("image"):
            return found
        counter = _Counted(found)
        read.append(0)
        counter.note = lambda: read.__setitem__(-1, read[-1] + 1)
        return counter

    monkeypatch.setattr(table_file, "_records", counted)
    lines = [f"ISIC_{number:07},{'mel' if number % 3 else 'nv'}" for number in range(200)]
    (tmp_path / "t.csv").write_text("\n".join(["image,label", *lines]), "utf-8")
    table = read_label_table(tmp_path / "t.csv").table
    assert [row.name for row in table.rows.values()] == [line.partition(",")[0] for line in lines]
    tops = 4 * 21  # one look at the first rows for each delimiter
    assert sum(read) <= 201 + tops
    (tmp_path / "t.csv").write_text("\n".join(["image,label", *lines, "ISIC_1"]), "utf-8")
    with pytest.raises(UserError, match="damaged in line 202"):
        read_label_table(tmp_path / "t.csv")


class _Counted:
    """A reader of the standard library that says when a row was read."""

    def __init__(self, reader: Any) -> None:
        self._reader, self.note = reader, lambda: None

    @property
    def line_num(self) -> int:
        return self._reader.line_num

    def __iter__(self) -> "_Counted":
        return self

    def __next__(self) -> list[str]:
        row = next(self._reader)
        self.note()
        return row


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("before", ["", "sep=;", '"sep=;"', "sep=", 'sep="', "sep= "])
def test_damage_is_named_by_its_line_in_the_file(before: str, ending: str, tmp_path: Path) -> None:
    lines = [*([before] if before else []), "image;label", "ISIC_0000001;nv", "ISIC_0000002", "ISIC_0000003;mel"]
    (tmp_path / "l.csv").write_bytes((ending.join(lines) + ending).encode())
    number = lines.index("ISIC_0000002") + 1
    with pytest.raises(UserError, match=rf"l\.csv is damaged in line {number} "):
        read_label_table(tmp_path / "l.csv")


@given(mark=st.text(max_size=2), ending=st.sampled_from(["\n", "\r\n", "\r"]))
@example(mark='"', ending="\n")
@example(mark="", ending="\r\n")
@example(mark="\r", ending="\n")
def test_whatever_excels_line_says_the_table_is_read_or_refused(
    mark: str, ending: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    delimiter = mark if len(mark) == 1 and mark not in '\0"\r\n \ufeff' else ";"
    path = tmp_path_factory.mktemp("sep") / "l.csv"
    rows = [delimiter.join(row) for row in (("image", "label"), ("ISIC_0000001", "nv"), ("ISIC_0000002", "mel"))]
    path.write_bytes(ending.join([f"sep={mark}", *rows, ""]).encode("utf-8", "replace"))
    with contextlib.suppress(UserError):
        table = read_label_table(path).table
        if mark in ("", '"', ";", ",", "\t", "|"):
            assert [row.diagnoses for row in table.rows.values()] == [("nv",), ("mel",)]
            return
    assert mark not in ("", '"', ";", ",", "\t", "|")


@pytest.mark.parametrize("word", ["n/a", "unknown", "NA", "-", ""])
def test_a_column_of_parts_may_leave_some_of_them_open(word: str, tmp_path: Path) -> None:
    rows = [f"ISIC_000000{number},nv,{part}\n" for number, part in ((1, "train"), (2, word), (3, "test"))]
    problems_of(tmp_path, "image,label,phase\n" + "".join(rows))
    assert [case.part for case in read_cases(tmp_path / "p", tmp_path / "l.csv").cases] == ["train", "", "test"]


def test_a_small_table_may_be_one_patients(tmp_path: Path) -> None:
    rows = "".join(f"ISIC_000000{number},nv,P1,L{number}\n" for number in (1, 2, 3))
    assert problems_of(tmp_path, "image,label,patient_id,lesion_id\n" + rows) == []
    assert [case.patient for case in read_cases(tmp_path / "p", tmp_path / "l.csv").cases] == ["P1"] * 3


def test_a_name_that_nearly_everybody_has_is_no_patient(tmp_path: Path) -> None:
    names = [f"ISIC_{number:07}" for number in range(120)]
    rows = "".join(f"{name},nv,{'CLINIC' if index else 'P1'},L{index}\n" for index, name in enumerate(names))
    said = problems_of(tmp_path, "image,label,patient_id,lesion_id\n" + rows, names=tuple(f"{n}.jpg" for n in names))
    assert said[0].startswith('"CLINIC" stands in 119 of 120 rows of column "patient_id": it is no patient')


def test_two_columns_for_what_has_one_are_refused(tmp_path: Path) -> None:
    text = "photo,copy,patient,owner,label\nISIC_0000001,ISIC_0000002,a,b,nv\nISIC_0000002,ISIC_0000003,c,d,mel\n"
    for role, first, second in (("image", "photo", "copy"), ("patient", "patient", "owner")):
        with pytest.raises(UserError, match=f'two columns for "{role}": {first}, {second}; name one'):
            problems_of(tmp_path, text, f"{role}={first},{role}={second}")
        problems_of(tmp_path, text, f"image=photo,{role}={first},{role}={first}")


def test_two_ways_of_writing_a_letter_are_one_class(tmp_path: Path) -> None:
    """An \u00e4 may be one letter, or an a and two points, as some systems write it."""
    words = ["N\u00e4vus", "Na\u0308vus", "Melanom"]
    for number in range(3):
        (tmp_path / f"{number}.jpg").touch()
    rows = "".join(f"{number}.jpg,{word}\n" for number, word in enumerate(words))
    (tmp_path / "l.csv").write_text(f"image,label\n{rows}", "utf-8")
    reading = read_cases(tmp_path, tmp_path / "l.csv")
    assert [case.diagnoses for case in reading.cases] == [(words[0],), (words[0],), (words[2],)]
    assert any("one class each" in note for note in reading.problems)


def test_names_that_the_programs_own_tables_quote_for_spreadsheets_are_found(tmp_path: Path) -> None:
    names = ("=1+1.jpg", "-2.jpg", "'=3.jpg")
    for name in names:
        (tmp_path / name).touch()
    content = write_rows([("image", "label"), *zip(names, ("nv", "mel", "nv"), strict=True)])
    (tmp_path / "labels.csv").write_bytes(content)
    found = {case.name: case.diagnoses[0] for case in read_cases(tmp_path, tmp_path / "labels.csv").cases}
    assert found.keys() == set(names)
    assert found["=1+1.jpg"] == found["'=3.jpg"] != found["-2.jpg"]
    labels = read_labels(tmp_path / "labels.csv", [tmp_path / name for name in names])
    assert [labels.of(tmp_path / name) for name in names] == ["nv", "mel", "nv"]
