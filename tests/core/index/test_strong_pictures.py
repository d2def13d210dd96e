"""The sentence above a filter's pictures says no more than is known."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest

from explorer.core.index import open_index
from explorer.core.index.strong_pictures import lower_end, strong_of, strong_pictures
from explorer.core.tags import FilterKey
from tests.core.index.synthetic_index import write_index

N = 100
VALUES = np.concatenate([np.full(20, 2.0), np.zeros(80)])
GIVEN = np.array(["mel"] * 15 + ["nv"] * 85, object)
NONE = np.zeros(N, bool)


def test_a_class_that_stands_out_is_named_with_its_share_of_all() -> None:
    said = strong_of(VALUES, 1.0, GIVEN, NONE).sentence()
    assert said == "strong on 20 of 100 pictures; 75 % of these are mel (15 % of all)"


def test_nothing_is_said_of_chance() -> None:
    mixed = np.array(["mel", "nv"] * 50, object)
    assert strong_of(VALUES, 1.0, mixed, NONE).sentence() == (
        "strong on 20 of 100 pictures; no class stands out among these"
    )


def test_pictures_that_the_network_was_trained_on_say_nothing_of_classes() -> None:
    trained = np.arange(N) % 2 == 0
    found = strong_of(VALUES, 1.0, GIVEN, trained)
    assert (found.count, found.known, found.trained_on) == (20, 10, 10)
    assert "7 of the 10 of these that the network was not trained on are mel (14 % of all)" in found.sentence()


def test_small_numbers_are_no_percentages_and_two_pictures_no_class() -> None:
    few = np.where(np.arange(N) < 8, 2.0, 0.0)
    assert strong_of(few, 1.0, GIVEN, NONE).sentence() == (
        "strong on 8 of 100 pictures; 8 of the 8 of known class are mel (15 % of all)"
    )
    two = np.array(["df"] * 2 + ["nv"] * 98, object)
    assert strong_of(few, 1.0, two, NONE).name == ""


@pytest.mark.parametrize(("trained", "said"), [(18, "only 2"), (20, "none")])
def test_too_few_are_said_to_be_too_few(trained: int, said: str) -> None:
    found = strong_of(VALUES, 1.0, GIVEN, np.arange(N) < trained)
    assert f"of these {said} of known class that the network was not trained on" in found.sentence()


def test_without_classes_only_the_count() -> None:
    assert strong_of(VALUES, 1.0, np.array([""] * N, object), NONE).sentence() == "strong on 20 of 100 pictures"


def test_the_threshold_is_that_of_the_sample(tmp_path: Path) -> None:
    peaks = np.vstack([np.linspace(0, 10, N), np.zeros(N)])
    with open_index(write_index(tmp_path / "index.h5", peaks)) as index:
        found, silent = (strong_pictures(index, FilterKey(0, filter)) for filter in (0, 1))
        of = index.filters()[0]
    assert found.threshold == pytest.approx(of["q999"] + (of["highest"] - of["q999"]) / 4)
    assert found.count == int((peaks[0] > found.threshold).sum())
    assert silent.sentence() == "silent: it answers the same on all 100 pictures"


def test_the_interval_is_wilsons() -> None:
    for hits, number in ((3, 10), (50, 60), (0, 5), (5, 5)):
        known = binomtest(hits, number).proportion_ci(0.95, "wilson").low
        assert lower_end(hits / number, number) == pytest.approx(known, abs=1e-4)
