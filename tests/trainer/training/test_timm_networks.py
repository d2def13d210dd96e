"""Networks of timm's by name: one sentence without it, trained and opened again with it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from explorer.core.activations import record
from explorer.core.network import open_network
from tests.trainer.runs import cohort_in, small, trained
from trainer.files.errors import UserError
from trainer.networks import timm_catalog
from trainer.networks.imagenet_weights import imagenet
from trainer.training.initial_weights import started

TWO = ("benign", "malignant")


@pytest.mark.parametrize("weights", ["", "imagenet"])
def test_without_timm_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch, weights: str) -> None:
    def missing(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(timm_catalog, "load", missing)
    with pytest.raises(UserError, match=r"a network of the timm library, which is not installed; .* pip install timm"):
        started(small(architecture="timm/resnet10t", weights=weights), TWO)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (
            {"has_weights": True, "hf_hub_id": "timm/a.b", "hf_hub_filename": None, "url": "https://x/a.pth"},
            r"weights of a could not be downloaded \(OSError: no network\); download "
            r"https://huggingface.co/timm/a.b/resolve/main/model.safetensors where there is a network, and give",
        ),
        (
            {"has_weights": True, "hf_hub_id": None, "url": "https://x/a.pth"},
            r"download https://x/a.pth where there is a network, and give the file to --weights\.",
        ),
        ({"has_weights": False}, "timm has no weights of a; leave --weights imagenet out"),
    ],
)
def test_weights_that_cannot_be_downloaded_are_named_with_their_address(
    monkeypatch: pytest.MonkeyPatch, told: dict[str, Any], said: str
) -> None:
    def offline(name: str, *, pretrained: bool) -> Any:
        raise OSError("no network")

    library = SimpleNamespace(get_pretrained_cfg=lambda name: SimpleNamespace(**told), create_model=offline)
    monkeypatch.setattr(timm_catalog, "load", lambda name: library)
    with pytest.raises(UserError, match=said):
        imagenet("timm/a")


def test_a_network_of_timms_is_trained_and_opened(tmp_path: Path) -> None:
    pytest.importorskip("timm")
    cohort = cohort_in(tmp_path, 24)
    outcome = trained(cohort, tmp_path / "run", small(architecture="timm/mobilenetv3_small_050", epochs=1))
    network = open_network(outcome.network, device="cpu")
    assert (network.architecture, network.classes) == ("timm/mobilenetv3_small_050", TWO)
    assert network.assumed == ()
    rgb = cohort.pictures([0])[0]
    assert np.isfinite(record(network, rgb).logits).all()
    again = small(architecture="timm/mobilenetv3_small_050", weights=str(outcome.network), epochs=1)
    module, says, _ = started(again, TWO)
    assert "with its last layer" in says
    kept = open_network(outcome.network, device="cpu").module.state_dict()
    assert all(torch.equal(value.float(), kept[name].float()) for name, value in module.state_dict().items())
    with pytest.raises(UserError, match="the nearest is mobilenetv3_small_050"):
        started(small(architecture="timm/mobilenetv3_smal_050"), TWO)
