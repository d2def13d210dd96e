import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.cohort.cohort import parts_of_folds
from trainer.cohort.near_duplicates import joined
from trainer.cohort.splits import completed, folds, leaks, split
from trainer.files.errors import UserError

NO_PAIRS = np.empty((0, 2), np.intp)


def drawn(seed: int, classes: int = 2, count: int = 200) -> tuple[np.ndarray, list[str]]:
    """Classes and groups of one to four pictures; now and then a group holds several classes."""
    random = np.random.default_rng(seed)
    groups = np.sort(random.integers(0, count // 2, count))
    labels = np.where(random.random(count) < 0.1, random.integers(0, classes, count), groups % classes)
    return labels.astype(np.int64), [f"g{group}" for group in groups]


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(2, 4), st.integers(0, 5))
def test_no_group_stands_on_two_sides_and_every_class_in_every_part(seed: int, classes: int, split_seed: int) -> None:
    labels, groups = drawn(seed, classes)
    parts = split(labels, groups, split_seed)
    assert not leaks(parts, groups, NO_PAIRS)
    for part, share in (("train", 0.64), ("validation", 0.16), ("test", 0.2)):
        chosen = parts == part
        assert abs(chosen.mean() - share) < 0.06
        assert set(labels[chosen]) == set(range(classes))
        assert np.abs(np.bincount(labels[chosen]) / chosen.sum() - np.bincount(labels) / len(labels)).max() < 0.13
    assert (parts == split(labels, groups, split_seed)).all()


def test_another_seed_gives_another_split() -> None:
    labels, groups = drawn(1)
    assert (split(labels, groups, 0) != split(labels, groups, 1)).any()


def test_every_picture_is_tested_in_one_fold() -> None:
    labels, groups = drawn(2)
    numbers = folds(labels, groups, 5, 0)
    tested = sum((parts_of_folds(numbers, fold) == "test").astype(int) for fold in range(5))
    validated = sum((parts_of_folds(numbers, fold) == "validation").astype(int) for fold in range(5))
    assert (tested == 1).all()
    assert (validated == 1).all()
    assert not leaks(numbers.astype(str), groups, NO_PAIRS)
    assert set(parts_of_folds(numbers, 4)[numbers == 0]) == {"validation"}


def test_validation_is_cut_from_the_given_train_part_only() -> None:
    labels, groups = drawn(3)
    given_split = np.where(np.arange(200) < 150, "train", "test")
    parts = completed(labels, groups, given_split, 0)
    assert (parts[150:] == "test").all()
    assert abs((parts[:150] == "validation").mean() - 0.2) < 0.05
    whole = completed(labels, groups, parts, 7)
    assert (whole == parts).all()


def test_leaks_are_counted() -> None:
    parts = np.array(["train", "test", "train", "validation", "test"])
    pairs = np.array([[0, 1], [0, 2], [3, 4]])
    found = leaks(parts, ["a", "a", "b", "c", "c"], pairs)
    assert [(leak.kind, leak.torn, leak.all) for leak in found] == [("groups", 2, 3), ("near-duplicate pairs", 2, 3)]


def test_too_few_groups_are_said() -> None:
    labels = np.array([0] * 20 + [1] * 20)
    with pytest.raises(UserError, match="only 1 patients"):
        split(labels, [str(place) for place in range(20)] + ["one"] * 20, 0)
    with pytest.raises(UserError, match="too few"):
        folds(labels, [str(place) for place in range(40)], 2, 0)


@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=25))
def test_joining_makes_the_fewest_groups_that_hold_every_pair(pairs: list[tuple[int, int]]) -> None:
    groups = [f"g{place // 2:02}" for place in range(20)]
    result = joined(groups, np.array(pairs, np.intp).reshape(-1, 2))
    expected = list(range(20))  # the plainest union: repaint until nothing changes
    links = [*pairs, *((place, place + 1) for place in range(0, 20, 2))]
    for _ in range(20):
        for one, other in links:
            low = min(expected[one], expected[other])
            expected = [low if old in (expected[one], expected[other]) else old for old in expected]
    assert [result.index(name) for name in result] == [expected.index(name) for name in expected]
    assert set(result) <= set(groups)


def test_a_split_without_a_validation_part_stays_as_it_is() -> None:
    labels, groups = drawn(3)
    given_split = np.where(np.arange(200) < 150, "train", "test")
    assert (completed(labels, groups, given_split, 0, validation=False) == given_split).all()
    whole = split(labels, groups, 0, validation=False)
    assert set(whole) == {"train", "test"}
    assert (whole == "test").mean() == pytest.approx(0.2, abs=0.05)
    assert not leaks(whole, groups, NO_PAIRS)


@pytest.mark.parametrize("seed", range(7))
@pytest.mark.parametrize("counts", [(6,) * 12, (3, 30), (3, 3, 3), (4, 200, 5), (3, 3, 50, 7)])
def test_every_class_is_in_every_part_where_it_has_as_many_groups(counts: tuple[int, ...], seed: int) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    groups = [f"picture {place}" for place in range(len(labels))]
    parts = split(labels, groups, seed)
    for part in ("train", "validation", "test"):
        assert set(labels[parts == part]) == set(range(len(counts)))
    assert set(completed(labels, groups, np.where(parts == "test", "test", "train"), seed)) == set(parts)
    numbers = folds(labels, groups, 3, seed)
    assert all(set(labels[numbers == fold]) == set(range(len(counts))) for fold in range(3))


def test_every_class_is_in_every_part_with_groups_of_several_classes() -> None:
    labels = np.array([0, 1, 0, 1, 0, 1, *[2] * 12])
    groups = [*"aabbcc", *(f"g{place}" for place in range(12))]
    for seed in range(7):
        parts = split(labels, groups, seed)
        assert not leaks(parts, groups, NO_PAIRS)
        assert all(set(labels[parts == part]) == {0, 1, 2} for part in ("train", "validation", "test"))


def test_a_class_that_a_part_lacks_is_named_with_what_helps() -> None:
    labels = np.array([0] * 20 + [1] * 6)
    groups = [f"p{place}" for place in range(26)]
    given_split = np.array(["train"] * 10 + ["validation"] * 10 + ["train"] * 6)
    with pytest.raises(UserError, match=r"^Class nv has no picture in part validation, .* 6 pictures .* of 6 ") as said:
        completed(labels, groups, given_split, 0, classes=("mel", "nv"))
    assert "--own-split" in str(said.value)
    assert "--seed" not in str(said.value)
    crossed = np.array([0, 1, 0, 2, 1, 2, *[3] * 12])
    torn = [*"aabbcc", *(f"g{place}" for place in range(12))]
    with pytest.raises(UserError, match=r"^Class mel has pictures of only 2 .* \(2 pictures\).*join it .*fewer parts"):
        split(crossed, torn, 0, classes=("mel", "nv", "bcc", "df"))
