"""The work list: the fewest filters that carry a share of |relevance|, and what was said of them."""

import re
from decimal import Decimal
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.core.index import open_index
from explorer.core.index.schema import FILTERS
from explorer.core.index.work_list import work_list
from explorer.core.tags.book import FilterKey, TagBook
from tests.core.index.synthetic_index import write_index


def rows(relevance: list[float], layers: int = 2) -> npt.NDArray[np.void]:
    made = np.zeros(len(relevance), FILTERS)
    made["layer"] = np.arange(len(relevance)) % layers
    made["filter"] = np.arange(len(relevance)) // layers
    made["relevance"] = relevance
    return made


def book(**words: str) -> TagBook:
    made = TagBook("", "", "", [("a", 8), ("b", 8)])
    for word, keys in words.items():
        for key in keys.split():
            layer, filter = map(int, key.split("_"))
            made.add(FilterKey(layer, filter), word, annotator="me")
    return made


def test_the_fewest_filters_that_carry_nine_tenths_with_what_was_said_of_them() -> None:
    found = work_list(rows([10, 50, 25, 0, 5, 10]), book(border="1_0", skin="0_1 0_0", hair="0_1", ruler="1_1"))
    assert found.filters == (FilterKey(1, 0), FilterKey(0, 1), FilterKey(0, 0), FilterKey(1, 2))
    assert str(found) == (
        "4 of 6 filters carry 95.0 % of the decision; 3 named: border 50.0 %, skin 22.5 %, hair 12.5 %, unnamed 10.0 %"
    )
    assert found.place_of(FilterKey(0, 1)) == "0:1 carries 25.0 %, place 2 of 4"
    assert found.place_of(FilterKey(0, 2)) == ""


@given(st.lists(st.floats(0, 1e6, width=32), min_size=1, max_size=16), st.floats(0.05, 1))
def test_it_is_the_shortest_list_and_its_shares_add_up(relevance: list[float], share: float) -> None:
    filters = rows(relevance)
    found = work_list(filters, book(border="0_0 1_0", hair="0_0"), share=share)
    weights = dict(zip(map(tuple, filters[["layer", "filter"]].tolist()), relevance, strict=True))
    whole = sum(weights.values())
    if not whole:
        assert not found.filters
        return
    held = [weights[key.layer, key.filter] for key in found.filters]
    assert sum(held) / whole >= share - 1e-6
    assert sum(held[:-1]) / whole < share + 1e-6
    assert min(held) >= max(
        (weight for key, weight in weights.items() if FilterKey(*key) not in found.filters), default=0
    )
    assert sum(part for _, part in found.shares) + found.unnamed == pytest.approx(found.carried)
    assert sum(found.own) == pytest.approx(found.carried)


@given(st.lists(st.floats(0, 1e6, width=32), min_size=1, max_size=60), st.integers(0, 20), st.floats(0.05, 1))
def test_the_shares_that_are_said_add_up_to_what_is_said_to_be_carried(
    relevance: list[float], tagged: int, share: float
) -> None:
    made = TagBook("", "", "", [("a", 30), ("b", 30)])
    for place in range(min(tagged, len(relevance))):
        made.add(FilterKey(place % 2, place // 2), f"word{place % 7}", annotator="me")
    found = work_list(rows(relevance), made, share=share)
    if not found.named:
        return
    carried, *parts = (Decimal(number) for number in re.findall(r"([\d.]+) %", str(found)))
    assert sum(parts) == carried
    assert len(parts) == len(found.shares) + (found.unnamed > 0)
    exact = [part for _, part in found.shares] + [found.unnamed]
    assert all(abs(float(part) - 100 * share) < 0.1 + 1e-9 for part, share in zip(parts, exact, strict=False))


def test_four_small_shares_and_the_rest_add_up() -> None:
    words = {"border": "0_0", "color": "1_0", "hair": "0_1", "skin": "1_1"}
    found = work_list(rows([16, 16, 16, 16, 418, 418, *[10] * 10]), book(**words))
    assert str(found).endswith(
        "carry 90.0 % of the decision; 4 named: border 1.6 %, color 1.6 %, hair 1.6 %, skin 1.6 %, unnamed 83.6 %"
    )


def test_without_relevance_there_is_no_list(tmp_path: Path) -> None:
    path = write_index(tmp_path / "i.h5", np.ones((3, 4)), relevance=np.full((3, 4), np.nan))
    with open_index(path) as index:
        found = work_list(index.filters(), book())
    assert (found.filters, str(found)) == ((), "")


def test_filters_with_a_tag_that_are_not_in_the_list_are_told_apart() -> None:
    found = work_list(rows([10, 50, 25, 0, 5, 10]), book(border="1_1", hair="0_3 0_3"))
    assert (
        str(found)
        == "4 of 6 filters carry 95.0 % of the decision; none of them has a tag yet; 2 with a tag are not among them"
    )
    one = work_list(rows([10, 50, 25, 0, 5, 10]), book(border="1_1"))
    assert str(one).endswith("; 1 with a tag is not among them")
