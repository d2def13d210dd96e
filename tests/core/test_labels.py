"""What a user relies on: each picture gets the class of its row, nothing is guessed, and what is missing is said."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.core.errors import UserError
from explorer.core.images import list_images
from explorer.core.labels import folder_labels, read_labels
from tests.conftest import SHARED

DATA = SHARED
real = pytest.mark.skipif(not DATA.is_dir(), reason="the shared dermoscopy pictures are not on this machine")


def table(folder: Path, text: str | bytes, name: str = "labels.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def pictures(*names: str, root: str = "cohort") -> list[Path]:
    return [Path(root) / name for name in names]


FORMS = {
    "ISIC archive": "isic_id,age_approx,benign_malignant,diagnosis_1\na,30,benign,Benign\nb,,malignant,\n",
    "diagnosis_1": "isic_id,diagnosis_1,diagnosis_2\na,benign,Nevus\nb,malignant,Melanoma\n",
    "diagnosis": "isic_id,sex,diagnosis\na,male,benign\nb,,malignant\n",
    "ISIC 2020": "image_name,sex,diagnosis,benign_malignant,target\na,m,nevus,benign,0\nb,f,m,malignant,1\n",
    "HAM10000": "lesion_id,image_id,dx,dx_type,age,sex,localization\n1,a,benign,h,80.0,m,scalp\n2,b,malignant,h,,,\n",
    "one-hot": "image,benign,MEL,NV\na,0,0.0,1.0\nb,0,1.0,0.0\n",
    "image and label": "image,label\na,benign\nb,malignant\n",
    "trainer's": "image,label,split,group\na.jpg,benign,train,0\nb.jpg,malignant,test,1\n",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_form_in_every_dress(tmp_path: Path, form: str, delimiter: str, ends: str, encoding: str) -> None:
    text = FORMS[form].replace(",", delimiter).replace("\n", ends)
    labels = read_labels(table(tmp_path, text.encode(encoding)), pictures("a.jpg", "sub/b.PNG"))
    benign, malignant = ("NV", "MEL") if form == "one-hot" else ("benign", "malignant")
    assert labels.of("cohort/a.jpg") == benign
    assert labels.of(Path("cohort/sub/b.PNG")) == malignant
    assert labels.of("cohort/c.jpg") == ""
    assert dict(labels.counts) == {benign: 1, malignant: 1}
    assert labels.problems == ()
    assert labels.source.startswith("labels.csv, ")


def test_quotes_spaces_and_capitals_do_not_matter(tmp_path: Path) -> None:
    path = table(tmp_path, '"Image", "Label",note\n" a, b.jpg ","  nv ","two\nlines"\nC.JPG,mel,"say ""hi"""\n,,\n\n')
    labels = read_labels(path.as_posix())
    assert (labels.of("x/a, b.png"), labels.of("x/c.jpg")) == ("nv", "mel")
    assert labels.problems == ()


def test_isic_2019_gives_no_class_where_not_exactly_one_is_marked(tmp_path: Path) -> None:
    header = "image,MEL,NV,BCC,AK,BKL,DF,VASC,SCC,UNK\n"
    rows = ["a,0.0,1.0,0,0,0,0,0,0,0", "b,1,1,0,0,0,0,0,0,0", "c,0,0,0,0,0,0,0,0,0", "d,.5,.5,0,0,0,0,0,0,0"]
    rows += ["e,0,0,0,0,0,0,0,0,1.0", "f,nan,1,0,0,0,0,0,0,0", "g,,1,,,,,,,"]
    labels = read_labels(table(tmp_path, header + "\n".join(rows)))
    assert [labels.of(f"{name}.jpg") for name in "abcdefg"] == ["NV", "", "", "", "UNK", "NV", "NV"]
    assert labels.problems == ("3 rows without a class, or with several (the first: b).",)
    with pytest.raises(UserError, match=r"damaged in line 3 \(could not convert string to float: 'often'\)"):
        read_labels(table(tmp_path, header + rows[0] + "\nb,often,0,0,0,0,0,0,0,0"))


def test_another_column_can_be_chosen(tmp_path: Path) -> None:
    path = table(tmp_path, FORMS["HAM10000"])
    labels = read_labels(path, columns={"label": [" Localization "]})
    assert labels.of("a.jpg") == "scalp"
    assert labels.problems[0].startswith('labels.csv was read columns as asked: pictures by column "image_id"')
    assert labels.problems[1:] == ("1 row without a class, or with several (the first: b).",)
    with pytest.raises(UserError, match='no column "colour"; its columns are lesion_id, image_id'):
        read_labels(path, columns={"label": ["colour"]})


def test_rows_without_pictures_and_pictures_without_rows_are_counted(tmp_path: Path) -> None:
    path = table(tmp_path, "image,label\na,nv\nb,nv\nc,mel\n,mel\nd,\n")
    labels = read_labels(path, pictures("a.jpg", "d.jpg", "x.jpg", "y.jpg"))
    assert dict(labels.counts) == {"nv": 1}
    assert labels.problems == (
        "1 row without the name of a picture.",
        "1 row without a class, or with several (the first: d).",
        "2 names in the table without a picture here (the first: b).",
        "3 pictures without a class (the first: d.jpg).",
    )


def test_a_table_of_more_pictures_than_are_here_is_no_trouble(tmp_path: Path) -> None:
    path = table(tmp_path, "image,label\na,nv\nb,nv\nc,mel\nd,mel\n")
    told = "All 2 pictures have a class; 2 more in the table are of other pictures."
    assert read_labels(path, pictures("a.jpg", "d.jpg")).problems == (told,)
    told = "All 3 pictures have a class; 1 more in the table is of another picture."
    assert read_labels(path, pictures("a.jpg", "b.jpg", "d.jpg")).problems == (told,)


def test_names_that_are_only_much_alike_are_said(tmp_path: Path) -> None:
    path = table(tmp_path, "image,label\ndrawn_00001,nv\ndrawn_00002,mel\n")
    labels = read_labels(path, pictures("drawn_01.jpg", "drawn_02.jpg"))
    assert dict(labels.counts) == {"mel": 1, "nv": 1}
    said = "2 pictures found without leading zeros or _downsampled in their names (the first: drawn_01.jpg)."
    assert labels.problems == (said,)


def test_rows_that_disagree_give_no_class_and_are_said(tmp_path: Path) -> None:
    path = table(tmp_path, "image,label\na.jpg,nv\nA.png,mel\nb,nv\nb,nv\nc,\nc,mel\nc,\n")
    labels = read_labels(path)
    assert [labels.of(f"{name}.jpg") for name in "abc"] == ["", "nv", "mel"]
    assert "1 picture with rows that disagree, so without a class (the first: a.jpg)." in labels.problems


# --- names -----------------------------------------------------------------------------------------------------


def test_paths_match_by_their_end(tmp_path: Path) -> None:
    path = table(tmp_path, "image,label\n./images/benign/1.jpg,b\nimages\\malignant\\1.jpg,m\n")
    for root in ("/home/me/images", "images"):
        labels = read_labels(path, pictures("benign/1.jpg", "malignant/1.png", root=root))
        assert labels.of(f"{root}/benign/1.jpg") == "b"
        assert labels.of(f"{root}/malignant/1.png") == "m"
        assert labels.problems == ()
    moved = read_labels(path, pictures("1.jpg", root="elsewhere"))  # which of the two is it?
    assert moved.of("elsewhere/1.jpg") == ""
    assert moved.problems[-1] == "1 picture without a class (the first: 1.jpg)."


def test_the_row_that_says_more_of_the_path_wins(tmp_path: Path) -> None:
    labels = read_labels(table(tmp_path, "image,label\n1,nv\nb/1,mel\n"), pictures("a/1.jpg", "b/1.jpg"))
    assert (labels.of("cohort/a/1.jpg"), labels.of("cohort/b/1.jpg")) == ("nv", "mel")


def test_moved_pictures_match_by_their_name_where_it_is_unique(tmp_path: Path) -> None:
    path = table(tmp_path, "image,label\nimages/benign/1.jpg,b\nimages/malignant/2.jpg,m\n")
    assert read_labels(path).of("elsewhere/2.png") == "m"
    assert read_labels(path, pictures("2.png")).of("cohort/2.png") == "m"


def test_a_row_that_fits_one_path_does_not_speak_for_a_namesake(tmp_path: Path) -> None:
    path = table(tmp_path, "image,label\ntrain/1.jpg,nv\ntest/1.jpg,\ntrain/2.jpg,mel\n")
    labels = read_labels(path, pictures("train/1.jpg", "test/1.jpg", "train/2.jpg", "test/2.jpg"))
    assert labels.of("cohort/train/1.jpg") == "nv"
    assert labels.of("cohort/test/1.jpg") == ""
    assert labels.of("cohort/train/2.jpg") == "mel"
    assert labels.of("cohort/test/2.jpg") == ""


def test_a_name_that_fits_several_pictures_is_said(tmp_path: Path) -> None:
    labels = read_labels(table(tmp_path, "image,label\n1,nv\n"), pictures("a/1.jpg", "b/1.jpg"))
    assert (labels.of("cohort/a/1.jpg"), labels.of("cohort/b/1.jpg")) == ("nv", "nv")
    assert labels.problems == ("1 name with several pictures (the first: 1).",)


def test_only_the_ending_of_a_picture_is_dropped(tmp_path: Path) -> None:
    labels = read_labels(table(tmp_path, "image,label\nlesion.1,nv\nlesion.2.jpg,mel\n"))
    assert (labels.of("lesion.1.jpg"), labels.of("lesion.2.png"), labels.of("lesion.jpg")) == (
        "nv",
        "mel",
        "",
    )


def test_accents_match_however_they_are_composed(tmp_path: Path) -> None:
    labels = read_labels(table(tmp_path, "image,label\nl\u00e9sion,n\u00e6vus\n"))
    assert labels.of("le\u0301sion.jpg") == "n\u00e6vus"


NAMES = st.text("abcxyz019_-. ", min_size=1, max_size=6).map(str.strip).filter(lambda name: name.strip(". "))


@settings(max_examples=60)
@given(
    st.dictionaries(NAMES, st.sampled_from(["nv", "mel", 'a "b", c;']), min_size=1, max_size=8),
    st.sampled_from(["", ".jpg", ".TIFF"]),
    st.sampled_from([",", ";", "\t"]),
)
def test_every_row_is_found_again(tmp_path: Path, rows: dict[str, str], ending: str, delimiter: str) -> None:
    lines = [f'"{name}{ending}"{delimiter}"{label.replace(chr(34), chr(34) * 2)}"' for name, label in rows.items()]
    path = table(tmp_path, "\n".join([f"image{delimiter}label", *lines]))
    found = [tmp_path / f"{name}.png" for name in rows]
    labels = read_labels(path, found)
    assert [labels.of(picture) for picture in found] == list(rows.values())
    assert [read_labels(path).of(picture) for picture in found] == list(rows.values())
    assert labels.problems == ()
    assert sum(labels.counts.values()) == len(rows)


# --- encodings and faults --------------------------------------------------------------------------------------


def test_windows_1252_is_read_and_said(tmp_path: Path) -> None:
    labels = read_labels(table(tmp_path, "image,label\nl\u00e9sion,n\u00e6vus\n".encode("cp1252")))
    assert labels.of("l\u00e9sion.jpg") == "n\u00e6vus"
    assert len(labels.problems) == 1
    assert "Windows-1252" in labels.problems[0]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "its header begins with: nothing"),
        (b"\n\n", "its header begins with: nothing"),
        (b"image,label\n", "no rows"),
        (b"image,label\n,\n;\n", r"line 3 \(1 columns, not 2\)"),
        (b"name,kind\na,nv\n", "no column holds the names of the pictures; say .* --columns image=TITLE"),
        (b"isic_id,sex\na,m\n", "no column holds the classes .* --columns label=TITLE"),
        (b"image,label,Label\na,nv,mel\n", 'two columns "label"'),
        (b"image,label\na,nv\nb\n", r"line 3 \(1 columns, not 2\)"),
        (b"image,label\na,nv\nb,nv,mel\n", r"line 3 \(3 columns, not 2\)"),
        (b'image,label\na,nv\n"b,nv\nc,nv\n', "line 3"),
        (b'image,label\n"a\nb",nv\n"c"d,nv\n', "line 4"),
        (b"image,label\na," + b"x" * 200_000, "line 2"),
        (b"image,label\na,nv\nb,\0\n", "not a text file .line 3."),
        (b"image,label\na,nv\n\x81\x8d,nv\n", "not a text file .line 3."),
        (b"\xff\xfei\0m\0a\0", "needs a column .* its header begins with: ima"),
        (b"\xff\xfei\0m\0a", "not a text file"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(256)), "not a text file"),
    ],
    ids=range(17),
)
def test_a_damaged_table_is_refused_in_one_line(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(UserError, match=f"^labels.csv:? .*{says}") as caught:
        read_labels(table(tmp_path, content))
    assert str(caught.value).isprintable()


def test_a_table_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no.csv does not exist"):
        read_labels(tmp_path / "no.csv")
    with pytest.raises(UserError, match="cannot be read"):
        read_labels(tmp_path)


@settings(max_examples=150)
@given(st.binary(max_size=60), st.integers(0, 80))
def test_any_bytes_are_read_or_refused(tmp_path: Path, noise: bytes, at: int) -> None:
    content = FORMS["image and label"].encode() * 2
    refusal = ""
    counts: dict[str, int] = {}
    try:
        counts = dict(read_labels(table(tmp_path, content[:at] + noise + content[at:])).counts)
    except UserError as error:
        refusal = str(error)
    assert refusal.isprintable()
    assert all(counts)


# --- class folders ---------------------------------------------------------------------------------------------


def test_the_folder_that_holds_a_picture_is_its_class() -> None:
    found = pictures("train/benign/1.jpg", "train/malignant/1.jpg", "test/benign/2.jpg")
    labels = folder_labels("cohort", found)
    assert [labels.of(path) for path in found] == ["benign", "malignant", "benign"]
    assert dict(labels.counts) == {"benign": 2, "malignant": 1}
    assert labels.of("cohort/train/benign/9.jpg") == ""
    assert labels.source
    assert labels.problems == ()


@pytest.mark.parametrize(
    "names",
    [
        (),
        ("a/1.jpg",),
        ("a/1.jpg", "a/2.jpg"),
        ("images/1.jpg", "masks/1.png"),
    ],
)
def test_folders_that_are_no_classes_give_no_labels(names: tuple[str, ...]) -> None:
    labels = folder_labels(Path("cohort"), pictures(*names))
    assert (labels.source, dict(labels.counts)) == ("", {})
    assert all(labels.of(path) == "" for path in pictures(*names))


def test_a_picture_outside_of_class_folders_has_no_class_and_is_counted() -> None:
    labels = folder_labels("cohort", [*pictures("a/1.jpg", "b/1.jpg", "2.jpg"), Path("other/c/1.jpg")])
    assert dict(labels.counts) == {"a": 1, "b": 1}
    assert labels.of("cohort/2.jpg") == labels.of("other/c/1.jpg") == ""
    assert labels.problems == ("2 pictures in no class folder (the first: 2.jpg).",)


# --- real tables -----------------------------------------------------------------------------------------------


@real
def test_ham10000_is_read_right() -> None:
    found = list_images(DATA / "ham10000" / "images")
    labels = read_labels(DATA / "ham10000" / "HAM10000_metadata.csv", found)
    assert sum(labels.counts.values()) == 2831
    assert set(labels.counts) == {"akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"}
    assert labels.of(DATA / "ham10000" / "images" / "ISIC_0024306.jpg") in ("", "nv")
    assert labels.problems == (labels.problems[0],)
    assert labels.problems[0] == "All 2,831 pictures have a class; 7,184 more in the table are of other pictures."
    everything = read_labels(DATA / "ham10000" / "HAM10000_metadata.csv")
    assert sum(everything.counts.values()) == 10_015
    assert everything.counts["nv"] == 6705
    assert everything.of("anywhere/ISIC_0027419.png") == "bkl"


@real
def test_class_folders_and_table_of_the_same_cohort_agree() -> None:
    found = list_images(DATA / "isic10k")
    named = read_labels(DATA / "isic10k" / "labels.csv", found)
    held = folder_labels(DATA / "isic10k", found)
    assert named.problems == ()
    assert dict(named.counts) == dict(held.counts)
    assert all(named.of(path) == held.of(path) for path in found)
