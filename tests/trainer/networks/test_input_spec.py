import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torchvision import transforms

from trainer.files.errors import UserError
from trainer.networks.input_spec import InputSpec

sides = st.integers(20, 90)


def picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height * 100 + width).integers(0, 255, (height, width, 3), np.uint8)


@settings(max_examples=60)
@given(sides, sides, st.integers(16, 60), st.integers(16, 60))
def test_shortest_agrees_with_torchvision(height: int, width: int, to: int, size: int) -> None:
    rgb = picture(height, width)
    spec = InputSpec((size, size), "shortest", to, (0.4, 0.5, 0.6), (0.2, 0.3, 0.4))
    oracle = transforms.Compose(
        [
            transforms.Resize(to),
            transforms.CenterCrop(size),
            transforms.ToTensor(),
            transforms.Normalize(spec.mean, spec.std),
        ]
    )
    assert torch.allclose(spec.prepare(rgb), oracle(Image.fromarray(rgb)), atol=1e-6)


@settings(max_examples=20)
@given(sides, sides)
def test_squash_agrees_with_torchvision(height: int, width: int) -> None:
    rgb = picture(height, width)
    oracle = transforms.Compose([transforms.Resize((32, 48)), transforms.ToTensor()])
    spec = InputSpec((32, 48), "squash", 32)
    assert torch.allclose(spec.prepare(rgb), oracle(Image.fromarray(rgb)), atol=1e-6)
    assert spec.frame(height, width) == (0, 0, height, width)


@settings(max_examples=60)
@given(sides, sides, st.integers(16, 60), st.integers(16, 60), st.sampled_from(["squash", "shortest"]))
def test_the_frame_is_what_the_network_sees(height: int, width: int, to: int, size: int, resize: str) -> None:
    """A gradient cut out by hand at the frame's place has the values that the network gets."""
    spec = InputSpec((size, size), resize, to)
    frame = spec.frame(height, width)
    ramp = np.broadcast_to(np.linspace(0, 1, width, dtype=np.float32), (height, width))
    seen = spec.crop(np.repeat(np.rint(ramp * 255).astype(np.uint8)[..., None], 3, 2))[..., 0] / 255
    middle = (np.arange(size) + 0.5) / size * frame.width + frame.left
    # Pixels near the picture's edge are averaged with fewer neighbours: only the inner ones follow the ramp.
    inner = (middle > 0.1 * width) & (middle < 0.9 * width)
    expected = (middle - 0.5) / (width - 1)
    assert np.abs(seen[size // 2] - expected)[inner].max(initial=0) < 0.05


def test_padding_reaches_beyond_the_picture() -> None:
    spec = InputSpec((40, 40), "shortest", 20)
    assert spec.frame(20, 20) == (-10, -10, 40, 40)
    assert spec.crop(np.full((20, 20, 3), 255, np.uint8))[0, 0, 0] == 0


def test_grey_networks_get_grey_pictures() -> None:
    spec = InputSpec((8, 8), "squash", 8, (0.0,), (1.0,))
    assert spec.prepare(picture(20, 20)).shape == (1, 8, 8)


@pytest.mark.parametrize(
    "values",
    [
        {"size": (0, 10)},
        {"resize": "stretch"},
        {"resize_to": 0},
        {"mean": (0.0, 0.0)},
        {"std": (0.0, 1.0, 1.0)},
        {"mean": (float("nan"), 0.0, 0.0)},
    ],
)
def test_a_senseless_specification_is_refused(values: dict) -> None:
    with pytest.raises(UserError, match="input specification"):
        InputSpec(**values)


def test_it_survives_json() -> None:
    spec = InputSpec((10, 12), "shortest", 14, (0.1, 0.2, 0.3), (1, 2, 3))
    from dataclasses import asdict

    assert InputSpec.from_dict(asdict(spec)) == spec
    with pytest.raises(UserError):
        InputSpec.from_dict({"size": [1]})
