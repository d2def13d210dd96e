"""The picture that a class or a filter would like best is climbed to from nothing, the same in every run."""

from pathlib import Path

import numpy as np
import pytest
import torch

from explorer.core.attribution import LENSES, AttributionMap, attribute
from explorer.core.attribution.attribution_map import Value
from explorer.core.attribution.class_model import _variation_slope, ascent, pictured
from explorer.core.attribution.target import parse_target
from explorer.core.errors import UserError
from explorer.core.network.opening import Network
from tests.networks import open_small

NOTHING = np.zeros((1, 1, 3), np.uint8)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return open_small(tmp_path_factory.mktemp("small"))


def climbed(network: Network, target: str, **settings: Value) -> list[float]:
    complete = LENSES["class-model"].complete(settings)
    return [score for _, score in ascent(network, parse_target(target, network), complete)]


@pytest.mark.parametrize("held", ["l2", "tv"])
@pytest.mark.parametrize("target", ["class:malignant", "probability:benign", "filter:3:2", "filter:2:1:mean"])
def test_the_score_rises_step_by_step_on_average(small: Network, target: str, held: str) -> None:
    scores = climbed(small, target, held=held, strength=0.3, jitter=0, steps=64)
    assert len(scores) == 65
    eighths = np.mean(np.reshape(scores[:64], (8, 8)), 1)
    assert (np.diff(eighths) > 0).all()
    assert scores[-1] > scores[0]


@pytest.mark.parametrize("target", ["class:malignant", "filter:3:2"])
def test_it_rises_on_average_as_it_comes(small: Network, target: str) -> None:
    """With the usual settings: shifted by chance before each step, and held back, so that it levels out on the way."""
    scores = climbed(small, target)
    assert len(scores) == 129
    slope, _ = np.polyfit(np.arange(len(scores)), scores, 1)
    assert slope > 0
    eighths = np.mean(np.reshape(scores[:-1], (8, -1)), 1)
    assert (eighths[1:] > eighths[0]).all()
    assert scores[-1] > scores[0]


def test_it_begins_with_nothing_and_ends_with_what_is_shown(small: Network) -> None:
    settings = LENSES["class-model"].complete({"steps": 8})
    path = list(ascent(small, parse_target("class:malignant", small), settings))
    assert not path[0][0].any()
    found = attribute(small, NOTHING, "class-model", target="class:malignant", steps=8)
    assert found.score == path[-1][1] == pytest.approx(float(small.logits(path[-1][0])[0, 1]), rel=1e-5)
    moved = path[-1][0][0].numpy() * np.array(small.input.std)[:, None, None]
    np.testing.assert_allclose(found.map, np.abs(moved).max(0), rtol=1e-5)
    assert f"{path[0][1]:.3g}" in found.summary


def test_the_same_seed_makes_the_same_picture_whatever_picture_is_in_view(small: Network) -> None:
    def made(rgb: np.ndarray, **settings: Value) -> AttributionMap:
        return attribute(small, rgb, "class-model", target="class:malignant", steps=20, **settings)

    first = made(NOTHING)
    again = made(np.full((50, 40, 3), 200, np.uint8))
    assert first.rgb is not None
    assert again.rgb is not None
    np.testing.assert_array_equal(first.rgb, again.rgb)
    np.testing.assert_array_equal(first.map, again.map)
    assert first.rgb.shape == (32, 32, 3)
    assert first.rgb.dtype == np.uint8
    assert np.abs(made(NOTHING, seed=1).map - first.map).max() > 0.01
    plain = made(NOTHING, jitter=0).map
    np.testing.assert_array_equal(plain, made(NOTHING, jitter=0, seed=1).map)


def test_what_holds_the_picture_back_keeps_it_small_or_smooth(small: Network) -> None:
    def made(**settings: Value) -> torch.Tensor:
        path = ascent(small, parse_target("class:malignant", small), LENSES["class-model"].complete(settings))
        return list(path)[-1][0]

    def roughness(picture: torch.Tensor) -> float:
        return float(sum(picture.diff(dim=side).abs().mean() for side in (2, 3)) / picture.abs().mean())

    free, held = made(strength=0.0), made(held="l2", strength=20.0)
    smooth = made(held="tv", strength=3.0)
    assert float(held.norm()) < 0.5 * float(free.norm())
    assert roughness(smooth) < 0.5 * roughness(free)


def test_the_slope_of_the_variation_is_autograds() -> None:
    picture = torch.rand(1, 3, 6, 5, dtype=torch.float64, requires_grad=True)
    variation = sum((picture.diff(dim=side).square() + 0.01**2).sqrt().sum() for side in (2, 3))
    (expected,) = torch.autograd.grad(variation, picture)
    torch.testing.assert_close(_variation_slope(picture.detach()), expected)


def test_nothing_is_grey_and_up_is_bright() -> None:
    shown = pictured(torch.tensor([0.0, 0.5, -0.5]).view(1, 1, 3), 1.0)
    assert shown[0, :, 0].tolist() == [128, 255, 0]
    assert pictured(torch.zeros(3, 2, 2), 0.995).min() == pictured(torch.zeros(3, 2, 2), 0.995).max() == 128


def test_where_nothing_can_be_climbed_from_zero_it_begins_with_noise(tmp_path: Path) -> None:
    network = open_small(tmp_path)
    with torch.no_grad():
        for bias in (part.bias for part in network.module.modules() if isinstance(part, torch.nn.Conv2d)):
            bias.fill_(-1e-4)  # every rectifier is closed on a picture of nothing
    scores = climbed(network, "class:malignant", jitter=0, steps=32)
    assert scores[-1] > scores[0]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"steps": 0}, "0 steps"),
        ({"held": "glue"}, "glue"),
        ({"strength": -1.0}, "strength of -1"),
        ({"strength": float("nan")}, "strength of nan"),
        ({"jitter": 17}, "from 0 to 16"),
        ({"seed": -1}, "no seed"),
    ],
)
def test_settings_that_do_not_work_are_said(small: Network, settings: dict[str, Value], said: str) -> None:
    with pytest.raises(UserError, match=said):
        attribute(small, NOTHING, "class-model", target="class:malignant", **settings)


def test_it_is_shown_while_it_is_made(small: Network) -> None:
    seen: list[AttributionMap] = []
    attribute(small, NOTHING, "class-model", target="class:malignant", steps=40, on_rough=seen.append)
    assert [found.method for found in seen] == ["gradient ascent in 16 steps", "gradient ascent in 32 steps"]
    assert all(found.rgb is not None for found in seen)
