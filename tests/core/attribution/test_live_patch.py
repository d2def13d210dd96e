"""A patch that is dragged: what it gives is what a whole pass over the covered picture gives."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import explorer.core.attribution.occlusion.live_patch as covering
from explorer.core.attribution.occlusion.live_patch import LivePatch
from explorer.core.attribution.occlusion.occluder import Occluder
from explorer.core.attribution.occlusion.sensitivity import occlude
from explorer.core.incremental.traced_graph import Untraceable
from explorer.core.network.opening import Network
from tests.networks import open_small

FILLS = ["mean", "blur", "surround", 0.0, (0.9, 0.5, 0.4)]


def picture(height: int = 40, width: int = 47) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return open_small(tmp_path_factory.mktemp("small"))


@settings(max_examples=60)
@given(st.integers(1, 40), st.integers(-9, 40), st.integers(-9, 40), st.sampled_from(FILLS))
def test_it_is_what_a_whole_pass_gives(small: Network, size: int, top: int, left: int, fill: object) -> None:
    prepared = LivePatch(small, picture())
    occluder = Occluder(size, 1, fill)
    found = prepared.at(occluder, top, left)
    side = min(size, 32)
    assert (found.top, found.left) == tuple(min(max(0, place), 32 - side) for place in (top, left))
    batch = small.input.prepare(picture())[None]
    if fill == 0.0:
        covered = batch.clone()
        covered[:, :, found.top : found.top + side, found.left : found.left + side] = 0
        maps: dict[int, torch.Tensor] = {}
        convolutions = [part for part in small.module.modules() if isinstance(part, torch.nn.Conv2d)]
        handles = [
            part.register_forward_hook(lambda _m, _i, output, place=place: maps.update({place: output.clone()}))
            for place, part in enumerate(convolutions)
        ]
        logits = small.logits(covered)[0]
        for handle in handles:
            handle.remove()
        np.testing.assert_allclose(found.logits, logits, atol=1e-5 * float(logits.abs().max()))
        np.testing.assert_allclose(found.probabilities, logits.softmax(0), atol=1e-6)
        assert list(found.answers) == list(range(4))
        for layer, answers in found.answers.items():
            np.testing.assert_allclose(answers, maps[layer][0].amax((1, 2)), atol=1e-5)
    some = prepared.at(occluder, top, left, layers=[2])
    assert list(some.answers) == [2]
    np.testing.assert_allclose(some.answers[2], found.answers[2], atol=1e-6)


def test_every_filter_and_fill_agrees_with_a_sweep(small: Network) -> None:
    for fill in FILLS:
        occluder = Occluder(9, 5, fill)
        prepared = LivePatch(small, picture())
        assert prepared.method == "incremental"
        sweep = occlude(small, picture(), "all", occluder)
        for i, j in ((0, 0), (1, 3), (len(sweep.tops) - 1, 2)):
            found = prepared.at(occluder, sweep.tops[i], sweep.lefts[j])
            assert found.exact
            before = np.concatenate(list(prepared.unoccluded.answers.values()))
            after = np.concatenate(list(found.answers.values()))
            np.testing.assert_allclose(before - after, sweep.drops[i, j], atol=1e-5)


def test_a_network_without_a_graph_runs_whole(small: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = LivePatch(small, picture()).at(Occluder(8, 8), 3, 5)

    def no_graph(*_: object) -> None:
        raise Untraceable("no graph in this test")

    monkeypatch.setattr(covering, "graph_of", no_graph)
    prepared = LivePatch(small, picture())
    found = prepared.at(Occluder(8, 8), 3, 5, layers=[1])
    assert prepared.method.startswith("whole pass")
    np.testing.assert_allclose(found.logits, expected.logits, atol=1e-6)
    np.testing.assert_allclose(found.answers[1], expected.answers[1], atol=1e-6)


def test_the_picture_shows_the_patch_where_the_network_sees_it(small: Network) -> None:
    rgb = np.full((64, 96, 3), 200, np.uint8)
    drawn = LivePatch(small, rgb).picture(Occluder(8, 8, (1.0, 0.0, 0.0)), 4, 8)
    red = (drawn == (255, 0, 0)).all(2)
    rows, columns = np.nonzero(red)
    # 32 x 32 pixels of the input lie over 64 x 96 of the picture.
    assert (rows.min(), rows.max() + 1, columns.min(), columns.max() + 1) == (8, 24, 24, 48)
    assert red.sum() == 16 * 24
    assert (drawn[~red] == 200).all()
    assert (rgb == 200).all()
    edge = LivePatch(small, rgb).picture(Occluder(8, 8, (1.0, 0.0, 0.0)), 99, -5)
    assert (edge[-16:, :24] == (255, 0, 0)).all()


def test_only_what_lies_in_the_picture_of_a_patch_is_drawn(tmp_path: Path) -> None:
    """A picture that is padded by far: the patch in its scale would be 100 times as large as the picture."""
    small = open_small(tmp_path)
    spec = dataclasses.replace(small.input, resize="shortest", resize_to=1)
    padded = LivePatch(dataclasses.replace(small, input=spec), np.full((3000, 3000, 3), 200, np.uint8))
    patch, top, left = padded.patch(Occluder(24, 8, 0.0), 4, 4)
    assert (patch.shape, top, left) == ((3000, 3000, 3), 0, 0)
    patch, _, _ = padded.patch(Occluder(8, 8, 0.0), 0, 0)
    assert patch.size == 0
    assert (padded.picture(Occluder(8, 8, 0.0), 0, 0) == 200).all()


def test_pictures_of_one_network_do_not_mix(tmp_path: Path) -> None:
    used, other = open_small(tmp_path), np.ascontiguousarray(picture()[::-1])
    first = LivePatch(used, picture())
    second = LivePatch(used, other)
    for prepared, rgb in ((first, picture()), (second, other)):
        fresh = LivePatch(open_small(tmp_path), rgb)
        found, expected = (one.at(Occluder(8, 8), 9, 4) for one in (prepared, fresh))
        np.testing.assert_allclose(found.logits, expected.logits, atol=1e-7)


def test_changed_weights_are_noticed(tmp_path: Path) -> None:
    used = open_small(tmp_path)
    LivePatch(used, picture())
    with torch.no_grad():
        for part in used.module.parameters():
            part.mul_(1.5)
    found = LivePatch(used, picture())
    assert found.method == "incremental"
    covered = used.input.prepare(found.picture(Occluder(32, 32, 0.0), 0, 0))[None]
    np.testing.assert_allclose(found.at(Occluder(32, 32, 0.0), 0, 0).logits, used.logits(covered)[0], atol=1e-4)
