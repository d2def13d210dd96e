"""The sentence above a filter's pictures says no more than is known."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest

from explorer.core.index import open_index
from explorer.core.index.class_separation import separation_of
from explorer.core.index.strong_pictures import lower_end, strong_of, strong_pictures
from explorer.core.tags import FilterKey
from tests.core.index.synthetic_index import write_index

N = 100
VALUES = np.concatenate([np.full(20, 2.0), np.zeros(80)])
GIVEN = np.array(["mel"] * 15 + ["nv"] * 85, object)
NONE = np.zeros(N, bool)


def test_a_class_that_stands_out_is_named_with_its_share_of_all() -> None:
    said = strong_of(VALUES, 1.0, GIVEN, NONE).sentence()
    assert said == "strong on 20 of 100 pictures; 75 % of these are mel (15 % of all 100)"


def test_nothing_is_said_of_chance() -> None:
    mixed = np.array(["mel", "nv"] * 50, object)
    assert strong_of(VALUES, 1.0, mixed, NONE).sentence() == (
        "strong on 20 of 100 pictures; no class is clearly more frequent among these than among all 100"
    )


def test_pictures_that_the_network_was_trained_on_say_nothing_of_classes() -> None:
    trained = np.arange(N) % 2 == 0
    found = strong_of(VALUES, 1.0, GIVEN, trained)
    assert (found.count, found.known, found.trained_on) == (20, 10, 10)
    assert found.sentence() == (
        "strong on 20 of 100 pictures; 7 of the 10 of these that the network was not trained on are mel "
        "(14 % of all 50 such pictures)"
    )


def test_all_that_a_share_is_of_are_counted_and_told() -> None:
    """A share of all is of those that are counted: of known class, and not trained on."""
    known = GIVEN.copy()
    known[-20:] = ""
    assert strong_of(VALUES, 1.0, known, NONE).sentence() == (
        "strong on 20 of 100 pictures; 75 % of these are mel (19 % of all 80 of known class)"
    )
    known[15:18] = ""
    assert strong_of(VALUES, 1.0, known, NONE).sentence() == (
        "strong on 20 of 100 pictures; 15 of the 17 of known class are mel (19 % of all 77 of known class)"
    )
    left_out = np.arange(N) >= 60
    found = strong_of(VALUES, 1.0, GIVEN, left_out)
    assert (found.compared, found.trained_on) == (60, 0)
    assert found.sentence().endswith("are mel (25 % of all 60 that the network was not trained on)")


def test_a_class_that_a_filter_shuns_is_no_contradiction() -> None:
    """The card says that nv answers least of all; the sentence is about what is more frequent, and says so."""
    words = np.array(["bkl", "bcc", "akiec", "df"] * 10 + ["nv"] * 60, object)
    values = np.concatenate([np.linspace(1, 2, 40), np.zeros(60)])
    found, best = strong_of(values, 1.7, words, NONE), separation_of(values, words).best
    assert (found.name, found.count) == ("", 12)
    assert best is not None
    assert (best.name, best.auc.value) == ("nv", 0)
    assert "stands out" not in found.sentence()
    assert found.sentence().endswith("no class is clearly more frequent among these than among all 100")


def test_small_numbers_are_no_percentages_and_two_pictures_no_class() -> None:
    few = np.where(np.arange(N) < 8, 2.0, 0.0)
    assert strong_of(few, 1.0, GIVEN, NONE).sentence() == (
        "strong on 8 of 100 pictures; 8 of the 8 of known class are mel (15 % of all 100)"
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
    assert found.threshold == pytest.approx(of["q999_inside"] + (of["highest_inside"] - of["q999_inside"]) / 4)
    assert found.count == int((peaks[0] > found.threshold).sum())
    assert silent.sentence() == "silent on all 100 pictures, the edge left out"


def test_what_padding_answers_raises_no_limit(tmp_path: Path) -> None:
    """The peak inside of the strongest picture of a filter is always strong, whatever the ring of its map answers."""
    inside = np.linspace(0.1, 1, N)[None]
    with open_index(write_index(tmp_path / "index.h5", np.full((1, N), 50.0), inside=inside)) as index:
        index.contents.filters["q999_inside"] = 0.8
        found = strong_pictures(index, FilterKey(0, 0))
    assert 0 < found.count == int((inside > found.threshold).sum())


def test_nothing_below_zero_is_strong(tmp_path: Path) -> None:
    inside = np.linspace(-5, 0.01, N)[None]
    with open_index(write_index(tmp_path / "index.h5", inside + 9, inside=inside)) as index:
        index.contents.filters["q999_inside"] = -3
        found = strong_pictures(index, FilterKey(0, 0))
    assert found.threshold == 0
    assert found.count == int((inside > 0).sum())


def test_the_interval_is_wilsons() -> None:
    for hits, number in ((3, 10), (50, 60), (0, 5), (5, 5)):
        known = binomtest(hits, number).proportion_ci(0.95, "wilson").low
        assert lower_end(hits / number, number) == pytest.approx(known, abs=1e-4)
