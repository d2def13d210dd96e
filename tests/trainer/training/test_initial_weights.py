import argparse
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from tests.trainer.networks.test_opening_table import onnx_file
from tests.trainer.runs import cohort_in, small, trained
from trainer.files.errors import UserError
from trainer.networks.architectures import build, head, initialise
from trainer.networks.candidate import OpeningQuestion
from trainer.networks.checkpoint import Checkpoint, InputSpec, load, save
from trainer.training.depth_groups import depth_groups
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
    module, says, _ = started(small(architecture="resnet18", weights=str(tmp_path / "weights.pt")), TWO)
    assert torch.equal(module.get_parameter("layer4.1.conv2.weight"), source.get_parameter("layer4.1.conv2.weight"))
    assert "but not its last layer" in says


@pytest.fixture
def of_another_size(tmp_path: Path) -> Path:
    """Weights of the same architecture at twice the size, whose whole classifier has other shapes."""
    torch.save(build("lenet", 2, {"size": 64}).state_dict(), tmp_path / "at64.pt")
    return tmp_path / "at64.pt"


def test_the_whole_part_that_is_drawn_anew_is_the_head(of_another_size: Path) -> None:
    """Else the last layer would learn alone behind layers that were only drawn."""
    module, says, part = started(small(weights=str(of_another_size)), TWO)
    assert (part, says) == ("classifier", f"lenet from {of_another_size}, but not its classifier")
    groups = depth_groups(module, 0.1, part)
    assert [name for group in groups if group.head for name in group.modules] == [
        "classifier.1",
        "classifier.3",
        "classifier.5",
    ]
    assert [group.share for group in groups if group.head] == [1.0]


def test_what_is_drawn_anew_is_never_frozen(of_another_size: Path) -> None:
    kept = begun(of_another_size, freeze_up_to="features")
    assert not kept.get_parameter("features.0.weight").requires_grad
    for name in ("classifier.1", "classifier.3"):
        with pytest.raises(UserError, match=f"up to {name} would keep layers as they were drawn .* not those of class"):
            begun(of_another_size, freeze_up_to=name)


def test_in_a_run_the_head_learns_as_a_whole_first(
    tmp_path: Path, of_another_size: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainer.training.finish.write_report", lambda *facts: {})
    recipe = small(weights=str(of_another_size), epochs=1, head_epochs=1)
    run = trained(cohort_in(tmp_path, 20), tmp_path / "run", recipe)
    torch.manual_seed(recipe.learning.seed)
    before, after = started(recipe, TWO).module.state_dict(), load(run.network).weights
    moved = {name.partition(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert moved == {"classifier"}


@pytest.mark.parametrize("word", ["imagnet", "ImageNet", "image-net"])
def test_a_misspelt_word_for_the_weights_of_imagenet_is_known(word: str) -> None:
    with pytest.raises(UserError, match=f"no file {word}; did you mean --weights imagenet"):
        begun(Path(word))


@pytest.mark.parametrize("architecture", ["inception_v3", "vit_b_16", "googlenet"])
def test_a_size_that_a_network_does_not_take_is_refused_in_words(architecture: str) -> None:
    with pytest.raises(UserError, match=rf"{architecture} does not take pictures of 9 x 9: .*; .*--size") as raised:
        started(small(architecture=architecture, size=9, initialisation="torch"), TWO)
    assert "\n" not in str(raised.value)


def test_batches_of_one_picture_that_batch_norms_cannot_learn_from_are_refused() -> None:
    with pytest.raises(UserError, match=r"batch norms that learn nothing from a single picture .* raise --batch"):
        started(small(architecture="resnet18", batch=1), TWO)


def test_trying_the_size_changes_nothing(tmp_path: Path) -> None:
    """Neither statistics of batch norms nor what is drawn afterwards."""
    torch.manual_seed(3)
    module = started(small(architecture="resnet18"), TWO).module
    drawn = torch.rand(1)
    torch.manual_seed(3)
    plain = build("resnet18", 2)
    initialise(plain)
    assert torch.equal(drawn, torch.rand(1))
    assert differing(module, plain) == set()


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


@pytest.mark.parametrize("prefixes", [("model.", "ema_model."), ("student.", "teacher.")])
def test_of_two_networks_in_one_file_it_is_asked_which(prefixes: tuple[str, str], tmp_path: Path) -> None:
    networks = {prefix: lenet(seed=seed) for seed, prefix in enumerate(prefixes)}
    state = {prefix + name: one for prefix, net in networks.items() for name, one in net.state_dict().items()}
    torch.save({"state_dict": state}, tmp_path / "two.ckpt")
    with pytest.raises(OpeningQuestion, match=r"several networks under the names .* \(--weights-key NAME\)") as asked:
        begun(tmp_path / "two.ckpt")
    assert asked.value.choices == tuple(prefix.rstrip(".") for prefix in prefixes)
    for prefix, network in networks.items():
        assert not differing(network, begun(tmp_path / "two.ckpt", weights_key=prefix.rstrip(".")))


def test_of_two_networks_it_is_asked_where_the_last_layers_of_one_are_others_too(tmp_path: Path) -> None:
    state = {f"model.{name}": one for name, one in lenet().state_dict().items()}
    state |= {f"teacher.{name}": one for name, one in build("lenet", 2, {"size": 64}).state_dict().items()}
    torch.save(state, tmp_path / "two.pt")
    with pytest.raises(OpeningQuestion, match="model, teacher"):
        begun(tmp_path / "two.pt")


def test_what_does_not_fit_is_said_by_what_differs(tmp_path: Path) -> None:
    source = build("resnet18", 2)
    torch.save(dict(source.named_parameters()), tmp_path / "parameters.pt")
    source.conv1 = nn.Conv2d(4, 64, 7, 2, 3, bias=False)
    torch.save(source.state_dict(), tmp_path / "four.pt")
    with pytest.raises(UserError, match=r"parameters\.pt holds resnet18 without the statistics of its batch norms"):
        begun(tmp_path / "parameters.pt", architecture="resnet18")
    with pytest.raises(UserError, match=r"four\.pt holds resnet18 for pictures of 4 channels"):
        begun(tmp_path / "four.pt", architecture="resnet18")


def test_an_onnx_file_is_said_to_be_one(tmp_path: Path) -> None:
    path, _, _ = onnx_file(tmp_path)
    with pytest.raises(UserError, match=r"net\.onnx is an ONNX file, .*torch\.save\(model\.state_dict\(\)"):
        begun(path)


def test_weights_that_are_not_finite_start_nothing(tmp_path: Path) -> None:
    state = lenet().state_dict()
    state["features.0.weight"][0, 0, 0, 0] = float("nan")
    torch.save(state, tmp_path / "nan.pt")
    with pytest.raises(UserError, match=r"nan\.pt: 1 of the weights hold NaN .*features\.0\.weight"):
        begun(tmp_path / "nan.pt")


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
    recipe = small(architecture="inception_v3", weights="imagenet", initialisation="torch", size=96)
    module, says, _ = started(recipe, TWO)
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
