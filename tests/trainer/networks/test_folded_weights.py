"""Weights that are kept in parts: pruned, weight norm, spectral norm, in torch's old and new form."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torchvision
from torch import nn
from torch.nn.utils import parametrizations, prune, spectral_norm, weight_norm

from explorer.core.network.opening import open_network
from trainer.networks.folded_weights import folded


def pruned(layer: nn.Module) -> object:
    return prune.l1_unstructured(layer, "weight", 0.3)


def norm_of(dim: int | None, norm: Callable[..., nn.Module]) -> Callable[[nn.Module], object]:
    return lambda layer: norm(layer, dim=dim)


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (pruned, "Pruned weights were set to zero"),
        (weight_norm, "weight norm"),
        (spectral_norm, "spectral norm"),
        (parametrizations.weight_norm, "weight norm"),
        (parametrizations.spectral_norm, "spectral norm"),
        (norm_of(1, weight_norm), "weight norm"),
        (norm_of(1, parametrizations.weight_norm), "weight norm"),
        (norm_of(None, weight_norm), "weight norm"),
    ],
)
def test_a_network_of_weights_in_parts_answers_as_its_own(
    change: Callable[[nn.Module], object], said: str, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    module = torchvision.models.resnet18(num_classes=3)
    for layer in (module.conv1, module.layer2[0].conv2, module.fc):
        change(layer)
    picture = torch.rand(2, 3, 64, 64)
    module(picture)  # in training, a spectral norm finds its direction
    torch.save(module.state_dict(), tmp_path / "net.pt")
    network = open_network(tmp_path / "net.pt", device="cpu")
    with torch.inference_mode():
        torch.testing.assert_close(network.logits(picture), module.eval()(picture), rtol=1e-4, atol=1e-4)
    assert any(said in text and "conv1.weight and 2 more" in text for text in network.assumed)


def test_parts_that_do_not_go_together_are_left() -> None:
    odd = {"a.weight_orig": torch.ones(2, 3), "a.weight_mask": torch.ones(5), "b.weight_g": torch.ones(2, 1)}
    assert folded(odd) == (odd, ())


def test_a_pruned_bias_keeps_the_scores(tmp_path: Path) -> None:
    torch.manual_seed(0)
    module = torchvision.models.resnet18(num_classes=3).eval()
    prune.l1_unstructured(module.fc, "bias", 1)
    torch.save(module.state_dict(), tmp_path / "net.pt")
    network = open_network(tmp_path / "net.pt", device="cpu")
    picture = torch.rand(2, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(network.logits(picture), module(picture), rtol=1e-4, atol=1e-4)
    assert any("fc.bias" in text for text in network.assumed)
