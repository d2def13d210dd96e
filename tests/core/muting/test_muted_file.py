"""A file of a muted network answers as the muted network does, and says what it is."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from torch import nn

from explorer.core.errors import UserError
from explorer.core.images import read_image
from explorer.core.index import FolderIndex
from explorer.core.muted_in_file import meaning_of, muted_filters, muted_sentence
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


def test_muting_a_muted_file_names_all_its_filters_and_the_trained_network(network: Network, tmp_path: Path) -> None:
    trained = replace(
        network,
        training={
            "meaning": "skin",
            "auc_test": 0.9,
            "seeds": {"0": {"auc_test": 0.9}},
            "epochs": [{"auc": 0.8}],
            "threshold": {"value": 0.4},
            "seed": 7,
        },
    )
    model = save_small(tmp_path / "small.safetensors")
    write_muted(tmp_path / "once.safetensors", trained, model, KEYS[:1], "zero")
    once = open_network(tmp_path / "once.safetensors", device="cpu")
    assert once.training["meaning"] == "1 filter muted (zero): not the real network. skin"
    told = f"Not the trained network {network.name}: 1 filter is muted in this file (0:1)."
    assert muted_sentence(once.training) == told
    write_muted(tmp_path / "twice.safetensors", once, tmp_path / "once.safetensors", KEYS[1:], "zero")
    twice = open_network(tmp_path / "twice.safetensors", device="cpu")
    assert twice.training["muted"] == {
        "filters": ["0:1", "3:5"], "fill": "zero", "of": network.name, "digest": network.digest,
    }  # fmt: skip
    assert twice.training["meaning"] == "2 filters muted (zero): not the real network. skin"
    assert "2 filters are muted in this file (0:1, 3:5)" in muted_sentence(twice.training)
    assert set(twice.training) == {"muted", "meaning", "seed"}, "no figure of the trained network is left"
    means = FolderMeans.over(twice, [np.full((48, 48, 3), 9, np.uint8)])
    write_muted(
        tmp_path / "both.safetensors", twice, tmp_path / "twice.safetensors", [FilterKey(3, 2)], "constant", means
    )
    both = open_network(tmp_path / "both.safetensors", device="cpu").training
    assert both["muted"]["fill"] == {"zero": ["0:1", "3:5"], "constant": ["3:2"]}
    assert muted_filters(both) == {"0:1": "zero", "3:5": "zero", "3:2": "constant"}
    assert meaning_of(both) == "skin"


@pytest.mark.parametrize("record", [None, 3, {"filters": 3}, {"filters": [{}], "fill": {"zero": 1}}])
def test_whatever_a_file_says_of_muted_filters_is_read_or_passed_over(record: object) -> None:
    assert isinstance(muted_sentence({"muted": record}), str)


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


def test_the_file_keeps_what_the_outputs_mean(tmp_path: Path) -> None:
    for outputs, beside in ((3, {"multi_label": True}), (1, {"classes": ["no", "yes"]})):
        torch.manual_seed(0)
        state = torchvision.models.resnet18(num_classes=outputs).state_dict()
        torch.save({"model": state, **beside, "img_size": 64}, tmp_path / "net.pt")
        network = open_network(tmp_path / "net.pt", device="cpu")
        write_muted(tmp_path / "muted.safetensors", network, tmp_path / "net.pt", KEYS[:1], "zero")
        muted = open_network(tmp_path / "muted.safetensors", device="cpu")
        assert muted.output == network.output
        assert muted.classes == network.classes
