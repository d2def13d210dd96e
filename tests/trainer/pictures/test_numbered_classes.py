"""Numbers beside the words that they stand for: the words are the classes, or it is said which column has them."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.trainer.pictures.test_rival_columns import PICTURES, THREE, read, table, words_of
from trainer.cohort.classes import classified
from trainer.cohort.options import PrepareOptions
from trainer.pictures.class_columns import ColumnQuestion

NUMBERS = ("0", "1", "2") * 4


@pytest.mark.parametrize(
    "titles",
    ["label,label_name", "label,dx_name", "target,name_of_it", "class,finding", "class_id,dx", "dx,class_name"],
)
@pytest.mark.parametrize("numbers", [NUMBERS, ("1.0", "2.0", "7.0") * 4])
def test_words_go_before_the_numbers_that_stand_for_them_and_it_is_said(
    titles: str, numbers: Sequence[str], tmp_path: Path
) -> None:
    reading = read(tmp_path, table(f"image,{titles}", numbers, THREE))
    assert words_of(reading) == list(THREE)
    number, word = titles.split(",")
    assert (
        f'The classes are the words of "{word}", not the numbers of "{number}" (--columns "label={number}").'
        in reading.problems
        or titles == "class_id,dx"
    )
    made = classified(reading.cases, PrepareOptions())
    assert set(made.classes) == {"benign", "malignant"}
    asked = read(tmp_path, table(f"image,{titles}", numbers, THREE), columns=f"label={number}")
    assert words_of(asked) == list(numbers)


def test_words_that_are_no_diagnoses_go_before_their_numbers_too_where_their_title_says_classes(tmp_path: Path) -> None:
    words = ("cat", "dog", "cow") * 4
    assert words_of(read(tmp_path, table("image,label,label_name", NUMBERS, words))) == list(words)
    assert words_of(read(tmp_path, table("image,label,owner", NUMBERS, words))) == list(NUMBERS)
    assert words_of(read(tmp_path, table("image,label,pred_label", NUMBERS, words))) == list(NUMBERS)


def test_diagnoses_of_which_several_share_a_number_are_the_finer_classes(tmp_path: Path) -> None:
    numbers = tuple("0" if word == "nv" else "1" for word in THREE)
    reading = read(tmp_path, table("image,label,lesion_type", numbers, THREE))
    assert [case.diagnoses for case in reading.cases] == list(zip(THREE, numbers, strict=True))
    assert set(classified(reading.cases, PrepareOptions()).classes) == {"benign", "malignant"}
    assert set(classified(reading.cases, PrepareOptions(classes="diagnosis")).classes) == {"nv", "mel", "bcc"}


def test_coarser_words_and_such_as_lack_in_some_rows_are_said_and_not_taken(tmp_path: Path) -> None:
    coarse = tuple("benign" if word == "nv" else "malignant" for word in THREE)
    for words in (coarse, ("", *THREE[1:])):
        reading = read(tmp_path, table("image,label,what", NUMBERS, words))
        assert words_of(reading) == list(NUMBERS)
        assert (
            'Column "what" holds diagnoses beside the numbers of "label"; --columns "label=what" reads them.'
        ) in reading.problems


def test_a_number_whose_word_is_not_known_is_not_known(tmp_path: Path) -> None:
    words = tuple("unknown" if word == "bcc" else word for word in THREE)
    reading = read(tmp_path, table("image,label,label_name", NUMBERS, words))
    assert words_of(reading) == ["nv", "mel"] * 4
    assert len(reading.left_out) == len(PICTURES) // 3


def test_words_that_contradict_their_numbers_are_a_question(tmp_path: Path) -> None:
    with pytest.raises(ColumnQuestion, match="different classes of the same pictures"):
        read(tmp_path, table("image,label,dx", NUMBERS, THREE[1:] + THREE[:2][1:]))
