"""The words of a table and the classes of a network are two things."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.core.class_words import CHOSEN, ClassWords, named_class, propose, rest_of, told_apart, words_key
from explorer.core.errors import UserError

HAM = ("nv", "mel", "bkl", "bcc", "akiec", "vasc", "df")
NAMES = st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=6, unique_by=str.casefold)


def mapped(words: tuple[str, ...], classes: tuple[str, ...]) -> dict[str, str]:
    found = propose(words, classes)
    assert all(pair.reason for pair in found.pairs)
    return {pair.word: pair.name for pair in found.pairs}


@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        (("other", "melanoma"), "other melanoma other other other other other"),
        (("melanoma", "not_melanoma"), "not_melanoma melanoma" + 5 * " not_melanoma"),
        (("benign", "malignant"), "benign malignant benign malignant malignant benign benign"),
        (("Benign", "CANCER"), "Benign CANCER Benign CANCER CANCER Benign Benign"),
        (("AKIEC", "BCC", "BKL", "DF", "MEL", "NV", "VASC"), "NV MEL BKL BCC AKIEC VASC DF"),
        (("nevus", "melanoma", "other"), "nevus melanoma" + 5 * " other"),
        (("class 0", "class 1"), 7 * " "),
        (("melanocytic nevi", "malignant melanoma"), "melanocytic_nevi malignant_melanoma" + 5 * " "),
    ],
)
def test_the_seven_words_of_ham10000_meet_classes(classes: tuple[str, ...], expected: str) -> None:
    names = [name.replace("_", " ") if name not in classes else name for name in expected.split(" ")]
    wanted = dict(zip(HAM, [*names, *7 * [""]], strict=False))
    assert mapped(HAM, classes) == wanted
    upper = tuple(word.upper() for word in HAM)
    assert mapped(upper, classes) == {word.upper(): name for word, name in wanted.items()}


@pytest.mark.parametrize(
    ("word", "classes", "expected"),
    [
        ("malignant", ("other", "melanoma"), ""),  # a carcinoma is malignant too
        ("benign", ("other", "melanoma"), "other"),
        ("benign", ("nevus", "melanoma"), ""),
        ("not melanoma", ("melanoma", "nevus"), ""),
        ("spitz nevus", ("melanoma", "nevus"), "nevus"),
        ("melanoma in situ", ("other", "melanoma"), "melanoma"),
        ("seborrheic keratosis", ("bkl", "nv"), "bkl"),
        ("sek", ("bkl", "nv"), "bkl"),
        ("indeterminate/malignant", ("benign", "malignant"), ""),
        ("ak", ("benign", "malignant"), ""),
        ("unk", ("other", "melanoma"), ""),
        ("others", ("other", "melanoma"), "other"),
        ("something new", ("other", "melanoma"), ""),
        ("akiec", ("other", "bowen's disease"), ""),  # may be one
        ("mel", ("mel", "melanoma"), "mel"),
        ("melanomas", ("mel", "melanoma"), ""),  # either
    ],
)
def test_what_may_be_several_classes_is_none(word: str, classes: tuple[str, ...], expected: str) -> None:
    assert mapped((word,), classes) == {word: expected}


def test_what_the_network_was_trained_with_comes_first() -> None:
    found = propose(["NV", "mel"], ("a", "b"), {"nv": "b", "mel": "gone"})
    assert found.of("nv") == "b"
    assert "trained" in found.pairs[-1].reason
    assert found.not_mapped == ("mel",)


@given(NAMES, NAMES, st.data())
def test_what_is_proposed_and_edited_comes_back(words: list[str], classes: list[str], data: st.DataObject) -> None:
    found = propose(words, classes)
    assert ClassWords.from_json(found.as_json()) == found
    assert {found.of(word) for word in words} <= {"", *classes}
    if found.pairs:
        word, name = data.draw(st.sampled_from(found.pairs)).word, data.draw(st.sampled_from(["", *classes]))
        edited = found.put(word, name)
        assert edited.of(word) == name
        assert ClassWords.from_json(edited.as_json()) == edited
        others = [pair for pair in edited.pairs if pair.word != word]
        assert others == [pair for pair in found.pairs if pair.word != word]
        assert edited == found or CHOSEN in {pair.reason for pair in edited.pairs}


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"classes": 1, "words": {}}', '{"classes": ["a"], "words": {"b": {"class": "c"}}}',
             '{"classes": ["a"], "words": {"b": {"class": "c", "reason": ""}}}', "[" * 5000]
)  # fmt: skip
def test_a_foreign_text_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        ClassWords.from_json(text)


def test_a_class_that_is_not_there_is_refused() -> None:
    found = propose(HAM, ("other", "melanoma"))
    for word, name in (("nv", "nevus"), ("hair", "other")):
        with pytest.raises(UserError):
            found.put(word, name)


def test_the_key_knows_network_and_words_whatever_their_order_and_case() -> None:
    assert words_key("a", ["nv", "MEL"]) == words_key("a", ["mel", "nv", "NV"])
    assert len({words_key("a", ["nv"]), words_key("b", ["nv"]), words_key("a", ["mel"])}) == 3


def test_one_output_is_told_from_what_it_is_not() -> None:
    assert told_apart(("malignant",)) == ("not malignant", "malignant")
    assert rest_of(told_apart(("melanoma",))) == "not melanoma"
    assert mapped(("nv", "mel"), told_apart(("melanoma",))) == {"nv": "not melanoma", "mel": "melanoma"}


def test_one_output_names_its_class_or_that_it_is_not() -> None:
    assert named_class(("malignant",), np.array([0.2])) == ("not malignant", pytest.approx(0.8))
    assert named_class(("malignant",), np.array([0.7])) == ("malignant", pytest.approx(0.7))
    assert named_class(("a", "b"), np.array([0.2, 0.8])) == ("b", pytest.approx(0.8))
    assert named_class((), np.zeros(0))[0] == ""


@pytest.mark.parametrize(
    ("classes", "words"),
    [
        (("0", "1", "2"), ("0.0", "1.0", "2.0")),
        (("0.0", "1.0"), ("0", "1")),
        (("N\u00e4vus", "Melanom"), ("Na\u0308vus", "melanom")),
    ],
)
def test_two_ways_of_writing_one_class_are_one(classes: tuple[str, ...], words: tuple[str, ...]) -> None:
    found = propose(words, classes)
    assert [found.of(word) for word in words] == [*classes]
    assert [found.of(name) for name in classes] == [*classes]
    assert words_key("n", words) == words_key("n", [word.upper() for word in words])
