import argparse
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from tests.trainer.runs import cohort_in, small, trained
from trainer.files.errors import UserError
from trainer.networks.architectures import build, head
from trainer.networks.checkpoint import Checkpoint, InputSpec, load, save
from trainer.training.initial_weights import freeze, set_training, started

TWO = ("benign", "malignant")


def lenet(classes: int = 2, seed: int = 5) -> nn.Module:
    torch.manual_seed(seed)
    return build("lenet", classes, {"size": 32})


def begun(weights: Path, classes: tuple[str, ...] = TWO, **settings: object) -> nn.Module:
    return started(small(weights=str(weights), **settings), classes)[0]


def differing(first: nn.Module, second: nn.Module) -> set[str]:
    others = second.state_dict()
    return {name for name, weight in first.state_dict().items() if not torch.equal(weight, others[name])}


@pytest.mark.parametrize("kind", ["safetensors", "pt", "nested.pt", "parallel.pth"])
def test_a_state_dict_is_taken_up_with_another_last_layer(tmp_path: Path, kind: str) -> None:
    source, path = lenet(7), tmp_path / f"weights.{kind}"
    weights = source.state_dict()
    if kind == "safetensors":
        save_file(weights, path)
    elif kind == "pt":
        torch.save(weights, path)
    elif kind == "nested.pt":
        torch.save({"epoch": 3, "state_dict": weights}, path)
    else:
        torch.save({f"module.{name}": weight for name, weight in weights.items()}, path)
    last = head(source)
    found = begun(path).state_dict()
    assert found[f"{last}.weight"].shape[0] == 2
    assert all(torch.equal(found[name], weights[name]) for name in weights if not name.startswith(last))


@pytest.mark.parametrize("prefix", ["net.", "model._orig_mod.", "backbone.module."])
def test_weights_start_a_network_under_any_prefix_and_beside_others_tensors(tmp_path: Path, prefix: str) -> None:
    source = lenet(7)
    state = {prefix + name: weight for name, weight in source.state_dict().items()}
    others = {"criterion.weight": torch.ones(7), "n_averaged": torch.tensor(3)}
    content = {"state_dict": {**state, **others}, "args": argparse.Namespace(lr=0.1)}
    torch.save(content, tmp_path / "weights.ckpt")
    last = head(source)
    assert differing(source, begun(tmp_path / "weights.ckpt", tuple("abcdefg"))) == set()
    assert differing(build("lenet", 2, {"size": 32}), begun(tmp_path / "weights.ckpt")) >= {f"{last}.weight"}


def test_a_last_layer_that_was_replaced_is_drawn_anew_and_said(tmp_path: Path) -> None:
    source = build("resnet18", 2)
    source.fc = nn.Sequential(nn.Dropout(0.5), nn.Linear(512, 2))
    torch.save(source.state_dict(), tmp_path / "weights.pt")
    module, says = started(small(architecture="resnet18", weights=str(tmp_path / "weights.pt")), TWO)
    assert torch.equal(module.get_parameter("layer4.1.conv2.weight"), source.get_parameter("layer4.1.conv2.weight"))
    assert "but not its last layer" in says


def test_the_last_layer_is_kept_for_the_same_classes_only(tmp_path: Path) -> None:
    source, path = lenet(), tmp_path / "a.safetensors"
    save(path, Checkpoint("lenet", TWO, InputSpec((32, 32), "squash", 32), source.state_dict(), {"size": 32}))
    assert differing(source, begun(path)) == set()
    assert differing(source, begun(path, ("mel", "nevus"))) == {"classifier.5.weight", "classifier.5.bias"}


def test_weights_of_a_run_start_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.training.finish.write_report", lambda *facts: {})
    cohort = cohort_in(tmp_path, 20)
    first = trained(cohort, tmp_path / "first", small(epochs=1))
    second = trained(cohort, tmp_path / "second", small(epochs=1, weights=str(first.network), freeze_up_to="features"))
    before, after = load(first.network).weights, load(second.network).weights
    frozen = {name for name in before if name.startswith("features")}
    assert {name for name in before if torch.equal(before[name], after[name])} == frozen


def test_weights_of_another_architecture_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "resnet.pt"
    torch.save(build("resnet18", 2).state_dict(), path)
    with pytest.raises(UserError, match=r"resnet.pt holds the weights of another network than lenet"):
        begun(path)


class Hostile:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("code ran",)


def test_files_that_would_run_code_and_other_mistakes_get_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save({"state_dict": Hostile()}, tmp_path / "hostile.pt")
    torch.save({"epoch": 3}, tmp_path / "empty.pt")
    (tmp_path / "text.safetensors").write_text("not weights")
    for name, said in (
        ("hostile.pt", "could run code"),
        ("empty.pt", "holds no weights by name"),
        ("text.safetensors", "not a whole safetensors file"),
        ("missing.pt", "does not exist"),
    ):
        with pytest.raises(UserError, match=said) as raised:
            begun(tmp_path / name)
        assert "\n" not in str(raised.value)
    assert "code ran" not in capsys.readouterr().out


def test_imagenet_without_a_network_gets_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> object:
        raise URLError("no route to host")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", unreachable)
    with pytest.raises(UserError, match=r"resnet18 could not .*download https:.*resnet18.* give the file to --weights"):
        started(small(architecture="resnet18", weights="imagenet"), TWO)
    with pytest.raises(UserError, match="no ImageNet weights of lenet"):
        started(small(weights="imagenet"), TWO)


def test_imagenet_weights_come_without_auxiliary_classifiers(monkeypatch: pytest.MonkeyPatch) -> None:
    from torchvision.models import inception_v3

    whole = inception_v3(weights=None, aux_logits=True, init_weights=False)
    monkeypatch.setattr("trainer.training.initial_weights.imagenet", lambda name: whole.state_dict())
    module, says = started(small(architecture="inception_v3", weights="imagenet", initialisation="torch"), TWO)
    assert torch.equal(module.get_parameter("Conv2d_1a_3x3.conv.weight"), whole.Conv2d_1a_3x3.conv.weight)
    assert module.get_parameter("fc.weight").shape == (2, 2048)
    assert says == "inception_v3 from imagenet, but not its last layer"


def test_what_is_frozen_stays(tmp_path: Path) -> None:
    module = build("resnet18", 2)
    freeze(module, "layer2")
    still = {name.partition(".")[0] for name, weight in module.named_parameters() if not weight.requires_grad}
    moving = {name.partition(".")[0] for name, weight in module.named_parameters() if weight.requires_grad}
    assert still == {"conv1", "bn1", "layer1", "layer2"}
    assert moving == {"layer3", "layer4", "fc"}
    set_training(module)
    assert not module.get_submodule("layer2.1.bn2").training
    assert module.get_submodule("layer3.0.bn1").training
    part = build("resnet18", 2)
    freeze(part, "layer1.0")
    assert part.get_parameter("layer1.1.conv1.weight").requires_grad
    assert not part.get_parameter("layer1.0.conv2.weight").requires_grad
