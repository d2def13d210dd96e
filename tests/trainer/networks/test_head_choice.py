"""Layers beside a body that could each be its last ones are chosen among, and a projection is none."""

from pathlib import Path

import pytest
import torch
import torchvision
from torch import nn

from trainer.files.errors import UserError
from trainer.networks.opening import OpenedModel, open_model
from trainer.networks.output_spec import OutputSpec

CLASSES = ["nv", "mel", "bcc"]


class Headed(nn.Module):
    """A body of torchvision without its last layer, and heads beside it."""

    def __init__(self, **heads: nn.Module) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.backbone = torchvision.models.shufflenet_v2_x0_5()
        self.backbone.fc = nn.Identity()
        for name, head in heads.items():
            self.add_module(name, head)


def two() -> Headed:
    return Headed(head_dx=nn.Linear(1024, 3), head_site=nn.Linear(1024, 5))


def projecting() -> Headed:
    return Headed(projector=nn.Sequential(nn.Linear(1024, 64), nn.ReLU(), nn.Linear(64, 3)))


def opened(network: nn.Module, folder: Path, beside: dict[str, object] | None = None, **how: object) -> OpenedModel:
    torch.save({"state_dict": network.eval().state_dict(), **(beside or {})}, folder / "net.pt")
    return open_model(folder / "net.pt", **how)


def scores(network: Headed, head: str, picture: torch.Tensor) -> torch.Tensor:
    return network.get_submodule(head)(network.backbone(picture))


def test_of_two_heads_none_is_taken_and_it_is_said_how_one_is(tmp_path: Path) -> None:
    found = opened(two(), tmp_path)
    assert found.classes == ()
    assert any("--outputs head_dx" in said for said in found.assumed)


@pytest.mark.parametrize("head", ["head_dx", "head_site"])
@pytest.mark.parametrize("start", ["", "module.", "_orig_mod.model."])
def test_a_head_is_chosen_by_its_name(head: str, start: str, tmp_path: Path) -> None:
    network = two().eval()
    state = {start + name: tensor for name, tensor in network.state_dict().items()}
    torch.save(state, tmp_path / "net.pt")
    found = open_model(tmp_path / "net.pt", outputs=OutputSpec.parse(head))
    picture = torch.rand(2, 3, 224, 224)
    with torch.inference_mode():
        torch.testing.assert_close(found.module(picture), scores(network, head, picture), rtol=1e-4, atol=1e-5)
    assert any(f"{head} was taken" in said for said in found.assumed)
    assert open_model(tmp_path / "net.pt", outputs=OutputSpec.parse(f"{head}:independent-logits")).output.independent
    with pytest.raises(UserError, match="head_site"):
        open_model(tmp_path / "net.pt", outputs=OutputSpec.parse("head_x"))


@pytest.mark.parametrize("beside", [{}, {"classes": CLASSES}])
def test_a_head_as_wide_as_there_are_class_names_is_taken(beside: dict[str, object], tmp_path: Path) -> None:
    found = opened(two(), tmp_path, beside, classes=None if beside else CLASSES)
    assert found.classes == tuple(CLASSES)
    assert any("head_dx was taken for the class scores, which has as many" in said for said in found.assumed)


def test_a_projection_gives_no_classes_but_where_it_is_said(tmp_path: Path) -> None:
    found = opened(projecting(), tmp_path)
    assert found.classes == ()
    assert any('"projector"' in said and "without classes" in said for said in found.assumed)
    assert len(opened(projecting(), tmp_path, outputs=OutputSpec.parse("projector")).classes) == 3
    assert opened(projecting(), tmp_path, classes=CLASSES).classes == tuple(CLASSES)


def test_a_name_of_no_head_is_refused_where_there_are_no_scores(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--outputs head_dx"):
        opened(Headed(), tmp_path, outputs=OutputSpec.parse("head_dx"))


def test_a_part_of_a_module_beside_the_body_is_no_last_layer(tmp_path: Path) -> None:
    network = torchvision.models.segmentation.lraspp_mobilenet_v3_large(weights=None, weights_backbone=None)
    torch.save(network.state_dict(), tmp_path / "seg.pth")
    found = open_model(tmp_path / "seg.pth")
    assert found.classes == ()
    assert any("without class scores" in said for said in found.assumed)


def beside_and_inside() -> nn.Module:
    """A network of its own inside a module that has a head too, beside that network's."""
    wrapped = nn.Module()
    wrapped.model = Headed(head=nn.Linear(1024, 5))
    wrapped.head = nn.Linear(1024, 3)
    return wrapped


@pytest.mark.parametrize(("given", "head"), [("head", "head"), ("model.head", "model.head"), ("", "head")])
def test_a_head_beside_the_module_that_holds_the_body_is_chosen_alone(given: str, head: str, tmp_path: Path) -> None:
    """`head` is that of exactly this name, and the body stays whose name begins as that of the other does."""
    network = beside_and_inside().eval()
    asked = {"outputs": OutputSpec.parse(given)} if given else {"classes": CLASSES}
    found = opened(network, tmp_path, **asked)
    picture = torch.rand(2, 3, 224, 224)
    with torch.inference_mode():
        expected = network.get_submodule(head)(network.model.backbone(picture))
        torch.testing.assert_close(found.module(picture), expected, rtol=1e-4, atol=1e-5)
    assert any(f"{head} was taken" in said for said in found.assumed)
    assert any("model.head and head could" in said for said in opened(network, tmp_path).assumed)


def test_last_layers_one_after_the_other_beside_the_body_stay_one_head(tmp_path: Path) -> None:
    wrapped = nn.Module()
    wrapped.model = Headed(fc1=nn.Linear(1024, 64), fc2=nn.Linear(64, 3))
    wrapped.site = nn.Linear(1024, 5)
    network = wrapped.eval()
    found = opened(network, tmp_path, classes=CLASSES)
    picture = torch.rand(2, 3, 224, 224)
    with torch.inference_mode():
        expected = wrapped.model.fc2(wrapped.model.fc1(wrapped.model.backbone(picture)).relu())
        torch.testing.assert_close(found.module(picture), expected, rtol=1e-4, atol=1e-5)
    assert len(opened(network, tmp_path, outputs=OutputSpec.parse("site")).classes) == 5


def test_a_head_is_as_wide_as_any_list_of_names_in_the_file(tmp_path: Path) -> None:
    beside = {"labels": ["a.csv", "b.csv"], "label_map": {"nv": 0, "mel": 1, "bcc": 2}}
    found = opened(two(), tmp_path, beside)
    assert found.classes == tuple(CLASSES)
    assert any("head_dx was taken" in said for said in found.assumed)
    asked = opened(two(), tmp_path, beside, classes=["a", "b", "c", "d", "e"])  # which win over the file's
    assert any("head_site was taken" in said for said in asked.assumed)
