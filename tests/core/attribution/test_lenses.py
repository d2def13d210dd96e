"""Every lens is looked through in one way, and says what is wrong with what it was given."""

import copy
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from explorer.core.attribution import LENSES, attribute
from explorer.core.attribution.lens import CLASS, FILTER
from explorer.core.attribution.occlusion import sensitivity
from explorer.core.attribution.occlusion.occluder import Occluder
from explorer.core.attribution.occlusion.sensitivity import occlude
from explorer.core.attribution.target import parse_target
from explorer.core.errors import UserError
from explorer.core.network.opening import Network, open_network
from explorer.core.progress import Cancelled
from tests.networks import open_small, save_small

RGB = np.random.default_rng(1).integers(0, 255, (40, 47, 3), np.uint8)
QUICK = {"occlusion": {"stride": 8}}
"""Settings with which a lens takes little time."""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return open_small(tmp_path_factory.mktemp("small"))


@pytest.mark.parametrize(
    ("name", "written", "given"),
    [
        ("saliency", {"samples": 2, "noise": 1.0}, {"samples": np.int64(2), "noise": 1}),
        ("saliency", {"samples": 2, "noise": 0.0}, {"samples": 2, "noise": 0}),
        ("saliency", {"samples": 2, "noise": 0.25}, {"samples": np.uint8(2), "noise": np.float32(0.25)}),
        ("integrated-gradients", {"steps": 6}, {"steps": np.int32(6)}),
        ("grad-cam", {"layer": 2}, {"layer": np.intp(2)}),
        ("class-model", {"steps": 2, "strength": 1.0, "seed": 3}, {"steps": 2, "strength": 1, "seed": np.int64(3)}),
        ("occlusion", {"size": 16, "stride": 8, "fill": 0.0}, {"size": np.int64(16), "stride": 8, "fill": 0}),
        ("occlusion", {"fill": (0.5, 0.25, 0.0)}, {"fill": [0.5, 0.25, 0]}),
        ("occlusion", {"fill": (0.5, 0.25, 0.0)}, {"fill": np.array([0.5, 0.25, 0], np.float32)}),
    ],
)
def test_numbers_of_a_script_are_those_of_the_command_line(
    small: Network, name: str, written: dict[str, object], given: dict[str, object]
) -> None:
    expected, found = (attribute(small, RGB, name, target=target_of(name), **values) for values in (written, given))
    np.testing.assert_array_equal(found.map, expected.map)
    assert json.dumps(found.settings) == json.dumps(expected.settings), "and files say the same of them"


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("saliency", {"samples": 2, "noise": "much"}),
        ("saliency", {"samples": 2.5}),
        ("saliency", {"samples": True}),
        ("integrated-gradients", {"steps": None}),
        ("occlusion", {"size": "16"}),
        ("occlusion", {"size": 16.5}),
        ("occlusion", {"stride": None}),
        ("occlusion", {"fill": (0.5, 0.5)}),
        ("occlusion", {"fill": None}),
        ("occlusion", {"fill": ("red", 0.5, 0.5)}),
    ],
)
def test_what_is_no_value_of_a_setting_is_refused_in_words(
    small: Network, name: str, settings: dict[str, object]
) -> None:
    with pytest.raises(UserError):
        attribute(small, RGB, name, target=target_of(name), **settings)


def target_of(name: str) -> str:
    return "filter:3:2" if LENSES[name].targets[0] == FILTER else "class:malignant"


@pytest.mark.parametrize("name", LENSES)
def test_a_lens_gives_a_map_of_the_input_that_says_how_it_was_made(small: Network, name: str) -> None:
    steps: list[tuple[int, int]] = []
    found = attribute(
        small, RGB, name, target=target_of(name), on_step=lambda *step: steps.append(step), **QUICK.get(name, {})
    )
    lens = LENSES[name]
    assert found.map.shape == small.input.size
    assert found.map.dtype == np.float32
    assert np.abs(found.map).max() > 0
    assert found.signed == (lens.negative is not None)
    assert found.signed or found.map.min() >= 0
    assert set(found.settings) == {setting.name for setting in lens.settings}
    assert np.isfinite(found.score)
    assert found.method
    assert steps[-1][0] == steps[-1][1] > 0


@pytest.mark.parametrize("without_gradients", [torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize("name", LENSES)
def test_a_script_may_have_switched_gradients_off(small: Network, name: str, without_gradients: type) -> None:
    target, settings = target_of(name), QUICK.get(name, {})
    expected = attribute(small, RGB, name, target=target, **settings).map
    with without_gradients():
        found = attribute(small, RGB, name, target=target, **settings).map
        of_copy = attribute(small.copy(), RGB, name, target=target, **settings).map
        assert not torch.is_grad_enabled(), "and finds them as it left them"
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(of_copy, expected)


@pytest.mark.parametrize("without_gradients", [torch.no_grad, torch.inference_mode])
def test_a_network_may_be_opened_where_gradients_are_off(
    small: Network, tmp_path: Path, without_gradients: type
) -> None:
    with without_gradients():
        network = open_small(tmp_path)
    for name in LENSES:
        target, settings = target_of(name), QUICK.get(name, {})
        expected = attribute(small, RGB, name, target=target, **settings).map
        np.testing.assert_array_equal(attribute(network, RGB, name, target=target, **settings).map, expected)


@pytest.mark.parametrize("name", [name for name in LENSES if name != "occlusion"])
def test_weights_that_cannot_be_followed_are_named_as_the_reason(small: Network, name: str) -> None:
    with torch.inference_mode():
        module = copy.deepcopy(small.module)
    with pytest.raises(UserError, match="inference_mode"):
        attribute(dataclasses.replace(small, module=module), RGB, name, target=target_of(name))


@pytest.mark.parametrize("name", [name for name, lens in LENSES.items() if CLASS in lens.targets])
def test_a_class_is_meant_in_any_case(small: Network, name: str) -> None:
    expected = attribute(small, RGB, name, target="class:malignant", **QUICK.get(name, {})).map
    for word in ("Malignant", " MALIGNANT "):
        np.testing.assert_array_equal(
            attribute(small, RGB, name, target=f"class:{word}", **QUICK.get(name, {})).map, expected
        )


def test_a_class_that_only_its_case_tells_from_another_must_be_written_as_it_is(tmp_path: Path) -> None:
    network = open_network(save_small(tmp_path / "n.safetensors", classes=("Other", "other")), device="cpu")
    assert [parse_target(f"class:{word}", network).output for word in ("Other", "other")] == [0, 1]
    with pytest.raises(UserError, match='no class "OTHER"; its classes are Other, other'):
        parse_target("class:OTHER", network)


@pytest.mark.parametrize("name", LENSES)
def test_a_lens_stops_when_nobody_wants_its_map(small: Network, name: str) -> None:
    def stop(done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        attribute(small, RGB, name, target=target_of(name), on_step=stop, **QUICK.get(name, {}))


@pytest.mark.parametrize("name", LENSES)
def test_what_a_window_offers_is_what_the_lens_takes(small: Network, name: str) -> None:
    lens = LENSES[name]
    assert lens.name == name
    for setting in lens.settings:
        values = [value for value, _ in setting.offered]
        assert setting.default in values
        assert setting.name.isidentifier()
        assert lens.adjust(lens.complete({})) == lens.complete({})


def test_occlusion_through_the_registry_is_occlusion(small: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sensitivity, "FEW", 0)
    rough: list[np.ndarray] = []
    found = attribute(
        small, RGB, "occlusion", target="filter:3:2", size=8, stride=4, on_rough=lambda map: rough.append(map.map)
    )
    expected = occlude(small, RGB, "filter:3:2", Occluder(8, 4))
    np.testing.assert_array_equal(found.map, expected.map)
    assert found.score == expected.unoccluded
    assert found.settings == {"size": 8, "stride": 4, "fill": "mean"}
    assert found.method == expected.method
    assert [map.shape for map in rough] == [(32, 32)]


@pytest.mark.parametrize(
    ("lens", "target", "settings", "said"),
    [
        ("x-ray", "class:malignant", {}, 'no lens "x-ray"'),
        ("occlusion", "all", {}, "does not take"),
        ("occlusion", "class:nevus", {}, "no class"),
        ("occlusion", "class:malignant", {"sides": 3}, 'no setting "sides"'),
        ("occlusion", "class:malignant", {"fill": "pink"}, "no fill"),
    ],
)
def test_what_is_wrong_is_said(small: Network, lens: str, target: str, settings: dict[str, object], said: str) -> None:
    with pytest.raises(UserError, match=said):
        attribute(small, RGB, lens, target=target, **settings)


def test_importing_the_lenses_imports_nothing_that_computes() -> None:
    from tests.fences.test_rooms import loaded_by

    assert not {"torch", "numpy", "PIL"} & loaded_by("from explorer.core.attribution import LENSES, attribute")
