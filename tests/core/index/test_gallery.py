"""The pictures that show what a filter answers to: of different kinds, each once, none for a silent filter."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from explorer.core.errors import UserError
from explorer.core.index import FolderIndex, open_index
from explorer.core.index.gallery import KINDS, gallery, too_alike
from explorer.core.index.other_surround import Surrounds
from explorer.core.tags import FilterKey
from tests.core.index.synthetic_index import write_index

N = 120
RANDOM = np.random.default_rng(3)
PLACES = RANDOM.normal(size=(N, 4)) * 10
PLACES[:6] = PLACES[0] + np.arange(6)[:, None] * 1e-4
"""The last hidden layer: pictures 0 to 5, the strongest of all, are of one lesion."""
PEAKS = np.vstack([np.linspace(10, 0.1, N), np.zeros(N), np.where(np.arange(N) < 3, 1.0, 0.0)])
GIVEN = tuple(("mel", "nv", "nv", "")[row % 4] for row in range(N))
LOGITS = np.stack([np.zeros(N), np.where(np.arange(N) % 2, 2.0, -2.0)], axis=1)
ALWAYS, SILENT, RARE = (FilterKey(0, filter) for filter in range(3))


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FolderIndex]:
    path = tmp_path_factory.mktemp("index") / "index.h5"
    rare = {"area_inside": 1 - PEAKS / 20}
    with open_index(write_index(path, PEAKS, given=GIVEN, embedding=PLACES, logits=LOGITS, **rare)) as opened:
        yield opened


def rows(index: FolderIndex, key: FilterKey, kind: str, n: int = 12, **options: object) -> list[int]:
    return [index.rows[one.picture] for one in gallery(index, key, kind, n, **options).pictures]


def test_the_strongest_are_of_different_kinds(index: FolderIndex) -> None:
    found = gallery(index, ALWAYS, "strongest", 10)
    taken = [index.rows[one.picture] for one in found.pictures]
    assert taken[0] == 0
    assert not set(taken) & {1, 2, 3, 4, 5}
    assert found.passed_over >= 5
    assert taken == sorted(taken)
    limit = too_alike(index)
    between = np.linalg.norm(PLACES[taken][:, None] - PLACES[taken], axis=2)[np.triu_indices(10, 1)]
    assert between.min() >= limit
    assert np.quantile(np.linalg.norm(PLACES[:, None] - PLACES, axis=2)[np.triu_indices(N, 1)], 0.02) == pytest.approx(
        limit, rel=1e-3
    )


def test_the_weakest_come_from_the_other_end(index: FolderIndex) -> None:
    assert rows(index, ALWAYS, "weakest", 3)[0] == N - 1


def test_answers_that_are_no_numbers_make_no_gallery(tmp_path: Path) -> None:
    path = write_index(tmp_path / "index.h5", np.full((1, N), np.nan), given=GIVEN, embedding=PLACES, logits=LOGITS)
    with open_index(path) as index:
        assert all(gallery(index, ALWAYS, kind).pictures == () for kind in ("strongest", "weakest", "tenths"))


def test_every_tenth_goes_from_the_strongest_to_the_weakest(index: FolderIndex) -> None:
    found = rows(index, ALWAYS, "tenths")
    assert len(found) == 11
    assert found == [round(tenth * (N - 1) / 10) for tenth in range(11)]


def pairs(index: FolderIndex, key: FilterKey, kind: str) -> list[tuple[int, int]]:
    found = gallery(index, key, kind).pictures
    assert [one.beside for one in found[::2]] == [""] * (len(found) // 2)
    assert [one.beside for one in found[1::2]] == [one.picture for one in found[::2]]
    taken = [index.rows[one.picture] for one in found]
    return list(zip(taken[::2], taken[1::2], strict=True))


def test_contrast_and_near_misses_are_weak_and_most_alike(index: FolderIndex) -> None:
    for kind, weakest in (("contrast", N // 2), ("near", N * 3 // 4)):
        found = pairs(index, ALWAYS, kind)
        assert len(found) >= 4
        free = set(range(weakest, N))
        for strong, weak in found:
            allowed = [other for other in free if kind == "contrast" or GIVEN[other] == GIVEN[strong] != ""]
            assert weak == min(allowed, key=lambda other: float(np.linalg.norm(PLACES[other] - PLACES[strong])))
            free.discard(weak)


def test_a_near_miss_has_no_answer_however_few_there_are(tmp_path: Path) -> None:
    """The lowest quarter of a filter that answers nearly everywhere is an answer all the same."""
    everywhere, seldom = np.linspace(10, 8, N), np.r_[np.linspace(10, 8, N - 5), np.full(5, 0.2)]
    path = write_index(tmp_path / "index.h5", np.vstack([everywhere, seldom, everywhere - 10]), given=("nv",) * N)
    with open_index(path) as index:
        assert rows(index, FilterKey(0, 0), "near") == []
        misses = {weak for _, weak in pairs(index, FilterKey(0, 1), "near")}
        assert misses
        assert misses <= set(range(N - 5, N))
        for row in misses:
            assert index.answers(FilterKey(0, 1), "inside")[row] < index.filters()[1]["q995"] / 2


def test_no_kind_has_two_pictures_of_a_lesion(tmp_path: Path) -> None:
    """Two photographs of a lesion, taken apart enough that the network sees them otherwise."""
    lesions = tuple(f"lesion {row // 2}" if row < N - 20 else "" for row in range(N))
    peaks = np.vstack([np.linspace(10, 0.0, N), RANDOM.uniform(0, 1, N), np.linspace(10, 0.0, N)[::-1]])
    surround = RANDOM.permutation(np.linspace(0, 1, N))
    surrounds = Surrounds({name: surround for name in ("brightness", "red share", "blue share")})
    path = write_index(tmp_path / "index.h5", peaks, given=GIVEN, embedding=RANDOM.normal(size=(N, 4)), lesions=lesions)
    with open_index(path) as index:
        for key in (FilterKey(0, filter) for filter in range(3)):
            for kind in KINDS:
                found = gallery(index, key, kind, 24, surrounds=surrounds).pictures
                shown = [index.lesions[one.picture] for one in found if one.picture in index.lesions]
                assert len(shown) == len(set(shown)), (key, kind)
                assert len({one.picture for one in found}) == len(found)
                assert len(found) > 8 or kind in ("near", "surround")
        one_lesion = dict.fromkeys(index.pictures, "one")
        assert len(gallery(index, FilterKey(0, 1), "strongest", lesions=one_lesion).pictures) == 1


def test_random_ones_are_the_same_for_the_same_seed(index: FolderIndex) -> None:
    assert rows(index, ALWAYS, "random", seed=1) == rows(index, RARE, "random", seed=1)
    assert rows(index, ALWAYS, "random", seed=1) != rows(index, ALWAYS, "random", seed=2)
    assert len(set(rows(index, ALWAYS, "random", 50))) == 50


def test_by_class_goes_through_the_classes(index: FolderIndex) -> None:
    found = gallery(index, ALWAYS, "class", 8).pictures
    assert [one.given for one in found] == ["nv"] * 4 + ["mel"] * 4
    other = gallery(index, ALWAYS, "class", 4, given=["all"] * N).pictures
    assert {one.given for one in other} == {"all"}


def test_a_tile_says_what_is_known_of_its_picture(index: FolderIndex) -> None:
    first, second = gallery(index, ALWAYS, "strongest", 2).pictures
    assert (first.value, first.given, first.predicted, first.place) == (10, "mel", "benign", (3, 3))
    assert first.probability == pytest.approx(1 / (1 + np.exp(-2)))
    assert second.beside == ""


def test_by_another_answer(index: FolderIndex) -> None:
    assert rows(index, ALWAYS, "strongest", 1, by="area_inside") == [N - 1]


def test_no_picture_is_strong_by_its_area_whose_values_inside_are_all_below_zero(tmp_path: Path) -> None:
    """What is above the 0.995 quantile may lie below zero, where nothing is drawn."""
    inside = np.where(np.arange(N) < 20, 0.5, -1.0)[None]
    area = np.where(np.arange(N) < 20, 0.1, 0.9)[None]
    answers = {"inside": inside, "area_inside": area}
    path = write_index(tmp_path / "i.h5", inside + 2, given=GIVEN, embedding=PLACES, logits=LOGITS, **answers)
    with open_index(path) as index:
        assert not set(rows(index, FilterKey(0, 0), "class", 40, by="area_inside")) & set(range(20, N))


def test_a_silent_filter_shows_nothing(index: FolderIndex) -> None:
    for kind in KINDS:
        assert gallery(index, SILENT, kind) == gallery(index, SILENT, kind)
        assert gallery(index, SILENT, kind).silent
        assert not gallery(index, SILENT, kind).pictures


def test_pictures_without_an_answer_are_never_strong(index: FolderIndex) -> None:
    assert set(rows(index, RARE, "strongest")) <= {0, 1, 2}
    assert {strong for strong, _ in pairs(index, RARE, "contrast")} <= {0, 1, 2}


def test_the_same_file_twice_and_no_last_layer(tmp_path: Path) -> None:
    path = write_index(
        tmp_path / "index.h5", PEAKS[:1], embedding=np.zeros((N, 0)), logits=np.zeros((N, 0)), classes=(), given=GIVEN
    )
    with open_index(path) as index:
        assert rows(index, ALWAYS, "strongest", 3) == [0, 1, 2]
        assert rows(index, ALWAYS, "contrast") == []
        assert gallery(index, ALWAYS).pictures[0].predicted == ""


def test_an_unknown_kind_is_said(index: FolderIndex) -> None:
    with pytest.raises(UserError, match="nearest"):
        gallery(index, ALWAYS, "nearest")
