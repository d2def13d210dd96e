"""Layers of the file that take a recognised network's outputs are computed, or it is said that they are not."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
import torchvision
from torch import nn

from trainer.networks.opening import OpenedModel, open_model


def squeezenet(outputs: int = 1000) -> nn.Module:
    torch.manual_seed(0)
    return torchvision.models.squeezenet1_1(num_classes=outputs)


def shufflenet(outputs: int = 1000) -> nn.Module:
    torch.manual_seed(0)
    return torchvision.models.shufflenet_v2_x0_5(num_classes=outputs)


class Ended(nn.Module):
    """A network of torchvision and layers of one's own that take its outputs."""

    def __init__(self, body: nn.Module, **later: nn.Module) -> None:
        super().__init__()
        self.backbone = body
        for name, layer in later.items():
            self.add_module(name, layer)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.children():
            x = layer(x)
        return x


def opened(network: nn.Module | Mapping[str, object], folder: Path) -> OpenedModel:
    torch.save(network.eval().state_dict() if isinstance(network, nn.Module) else network, folder / "net.pt")
    return open_model(folder / "net.pt")


ENDED = {
    "fc": lambda: Ended(shufflenet(), fc=nn.Linear(1000, 7)),
    "behind a pool": lambda: Ended(squeezenet(), fc=nn.Linear(1000, 7)),
    "sequence": lambda: nn.Sequential(shufflenet(), nn.Linear(1000, 7)),
    "relu in a sequence": lambda: nn.Sequential(shufflenet(), nn.ReLU(), nn.Linear(1000, 7)),
    "own width": lambda: Ended(shufflenet(128), out=nn.Linear(128, 7)),
    "dropout": lambda: Ended(shufflenet(), head=nn.Sequential(nn.Dropout(), nn.Linear(1000, 7))),
    "mlp": lambda: Ended(shufflenet(), mlp=nn.Sequential(nn.Linear(1000, 16), nn.ReLU(), nn.Linear(16, 7))),
    "two names": lambda: Ended(shufflenet(), fc1=nn.Linear(1000, 16), relu=nn.ReLU(), fc2=nn.Linear(16, 7)),
    "norm": lambda: Ended(shufflenet(), norm=nn.BatchNorm1d(1000), fc=nn.Linear(1000, 7)),
    "without bias": lambda: Ended(shufflenet(), metric_fc=nn.Linear(1000, 7, bias=False)),
}


@pytest.mark.parametrize("kind", ENDED)
def test_layers_that_take_the_outputs_are_part_of_the_network(kind: str, tmp_path: Path) -> None:
    network = ENDED[kind]().eval()
    found = opened(network, tmp_path)
    assert found.classes == tuple(f"class {number}" for number in range(7))
    picture = torch.rand(2, 3, 224, 224)
    with torch.inference_mode():
        torch.testing.assert_close(found.module(picture), network(picture), rtol=1e-4, atol=1e-5)
    said = " ".join(found.assumed)
    assert "set aside" not in said
    assert "to 7" in said
    assert "activation" in said
    assert ("taken for a dropout" in said) == (kind == "dropout")
    assert ("cosine" in said) == (kind == "without bias")


def test_they_are_found_where_the_architecture_is_named_and_beside_a_loss(tmp_path: Path) -> None:
    state = {**Ended(shufflenet(), fc=nn.Linear(1000, 7)).state_dict(), "criterion.weight": torch.ones(7)}
    torch.save(state, tmp_path / "net.pt")
    for architecture in (None, "shufflenet_v2_x0_5"):
        found = open_model(tmp_path / "net.pt", architecture=architecture)
        assert len(found.classes) == 7
        assert "set aside: criterion.weight" in " ".join(found.assumed)


def test_outputs_that_later_layers_take_with_other_values_are_no_classes(tmp_path: Path) -> None:
    for width in (500, 1000):
        meta = nn.Sequential(nn.Linear(9, 64), nn.BatchNorm1d(64), nn.ReLU())
        found = opened(Ended(shufflenet(width), meta=meta, classifier=nn.Linear(width + 64, 7)), tmp_path)
        said = " ".join(found.assumed)
        assert f"A later layer is not computed (classifier, {width + 64} to 7)" in said
        assert f"the {width} outputs are not the network's classes" in said
        assert found.classes[:2] == ("output 0", "output 1")


def test_two_layers_that_take_the_same_outputs_are_named(tmp_path: Path) -> None:
    found = opened(Ended(shufflenet(), a=nn.Linear(1000, 7), b=nn.Linear(1000, 2)), tmp_path)
    assert "Later layers are not computed (a, 1000 to 7; b, 1000 to 2)" in " ".join(found.assumed)
    assert found.classes[0] == "output 0"


def test_a_layer_that_takes_what_the_last_one_takes_is_no_later_one(tmp_path: Path) -> None:
    found = opened(Ended(shufflenet(3), projection=nn.Linear(1024, 128)), tmp_path)
    said = " ".join(found.assumed)
    assert "not computed" not in said
    assert "set aside: projection.weight" in said
    assert len(found.classes) == 3


def test_class_names_of_the_file_tell_that_the_outputs_are_the_classes(tmp_path: Path) -> None:
    state = Ended(shufflenet(3), other=nn.Linear(3, 16)).state_dict()
    found = opened({"state_dict": state, "classes": ["a", "b", "c"]}, tmp_path)
    assert found.classes == ("a", "b", "c")
    assert "not computed" not in " ".join(found.assumed)
