"""Where titles are not known, columns are told by what is in them; where that leaves two answers, it is asked."""

import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from explorer.core.labels import read_labels
from trainer.cohort.cases import Reading, read_cases
from trainer.cohort.classes import group_of
from trainer.files.errors import UserError
from trainer.pictures.class_columns import ColumnQuestion
from trainer.pictures.column_choice import parse_columns

PICTURES = tuple(f"p{number:02}.jpg" for number in range(12))
WORDS = ("nv", "mel", "bcc") * 4
TRUE_FALSE = (
    *(
        ("1", "0"),
        ("True", "False"),
        ("yes", "no"),
        ("x", ""),
        ("0.9999999", "1e-9"),
        ("WAHR", "FALSCH"),
        ("ja", "nein"),
    ),
    *(("VRAI", "FAUX"), ("VERDADERO", "FALSO"), ("VERO", "FALSO"), ("WAAR", "ONWAAR"), ("PRAWDA", "FA\u0141SZ")),
    *(("DO\u011eRU", "YANLI\u015e"), ("\u0418\u0421\u0422\u0418\u041d\u0410", "\u041b\u041e\u0416\u042c")),
)


def table(header: str, *columns: Sequence[object]) -> str:
    rows = zip(*columns, strict=True)
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"


def read(folder: Path, text: str, names: Sequence[str] = PICTURES, columns: str = "") -> Reading:
    """What the trainer reads; the explorer takes the same columns."""
    for name in names:
        (folder / "p" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "p" / name).touch()
    (folder / "l.csv").write_text(text)
    wanted = parse_columns(columns) if columns else None
    reading = read_cases(folder / "p", folder / "l.csv", wanted)
    labels = read_labels(folder / "l.csv", [folder / "p" / name for name in names], wanted)
    assert reading.form.startswith(labels.source)
    assert {labels.of(folder / "p" / case.name) for case in reading.cases} == {
        case.diagnoses[-1] for case in reading.cases
    }
    return reading


def words_of(reading: Reading) -> list[str]:
    return [case.diagnoses[0] for case in reading.cases]


def marks(words: Sequence[str], title: str, yes: str = "1", no: str = "0") -> list[str]:
    return [yes if word == title else no for word in words]


# --- pictures --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("title", ["patient_id", "subject", "lesion_id", "group", "case"])
def test_pictures_of_one_folder_that_a_row_names_stay_together(title: str, tmp_path: Path) -> None:
    names = [f"P{number:03}/v{view}.jpg" for number in range(6) for view in range(3)]
    text = table(f"{title},dx", [f"P{number:03}" for number in range(6)], ["nv", "mel"] * 3)
    reading = read(tmp_path, text, names)
    assert "folders of pictures" in reading.form
    assert len({group_of(case) for case in reading.cases}) == 6
    for case in reading.cases:
        assert group_of(case).endswith(case.name.partition("/")[0])


def test_a_folder_stays_together_beside_a_column_of_groups(tmp_path: Path) -> None:
    names = [f"P{number:03}/v{view}.jpg" for number in range(6) for view in range(3)]
    folders, groups = [f"P{number:03}" for number in range(6)], ["G1", "", "G1", "", "", "G2"]
    reading = read(tmp_path, table("case,group,dx", folders, groups, ["nv", "mel"] * 3), names)
    assert [case.group for case in reading.cases[::3]] == groups
    assert [case.lesion for case in reading.cases] == [name.partition("/")[0] for name in names]


@pytest.mark.parametrize("title", ["patient_id", "", "Unnamed: 0", "index", "age", "lesion_id", "group"])
@pytest.mark.parametrize("ending", ["", ".jpg"])
def test_numbers_of_something_else_are_no_names_of_pictures(title: str, ending: str, tmp_path: Path) -> None:
    names = [f"{number}.jpg" for number in range(30, 42)]
    text = table(f"{title},photo,dx", range(30, 42), [f"{number}{ending}" for number in range(41, 29, -1)], WORDS)
    reading = read(tmp_path, text, names)
    assert {case.name: case.diagnoses[0] for case in reading.cases} == dict(zip(reversed(names), WORDS, strict=True))


def test_names_with_endings_go_before_bare_numbers(tmp_path: Path) -> None:
    names = [f"{number}.jpg" for number in range(1, 13)]
    reading = read(tmp_path, table("nr,photo,dx", range(1, 13), reversed(names), WORDS), names)
    assert {case.name: case.diagnoses[0] for case in reading.cases} == dict(zip(reversed(names), WORDS, strict=True))


@pytest.mark.parametrize("first", [PICTURES, tuple(name[:-4] for name in PICTURES)])
def test_two_columns_of_pictures_are_a_question(first: Sequence[str], tmp_path: Path) -> None:
    other = [*PICTURES[1:], PICTURES[0]] if "." in first[0] else [*first[1:], first[0]]
    text = table("before,after,label", first, other, WORDS)
    with pytest.raises(ColumnQuestion, match=r'"before", "after" .*--columns image=TITLE') as caught:
        read(tmp_path, text)
    assert caught.value.about == "image"
    reading = read(tmp_path, text, columns="image=after")
    assert {case.name: case.diagnoses[0] for case in reading.cases}["p01.jpg"] == "nv"
    read(tmp_path, table("before,copy,label", first, first, WORDS))  # the same pictures: nothing to ask


def test_a_known_column_that_names_other_pictures_than_another_is_said(tmp_path: Path) -> None:
    reading = read(tmp_path, table("image,thumb,label", PICTURES, [*PICTURES[1:], PICTURES[0]], WORDS))
    said = 'Column "thumb" names pictures, too; --columns image=thumb reads those instead.'
    assert said in reading.problems
    assert words_of(reading) == list(WORDS)


# --- classes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("titles", [("train", "val", "test"), ("male", "female", "x"), ("hair", "ruler", "ink")])
@pytest.mark.parametrize("words", [WORDS, ("wart", "corn", "mole") * 4])
def test_marks_of_something_else_are_no_classes(titles: Sequence[str], words: Sequence[str], tmp_path: Path) -> None:
    other = [titles[number // 4] for number in range(12)]
    kept = titles if titles[-1] != "x" else titles[:2]
    other = [word if word in kept else kept[0] for word in other]
    reading = read(
        tmp_path, table(f"photo,finding,{','.join(kept)}", PICTURES, words, *(marks(other, title) for title in kept))
    )
    assert words_of(reading) == list(words)


def test_a_class_that_sounds_like_something_else_is_one(tmp_path: Path) -> None:
    words = ["macule", "patch", "plaque", "scale"] * 3
    text = table("photo,macule,patch,plaque,scale", PICTURES, *(marks(words, word) for word in words[:4]))
    assert words_of(read(tmp_path, text)) == words


def test_a_split_in_columns_of_its_own_is_said(tmp_path: Path) -> None:
    parts = [("train", "test")[number % 2] for number in range(12)]
    text = table("photo,finding,train,test", PICTURES, WORDS, marks(parts, "train"), marks(parts, "test"))
    assert any('"train", "test"' in note and "--columns split=TITLE" in note for note in read(tmp_path, text).problems)


def test_marks_beside_words_are_a_question_where_they_say_something_else(tmp_path: Path) -> None:
    colours = ["red", "blue"] * 6
    text = table("photo,finding,red,blue", PICTURES, WORDS, marks(colours, "red"), marks(colours, "blue"))
    with pytest.raises(ColumnQuestion, match=r"--columns label=TITLE .*finding.*red"):
        read(tmp_path, text)
    assert words_of(read(tmp_path, text, columns="label=finding")) == list(WORDS)
    assert words_of(read(tmp_path, text, columns="label=red,label=blue")) == colours
    same = table("photo,finding,nv,mel,bcc", PICTURES, WORDS, *(marks(WORDS, word) for word in ("nv", "mel", "bcc")))
    assert words_of(read(tmp_path, same)) == list(WORDS)
    sites = table(
        "photo,body,nv,mel,bcc", PICTURES, ["arm", "leg"] * 6, *(marks(WORDS, w) for w in ("nv", "mel", "bcc"))
    )
    assert words_of(read(tmp_path, sites)) == list(WORDS)  # diagnoses before other words


@pytest.mark.parametrize(
    ("titles", "first", "second"),
    [
        ("truth,prediction", ["nv", "mel"] * 6, WORDS),
        ("true_label,predicted_label", WORDS, ["nv", "mel", "bcc", "mel"] * 3),
        ("clinical_diagnosis,histology", ["nevus", "melanoma"] * 6, ["melanoma", "nevus", "bcc"] * 4),
        ("reader_1,consensus", ["nv", "nv", "bcc"] * 4, WORDS),  # nested by chance, in the same words
        ("reader_1,reader_2", ["nv", "mel"] * 6, ["melanoma", "nevus"] * 6),
    ],
)
def test_columns_of_diagnoses_that_are_not_one_within_the_other_are_a_question(
    titles: str, first: Sequence[str], second: Sequence[str], tmp_path: Path
) -> None:
    text = table(f"photo,{titles}", PICTURES, first, second)
    with pytest.raises(ColumnQuestion, match=f"more than one column .*{titles.replace(',', '.*')}") as caught:
        read(tmp_path, text)
    assert caught.value.about == "label"
    assert words_of(read(tmp_path, text, columns=f"label={titles.partition(',')[0]}")) == list(first)


@pytest.mark.parametrize("truth", [("cat", "dog") * 6, ("0", "1") * 6])
@pytest.mark.parametrize("title", ["predicted_label", "prediction", "reader_class", "pred_dx"])
@pytest.mark.parametrize("opinion", [("cat", "cat", "dog") * 4, ("mel", "nv", "nv") * 4, ("0", "0", "1") * 4])
def test_an_opinion_beside_something_else_is_no_class_without_a_question(
    truth: Sequence[str], title: str, opinion: Sequence[str], tmp_path: Path
) -> None:
    text = table(f"photo,truth,{title}", PICTURES, truth, opinion)
    asked = {"truth", title}
    try:
        assert words_of(read(tmp_path, text)) == list(truth)
    except ColumnQuestion as question:
        asked = set(question.choices)
    assert asked == {"truth", title}
    assert words_of(read(tmp_path, text, columns=f"label={title}")) == list(opinion)
    alone = table(f"photo,{title}", PICTURES, opinion)
    assert words_of(read(tmp_path, alone)) == list(opinion)


def test_a_diagnosis_said_more_coarsely_beside_it_is_one(tmp_path: Path) -> None:
    coarse = [{"nv": "benign", "mel": "malignant", "bcc": "malignant"}[word] for word in WORDS]
    reading = read(tmp_path, table("photo,group_of,what", PICTURES, coarse, WORDS))
    assert [case.diagnoses for case in reading.cases] == list(zip(WORDS, coarse, strict=True))


@pytest.mark.parametrize(("yes", "no"), TRUE_FALSE)
def test_one_column_for_each_class_says_it_in_any_of_these_ways(yes: str, no: str, tmp_path: Path) -> None:
    columns = [marks(WORDS, word, yes, no) for word in ("nv", "mel", "bcc")]
    columns[1][0] = columns[2][0] = "NA"
    assert words_of(read(tmp_path, table("image,nv,mel,bcc", PICTURES, *columns))) == list(WORDS)


@pytest.mark.parametrize(("yes", "no"), [pair for pair in TRUE_FALSE if pair[1] and "." not in pair[0]])
@pytest.mark.parametrize("title", ["malignant", "is_malignant"])
def test_true_and_false_of_any_excel_say_malignant_and_benign(title: str, yes: str, no: str, tmp_path: Path) -> None:
    reading = read(tmp_path, table(f"image,{title}", PICTURES, [yes, no, no] * 4))
    assert words_of(reading) == ["malignant", "benign", "benign"] * 4


def test_a_row_of_isic_2017_that_is_not_filled_in_says_nothing(tmp_path: Path) -> None:
    melanoma = ["1", "0", "", "NA", "0", "0"] * 2
    keratosis = ["0", "0", "", "0", "", "1"] * 2
    reading = read(tmp_path, table("image_id,melanoma,seborrheic_keratosis", PICTURES, melanoma, keratosis))
    assert words_of(reading) == ["melanoma", "nevus", "seborrheic_keratosis"] * 2
    assert [name for name, _ in reading.left_out] == [PICTURES[place] for place in (2, 3, 4, 8, 9, 10)]


@pytest.mark.parametrize("word", ["?", "missing", "n.a.", "not known", "Not available", "unspecified", "#N/A", "N.A"])
def test_words_for_not_known_are_no_class(word: str, tmp_path: Path) -> None:
    reading = read(tmp_path, table("image,label", PICTURES, ["cat", "dog", word] * 4))
    assert words_of(reading) == ["cat", "dog"] * 4
    assert f'These words count as not known, not as a class: "{word}" (4).' in reading.problems


# --- what else a table says ------------------------------------------------------------------------------------


@pytest.mark.parametrize("titles", ["patient,subject_id", "patient_id,patient_id"])
def test_a_column_without_anything_in_it_leaves_its_role_to_the_next(titles: str, tmp_path: Path) -> None:
    for nothing in ("", "NA"):
        patients = [f"S{number // 3}" for number in range(12)]
        reading = read(tmp_path, table(f"image,dx,{titles}", PICTURES, WORDS, [nothing] * 12, patients))
        assert [case.patient for case in reading.cases] == patients


def test_a_second_column_of_patients_is_said(tmp_path: Path) -> None:
    text = table("image,dx,patient,subject", PICTURES, WORDS, ["A", "B"] * 6, ["C", "D", "E"] * 4)
    said = 'Column "subject" holds patients, too; --columns patient=subject reads it instead.'
    assert said in read(tmp_path, text).problems


@pytest.mark.parametrize("title", ["set", "phase"])
def test_a_column_of_parts_with_another_word_stops(title: str, tmp_path: Path) -> None:
    parts = [*["train"] * 8, "test", "test", "evaluation", "n/a"]
    with pytest.raises(UserError, match=r'has the split "evaluation" for p10.jpg; .*--own-split'):
        read(tmp_path, table(f"image,dx,{title}", PICTURES, WORDS, parts))
    reading = read_cases(tmp_path / "p", tmp_path / "l.csv", given_split=False)
    assert len(reading.cases) == 12


def test_words_of_parts_among_classes_are_no_split(tmp_path: Path) -> None:
    words = ["train", "train", "car"] * 4
    assert words_of(read(tmp_path, table("image,class_of", PICTURES, words))) == words
    assert words_of(read(tmp_path, table("image,vehicle", PICTURES, words), columns="label=vehicle")) == words


def test_ages_are_read_with_a_decimal_comma_and_others_are_said(tmp_path: Path) -> None:
    ages = ['"45,5"', '"45,0"', "61.0", "45 years", "85+", "NA", "", "200", "7", "7", "7", "7"]
    reading = read(tmp_path, table("image,dx,age", PICTURES, WORDS, ages))
    read_ages = [case.age for case in reading.cases]
    assert read_ages[:3] == [45.5, 45.0, 61.0]
    assert [place for place, age in enumerate(read_ages) if math.isnan(age)] == [3, 4, 5, 6, 7]
    assert '3 ages in l.csv are no number of years and count as not known, "45 years" first.' in reading.problems


# --- sentences -------------------------------------------------------------------------------------------------


def test_a_table_whose_rows_say_no_class_is_told_from_one_of_other_pictures(tmp_path: Path) -> None:
    text = table("image,MEL,NV", PICTURES, ["0.7"] * 12, ["0.3"] * 12)
    with pytest.raises(UserError, match=r"12 of them have a row without a single label, p00.jpg first") as caught:
        read(tmp_path, text)
    assert "belong together" not in str(caught.value)
    text = table("image,label", PICTURES * 2, [*["nv"] * 12, *["mel"] * 12])
    with pytest.raises(UserError, match=r"12 of them have rows that disagree, p00.jpg first") as caught:
        read(tmp_path, text)
    assert "belong together" not in str(caught.value)
    with pytest.raises(UserError, match="belong together"):
        read(tmp_path, table("image,label", [f"q{number}" for number in range(12)], WORDS))
