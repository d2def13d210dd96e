"""What a file holds of the step by which its network normalises pictures itself is used and said."""

from collections import OrderedDict
from pathlib import Path

import pytest
import torch
import torchvision
from torch import nn

from trainer.networks.opening import OpenedModel, open_model


def shufflenet(outputs: int = 2) -> nn.Module:
    torch.manual_seed(0)
    return torchvision.models.shufflenet_v2_x0_5(num_classes=outputs).eval()


def opened(state: object, folder: Path) -> OpenedModel:
    torch.save(state, folder / "net.pt")
    return open_model(folder / "net.pt")


def answer(found: OpenedModel, pictures: torch.Tensor) -> torch.Tensor:
    """What it says of pictures in [0, 1], normalised as its input says."""
    mean, std = (torch.tensor(values).view(1, -1, 1, 1) for values in (found.input.mean, found.input.std))
    with torch.inference_mode():
        return found.module((pictures - mean) / std)


@pytest.mark.parametrize("names", ["mean std", "normalize.mean normalize.std", "pixel_mean pixel_std"])
@pytest.mark.parametrize("scale", [1.0, 255.0])
def test_buffers_that_normalise_pictures_are_their_mean_and_std(names: str, scale: float, tmp_path: Path) -> None:
    network, pictures = shufflenet(), torch.rand(2, 3, 224, 224)
    mean, std = torch.tensor([0.5, 0.4, 0.3]).view(3, 1, 1), torch.tensor([0.1, 0.2, 0.3]).view(3, 1, 1)
    buffers = dict(zip(names.split(), (mean * scale, std * scale), strict=True))
    found = opened({**buffers, **{f"model.{name}": one for name, one in network.state_dict().items()}}, tmp_path)
    with torch.inference_mode():
        torch.testing.assert_close(answer(found, pictures), network((pictures - mean) / std), rtol=1e-4, atol=1e-5)
    said = " ".join(found.assumed)
    assert names.split()[0] in said
    assert "normalised as ImageNet" not in said
    assert "set aside" not in said


def test_buffers_that_only_scale_bytes_are_of_bytes(tmp_path: Path) -> None:
    """A mean of 0 says nothing of the scale; a std of 255 does."""
    network, pictures = shufflenet(), torch.rand(2, 3, 224, 224)
    buffers = {"pixel_mean": torch.zeros(3, 1, 1), "pixel_std": torch.full((3, 1, 1), 255.0)}
    found = opened({**buffers, **{f"model.{name}": one for name, one in network.state_dict().items()}}, tmp_path)
    with torch.inference_mode():
        torch.testing.assert_close(answer(found, pictures), network(pictures), rtol=1e-4, atol=1e-5)
    assert any("of values from 0 to 255 there" in said for said in found.assumed)


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("raw", [True, False])
def test_a_norm_of_the_colors_in_front_of_the_body_is_computed(affine: bool, raw: bool, tmp_path: Path) -> None:
    network = nn.Sequential()
    network.add_module("norm", nn.BatchNorm2d(3, affine=affine))
    network.add_module("model", shufflenet())
    network[0].running_mean = torch.tensor([0.6, 0.5, 0.5]) if raw else torch.tensor([0.02, -0.1, 0.3])
    network[0].running_var = torch.tensor([0.05, 0.04, 0.03]) if raw else torch.tensor([0.9, 1.1, 1.0])
    if affine:
        network[0].weight.data = torch.tensor([-1.0, 0.5, 2.0])
    found = opened(network.state_dict(), tmp_path)
    picture = torch.rand(1, 3, 224, 224)
    with torch.inference_mode():
        torch.testing.assert_close(found.module(picture), network.eval()(picture), rtol=1e-4, atol=1e-5)
    said = " ".join(found.assumed)
    assert "The norm of the colors (norm)" in said
    assert "set aside" not in said
    assert (found.input.mean == (0.0, 0.0, 0.0)) == raw


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_convolution_that_makes_the_colors_is_computed(channels: int, bias: bool, tmp_path: Path) -> None:
    network = nn.Sequential(OrderedDict(adapt=nn.Conv2d(channels, 3, 1, bias=bias), model=shufflenet()))
    found = opened(network.state_dict(), tmp_path)
    assert found.input.channels == channels
    picture = torch.rand(2, channels, 224, 224)
    with torch.inference_mode():
        torch.testing.assert_close(found.module(picture), network(picture), rtol=1e-4, atol=1e-5)
    said = " ".join(found.assumed)
    assert "The 1 x 1 convolution" in said
    assert "set aside" not in said


def test_a_larger_convolution_before_the_body_changes_every_map(tmp_path: Path) -> None:
    state = {"denoise.weight": torch.rand(3, 3, 5, 5)}
    state |= {f"model.{name}": tensor for name, tensor in shufflenet().state_dict().items()}
    assert "its input, its maps and its scores are others" in " ".join(opened(state, tmp_path).assumed)


def test_a_norm_that_may_as_well_stand_at_the_end_is_said_to_be_missing(tmp_path: Path) -> None:
    state = {f"model.{name}": tensor for name, tensor in shufflenet(3).state_dict().items()}
    state |= {f"norm.{name}": tensor for name, tensor in nn.BatchNorm1d(3).state_dict().items()}
    said = " ".join(opened(state, tmp_path).assumed)
    assert "norm.running_mean" in said
    assert "A norm of 3 values (norm) is not computed" in said
