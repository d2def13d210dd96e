"""A file of a muted network answers as the muted network does, and says what it is."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from torch import nn

from explorer.core.errors import UserError
from explorer.core.images import read_image
from explorer.core.index import FolderIndex
from explorer.core.muting import FolderMeans, muted_logits
from explorer.core.muting.muted_file import muted_network, write_muted
from explorer.core.network.opening import Network, open_network
from explorer.core.tags import FilterKey
from tests.core.muting.test_kept_pass import Twice, network_of, of_torchvision
from tests.networks import save_small

KEYS = [FilterKey(0, 1), FilterKey(3, 5)]


@pytest.mark.parametrize("fill", ["zero", "constant"])
def test_the_file_answers_as_the_muted_network(
    fill: str, network: Network, index: FolderIndex, drawn: Path, tmp_path: Path
) -> None:
    model, means = save_small(tmp_path / "small.safetensors"), FolderMeans.of(network, index)
    write_muted(tmp_path / "muted.safetensors", network, model, KEYS, fill, means)
    muted = open_network(tmp_path / "muted.safetensors", device="cpu")
    rgb = read_image(drawn / "images" / index.pictures[0])
    expected = muted_logits(network, rgb, KEYS, fill, index=means)
    np.testing.assert_allclose(muted_logits(muted, rgb, []), expected, atol=1e-5)
    assert muted.identity != network.identity
    assert muted.training["muted"] == {
        "filters": ["0:1", "3:5"], "fill": fill, "of": network.name, "digest": network.digest,
    }  # fmt: skip
    assert "not the real network" in muted.training["meaning"]


@pytest.mark.filterwarnings("ignore:The default weight initialization")
@pytest.mark.parametrize("reading", ["googlenet", "googlenet:transform_input=False"])
def test_a_muted_network_rescales_its_input_as_the_network_does(reading: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    own = torchvision.models.googlenet(num_classes=2, aux_logits=False, init_weights=False)
    for part in own.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.weight, 1, 3)  # scores that hang on the picture
    torch.save(own.state_dict(), tmp_path / "own.pt")
    network = open_network(tmp_path / "own.pt", architecture=reading, device="cpu")
    keys = [FilterKey(0, 1), FilterKey(20, 3)]
    assert network.module.transform_input is (reading == "googlenet")
    write_muted(tmp_path / "muted.safetensors", network, tmp_path / "own.pt", keys, "zero")
    rgb = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    again = open_network(tmp_path / "muted.safetensors", device="cpu")
    np.testing.assert_allclose(muted_logits(again, rgb, []), muted_logits(network, rgb, keys), atol=1e-5)


def test_a_norm_carries_what_is_muted() -> None:
    network, batch = of_torchvision("resnet18", 32)
    keys = [FilterKey(0, 3), FilterKey(7, 1)]
    made = muted_network(network, keys, "zero")
    with torch.inference_mode():
        assert not torch.allclose(made.module(batch), network.module(batch))


def test_what_a_file_cannot_hold_is_refused_in_words(network: Network, index: FolderIndex, tmp_path: Path) -> None:
    for fill in ("mean", "resample"):
        with pytest.raises(UserError, match="others at every place"):
            muted_network(network, KEYS, fill, FolderMeans.of(network, index))
    with pytest.raises(UserError, match="runs several times"):
        muted_network(network_of(Twice().eval(), (12, 12)), [FilterKey(0, 0)], "zero")
    plain = nn.Sequential(nn.Conv2d(3, 2, 3, bias=False), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    own = network_of(plain.eval(), (12, 12))
    means = FolderMeans.over(own, [np.full((12, 12, 3), 9, np.uint8)])
    muted_network(own, [FilterKey(0, 0)], "zero")
    with pytest.raises(UserError, match="no bias"):
        muted_network(own, [FilterKey(0, 0)], "constant", means)
    with pytest.raises(UserError, match="no architecture"):
        write_muted(tmp_path / "m.safetensors", own, tmp_path / "own.pt", [FilterKey(0, 0)], "zero")
    assert not (tmp_path / "m.safetensors").exists()
