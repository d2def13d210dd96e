"""torchvision's networks in pieces are found by names, order and shapes, and compute what they did."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torch import nn

from explorer.core.network.opening import Network, open_network
from tests.trainer.networks.cut_bodies import CUT_AT, OwnClass, Renamed, Sequence, body_of, fastai
from trainer.networks import architecture_detection as architectures
from trainer.networks.candidate import OpeningQuestion, on_meta
from trainer.networks.weight_files import Weights

KINDS: dict[str, Callable[[str, int], nn.Module]] = {
    "fastai": fastai,
    "sequence": Sequence,
    "own class": OwnClass,
    "renamed": Renamed,
}
TRIED = (
    *(("fastai", name) for name in ("vgg11", "mobilenet_v3_small")),
    *(("sequence", name) for name in ("alexnet", "shufflenet_v2_x0_5")),
    *(("own class", name) for name in ("densenet121", "squeezenet1_1")),
    *(("renamed", name) for name in ("resnet18", "mobilenet_v2")),
)
"""Those that are tried whenever all is tested; the soak tries the others."""


def trained(module: nn.Module) -> nn.Module:
    """The module with the running statistics of some pictures."""
    torch.manual_seed(0)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            part.momentum = None
    with torch.no_grad():
        module.train()(torch.rand(2, 3, 64, 64))
    return module.eval()


def saved(module: nn.Module, path: Path) -> Network:
    torch.save(module.state_dict(), path)
    return open_network(path, device="cpu")


def assert_same(network: Network, module: nn.Module, side: int = 224) -> None:
    picture = torch.rand(1, 3, side, side)
    with torch.inference_mode():
        torch.testing.assert_close(network.logits(picture), module(picture), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        pytest.param(kind, name, marks=() if (kind, name) in TRIED else pytest.mark.soak)
        for kind in KINDS
        for name in CUT_AT
    ],
)
def test_a_network_in_pieces_is_found(kind: str, name: str) -> None:
    with on_meta():
        state = KINDS[kind](name, 3).state_dict()
    for prefix in ("", "model._orig_mod."):
        tensors = {prefix + key: tensor for key, tensor in state.items()} | {"criterion.weight": torch.ones(3)}
        found = architectures.find(Weights("net", "net.pt", tensors))
        assert (found.name, found.classes, found.foreign) == (name, 3, ("criterion.weight",))


@pytest.mark.parametrize(
    ("kind", "name"), [("fastai", "alexnet"), ("sequence", "shufflenet_v2_x0_5"), ("renamed", "mobilenet_v2")]
)
def test_it_computes_what_it_did(kind: str, name: str, tmp_path: Path) -> None:
    module = trained(KINDS[kind](name, 3))
    network = saved(module, tmp_path / "net.pt")
    assert_same(network, module)
    assert network.architecture == name
    assert "stand under other names than its own" in " ".join(network.assumed)


def test_a_densenet_in_a_sequence_has_no_last_relu_and_one_under_a_name_has(tmp_path: Path) -> None:
    module = trained(OwnClass("densenet121", 3))
    assert_same(saved(module, tmp_path / "net.pt"), module)

    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder, self.head = body_of("densenet121")[0], nn.Linear(1024, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            answer: torch.Tensor = self.head(self.encoder(x).relu().mean((2, 3)))
            return answer

    module = trained(Own())
    network = saved(module, tmp_path / "own.pt")
    assert_same(network, module)
    assert "Its last ReLU is no part of it and was taken to be there" in " ".join(network.assumed)


@pytest.mark.parametrize("between", [[nn.ReLU()], []])
@pytest.mark.parametrize("nested", [True, False])
def test_the_numbers_tell_whether_a_densenets_last_relu_is_there(
    nested: bool, between: list[nn.Module], tmp_path: Path
) -> None:
    end = [*between, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1024, 3)]
    body = body_of("densenet121")
    module = trained(nn.Sequential(body, nn.Sequential(*end)) if nested else nn.Sequential(body, *end))
    network = saved(module, tmp_path / "net.pt")
    assert_same(network, module)
    said = " ".join(network.assumed)
    assert ("taken to be there" in said) == bool(between)
    assert f"densenet121:last_relu={not between} for the other reading" in said
    with torch.inference_mode():
        other = nn.Sequential(body, nn.ReLU(), *end[-3:]) if not between else nn.Sequential(body, *end[-3:])
    given = open_network(tmp_path / "net.pt", architecture=f"densenet121:last_relu={not between}", device="cpu")
    assert_same(given, other)
    assert "for the other reading" not in " ".join(given.assumed)


def test_all_places_of_the_maps_may_reach_the_last_layer(tmp_path: Path) -> None:
    module = trained(
        nn.Sequential(body_of("squeezenet1_1"), nn.AdaptiveAvgPool2d(13), nn.Flatten(), nn.Linear(86528, 2))
    )
    network = saved(module, tmp_path / "net.pt")
    assert_same(network, module)
    assert "all 13 x 13 places of the maps" in " ".join(network.assumed)


def test_a_networks_own_pool_is_kept(tmp_path: Path) -> None:
    module = nn.Sequential(body_of("alexnet"), nn.AdaptiveAvgPool2d(6), nn.Flatten(), nn.Linear(256 * 36, 2)).eval()
    assert_same(saved(module, tmp_path / "net.pt"), module)


def test_files_that_sort_their_names_open_too(tmp_path: Path) -> None:
    module = trained(OwnClass("mobilenet_v3_small", 2))
    save_file(module.state_dict(), tmp_path / "net.safetensors")
    assert_same(open_network(tmp_path / "net.safetensors", device="cpu"), module)


def test_one_layer_of_several_is_not_taken_for_all_of_them() -> None:
    with on_meta():
        state = nn.Sequential(body_of("mobilenet_v2"), nn.Flatten(), nn.Linear(1280, 9), nn.Tanh(), nn.Conv1d(9, 2, 3))
        found = architectures.find(Weights("net", "net.pt", state.state_dict()))
    assert (found.name, found.classes) == ("mobilenet_v2", 0)


def test_a_longer_body_is_another_one() -> None:
    with on_meta():
        parts = [*torchvision.models.vgg11().features, nn.Conv2d(512, 512, 3), nn.ReLU()]
        state = nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 2)).state_dict()
    with pytest.raises(OpeningQuestion) as caught:
        architectures.find(Weights("net", "net.pt", state))
    assert "vgg11" not in str(caught.value)


def test_another_librarys_network_of_the_same_shapes_is_not_taken_for_torchvisions() -> None:
    with on_meta():
        state = torchvision.models.efficientnet_b0(num_classes=2).state_dict()
    words = {"features": "_blocks", "classifier": "_fc"}
    other = {}
    for name, tensor in state.items():
        *path, leaf = name.split(".")
        other[".".join([*(words.get(part, f"_part{part}") for part in path), leaf])] = tensor
    with pytest.raises(OpeningQuestion):
        architectures.find(Weights("net", "net.pt", other))


class ConvolutionsLast(nn.Module):
    """A cut body with 1 x 1 convolutions behind, and a norm between them."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.body, self.head = body_of("mobilenet_v3_small"), nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        answer: torch.Tensor = self.head(self.body(x)).mean((2, 3))
        return answer


def test_a_norm_between_convolutions_is_one_of_maps(tmp_path: Path) -> None:
    module = trained(
        ConvolutionsLast(nn.Conv2d(576, 8, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 2, 1))
    )
    network = saved(module, tmp_path / "net.pt")
    assert_same(network, module)
    assert len(network.classes) == 2


@pytest.mark.parametrize("bias", [True, False])
def test_one_convolution_may_be_all_of_the_last_layers(bias: bool, tmp_path: Path) -> None:
    module = trained(ConvolutionsLast(nn.Conv2d(576, 2, 1, bias=bias)))
    assert_same(saved(module, tmp_path / "net.pt"), module)


def test_of_a_norm_over_maps_that_may_be_one_of_several_kinds_no_scores_are_made(tmp_path: Path) -> None:
    module = ConvolutionsLast(nn.Conv2d(576, 8, 1), nn.GroupNorm(2, 8), nn.ReLU(), nn.Conv2d(8, 2, 1))
    network = saved(trained(module), tmp_path / "net.pt")
    assert network.classes == ()
    assert network.logits(torch.rand(1, 3, 224, 224)).shape == (1, 0)
    assert "without class scores" in " ".join(network.assumed)


def test_fastais_norm_behind_the_last_layer_keeps_the_scores(tmp_path: Path) -> None:
    """`vision_learner(..., bn_final=True)`."""
    module = fastai("resnet18", 3)
    module[1].add_module(str(len(module[1])), nn.BatchNorm1d(3, momentum=0.01))
    trained(module)
    network = saved(module, tmp_path / "net.pt")
    assert_same(network, module)
    assert len(network.classes) == 3


def test_a_norm_of_another_module_behind_one_layer_makes_no_scores() -> None:
    """As networks are written that compare pictures by their embedding."""
    with on_meta():
        state = torchvision.models.resnet18(num_classes=128).state_dict()
    norm = {f"bottleneck.{name}": tensor for name, tensor in nn.BatchNorm1d(128).state_dict().items()}
    found = architectures.find(Weights("net", "net.pt", {**state, **norm}))
    assert set(found.foreign) >= {"bottleneck.weight"}
