"""What a person may write to choose filters and pictures."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.core.errors import UserError
from explorer.core.network.hooked_layers import LayerInfo
from explorer.core.selection import Selector, choose_filters, choose_pictures, parse_filters, picture_names
from explorer.core.tags.book import FilterKey, TagBook

LAYERS = tuple(
    LayerInfo(number, f"features.{number}", filters, 8, 8, f"features.{number}", 0)
    for number, filters in enumerate((8, 8, 16, 64))
)


def chosen(text: str, tags: TagBook | None = None) -> list[str]:
    return [str(key) for key in choose_filters(parse_filters(text), LAYERS, tags)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3:8", ["3:8"]),
        ("0:6-7", ["0:6", "0:7"]),
        ("0-1:0", ["0:0", "1:0"]),
        (" 1:2 , 0:1,1:2 ", ["1:2", "0:1"]),
        ("0:1-1", ["0:1"]),
    ],
)
def test_layers_filters_and_ranges(text: str, expected: list[str]) -> None:
    assert chosen(text) == expected


def test_whole_layers_and_everything() -> None:
    assert chosen("2") == [f"2:{number}" for number in range(16)]
    assert chosen("0-1") == chosen("0,1")
    assert len(chosen("all")) == 96
    assert chosen("ALL,3:5") == chosen("0-3")


def test_tags_with_and_without_prefix() -> None:
    book = TagBook()
    book.add(FilterKey(3, 9), "hair")
    book.add(FilterKey(1, 2), "hair")
    book.add(FilterKey(1, 3), "skin type")
    assert chosen("tag:hair", book) == ["1:2", "3:9"]
    assert chosen("Hair,tag:Skin Type", book) == ["1:2", "3:9", "1:3"]
    with pytest.raises(UserError, match=r"tag \"color\".*hair, skin type"):
        chosen("tag:color", book)
    with pytest.raises(UserError, match="--tags"):
        chosen("hair")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("4", "no layer 4; the layers of this network are 0 to 3"),
        ("2-9", "no layer 9"),
        ("3:64", r"no filter 64 in layer 3 \(features.3\); its filters are 0 to 63"),
        ("3-2", "backwards"),
        ("3:5-2", "backwards"),
        ("features.3:5-2", '"features.3:5-2" counts backwards'),
        ("", "No filters are chosen"),
        (" , ", "No filters are chosen"),
        ("3:", "names no filters"),
        (":8", "names no filters"),
        ("-1", "names no filters"),
        ("3:1:2", "names no filters"),
        ("tag:", "names no tag"),
    ],
)
def test_mistakes_are_explained(text: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        chosen(text)


ranges = st.tuples(st.integers(0, 999), st.integers(0, 999)).map(lambda pair: (min(pair), max(pair)))
words = st.text(st.characters(categories=["L", "N", "P", "Zs"], exclude_characters=","), min_size=1).filter(
    lambda word: word.strip() == word
)
selectors = st.one_of(
    st.just(Selector()),
    st.builds(Selector, layers=ranges, filters=st.none() | ranges),
    st.builds(Selector, tag=words),
)


@given(st.lists(selectors, min_size=1, max_size=5))
def test_what_is_written_is_read_again(selection: list[Selector]) -> None:
    assert list(parse_filters(",".join(map(str, selection)))) == selection


@given(st.text(max_size=12))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        again = parse_filters(text)
    except UserError:
        return
    assert parse_filters(",".join(map(str, again))) == again


PICTURES = tuple(map(Path, ("set/benign/a.jpg", "set/malignant/a.jpg", "set/benign/B10.JPG", "set/benign/b2.png")))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["B10.jpg"], [2]),
        (["b2", "b10"], [3, 2]),
        (["malignant/a.jpg", "benign\\a", "malignant/a"], [1, 0]),
        (["set/benign/b2.png"], [3]),
    ],
)
def test_pictures_by_name(names: list[str], expected: list[int]) -> None:
    assert choose_pictures(PICTURES, names) == tuple(PICTURES[number] for number in expected)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a.jpg, b2", ["a.jpg", "b2"]),
        ("mole, left.jpg", ["mole, left.jpg"]),
        ("b2,mole, LEFT,,a.jpg", ["b2", "mole, LEFT", "a.jpg"]),
        ("mole,left", ["mole", "left"]),
        ("one, two/c.png,b2", ["one, two/c.png", "b2"]),
    ],
)
def test_a_picture_whose_name_holds_a_comma_can_be_named_in_a_list(text: str, names: list[str]) -> None:
    pictures = (*PICTURES, Path("set/mole, left.jpg"), Path("set/one, two/c.png"))
    assert picture_names(text, pictures) == names


def test_first_and_all_pictures() -> None:
    assert choose_pictures(PICTURES) == PICTURES
    assert choose_pictures(PICTURES, first=2) == PICTURES[:2]
    assert choose_pictures(PICTURES, first=9) == PICTURES


def test_names_that_fit_none_or_several_pictures() -> None:
    with pytest.raises(UserError, match="fits 2 pictures"):
        choose_pictures(PICTURES, ["a.jpg"])
    with pytest.raises(UserError, match=r"no picture \"b3.png\".*b2.png"):
        choose_pictures(PICTURES, ["b3.png"])
    with pytest.raises(UserError, match="No pictures"):
        choose_pictures([])


def test_a_layer_may_be_called_by_its_name() -> None:
    by_name, by_number = (
        choose_filters(parse_filters(text), LAYERS) for text in (f"{LAYERS[1].name}:0-1", f"{LAYERS[1].index}:0-1")
    )
    assert by_name == by_number
    assert choose_filters(parse_filters(LAYERS[1].name), LAYERS) == choose_filters(parse_filters("1"), LAYERS)
