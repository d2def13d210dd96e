import math
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.core.errors import UserError
from explorer.core.tags.book import FilterKey, Tag, TagBook

LAYERS = (("features.0", 8), ("features.2", 16))
WORDS = st.sampled_from(["border", "hair", "color", "none", "Farbe ü", "شعر"])
KEYS = st.builds(FilterKey, st.integers(0, 1), st.integers(0, 7))
ACTIONS = st.lists(
    st.tuples(st.sampled_from(["add", "remove"]), KEYS, WORDS, st.sampled_from(["me", "you", ""])),
    max_size=25,
)


def act(book: TagBook, what: str, key: FilterKey, word: str, annotator: str) -> None:
    if what == "add":
        book.add(key, word, annotator=annotator, created="2026-01-01T00:00:00Z")
    else:
        book.remove(key, word, annotator)


def test_a_key_is_written_as_layer_and_filter():
    assert str(FilterKey(7, 8)) == "7:8"
    assert FilterKey.parse("7:8") == FilterKey(7, 8)
    assert sorted([FilterKey(7, 8), FilterKey(0, 11), FilterKey(7, 1)]) == [
        (k) for k in map(FilterKey.parse, ["0:11", "7:1", "7:8"])
    ]
    with pytest.raises(FrozenInstanceError):
        FilterKey(7, 8).layer = 1  # type: ignore[misc]


@given(st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1))
def test_every_key_is_read_as_it_is_written(layer, number):
    assert FilterKey.parse(str(FilterKey(layer, number))) == FilterKey(layer, number)


@pytest.mark.parametrize(
    "text",
    ["", "7", "7:", ":8", "7:8:9", "-1:0", " 7:8", "7:8\n", "a:b", "7.0:8", "٧:٨", "07:8", "9999999999:0"],
)
def test_anything_else_is_no_key(text):
    with pytest.raises(UserError):
        FilterKey.parse(text)


def test_a_filter_carries_several_tags_in_a_stable_order():
    book = TagBook()
    for word, annotator in (("hair", "me"), ("border", "you"), ("border", "me")):
        book.add(FilterKey(7, 8), word, annotator=annotator)
    assert [(tag.tag, tag.annotator) for tag in book.tags(FilterKey(7, 8))] == [
        ("border", "me"),
        ("border", "you"),
        ("hair", "me"),
    ]
    assert FilterKey(7, 8) in book
    assert FilterKey(7, 9) not in book
    assert (len(book), book.total, book.keys()) == (1, 3, (FilterKey(7, 8),))


def test_the_same_word_of_the_same_annotator_is_replaced():
    book = TagBook()
    book.add(FilterKey(7, 8), "artifact", annotator="me", detail="ruler")
    book.add(FilterKey(7, 8), "artifact", annotator="me", detail="gel")
    assert [tag.detail for tag in book.tags(FilterKey(7, 8))] == ["gel"]


def test_none_and_other_words_exclude_each_other_for_each_annotator():
    book, key = TagBook(), FilterKey(7, 8)
    book.add(key, "hair", annotator="you")
    book.add(key, "none", annotator="me")
    assert [tag.tag for tag in book.tags(key)] == ["hair", "none"]
    book.add(key, "color", annotator="me")
    assert [tag.tag for tag in book.tags(key)] == ["color", "hair"]
    book.add(key, "none", annotator="me")
    assert [(tag.tag, tag.annotator) for tag in book.tags(key)] == [("hair", "you"), ("none", "me")]


def test_a_word_is_removed_of_one_annotator_or_of_all():
    book, key = TagBook(), FilterKey(7, 8)
    for annotator in ("me", "you"):
        book.add(key, "hair", annotator=annotator)
    book.remove(key, "hair", "me")
    assert [tag.annotator for tag in book.tags(key)] == ["you"]
    book.remove(key, "border")
    book.remove(key, "hair")
    assert key not in book
    assert book.tags(key) == ()


@pytest.mark.parametrize("key", [FilterKey(2, 0), FilterKey(0, 8)])
def test_a_filter_outside_of_the_network_is_refused(key):
    book = TagBook(layers=LAYERS)
    with pytest.raises(UserError, match="0 to"):
        book.add(key, "hair")
    assert len(book) == 0
    TagBook().add(key, "hair")  # the network is not known


@pytest.mark.parametrize("word", ["", "  ", "x" * 65, "a\nb", "a\0b", "\x1b[31m", "\ud800"])
def test_words_are_short_text_without_control_characters(word):
    with pytest.raises(UserError):
        TagBook().add(FilterKey(0, 0), word)


def test_a_word_typed_elsewhere_is_the_same_word():
    book = TagBook()
    book.add(FilterKey(0, 0), "mu\u0308de ")
    book.remove(FilterKey(0, 0), "m\u00fcde")
    assert len(book) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"confidence": 1.5},
        {"confidence": "high"},
        {"created": "yesterday"},
        {"note": "a\0b"},
        {"note": "x" * 10_001},
        {"detail": "\udcff"},
        {"evidence": {"picture": 3}},
        {"evidence": {"box": [1, 2, 3]}},
        {"evidence": {"box": [1, 2, 3, "4"]}},
        {"evidence": {"value": math.nan}},
        {"evidence": {"value": object()}},
        {"evidence": {"text": "x" * 70_000}},
        {"evidence": [1]},
    ],
)
def test_what_no_file_could_hold_is_refused_at_once(wrong):
    book = TagBook()
    with pytest.raises(UserError):
        book.add(FilterKey(0, 0), "hair", **wrong)
    assert len(book) == 0


def test_times_are_utc_to_the_second_and_default_to_now():
    assert Tag("hair", created="2026-11-20T12:00:00.9+01:00").created == "2026-11-20T11:00:00Z"
    assert Tag("hair", created="2026-11-20 11:00").created == "2026-11-20T11:00:00Z"
    assert Tag("hair").created >= "2026-01-01T00:00:00Z"


def test_confidence_keeps_what_a_column_of_float32_keeps():
    assert Tag("hair", confidence=0.8).confidence == 0.8
    assert math.isnan(Tag("hair").confidence)
    assert Tag("hair", created="2026-01-01") == Tag("hair", created="2026-01-01", confidence=float("nan"))
    assert Tag("hair", created="2026-01-01") != Tag("hair", created="2026-01-01", confidence=0.0)


def test_evidence_is_the_tags_own():
    evidence = {"picture": "a.jpg", "box": (1, 2, 3.5, 4)}
    tag = Tag("hair", evidence=evidence)
    evidence["picture"] = "b.jpg"
    assert tag.evidence == {"picture": "a.jpg", "box": [1, 2, 3.5, 4]}


@settings(max_examples=60)
@given(ACTIONS, ACTIONS)
def test_replacing_with_the_tags_before_undoes_whatever_happened(before, actions):
    book = TagBook("digest", layers=LAYERS)
    for action in before:
        act(book, *action)
    start, undo = book.copy(), []
    for action in actions:
        key = action[1]
        undo.append((key, book.tags(key)))
        act(book, *action)
    after = book.copy()
    redo = [(key, after.tags(key)) for key, _ in undo]
    for key, tags in reversed(undo):
        book.replace(key, tags)
    assert book == start
    for key, tags in redo:
        book.replace(key, tags)
    assert book == after


@settings(max_examples=60)
@given(ACTIONS)
def test_no_annotator_says_none_and_something_at_once(actions):
    book = TagBook()
    for action in actions:
        act(book, *action)
    for key in book:
        said = [(tag.annotator, tag.tag) for tag in book.tags(key)]
        assert len(set(said)) == len(said)
        assert not {who for who, word in said if word == "none"} & {who for who, word in said if word != "none"}


def test_replace_refuses_what_add_could_not_have_made():
    book, key = TagBook(), FilterKey(0, 0)
    book.add(key, "hair")
    for tags in ([Tag("hair"), Tag("none")], [Tag("hair"), Tag("hair", detail="dark")]):
        with pytest.raises(UserError):
            book.replace(key, tags)
    assert [tag.tag for tag in book.tags(key)] == ["hair"]


def test_a_copy_is_equal_and_independent_and_the_network_counts():
    book = TagBook("abc", "net.pt", "scratch", LAYERS)
    book.add(FilterKey(0, 0), "hair")
    twin = book.copy()
    assert twin == book
    twin.add(FilterKey(0, 0), "color")
    assert twin != book
    assert TagBook("abc") != TagBook("abd")
    assert TagBook() != "a book"
    assert TagBook()  # an empty book is a book
