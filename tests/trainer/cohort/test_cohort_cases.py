"""The tables that people have, and what becomes of each picture."""

import math
from pathlib import Path

import pytest

from trainer.cohort.cases import Case, read_cases
from trainer.cohort.diagnoses import by_diagnosis, classify, override
from trainer.files.errors import UserError
from trainer.pictures.diagnosis_words import read_diagnoses, spelling


def folder(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def table(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def read(tmp_path: Path, text: str, *names: str) -> list[Case]:
    return read_cases(folder(tmp_path / "pictures", *names), table(tmp_path / "labels.csv", text)).cases


def test_class_folders_are_labels(tmp_path: Path) -> None:
    reading = read_cases(folder(tmp_path, "nv/a.jpg", "mel/b.PNG", "mel/notes.txt", ".hidden/c.jpg", "d.jpg"), None)
    assert [(case.name, case.diagnoses) for case in reading.cases] == [("mel/b.PNG", ("mel",)), ("nv/a.jpg", ("nv",))]
    assert reading.left_out == [("d.jpg", "it lies in no class folder")]
    assert reading.found == 3


def test_folders_of_parts_give_the_split(tmp_path: Path) -> None:
    cases = read_cases(folder(tmp_path, "train/nv/a.jpg", "Test/mel/b.jpg", "val/mel/c.jpg"), None).cases
    assert {case.name: (case.part, case.diagnoses[0]) for case in cases} == {
        "train/nv/a.jpg": ("train", "nv"),
        "Test/mel/b.jpg": ("test", "mel"),
        "val/mel/c.jpg": ("validation", "mel"),
    }


def test_an_empty_class_folder_is_said(tmp_path: Path) -> None:
    folder(tmp_path, "benign/a.jpg", "nevus/b.jpg", "malignant/notes.txt")
    with pytest.raises(UserError, match="malignant holds no pictures"):
        read_cases(tmp_path, None)


def test_a_folder_without_classes_asks_for_them(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--labels"):
        read_cases(folder(tmp_path, "images/a.jpg", "masks/a.png"), None)


def test_the_isic_archive(tmp_path: Path) -> None:
    text = (
        "isic_id,patient_id,lesion_id,diagnosis_1,diagnosis_2,diagnosis_3,sex,age_approx,anatom_site_general\n"
        "ISIC_1,IP_7,IL_3,Malignant,Malignant melanocytic proliferations (Melanoma),Melanoma Invasive,female,55,torso\n"
        "ISIC_2,,IL_4,Benign,Benign melanocytic proliferations,,male,,\n"
        "ISIC_3,,,,,,,,\n"
    )
    first, second = read(tmp_path, text, "ISIC_1.jpg", "ISIC_2.jpg", "ISIC_3.jpg")
    assert first.diagnoses == ("Melanoma Invasive", "Malignant melanocytic proliferations (Melanoma)", "Malignant")
    assert (first.patient, first.lesion, first.sex, first.site, first.age) == ("IP_7", "IL_3", "female", "torso", 55)
    assert second.diagnoses == ("Benign melanocytic proliferations", "Benign")
    assert (second.patient, second.site) == ("", "")
    assert math.isnan(second.age)
    assert classify([first.diagnoses, second.diagnoses], read_diagnoses()).classes == ["malignant", "benign"]


def test_the_older_isic_archive(tmp_path: Path) -> None:
    text = "isic_id,benign_malignant,diagnosis\nISIC_1,benign,a rare one\nISIC_2,malignant,\n"
    cases = read(tmp_path, text, "ISIC_1.jpg", "ISIC_2.jpg")
    assert classify([case.diagnoses for case in cases], read_diagnoses()).classes == ["benign", "malignant"]


def test_ham10000(tmp_path: Path) -> None:
    text = "lesion_id,image_id,dx,dx_type,age,sex,localization\nHAM_1,ISIC_1,bkl,histo,80.0,male,scalp\n"
    (case,) = read(tmp_path, text, "ISIC_1.jpg")
    assert (case.diagnoses, case.lesion, case.age, case.sex, case.site) == (("bkl",), "HAM_1", 80, "male", "scalp")


def test_one_column_for_each_class(tmp_path: Path) -> None:
    text = "image,MEL,NV,BCC\nISIC_1,0.0,1.0,0.0\nISIC_2,1,0,0\nISIC_3,1.0,1.0,0.0\nISIC_4,0,0,0\nISIC_5,0.6,0.4,0\n"
    names = [f"ISIC_{number}.jpg" for number in range(1, 6)]
    assert [case.diagnoses for case in read(tmp_path, text, *names)] == [("NV",), ("MEL",)]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_and_delimiters(tmp_path: Path, encoding: str, delimiter: str) -> None:
    text = "Image,Label,Split,Group\r\nä.jpg,naevus é,val,7\r\n".replace(",", delimiter)
    labels = table(tmp_path / "labels.csv", text, encoding)
    (case,) = read_cases(folder(tmp_path / "pictures", "ä.JPG"), labels).cases
    assert (case.diagnoses, case.part, case.group) == (("naevus é",), "validation", "7")


def test_rows_find_pictures_by_the_end_of_their_path(tmp_path: Path) -> None:
    text = "image,label\nx/1.jpg,nv\ny/1.jpg,mel\nelsewhere/2,bcc\n"
    cases = read(tmp_path, text, "x/1.jpg", "y/1.jpg", "2.png")
    assert {case.name: case.diagnoses[0] for case in cases} == {"x/1.jpg": "nv", "y/1.jpg": "mel", "2.png": "bcc"}


def test_nothing_without_a_counterpart_is_dropped_in_silence(tmp_path: Path) -> None:
    images = folder(tmp_path / "pictures", "1.jpg", "2.jpg", "3.jpg", "4.jpg")
    labels = table(tmp_path / "l.csv", "image,label\n1,nv\n2,\n4,nv\n4,mel\n8,nv\n9,nv\n")
    reading = read_cases(images, labels)
    assert [case.name for case in reading.cases] == ["1.jpg"]
    assert dict(reading.left_out) == {
        "2.jpg": "its row in l.csv has no single label",
        "3.jpg": "it has no row in l.csv",
        "4.jpg": "its rows in l.csv disagree",
    }
    assert reading.problems == ["2 of 5 names in l.csv have no picture, 8 first."]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("image,label\n8,nv\n", "labels none of the 1 pictures"),
        ("image,colour\n1,red\n", "no column holds the classes"),
        ("image,label\n", "no rows"),
        ("image,label,label\n1,a,b\n", "two columns"),
        ("image,label\n1,a,b\n", "line 2"),
        ('image,label\n"1,a\n', "line"),
        ("image,label\n1,\0\n", "not a text"),
        ("image,label,split\n1,a,often\n", 'the split "often"'),
    ],
)
def test_a_table_that_does_not_fit_is_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError, match=said) as caught:
        read(tmp_path, text, "1.jpg")
    assert "\n" not in str(caught.value)


def test_a_folder_whose_names_are_all_no_utf_8_says_so(tmp_path: Path) -> None:
    """Archives packed on an old system bring such names; a table is read to the end with them, and without."""
    images = folder(tmp_path / "pictures", "nv/\udce4.jpg", "mel/\udcf6.jpg")
    for labels in (None, table(tmp_path / "labels.csv", "image,label\na.jpg,nv\nb.jpg,mel\n")):
        with pytest.raises(UserError, match=r"None of the 2 pictures in .*pictures has a name in UTF-8.*rename them"):
            read_cases(images, labels)


def test_a_class_folder_whose_names_are_no_utf_8_is_not_called_empty(tmp_path: Path) -> None:
    reading = read_cases(folder(tmp_path, "nv/a.jpg", "mel/b.jpg", "bcc/\udce4.jpg"), None)
    assert [case.name for case in reading.cases] == ["mel/b.jpg", "nv/a.jpg"]
    assert [reason for _, reason in reading.left_out] == ["its name is no UTF-8; rename it"]


def test_missing_folders_and_tables_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not a folder"):
        read_cases(tmp_path / "none", None)
    with pytest.raises(UserError, match="no pictures"):
        read_cases(tmp_path, None)
    with pytest.raises(UserError, match="does not exist"):
        read_cases(folder(tmp_path / "p", "1.jpg"), tmp_path / "none.csv")


# --- the table of diagnoses ------------------------------------------------------------------------------------


def test_the_bundled_table_knows_the_codes_of_the_public_sets() -> None:
    known = read_diagnoses()
    codes = {"mel": "malignant", "bcc": "malignant", "akiec": "malignant", "scc": "malignant"}
    codes |= dict.fromkeys(["nv", "bkl", "df", "vasc"], "benign") | dict.fromkeys(["ak", "unk"], "indeterminate")
    assert {code: known[code] for code in codes} == codes


def test_unknown_and_indeterminate_diagnoses_are_counted_and_left_out() -> None:
    diagnoses = [("MEL",), ("nv",), ("Moon dust",), ("moon_dust",), ("Solar or actinic keratosis",)]
    found = classify(diagnoses, read_diagnoses())
    assert found.classes == ["malignant", "benign", None, None, None]
    assert found.reasons[2] == "unknown diagnosis: Moon dust"
    assert found.reasons[4] == "indeterminate diagnosis: Solar or actinic keratosis"
    assert found.table["moon dust", "unknown"] == 2
    assert not found.note


def test_labels_that_no_table_knows_are_classes_themselves() -> None:
    found = classify([("cat",), ("dog",), ("Cat",)], read_diagnoses())
    assert found.classes == ["cat", "dog", "cat"]
    assert "cat, dog" in found.note


def test_each_diagnosis_may_be_a_class() -> None:
    assert by_diagnosis([("Melanoma", "malignant"), ("melanoma",), ("nevus",)]).classes == ["Melanoma"] * 2 + ["nevus"]


def test_a_list_of_malignant_ones_overrides_the_table() -> None:
    diagnoses = [("mel",), ("akiec",), ("unk",)]
    assert classify(diagnoses, override(diagnoses, ["MEL"])).classes == ["malignant", "benign", "benign"]
    with pytest.raises(UserError, match="bcc"):
        override(diagnoses, ["mel", "bcc"])


def test_a_person_can_bring_a_table(tmp_path: Path) -> None:
    own = table(tmp_path / "own.toml", 'malignant = ["Moon Dust"]\nbenign = ["mel"]\n')
    assert classify([("moon-dust",), ("mel",)], read_diagnoses(own)).classes == ["malignant", "benign"]
    for text in ("malignant = 3", "[", 'odd = ["a"]', 'benign = ["a"]\nmalignant = ["A"]'):
        with pytest.raises(UserError, match=r"own\.toml"):
            read_diagnoses(table(own, text))


def test_spelling_is_forgiving() -> None:
    assert spelling(" Lichen_planus-like  Keratosis ") == "lichen planus like keratosis"


@pytest.mark.parametrize(
    ("diagnoses", "says"),
    [
        (
            [("nv", "benign"), ("benign",), ("mel", "malignant"), ("bcc", "malignant"), ("malignant",), ("malignant",)],
            '"benign" (1) is what "nv" is, too; "malignant" (2) is what "bcc", "mel" are, too.',
        ),
        ([("nv",), ("Benign",), ("mel",)], '"Benign" (1) is what "nv" is, too.'),
        ([("bkl",), ("solar lentigo",), ("mel",)], '"bkl" (1) is what "solar lentigo" is, too.'),
        ([("fine", "coarse"), ("coarse",)], '"coarse" (1) is what "fine" is, too.'),
        ([("nv", "benign"), ("mel", "malignant"), ("bkl", "benign")], ""),
        ([("benign",), ("malignant",)], ""),
        ([(word,) for word in ("mel", "nv", "bcc", "ak", "bkl", "df", "vasc", "scc")], ""),
    ],
)
def test_classes_of_which_one_holds_another_are_said(diagnoses: list[tuple[str, ...]], says: str) -> None:
    note = by_diagnosis(diagnoses).note
    assert note.startswith(f"Classes overlap: {says} Leave" if says else "")
    assert bool(note) == bool(says)
