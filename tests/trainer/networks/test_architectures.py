from itertools import pairwise

import pytest
import torch
from torch import nn

from trainer.networks.architectures import ScratchCNN, build, initialise


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_the_papers_network_is_exact() -> None:
    module = ScratchCNN()
    assert parameters(module) == 28_038_226
    convolutions = [part for part in module.modules() if isinstance(part, nn.Conv2d)]
    assert [part.out_channels for part in convolutions] == [8, 8, 16, 16, 32, 32, 64, 64]
    assert all(part.kernel_size == (3, 3) and part.padding == (1, 1) for part in convolutions)
    assert sum(part.weight.numel() for part in convolutions) == 73_368
    linear = [part.out_features for part in module.modules() if isinstance(part, nn.Linear)]
    assert linear == [2056, 1024, 64, 2]
    assert module(torch.rand(2, 3, 224, 224)).shape == (2, 2)


def test_every_hidden_layer_is_followed_by_relu() -> None:
    for part in (ScratchCNN().features, ScratchCNN().classifier):
        layers = [layer for layer in part if not isinstance(layer, nn.Dropout | nn.Flatten | nn.MaxPool2d)]
        for layer, following in pairwise(layers):
            if isinstance(layer, nn.Conv2d | nn.Linear):
                assert isinstance(following, nn.ReLU)


def test_a_bottleneck_makes_it_small_enough_to_ship() -> None:
    module = ScratchCNN(bottleneck=64)
    assert parameters(module) * 2 < 8_000_000
    assert module(torch.rand(1, 3, 224, 224)).shape == (1, 2)


def test_the_same_seed_draws_the_same_weights() -> None:
    def drawn() -> torch.Tensor:
        torch.manual_seed(3)
        module = ScratchCNN(size=32, hidden=(8,))
        initialise(module)
        return torch.cat([parameter.flatten() for parameter in module.parameters()])

    assert torch.equal(drawn(), drawn())


def test_arguments_survive_json() -> None:
    module = build("scratch_cnn", 3, {"filters": [4, 6], "hidden": [8], "size": 32})
    assert module(torch.rand(1, 3, 32, 32)).shape == (1, 3)
    with pytest.raises(KeyError):
        build("nothing", 2)
