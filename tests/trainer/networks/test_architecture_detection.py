"""The architecture is found from names and shapes; torchvision's own models are the oracle."""

import collections
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision.models as models
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from explorer.core.errors import UserError
from explorer.core.network.opening import open_network
from tests.trainer.networks.cut_bodies import OwnClass, OwnHead, Sequence, cut, fastai
from trainer.networks import architecture_detection as architectures
from trainer.networks import torchvision_catalog as torchvision_networks
from trainer.networks.architectures import ScratchCNN
from trainer.networks.candidate import OpeningQuestion, on_meta
from trainer.networks.checkpoint import InputSpec
from trainer.networks.weight_files import Weights

NAMES = models.list_models(module=models)
FAMILIES = (
    *("alexnet", "convnext_tiny", "densenet121", "efficientnet_b0", "efficientnet_v2_s", "googlenet", "inception_v3"),
    *("maxvit_t", "mnasnet0_5", "mobilenet_v2", "mobilenet_v3_small", "regnet_x_400mf", "regnet_y_400mf", "resnet18"),
    *("resnet50", "resnext50_32x4d", "wide_resnet50_2", "shufflenet_v2_x0_5", "squeezenet1_0", "squeezenet1_1"),
    *("swin_t", "swin_v2_t", "vgg11", "vgg11_bn", "vit_b_32"),
)
"""The smallest of each family: the others differ in width and depth, and are tried in the soak."""
WITH_AUXILIARY = ("googlenet", "inception_v3")


def oracle(name: str, **options: Any) -> nn.Module:
    if name in WITH_AUXILIARY:
        options = {"init_weights": False} | options
    module: nn.Module = models.get_model(name, weights=None, **options)
    return module


def loose(tensors: dict[str, torch.Tensor]) -> Weights:
    return Weights("net", "net.pt", tensors)


def skeleton(name: str, **options: Any) -> dict[str, torch.Tensor]:
    with on_meta():
        return dict(oracle(name, **options).state_dict())


def test_the_table_is_that_of_the_installed_torchvision() -> None:
    assert list(torchvision_networks.table()) == sorted(NAMES)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in FAMILIES else pytest.mark.soak) for name in NAMES]
)
def test_every_classification_network_of_torchvision_is_found(name: str) -> None:
    found = architectures.find(loose(skeleton(name, num_classes=5)))
    assert (found.name, found.classes) == (name, 5)
    assert found.input is not None
    assert found.input.channels == 3
    assert name in found.assumed[0]
    assert name in found.input_note


def trained(module: nn.Module, channels: int = 3, side: int = 224) -> nn.Module:
    """The module with the running statistics of some pictures: in a fresh one, deep maps fade to nothing."""
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = None
    with torch.no_grad():
        module.train()(torch.rand(2, channels, side, side))
    return module.eval()


def convolutions(module: nn.Module, picture: torch.Tensor) -> tuple[list[tuple[str, tuple[int, ...]]], torch.Tensor]:
    """The convolutions in the order in which they ran, with their outputs' shapes, and the logits."""
    seen: list[tuple[str, tuple[int, ...]]] = []
    for name, part in module.named_modules():
        if isinstance(part, nn.Conv2d):
            part.register_forward_hook(lambda _m, _i, out, name=name: seen.append((name, tuple(out.shape[1:]))))
    with torch.inference_mode():
        return seen, module(picture)


@pytest.mark.parametrize(
    ("name", "classes", "options"),
    [
        ("resnet18", 2, {}),
        ("squeezenet1_1", 7, {}),
        ("mobilenet_v3_small", 3, {}),
        ("shufflenet_v2_x0_5", 4, {}),
        ("mnasnet0_5", 2, {}),
        ("efficientnet_b0", 9, {}),
        pytest.param("densenet121", 2, {}, marks=pytest.mark.soak),
        ("regnet_x_400mf", 5, {}),
        ("regnet_y_400mf", 1, {}),
        pytest.param("resnext50_32x4d", 2, {}, marks=pytest.mark.soak),
        pytest.param("googlenet", 3, {"transform_input": True}, marks=pytest.mark.soak),
        ("googlenet", 3, {"transform_input": True, "aux_logits": False}),
        ("inception_v3", 2, {"transform_input": True}),
        ("swin_t", 2, {}),
        pytest.param("swin_v2_t", 3, {}, marks=pytest.mark.soak),
        ("convnext_tiny", 2, {}),
    ],
)
def test_an_opened_network_computes_what_torchvisions_does(
    name: str, classes: int, options: dict[str, Any], tmp_path: Path
) -> None:
    torch.manual_seed(classes)
    side = models.get_model_weights(name).DEFAULT.transforms().crop_size[0]
    real = trained(oracle(name, num_classes=classes, **options), side=side)
    path = tmp_path / "net.pth"
    torch.save(real.state_dict(), path)
    network = open_network(path, device="cpu")
    path.unlink()
    assert (network.architecture, len(network.classes)) == (name, max(2, classes))  # one output tells two classes apart
    picture = torch.rand(1, 3, *network.input.size, generator=torch.Generator().manual_seed(3))
    seen, logits = convolutions(real, picture)
    assert [(layer.name, (layer.filters, layer.height, layer.width)) for layer in network.layers] == seen
    found = network.logits(picture)
    torch.testing.assert_close(found[:, 1:] - found[:, :1] if classes == 1 else found, logits, rtol=0, atol=0)
    preset = models.get_model_weights(name).DEFAULT.transforms()
    assert network.input.size == (preset.crop_size[0], preset.crop_size[0])
    assert network.input.resize_to == preset.resize_size[0]
    assert list(network.input.mean) == list(preset.mean)


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_a_network_that_was_built_without_rescaling_opens_as_the_note_says(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    real = trained(oracle(name, num_classes=3, aux_logits=False, transform_input=False), side=96)
    torch.save(real.state_dict(), tmp_path / "net.pt")
    picture = torch.rand(1, 3, 299, 299, generator=torch.Generator().manual_seed(3))
    network = open_network(tmp_path / "net.pt", device="cpu")
    note = next(note for note in network.assumed if "transform_input" in note)
    choice = re.search(r"--architecture (\S+?)[.;,)]?(?: |$)", note)
    assert choice is not None
    other = open_network(tmp_path / "net.pt", device="cpu", architecture=choice[1])
    with torch.inference_mode():
        assert not torch.allclose(network.logits(picture), real(picture), rtol=1e-3, atol=1e-3)
        torch.testing.assert_close(other.logits(picture), real(picture), rtol=0, atol=0)
    assert not any("rescale" in note for note in other.assumed)
    assert network.identity != other.identity


def test_names_of_torchvisions_older_files_are_understood() -> None:
    dense = {
        name.replace("norm1.", "norm.1.").replace("conv2.", "conv.2."): tensor
        for name, tensor in skeleton("densenet121").items()
        if not name.endswith("num_batches_tracked")
    }
    assert architectures.find(loose(dense)).name == "densenet121"
    vit = {
        name.replace("mlp.0.", "mlp.linear_1.").replace("mlp.3.", "mlp.linear_2."): tensor
        for name, tensor in skeleton("vit_b_32").items()
    }
    assert architectures.find(loose(vit)).name == "vit_b_32"


def test_a_vision_transformer_of_another_size_is_found() -> None:
    found = architectures.find(loose(skeleton("vit_b_16", image_size=384, num_classes=2)))
    assert found.name == "vit_b_16"
    assert found.input is not None
    assert found.input.size == (384, 384)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("name", ["resnet18", "densenet121", "mobilenet_v2", "vgg11", "efficientnet_b0", "googlenet"])
def test_a_grey_first_convolution_is_found(name: str, bias: bool) -> None:
    tensors = skeleton(name, num_classes=2)
    first = torchvision_networks.table()[name]["first"]
    weight = tensors[f"{first}.weight"]
    tensors[f"{first}.weight"] = weight[:, :1]
    if bias:
        tensors[f"{first}.bias"] = weight[:, 0, 0, 0]
    found = architectures.find(loose(tensors))
    assert found.name == name
    assert found.input is not None
    assert found.input.channels == 1
    assert "grey" in found.input_note


def test_a_grey_network_computes_what_it_should(tmp_path: Path) -> None:
    real = oracle("resnet18", num_classes=2)
    real.conv1 = nn.Conv2d(1, 64, 7, 2, 3)
    trained(real, 1)
    torch.save(real.state_dict(), tmp_path / "net.pt")
    network = open_network(tmp_path / "net.pt", device="cpu")
    picture = torch.rand(2, 1, 224, 224)
    with torch.inference_mode():
        torch.testing.assert_close(network.logits(picture), real(picture), rtol=0, atol=0)
    assert network.input.prepare(torch.zeros(300, 400, 3, dtype=torch.uint8).numpy()).shape == (1, 224, 224)


def test_five_channels_are_refused() -> None:
    tensors = skeleton("resnet18")
    tensors["conv1.weight"] = torch.zeros(64, 5, 7, 7)
    for found in (architectures.find, partial(architectures.named, "resnet18")):
        with pytest.raises(UserError, match=r"^net\.pt: This resnet18 takes 5 channels; .* \(file\.py:factory\)"):
            found(loose(tensors))


def test_a_class_that_makes_further_channels_of_the_pictures_three_opens(tmp_path: Path) -> None:
    module = nn.Sequential(nn.Conv2d(4, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    torch.save(module.state_dict(), tmp_path / "net.pt")
    (tmp_path / "own.py").write_text(
        "import torch\nfrom torch import nn\n\n\nclass Four(nn.Sequential):\n    def __init__(self):\n"
        "        super().__init__(nn.Conv2d(4, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())\n\n"
        "    def forward(self, x):\n        return super().forward(torch.cat([x, x.mean(1, keepdim=True)], 1))\n"
    )
    network = open_network(tmp_path / "net.pt", device="cpu", architecture=f"{tmp_path / 'own.py'}:Four")
    picture = torch.rand(1, 3, 224, 224)
    with torch.inference_mode():
        expected = module(torch.cat([picture, picture.mean(1, keepdim=True)], 1))
    torch.testing.assert_close(network.logits(picture), expected)
    (tmp_path / "own.py").write_text((tmp_path / "own.py").read_text().replace("x, x.mean(1, keepdim=True)", "x"))
    with pytest.raises(UserError, match=r"takes 4 channels; .* let its forward"):
        open_network(tmp_path / "net.pt", device="cpu", architecture=f"{tmp_path / 'own.py'}:Four")


@pytest.mark.parametrize("said", ["resnet34", "timm/resnet34", "efficientnet_b0.ra_in1k"])
def test_a_name_in_the_file_that_its_weights_are_not_of_is_said(said: str, tmp_path: Path) -> None:
    torch.save({"arch": said, "state_dict": models.resnet18(num_classes=2).state_dict()}, tmp_path / "a.pt")
    found = open_network(tmp_path / "a.pt", device="cpu")
    assert found.architecture == "resnet18"
    name = said.removeprefix("timm/").partition(".")[0]
    assert f"The file says that it is {name}, whose names and shapes these are not" in " ".join(found.assumed)


def test_what_is_wrong_inside_of_a_file_names_it(tmp_path: Path) -> None:
    state = skeleton("squeezenet1_1") | {"features.0.weight": torch.zeros(64, 4, 3, 3)}
    torch.save({name: torch.zeros(tensor.shape) for name, tensor in state.items()}, tmp_path / "four.pt")
    with pytest.raises(UserError, match=r"^four\.pt: .*4 channels.*file\.py:factory"):
        open_network(tmp_path / "four.pt", device="cpu")


def test_another_kernel_says_what_is_nearest() -> None:
    tensors = skeleton("resnet18")
    tensors["conv1.weight"] = torch.zeros(64, 3, 3, 3)
    with pytest.raises(OpeningQuestion) as caught:
        architectures.find(loose(tensors))
    assert caught.value.about == "architecture"
    assert caught.value.choices == ()  # no name would open it
    assert "nearest is resnet18, but conv1.weight is (64, 3, 3, 3), not (64, 3, 7, 7); give its own class" in str(
        caught.value
    )
    with pytest.raises(UserError, match=r"conv1\.weight is \(64, 3, 3, 3\), not \(64, 3, 7, 7\)"):
        architectures.named("resnet18", loose(tensors)).module()


# What people do to the last layers, by the kind of replacement: what stands in the place of the layer or of its parent.
REPLACED: dict[str, Callable[[int], nn.Module]] = {
    "another linear layer": lambda width: nn.Linear(width, 4),
    "dropout and linear": lambda width: nn.Sequential(nn.Dropout(0.5), nn.Linear(width, 4)),
    "an MLP": lambda width: nn.Sequential(
        nn.Linear(width, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 4)
    ),
    "by name": lambda width: nn.Sequential(
        collections.OrderedDict(fc1=nn.Linear(width, 8), act=nn.ReLU(), out=nn.Linear(8, 4))
    ),
    "norms, sorted by name": lambda width: nn.Sequential(
        collections.OrderedDict(
            fc1=nn.Linear(width, 16),
            norm1=nn.BatchNorm1d(16),
            r1=nn.ReLU(),
            fc2=nn.Linear(16, 8),
            r2=nn.ReLU(),
            out=nn.Linear(8, 4),
        )
    ),
    "nothing": lambda width: nn.Identity(),
}


def with_head(name: str, kind: str) -> tuple[nn.Module, str]:
    """torchvision's network with its last layer replaced, which is named too; build it on the meta device."""
    module = oracle(name)
    last = torchvision_networks.table()[name]["last"]
    old = module.get_submodule(last)
    parent, _, child = last.rpartition(".")
    if isinstance(old, nn.Conv2d):  # SqueezeNet ends in a convolution and a pool, which go together
        last, parent, child = "classifier", "", "classifier"
        old = nn.Linear(old.in_channels, 1)
        new = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(1), REPLACED[kind](old.in_features))
        new = new if kind != "nothing" else nn.Identity()
    else:
        new = REPLACED[kind](old.in_features)
    setattr(module.get_submodule(parent), child, new)
    return module, last


def found_in(tensors: dict[str, torch.Tensor]) -> str:
    """ "opens", "asks", or what else happens."""
    try:
        architectures.find(loose(tensors))
    except OpeningQuestion:
        return "asks"
    except UserError as error:
        return str(error)
    return "opens"


FEW = ("resnet18", "vgg11", "mobilenet_v2", "squeezenet1_1", "convnext_tiny", "vit_b_32", "maxvit_t", "googlenet")


@pytest.mark.parametrize("kind", REPLACED)
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in FEW[:5] else pytest.mark.soak) for name in NAMES]
)
def test_the_body_is_found_whatever_became_of_the_last_layers(name: str, kind: str) -> None:
    with on_meta():
        module, _ = with_head(name, kind)
    found = architectures.find(loose(dict(module.state_dict())))
    assert found.name == name
    assert found.classes == (0 if kind == "nothing" else 4)
    assert found.skeleton().state_dict().keys() == {
        key for key in module.state_dict() if not key.startswith(("aux1.", "aux2.", "AuxLogits."))
    }


@pytest.mark.parametrize("beside", ["net.", "backbone.", "_orig_mod.", "a.b.c.", "loss weights", "counters", "EMA"])
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.soak) for name in NAMES if name not in FEW[:1]] + [FEW[0]]
)
def test_any_prefix_and_foreign_tensors_open_and_an_average_beside_is_asked_about(name: str, beside: str) -> None:
    tensors = skeleton(name, num_classes=5)
    if beside == "loss weights":
        tensors = {f"model.{key}": value for key, value in tensors.items()} | {"criterion.weight": torch.ones(5)}
    elif beside == "counters":
        tensors = {f"module.{key}": value for key, value in tensors.items()} | {"n_averaged": torch.tensor(3)}
    elif beside == "EMA":
        tensors = {f"{word}.{key}": value for word in ("model", "ema_model") for key, value in tensors.items()}
    else:
        tensors = {beside + key: value for key, value in tensors.items()}
    assert found_in(tensors) == ("asks" if beside == "EMA" else "opens")


@pytest.mark.parametrize("kind", [kind for kind in REPLACED if kind != "nothing"])
def test_replaced_last_layers_compute_what_they_did(kind: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    real = trained(oracle("resnet18"))
    real.fc = REPLACED[kind](512).eval()
    state = real.state_dict()
    torch.save({name: state[name] for name in (sorted(state) if "sorted" in kind else state)}, tmp_path / "net.pt")
    network = open_network(tmp_path / "net.pt", device="cpu")
    picture = torch.rand(1, 3, 224, 224)
    with torch.inference_mode():
        torch.testing.assert_close(network.logits(picture), real(picture))
    assert ("ReLU" in " ".join(network.assumed)) == (kind in ("an MLP", "by name", "norms, sorted by name"))


def test_last_layers_beside_the_body_are_put_where_they_belong(tmp_path: Path) -> None:
    real = trained(oracle("resnet18"))
    real.fc = nn.Linear(512, 3)
    tensors = {name if name.startswith("fc") else f"backbone.{name}": one for name, one in real.state_dict().items()}
    tensors = {name.replace("fc.", "head.1."): one for name, one in tensors.items()}
    torch.save(tensors, tmp_path / "net.pt")
    network = open_network(tmp_path / "net.pt", device="cpu")
    picture = torch.rand(1, 3, 224, 224)
    with torch.inference_mode():
        torch.testing.assert_close(network.logits(picture), real.eval()(picture))
    assert '"head"' in " ".join(network.assumed)


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2"])
def test_counters_in_every_module_are_set_aside(name: str) -> None:
    tensors = skeleton(name, num_classes=5)
    modules = {key.rpartition(".")[0] for key in tensors} | {""}
    counted = {
        f"{module}.{what}".lstrip("."): torch.zeros(1) for module in modules for what in ("total_ops", "total_params")
    }
    found = architectures.find(loose(tensors | counted))
    assert (found.name, found.classes) == (name, 5)
    assert set(found.foreign) == set(counted)
    assert "set aside" in " ".join(found.assumed)
    assert "convolutions among them" not in " ".join(found.assumed)


@pytest.mark.parametrize(
    ("name", "tensor", "are_convolutions"),
    [
        ("auroc.confmat", torch.zeros(5, 2, 2, 2, dtype=torch.int64), False),
        ("auroc.confmat", torch.zeros(5, 2, 2, 2), False),
        ("attention.weight", torch.zeros(5, 2, 3, 3), True),
    ],
)
def test_only_weights_of_convolutions_are_said_to_be_some(
    name: str, tensor: torch.Tensor, are_convolutions: bool
) -> None:
    found = architectures.find(loose({**skeleton("resnet18"), name: tensor}))
    assert ("There are convolutions among them" in found.assumed[-1]) is are_convolutions


@pytest.mark.parametrize(
    ("name", "learned"),
    [
        *(("avgpool.p", True), ("temperature", True), ("head.scale", True), ("logit_scale", True)),
        *(("conv1x.lora_down.weight", True), ("attention.gamma", True)),
        *(("criterion.weight", False), ("criterion.alpha", False), ("loss.temperature", False), ("ema.decay", False)),
    ],
)
def test_learned_parts_that_change_the_scores_are_said_to_be_some(name: str, learned: bool) -> None:
    found = architectures.find(loose({**skeleton("resnet18", num_classes=5), name: torch.ones(1)}))
    said = found.assumed[-1]
    assert f"set aside: {name}" in said
    assert ("its own class opens with them" in said) is learned


def test_what_more_was_at_work_in_training_is_said() -> None:
    """An attention beside the body is no counter: without it the scores are others."""
    beside = {"attention.conv.weight": torch.zeros(1, 2, 7, 7), "attention.conv.bias": torch.zeros(1)}
    found = architectures.find(loose(skeleton("resnet18", num_classes=5) | beside))
    assert set(found.foreign) == set(beside)
    said = " ".join(found.assumed)
    assert "set aside: attention.conv.weight" in said
    assert "its scores were others; its own class opens with them" in said


CUT: dict[str, Callable[[str], nn.Module]] = {
    "cut": lambda name: nn.Sequential(*cut(name), nn.Flatten()),
    "cut deeper": lambda name: cut(name, 2),
    "own last layer": lambda name: OwnHead(name, 4),
    "fastai": lambda name: fastai(name, 3),
}
"""A ResNet as a sequence of its children."""


@pytest.mark.parametrize("kind", ["own last layer", "fastai"])
def test_a_cut_resnet_computes_what_it_did(kind: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    real = CUT[kind]("resnet18")
    for part in real.modules():
        if isinstance(part, nn.BatchNorm1d):
            part.momentum = None
    trained(real, side=64)
    torch.save({"model": real.state_dict()}, tmp_path / "net.pt")
    network = open_network(tmp_path / "net.pt", device="cpu")
    picture = torch.rand(1, 3, 224, 224)
    with torch.inference_mode():
        torch.testing.assert_close(network.logits(picture), real(picture))
    said = " ".join(network.assumed)
    assert ("the largest and the average" in said) == ("ReLU" in said) == (kind == "fastai")
    assert "set aside" not in said


@pytest.mark.parametrize("prefix", ["", "model._orig_mod.", "encoder."])
@pytest.mark.parametrize("kind", CUT)
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name == "resnet50" else pytest.mark.soak)
        for name in NAMES
        if name.startswith(("resne", "wide"))
    ],
)
def test_a_cut_resnet_is_found_under_any_prefix(name: str, kind: str, prefix: str) -> None:
    with on_meta():
        state = CUT[kind](name).state_dict()
    found = architectures.find(loose({prefix + key: tensor for key, tensor in state.items()}))
    assert found.name == name
    assert found.classes == {"own last layer": 4, "fastai": 3}.get(kind, 0)
    assert not found.foreign


@pytest.mark.parametrize("prefix", ["", "model._orig_mod.", "b."])
@pytest.mark.parametrize(
    ("name", "build"),
    [
        *((name, build) for name in ("resnet18", "resnet50") for build in CUT.values()),
        *((name, partial(Sequence, classes=3)) for name in ("densenet121", "shufflenet_v2_x0_5")),
    ],
)
def test_naming_the_architecture_of_a_cut_network_opens_what_is_found_without(
    name: str, build: Callable[[str], nn.Module], prefix: str
) -> None:
    with on_meta():
        state = build(name).state_dict()
    weights = loose({prefix + key: tensor for key, tensor in state.items()})
    found, named = architectures.find(weights), architectures.named(name, weights)
    assert (named.name, named.classes, named.prefix) == (found.name, found.classes, found.prefix)
    assert named.tensors.keys() == found.tensors.keys()


@pytest.mark.parametrize("name", ["resnet18", "shufflenet_v2_x0_5"])
def test_two_cut_networks_in_one_file_are_asked_about_with_the_architecture_named_too(name: str) -> None:
    with on_meta():
        state = OwnClass(name, 4).state_dict()
    weights = loose({f"{part}.{key}": tensor for part in ("teacher", "student") for key, tensor in state.items()})
    for ask in (architectures.find, partial(architectures.named, name)):
        with pytest.raises(OpeningQuestion) as caught:
            ask(weights)
        assert caught.value.about == "key"
        assert set(caught.value.choices) == {"teacher.backbone", "student.backbone"}
    assert architectures.named(name, replace(weights, inside="student.backbone")).prefix == "student.backbone."


def test_one_of_several_numbered_layers_is_not_taken_for_all_of_them() -> None:
    tensors = {f"body.{name}": one for name, one in skeleton("resnet18").items() if not name.startswith("fc.")}
    tensors |= {"head.0.kernel": torch.zeros(3, 512, 512), "head.3.weight": torch.zeros(2, 512)}
    found = architectures.find(loose(tensors))
    assert (found.classes, found.foreign) == (0, ("head.0.kernel", "head.3.weight"))


def test_without_last_layers_there_are_maps_and_no_class_scores(tmp_path: Path) -> None:
    real = trained(oracle("resnet18"))
    tensors = {name: one for name, one in real.state_dict().items() if not name.startswith("fc.")}
    torch.save(tensors, tmp_path / "net.pt")
    network = open_network(tmp_path / "net.pt", device="cpu")
    assert network.classes == ()
    assert network.logits(torch.rand(2, 3, 224, 224)).shape == (2, 0)
    assert len(network.layers) == 20
    assert "without class scores" in " ".join(network.assumed)


def test_norms_without_their_averages_are_said_to_be_missing() -> None:
    tensors = {name: tensor for name, tensor in skeleton("resnet18").items() if "running" not in name}
    with pytest.raises(OpeningQuestion, match="it would be resnet18, but the averages of its norms are missing"):
        architectures.find(loose(tensors))


def test_a_network_that_nothing_resembles_has_no_nearest() -> None:
    with pytest.raises(OpeningQuestion) as caught:
        architectures.find(loose({"stem.weight": torch.zeros(4, 3, 3, 3), "head.weight": torch.zeros(2, 5)}))
    assert caught.value.choices == ()
    assert "nearest" not in str(caught.value)
    assert "torch.onnx.export(model.eval()" in str(caught.value)


def test_several_that_fit_are_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    # No two of torchvision's fit the same weights today; a second name for one shows what would happen.
    twin = {**torchvision_networks.table(), "resnet18_twin": torchvision_networks.table()["resnet18"]}
    real, real_build = torchvision_networks.blueprint, torchvision_networks.build
    monkeypatch.setattr(torchvision_networks, "table", lambda: twin)
    monkeypatch.setattr(torchvision_networks, "build", lambda name, *rest: real_build(name[:8], *rest))
    monkeypatch.setattr(torchvision_networks, "proposed_input", lambda *_: (InputSpec(), ""))
    assert real is torchvision_networks.blueprint
    with pytest.raises(OpeningQuestion) as caught:
        architectures.find(loose(skeleton("resnet18")))
    assert caught.value.choices == ("resnet18", "resnet18_twin")


def test_a_named_architecture_that_does_not_fit_names_the_first_few_differences() -> None:
    tensors = skeleton("resnet18")
    del tensors["layer1.0.conv1.weight"], tensors["layer1.0.bn1.bias"]
    tensors["extra.weight"] = torch.zeros(1)
    with pytest.raises(UserError) as caught:
        architectures.named("resnet18", loose(tensors))
    for words in ("net.pt", "layer1.0.conv1.weight is missing", "layer1.0.bn1.bias is missing"):
        assert words in str(caught.value)
    with pytest.raises(UserError, match=r"and \d+ more"):
        architectures.named("resnet50", loose(skeleton("resnet18")))
    with pytest.raises(UserError, match="do not fit scratch_cnn"):
        architectures.named("scratch_cnn", loose(tensors))


def test_a_misspelt_architecture_brings_the_nearest_names() -> None:
    with pytest.raises(OpeningQuestion) as caught:
        architectures.named("resnet81", loose(skeleton("resnet18")))
    assert "resnet18" in caught.value.choices


@settings(max_examples=25)
@given(
    classes=st.integers(1, 9),
    filters=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    hidden=st.lists(st.integers(1, 12), max_size=3),
    bottleneck=st.integers(0, 5),
    channels=st.sampled_from([1, 3]),
    side=st.integers(1, 4),
    prefix=st.sampled_from(["", "module.", "model._orig_mod."]),
)
def test_the_papers_network_is_found_in_all_its_variants(
    classes: int,
    filters: list[int],
    hidden: list[int],
    bottleneck: int,
    channels: int,
    side: int,
    prefix: str,
) -> None:
    size = side * 2 ** len(filters)
    real = ScratchCNN(
        classes,
        filters=tuple(filters),
        hidden=tuple(hidden),
        bottleneck=bottleneck,
        channels=channels,
        size=size,
    ).eval()
    found = architectures.find(loose({prefix + name: tensor for name, tensor in real.state_dict().items()}))
    assert found.name == "scratch_cnn"
    assert found.classes == classes
    assert found.input is not None
    assert found.input.size == (size, size)
    assert found.input.channels == channels
    picture = torch.rand(2, channels, size, size)
    with torch.inference_mode():
        assert torch.equal(found.module().eval()(picture), real(picture))


def test_a_last_layer_that_may_be_a_cosine_is_said_to_be() -> None:
    body = {f"net.{name}": one for name, one in skeleton("resnet18").items() if not name.startswith("fc.")}
    found = architectures.find(loose({**body, "arcface.weight": torch.zeros(7, 512)}))
    assert found.classes == 7
    assert "may be a cosine layer" in " ".join(found.assumed)
    plain = architectures.find(loose({**body, "fc.weight": torch.zeros(7, 512), "fc.bias": torch.zeros(7)}))
    assert "cosine" not in " ".join(plain.assumed)
