"""Two networks on one picture: the difference of their maps, what can be compared, and which filter is which."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.core.comparison.comparable import not_comparable, same_layers
from explorer.core.comparison.compare import compare
from explorer.core.comparison.difference import difference, share_of
from explorer.core.comparison.filter_match import measure_sample, of_indexes, of_samples, sample_of
from explorer.core.comparison.matching import match_anywhere
from explorer.core.drawing.overlay import resize
from explorer.core.drawing.styles import Scale
from explorer.core.errors import UserError
from explorer.core.index import build_index, open_index
from explorer.core.network.opening import Network, open_network
from explorer.core.progress import no_step
from explorer.core.tags import FilterKey
from tests.core.comparison.test_compare import folder, permuted, small  # noqa: F401
from tests.networks import save_normed, save_small
from trainer.networks.input_spec import Box

WHOLE = Box(0, 0, 40, 40)


@given(st.integers(0, 10_000))
def test_of_two_maps_on_the_same_frame_it_is_what_one_minus_the_other_is(seed: int) -> None:
    one, other = np.random.default_rng(seed).normal(size=(2, 5, 5)).astype(np.float32)
    found = difference(one, WHOLE, other, WHOLE, longest=40)
    np.testing.assert_allclose(found, resize(other, (40, 40)) - resize(one, (40, 40)), atol=1e-5)
    np.testing.assert_allclose(difference(other, WHOLE, one, WHOLE, longest=40), -found, atol=1e-6)
    assert not difference(one, WHOLE, one, WHOLE).any()


def test_maps_of_another_fineness_and_frame_are_laid_over_the_same_places() -> None:
    """A ramp over the picture says at every place where it is, however it is cut and however fine its map."""
    frames, sizes = (Box(0, 0, 40, 60), Box(0, 10, 40, 40)), ((8, 12), (20, 20))
    ramps = [
        np.broadcast_to(box.left + (np.arange(wide) + 0.5) * box.width / wide, (tall, wide)).astype(np.float32)
        for box, (tall, wide) in zip(frames, sizes, strict=True)
    ]
    found = difference(ramps[0], frames[0], ramps[1], frames[1], longest=60)
    assert found.shape == (40, 60)
    assert np.isnan(found[:, :10]).all(), "the second network does not see it"
    assert np.isnan(found[:, 50:]).all()
    np.testing.assert_allclose(found[:, 12:48], 0, atol=1e-3)


def test_shares_end_where_the_scale_does() -> None:
    shares = share_of(np.array([[-1.0, 1.0, 2.0, 3.0, 9.0]], np.float32), Scale(1.0, 3.0))
    np.testing.assert_allclose(shares, [[0, 0, 0.5, 1, 1]])
    assert not share_of(np.ones((2, 2), np.float32), Scale(1.0, 1.0)).any(), "a filter without a scale has no shares"


def test_what_cannot_be_compared_is_said(tmp_path: Path, small: Network) -> None:  # noqa: F811
    again = open_network(save_small(tmp_path / "again.safetensors", seed=3), device="cpu")
    assert same_layers(small, again)
    assert not_comparable(small, again) == ()
    path, code = save_normed(tmp_path)
    other = open_network(path, architecture=code, device="cpu", classes=("a", "b"))
    assert not same_layers(small, other)
    words = " ".join(not_comparable(small, other))
    assert "other layers (4 and 2)" in words
    assert "no class in common" in words
    one = open_network(save_small(tmp_path / "three.safetensors", classes=("benign", "malignant", "x")), device="cpu")
    assert not_comparable(small, one) == ("Only the classes that both have can be compared.",)
    cut = replace(again, input=replace(again.input, resize="shortest", mean=(0.5,) * 3))
    assert not_comparable(small, cut) == ("A and B see pictures otherwise: another cut and normalisation.",)


def test_a_sample_matches_filters_as_the_command_does(small: Network, folder: Path) -> None:  # noqa: F811
    other, went = permuted(small)
    pictures = tuple(sorted(folder.iterdir()))
    sample = sample_of(folder, pictures, 40)
    assert len(sample) == 40
    assert sample == sample_of(folder, pictures[::-1], 40), "the same pictures in whatever order"
    measured = [measure_sample(network, sample, no_step) for network in (small, other)]
    both = of_samples(measured[0], measured[1], same_layers=True)
    assert both.measured == 20
    for layer in range(len(small.layers)):
        for match in both.matches(layer):
            if not np.isnan(match.strength):
                assert match.second == went[match.first]
                assert both.strength(match.first, match.second) == pytest.approx(match.strength)
                assert match.strength == pytest.approx(1)


def test_what_was_not_read_by_both_is_left_out(small: Network, folder: Path) -> None:  # noqa: F811
    pictures = sorted(folder.iterdir())
    first, second = (measure_sample(small, some, no_step) for some in (pictures[:20], pictures[4:24]))
    both = of_samples(first, second, same_layers=True)
    assert both.pictures == tuple(map(str, pictures[4:20]))
    np.testing.assert_array_equal(both.first.peaks[3], both.second.peaks[3])
    np.testing.assert_array_equal(both.first.logits, both.second.logits)
    with pytest.raises(UserError, match="3 pictures are too few"):
        of_samples(first, measure_sample(small, pictures[17:20], no_step), same_layers=True)


def test_indexes_of_both_are_read(small: Network, folder: Path, tmp_path: Path) -> None:  # noqa: F811
    other = open_network(save_small(tmp_path / "other.safetensors", seed=5), device="cpu")
    networks, places = (small, other), (tmp_path / "small.h5", tmp_path / "other.h5")
    for network, place in zip(networks, places, strict=True):
        build_index(network, folder, place)
    with open_index(places[0]) as one, open_index(places[1]) as two:
        with pytest.raises(UserError, match="index of another network"):
            of_indexes((two, one), networks)
        both = of_indexes((one, two), networks)
    assert len(both.pictures) == 48
    expected = compare(small, other, folder)
    found = [match for layer in range(4) for match in both.matches(layer)]
    assert [match.second for match in found] == [match.second for match in expected.matches]


def test_between_other_architectures_a_match_may_lie_in_any_layer() -> None:
    random = np.random.default_rng(1)
    first = random.normal(size=(3, 40)).astype(np.float32)
    others = [random.normal(size=(4, 40)), np.stack([2 * first[2] + 1, first[0], np.ones(40)])]
    others[0][1, :20], others[0][3, 20:] = first[1, :20], first[1, 20:]
    rows = np.arange(20), np.arange(20, 40)
    found = match_anywhere(5, first, [np.asarray(one, np.float32) for one in others], *rows)
    assert [match.first for match in found] == [FilterKey(5, filter) for filter in range(3)]
    assert [match.second for match in found] == [FilterKey(1, 1), FilterKey(0, 1), FilterKey(1, 0)]
    assert found[0].strength == pytest.approx(1)
    assert abs(found[1].strength) < 0.6, "what was the same on one half is not on the other, and that is said"
    silent = match_anywhere(0, first, [np.ones((2, 40), np.float32)], *rows)
    assert [match.second for match in silent] == [None] * 3
