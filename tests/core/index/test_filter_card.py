"""The card of a filter: the numbers that other modules find, in one piece."""

from pathlib import Path

import numpy as np
import pytest

from explorer.core.index import open_index
from explorer.core.index.filter_card import BARS, filter_card
from explorer.core.index.layer_summary import summary_of
from explorer.core.tags import FilterKey
from tests.core.index.synthetic_index import write_index


def test_the_card_of_a_filter(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    inside = random.random((6, 50))
    inside[4] = 1 - inside[1]
    inside[2] = inside[1] + 0.9 * random.random(50)
    relevance = random.random((6, 50)) * np.arange(1, 7)[:, None]
    path = write_index(
        tmp_path / "i.h5",
        random.random((6, 50)),
        inside=inside,
        filters=(3, 3),
        relevance=relevance,
        ring=np.full((6, 50), 4.5),
    )
    with open_index(path) as index:
        card = filter_card(index, FilterKey(0, 1), (28, 28))
    assert card.peaks == pytest.approx(inside[1], rel=1e-6)
    assert (card.counts.sum(), len(card.counts), len(card.edges)) == (50, BARS, BARS + 1)
    assert (card.rank, card.filters, card.at_edge) == (2, 3, True)
    assert card.ring == pytest.approx(4.5 * (1 - 26**2 / 28**2))
    assert [one.key for one in card.twins] == [FilterKey(1, 1)]
    assert card.alike[0].key == FilterKey(0, 2)
    assert card.opposed[0].key == FilterKey(1, 1)
    assert {one.name for one in card.classes.classes} == {"benign", "malignant"}
    shares = [card.stronger_than(peak) for peak in np.sort(card.peaks)]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.01, 0.99)


def test_a_silent_filter_answers_to_no_class(tmp_path: Path) -> None:
    """What lies below zero is no answer, however well it would tell the classes apart."""
    peaks = np.vstack([np.where(np.arange(40) % 2, -0.1, -0.9), np.linspace(0.1, 1, 40)]) + 1e-3 * np.arange(40)
    peaks[0] -= 1
    with open_index(write_index(tmp_path / "i.h5", peaks)) as index:
        silent, other = (filter_card(index, FilterKey(0, filter), (28, 28)) for filter in (0, 1))
        summary = summary_of(index, 0, (28, 28))
    assert (silent.silent, silent.silent_share, other.silent) == (True, 1, False)
    assert silent.classes.classes == ()
    assert silent.classes.best is None
    assert np.isnan(silent.stronger_than(-0.5))
    assert (silent.alike, silent.opposed, silent.twins) == ((), (), ())
    assert len(other.classes.classes) == 2
    assert 0 < other.stronger_than(0.5) < 1
    assert np.isnan(summary.separation[0])
    assert np.isfinite(summary.separation[1])


def test_a_filter_that_answers_at_the_edge_alone_answers_to_no_class(tmp_path: Path) -> None:
    """The AUC is of the peak inside: where that is never above zero there is nothing that it could be of."""
    inside = np.where(np.arange(40) % 2, -0.1, -0.9)[None] - 1e-3 * np.arange(40)
    path = write_index(tmp_path / "i.h5", np.linspace(0.1, 1, 40)[None], inside=inside)
    with open_index(path) as index:
        card, summary = filter_card(index, FilterKey(0, 0), (28, 28)), summary_of(index, 0, (28, 28))
    assert (card.silent, card.silent_share, card.classes.classes) == (True, 1, ())
    assert np.isnan(summary.separation[0])
    assert summary.silent == {0}


def test_a_filter_is_silent_where_its_range_says_so(tmp_path: Path) -> None:
    """Range and silence are both of the map without its edge, where padding makes every filter answer."""
    inside = np.linspace(-0.4, 0.5, 10)[None]
    path = write_index(tmp_path / "i.h5", np.ones((1, 10)), inside=inside)
    with open_index(path) as index:
        card = filter_card(index, FilterKey(0, 0), (28, 28))
    assert card.silent_share == pytest.approx((inside <= 0).mean())
    assert (card.edges[0] < 0, card.silent_share > 0) == (True, True)
