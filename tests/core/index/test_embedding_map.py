"""Maps of pictures and of filters: neighbours stay neighbours, and nothing is made twice."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from explorer.core.errors import UserError
from explorer.core.index import kept_map, open_index
from explorer.core.index.embedding_map import drawn, embed
from explorer.core.index.kept_map import placed_filters, placed_pictures
from explorer.core.progress import Cancelled
from tests.core.index.synthetic_index import write_index


def clusters(count: int, dimensions: int = 12, groups: int = 3) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    of = random.integers(0, groups, count)
    return (8 * random.normal(size=(groups, dimensions))[of] + random.normal(size=(count, dimensions))), of


def alone(places: np.ndarray, of: np.ndarray) -> float:
    """The share of points whose nearest other point is of the same group."""
    distance = np.linalg.norm(places[:, None] - places, axis=2) + 1e9 * np.eye(len(places))
    return float((of[distance.argmin(axis=1)] == of).mean())


def test_neighbours_stay_neighbours_and_the_same_comes_again() -> None:
    vectors, of = clusters(90)
    places = embed(vectors)
    assert places.dtype == np.float32
    assert np.abs(places).max() <= 1.3
    assert trustworthiness(vectors, places, n_neighbors=5) > 0.9
    assert alone(places, of) == 1
    np.testing.assert_array_equal(places, embed(vectors))


def test_of_many_a_sample_is_placed_and_the_rest_beside_its_nearest() -> None:
    vectors, of = clusters(200)
    places = embed(vectors, most=60)
    rows = drawn(200, 60)
    others = np.setdiff1d(np.arange(200), rows)
    assert alone(places, of) > 0.98
    nearest = np.linalg.norm(vectors[others][:, None] - vectors[rows], axis=2).argsort(axis=1)[:, :5]
    np.testing.assert_allclose(places[others], places[rows][nearest].mean(axis=1), atol=1e-5)


def test_filters_that_answer_alike_lie_together_whatever_their_strength() -> None:
    random = np.random.default_rng(1)
    patterns, of = random.normal(size=(3, 40)), np.arange(60) % 3
    answers = patterns[of] * random.uniform(0.1, 50, 60)[:, None] + random.uniform(0, 9, 60)[:, None]
    answers[7] = 2.5
    places = embed(answers, correlation=True)
    assert np.isnan(places[7]).all()
    there = np.arange(60) != 7
    assert alone(places[there], of[there]) == 1


@pytest.mark.parametrize("shape", [(0, 4), (1, 4), (2, 4), (3, 1), (5, 1), (6, 3)])
def test_few_points_and_equal_ones_have_places(shape: tuple[int, int]) -> None:
    for vectors in (np.random.default_rng(0).normal(size=shape), np.ones(shape)):
        places = embed(vectors)
        assert places.shape == (shape[0], 2)
        assert np.isfinite(places).all()


def test_a_map_is_made_once_for_each_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, _ = clusters(40, 8)
    peaks = np.random.default_rng(2).normal(size=(6, 40))
    peaks[2] = 0
    path = write_index(tmp_path / "i.h5", peaks, filters=(4, 2), embedding=vectors)
    with open_index(path) as index:
        pictures = placed_pictures(index)
        monkeypatch.setattr(kept_map, "_apart", lambda vectors, way, on_step: embed(vectors, correlation=way[0] == "c"))
        filters = placed_filters(index)
        np.testing.assert_allclose(pictures.places, embed(vectors.astype(np.float32)), atol=1e-6)
        assert np.isnan(filters.places[2]).all()
        assert "1 answers the same everywhere" in filters.said
        assert pictures.said == ""
        made = kept_map._apart
        monkeypatch.setattr(kept_map, "_apart", lambda *arguments: pytest.fail("made twice"))
        np.testing.assert_array_equal(placed_pictures(index).places, pictures.places)
        np.testing.assert_array_equal(placed_filters(index).places, filters.places)
        monkeypatch.setattr(kept_map, "_apart", made)
        kept = next((tmp_path / "i.parts").glob("places-pictures-*"))
        kept.write_bytes(b"damaged")
        np.testing.assert_array_equal(placed_pictures(index).places, pictures.places)
    other = write_index(tmp_path / "i.h5", peaks, filters=(4, 2), embedding=2 * vectors + 1)
    with open_index(other) as index:
        placed_pictures(index)
    assert len(list((tmp_path / "i.parts").glob("places-pictures-*"))) == 1


def test_a_map_that_nobody_wants_any_more_ends_at_once(tmp_path: Path) -> None:
    vectors, _ = clusters(3000, 40)
    steps = 0

    def step(done: int, total: int) -> None:
        nonlocal steps
        steps += 1
        if steps > 2:
            raise Cancelled

    path = write_index(tmp_path / "i.h5", np.ones((1, 3000)), embedding=vectors)
    with open_index(path) as index, pytest.raises(Cancelled):
        placed_pictures(index, on_step=step)
    assert not (tmp_path / "i.parts").exists()


def test_without_a_hidden_layer_it_is_said(tmp_path: Path) -> None:
    path = write_index(tmp_path / "i.h5", np.ones((1, 5)), embedding=np.empty((5, 0)))
    with open_index(path) as index, pytest.raises(UserError, match="no last hidden layer"):
        placed_pictures(index)


def test_what_fails_in_the_process_is_said() -> None:
    with pytest.raises(UserError, match="could not be made"):
        kept_map._apart(np.ones((2, 2, 2), np.float32), "distance", lambda done, total: None)
