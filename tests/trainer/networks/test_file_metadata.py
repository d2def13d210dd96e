"""What lies beside the weights decides what pictures become and what outputs mean, or it is said that it does not."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torch import nn

from trainer.networks.channel_order import taking_rgb
from trainer.networks.file_metadata import Said, said_in
from trainer.networks.input_spec import InputSpec
from trainer.networks.opening import OpenedModel, open_model
from trainer.networks.output_spec import OutputSpec
from trainer.networks.stated_input import applied
from trainer.networks.torchvision_catalog import blueprint

IMAGENET = InputSpec((224, 224), "shortest", 256, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
COMPOSED = (
    "Compose(\n    Resize(size=288, interpolation=bilinear, max_size=None, antialias=True)\n"
    "    CenterCrop(size=(280, 280))\n    ToTensor()\n    Normalize(mean=[0.5, 0.5, 0.5], std=[0.25, 0.25, 0.25])\n)"
)
ALBUMENTED = (
    "Compose([\n  Resize(p=1.0, height=300, width=400, interpolation=1),\n"
    "  Normalize(p=1.0, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25), max_pixel_value=255.0),\n], p=1.0)"
)
CAFFE = "img_norm_cfg = dict(\n    mean=[103.53, 116.28, 123.675], std=[1.0, 1.0, 1.0], to_rgb=False)\nmodel = dict()"


def shufflenet(outputs: int = 4) -> nn.Module:
    torch.manual_seed(0)
    return torchvision.models.shufflenet_v2_x0_5(num_classes=outputs).eval()


def opened(folder: Path, beside: dict[str, Any], state: Any = None, **options: Any) -> OpenedModel:
    torch.save({"state_dict": shufflenet().state_dict() if state is None else state, **beside}, folder / "net.pt")
    return open_model(folder / "net.pt", **options)


@pytest.mark.parametrize("text", ["(192, 160)", "[192, 160]", "torch.Size([192, 160])", "3x192x160", "192,160"])
def test_a_size_is_read_however_it_was_written(text: str, tmp_path: Path) -> None:
    save_file(shufflenet().state_dict(), tmp_path / "net.safetensors", {"img_size": text})
    assert open_model(tmp_path / "net.safetensors").input.size == (192, 160)


@pytest.mark.parametrize(
    ("beside", "size", "resize", "resize_to"),
    [
        ({"transforms": {"resize": 512, "crop": 448}}, (448, 448), "shortest", 512),
        ({"transforms": {"resize": [450, 600], "crop": 224}}, (224, 224), "shortest", 450),
        ({"transforms": {"resize": [256, 256], "crop": 224}}, (224, 224), "squash", 256),
        ({"resize": [300, 400]}, (300, 400), "squash", 300),
        ({"crop_size": 192, "resize_size": [224]}, (192, 192), "shortest", 224),
        ({"img_size": 192, "crop_pct": 1.0}, (192, 192), "shortest", 192),
        ({"img_size": 192, "crop_pct": 0.9}, (192, 192), "shortest", 213),
        ({"transform": COMPOSED}, (280, 280), "shortest", 288),
        ({"transform": ALBUMENTED}, (300, 400), "squash", 300),
        ({"img_size": 192}, (192, 192), "shortest", 219),  # as much more as is proposed
        ({"img_size": 300, "resize": 256}, (300, 300), "shortest", 343),
    ],
)
def test_how_pictures_are_resized_and_cut_is_read(
    beside: dict[str, Any], size: tuple[int, int], resize: str, resize_to: int
) -> None:
    said = said_in(beside)
    found = applied(said, IMAGENET, 3)
    spec = found.spec
    assert spec is not None
    assert (spec.size, spec.resize, spec.resize_to) == (size, resize, resize_to)
    if resize_to in (219, 343):
        assert "the file does not say" in found.resizing
    else:
        assert "does not say" not in found.resizing
        assert str(resize_to) in found.resizing


def test_mean_and_std_are_read_from_a_saved_text(tmp_path: Path) -> None:
    for text in (COMPOSED, ALBUMENTED):
        found = opened(tmp_path, {"transform": text})
        assert (found.input.mean, found.input.std) == ((0.5,) * 3, (0.25,) * 3)
        assert any("taken from transform in net.pt" in said for said in found.assumed)


@pytest.mark.parametrize(
    "beside",
    [
        {"img_norm_cfg": {"mean": [0, 0, 0], "std": [255.0, 255.0, 255.0], "to_rgb": True}},
        {"mean": 0.0, "std": 255.0},
        {"mean": [0.0, 0.0, 0.0], "std": [1.0, 1.0, 1.0]},
    ],
)
def test_a_mean_of_nothing_leaves_pictures_as_bright_as_they_are(beside: dict[str, Any]) -> None:
    spec = applied(said_in(beside), IMAGENET, 3).spec
    assert spec is not None
    assert (spec.mean, spec.std) == ((0.0,) * 3, (1.0,) * 3)


def test_what_a_text_says_twice_and_differently_is_not_taken() -> None:
    assert said_in({"cfg": "train: Resize(256), CenterCrop(224); test: Resize(300), CenterCrop(224)"}).resize == ()


NORM = "Normalize(mean=[0.5, 0.5, 0.5], std=[0.25, 0.25, 0.25])"
TRAINING = f"Compose(Resize(size=300) RandomCrop(size=(224, 224)) {NORM})"
VALIDATION = f"Compose(Resize(size=256) CenterCrop(size=(224, 224)) {NORM})"


@pytest.mark.parametrize(
    ("beside", "size", "resize"),
    [
        ({"train_transform": TRAINING, "val_transform": VALIDATION}, (224, 224), (256,)),
        ({"a": TRAINING, "b": VALIDATION}, (224, 224), (256,)),  # by the cut at the centre
        ({"transform": "Resize(300), CenterCrop(280)", "test_transform": VALIDATION}, (224, 224), (256,)),
        ({"transforms": {"train": "Resize(288), CenterCrop(280)", "valid": "Resize(256)"}}, None, (256,)),
        ({"transform_train": TRAINING}, None, ()),  # what is cut at random is no way to cut
        ({"a": "Resize(256), CenterCrop(224)", "b": "Resize(300), CenterCrop(224)"}, (224, 224), ()),
        ({"val": VALIDATION, "test": "Resize(300), CenterCrop(280)"}, None, ()),
        ({"train": {"img_size": 192, "resize": 300}, "val": {"img_size": 224}}, (224, 224), ()),
        ({"train": {"img_size": 192, "resize": 300}}, (192, 192), (300,)),
        ({"img_size": 192, "transform": VALIDATION}, (192, 192), ()),
        ({"img_size": 224, "transform": VALIDATION}, (224, 224), (256,)),
    ],
)
def test_how_pictures_are_cut_is_taken_from_one_way_alone(
    beside: dict[str, Any], size: tuple[int, int] | None, resize: tuple[int, ...]
) -> None:
    """Of the way in training and that in validation, the latter is the network's; they are never mixed."""
    said = said_in(beside)
    assert (said.size, said.resize) == (size, resize)
    text = next((value for value in beside.values() if isinstance(value, str) and "Normalize" in value), "")
    assert said.mean == ((0.5,) * 3 if text else None)


def test_colors_that_texts_contradict_are_not_taken() -> None:
    other = "Normalize(mean=[0.4, 0.5, 0.5], std=[0.25, 0.25, 0.25])"
    assert said_in({"a": NORM, "b": other}).mean is None
    assert said_in({"train": other, "eval": NORM}).mean == (0.5, 0.5, 0.5)


def test_another_interpolation_is_said(tmp_path: Path) -> None:
    found = opened(tmp_path, {"img_size": 64, "interpolation": "bicubic"})
    assert any("bilinearly, not bicubic" in said for said in found.assumed)


@pytest.mark.parametrize(
    "beside",
    [
        {"cfg": {"channel_order": "BGR"}},
        {"input_space": "BGR", "mean": [0.4, 0.5, 0.6], "std": [0.1, 0.2, 0.3]},
        {"to_rgb": False, "mean": [103.53, 116.28, 123.675], "std": [57.375, 57.12, 58.395]},
        {"mean": [103.939, 116.779, 123.68], "std": [1, 1, 1]},
        {"mean": [0.406, 0.456, 0.485], "std": [0.225, 0.224, 0.229]},
        {"meta": {"cfg": CAFFE}},
    ],
)
def test_a_network_that_takes_bgr_answers_as_it_was_trained(beside: dict[str, Any], tmp_path: Path) -> None:
    network, pictures = shufflenet(), torch.rand(2, 3, 64, 64)
    found = opened(tmp_path, beside, network.state_dict())
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (found.input.mean, found.input.std))
    trained_with = (pictures.flip(1) - mean.flip(1)) / std.flip(1)
    with torch.inference_mode():
        torch.testing.assert_close(found.module((pictures - mean) / std), network(trained_with), rtol=1e-4, atol=1e-4)
    assert any("takes blue, green and red" in said and "turned" in said for said in found.assumed)
    given = beside.get("mean")
    if given:
        assert found.input.mean[::-1] == pytest.approx([number / (255 if max(given) > 2 else 1) for number in given])


OWN = """
from torch import nn
def color(): return nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
def grey(): return nn.Sequential(nn.Conv2d(1, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
"""


@pytest.mark.parametrize("beside", [{"channel_order": "BGR"}, {"mean": [0.406, 0.456, 0.485], "std": [0.2, 0.2, 0.2]}])
@pytest.mark.parametrize("spec", [None, InputSpec((32, 32), resize_to=32)])
def test_a_class_of_ones_own_is_told_that_its_file_says_bgr(
    beside: dict[str, Any], spec: InputSpec | None, tmp_path: Path
) -> None:
    (tmp_path / "own.py").write_text(OWN)
    made: dict[str, Any] = {}
    exec(OWN, made)

    def said(kind: str, beside: dict[str, Any], **options: Any) -> str:
        how = {"architecture": f"{tmp_path / 'own.py'}:{kind}", **options}
        return " ".join(opened(tmp_path, beside, made[kind]().state_dict(), **how).assumed)

    text = said("color", beside, input=spec)
    assert "takes blue, green and red" in text
    assert "is given red, green and blue" in text
    assert "x.flip(1)" in text
    assert "blue" not in said("color", {})
    assert "blue" not in said("grey", {"channel_order": "BGR"})


def test_buffers_in_the_order_of_bgr_turn_the_network_too(tmp_path: Path) -> None:
    state = {f"backbone.{name}": one for name, one in shufflenet().state_dict().items()}
    buffers = {"mean": torch.tensor([103.53, 116.28, 123.675]), "std": torch.tensor([1.0, 2.0, 3.0])}
    found = opened(tmp_path, {}, {**state, **{f"pre.{name}": one.view(3, 1, 1) for name, one in buffers.items()}})
    assert found.input.mean == pytest.approx([123.675 / 255, 116.28 / 255, 103.53 / 255])
    assert found.input.std == pytest.approx([3 / 255, 2 / 255, 1 / 255])
    assert any("pre.mean" in said and "turned" in said for said in found.assumed)


@pytest.mark.parametrize(
    "beside",
    [
        {"mean": [123.675, 116.28, 103.53], "std": [58.395, 57.12, 57.375]},
        {"to_rgb": True, "mean": [103.53, 116.28, 123.675], "std": [1, 1, 1]},
        {"format": "pt", "channel_order": "RGB"},
        {"mean": [0.5, 0.55, 0.75], "std": [0.2, 0.2, 0.2]},
    ],
)
def test_a_network_that_takes_rgb_stays_as_it_is(beside: dict[str, Any]) -> None:
    assert said_in(beside).bgr == ""


def test_a_network_whose_colors_cannot_be_turned_says_so() -> None:
    plan = blueprint("shufflenet_v2_x0_5", shufflenet().state_dict())
    norm = {"first.running_mean": torch.zeros(3), "first.running_var": torch.ones(3)}
    normed = taking_rgb(replace(plan, tensors={**norm, **plan.tensors}), "to_rgb")
    assert torch.equal(normed.tensors["conv1.0.weight"], plan.tensors["conv1.0.weight"])
    assert "its maps and scores are others" in normed.assumed[-1]


def test_colors_that_a_network_rescales_itself_are_not_turned() -> None:
    """Inception v3 brings each color to another scale before its first convolution."""
    network = torchvision.models.inception_v3(num_classes=4, init_weights=False, aux_logits=False)
    plan = blueprint("inception_v3", network.state_dict())
    assert taking_rgb(plan, "bgr").tensors is plan.tensors
    plain = blueprint("inception_v3", network.state_dict(), transform_input=False)
    assert taking_rgb(plain, "bgr").tensors is not plain.tensors


def test_what_a_file_says_of_its_input_counts_for_timms_networks_too(tmp_path: Path) -> None:
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    state = timm.create_model("resnet10t", num_classes=3).state_dict()
    plain = opened(tmp_path, {"arch": "resnet10t"}, state)
    assert any("does not say how pictures become input: proposed as for timm's own" in said for said in plain.assumed)
    found = opened(
        tmp_path, {"arch": "resnet10t", "args": argparse.Namespace(img_size=96, mean=[0.5] * 3, std=[0.5] * 3)}, state
    )
    assert (found.input.size, found.input.mean) == ((96, 96), (0.5, 0.5, 0.5))


@pytest.mark.parametrize("pool", ["max", "avgmax"])
def test_the_pool_that_timms_arguments_name_is_computed(pool: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = torchvision.models.resnet18(num_classes=4).eval()
    found = opened(tmp_path, {"args": argparse.Namespace(gp=pool, img_size=64)}, network.state_dict())
    pictures, largest = torch.rand(2, 3, 64, 64), nn.AdaptiveMaxPool2d(1)
    average = nn.AdaptiveAvgPool2d(1)
    network.avgpool = largest if pool == "max" else Mean(average, largest)
    with torch.inference_mode():
        torch.testing.assert_close(found.module(pictures), network(pictures), rtol=1e-4, atol=1e-4)
    assert found.architecture == f"resnet18 ({pool} pool)"
    assert any(f"pooled by {pool}" in said for said in found.assumed)


class Mean(nn.Module):
    def __init__(self, *parts: nn.Module) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.stack([part(x) for part in self.parts]).mean(0)


def test_a_pool_that_is_not_computed_is_said(tmp_path: Path) -> None:
    found = opened(tmp_path, {"global_pool": "max"})  # a ShuffleNet averages inside of its forward
    assert any("pooled by max" in said and "not computed" in said for said in found.assumed)
    assert found.architecture == "shufflenet_v2_x0_5"


@pytest.mark.parametrize(
    "beside",
    [
        {"multi_label": True},
        {"loss": "BCEWithLogitsLoss"},
        {"hyper_parameters": {"criterion": "bce"}},
        {"activation": "sigmoid"},
        {"problem_type": "multi_label_classification"},
    ],
)
def test_classes_that_are_decided_by_themselves_are_not_compared(beside: dict[str, Any], tmp_path: Path) -> None:
    found = opened(tmp_path, beside)
    assert found.output.meaning == "independent-logits"
    assert any("decided by itself" in said and "--outputs logits" in said for said in found.assumed)
    asked = opened(tmp_path, beside, outputs=OutputSpec(meaning="logits"))
    assert asked.output.meaning == "logits"


@pytest.mark.parametrize(
    "beside",
    [
        {"loss": "CrossEntropyLoss"},
        {"loss": 0.3, "activation": "relu"},
        {"loss": "bce", "activation": "softmax"},
        {"multi_label": False, "loss": "bce"},
    ],
)
def test_classes_are_compared_where_that_is_said_or_nothing_is(beside: dict[str, Any]) -> None:
    assert said_in(beside).independent == ()


@pytest.mark.parametrize(
    "beside", [{"temperature": torch.tensor([2.3])}, {"temperature": 2.3}, {"logit_scale": torch.ones(1)}]
)
def test_a_learned_part_beside_the_weights_is_said(beside: dict[str, Any], tmp_path: Path) -> None:
    (name,) = beside
    assert any(said.startswith(name) and "not computed" in said for said in opened(tmp_path, beside).assumed)


def test_numbers_that_are_no_parts_are_not(tmp_path: Path) -> None:
    beside = {"threshold": 0.3, "best_loss": torch.tensor(0.2), "class_weights": torch.ones(4), "temperature": 1.0}
    assert not any("not computed" in said for said in opened(tmp_path, beside).assumed)


@pytest.mark.parametrize(
    ("beside", "source"),
    [
        ({"labels": ["train.csv", "val.csv"], "label_map": {"a": 0, "b": 1, "c": 2, "d": 3}}, "label_map"),
        ({"classes": ["benign", "malignant"], "idx_to_label": {0: "a", 1: "b", 2: "c", 3: "d"}}, "idx_to_label"),
        ({"coarse": {"classes": ["x", "y"]}, "fine": {"classes": ["a", "b", "c", "d"]}}, "fine.classes"),
    ],
)
def test_of_several_lists_of_names_that_with_one_for_each_output_is_taken(
    beside: dict[str, Any], source: str, tmp_path: Path
) -> None:
    found = opened(tmp_path, beside)
    assert found.classes == ("a", "b", "c", "d")
    assert any(f"names were taken from {source} in net.pt" in said for said in found.assumed)
    assert any("2 class names were found and not used" in said for said in found.assumed)
    assert not any("does not name its classes" in said for said in found.assumed)


def test_names_that_cannot_be_used_are_said_beside_a_list_that_does_not_fit(tmp_path: Path) -> None:
    found = opened(tmp_path, {"labels": ["train.csv", "val.csv"], "classes": {"a", "b", "c", "d"}})
    assert any("it is a set, which has no order" in said for said in found.assumed)
    assert not any("does not name its classes" in said for said in found.assumed)


def test_nothing_said_is_nothing_applied() -> None:
    assert applied(Said(), IMAGENET, 3).spec is None


def about_input(found: OpenedModel) -> str:
    return next(said for said in found.assumed if "input" in said)


def test_only_what_was_used_is_said_to_be_the_files(tmp_path: Path) -> None:
    grey = torchvision.models.resnet18(num_classes=3)
    grey.conv1 = nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    colors = {"mean": [0.5, 0.4, 0.3], "std": [0.2] * 3}
    found = opened(tmp_path, {**colors, "img_size": 128}, grey.state_dict())
    text = about_input(found)
    assert "taken from img_size in net.pt: 128 x 128;" in text
    assert f"Proposed: mean {found.input.mean[0]:.4g}, std {found.input.std[0]:.4g}." in text
    assert "Not used: mean and std (3 values each for 1 channel)." in text
    unused = opened(tmp_path, colors, grey.state_dict())
    assert "net.pt says mean and std (3 values each for 1 channel): that was not used." in about_input(unused)


def test_a_size_that_the_weights_do_not_take_is_said_not_to_be_used(tmp_path: Path) -> None:
    network = torchvision.models.vit_b_32(num_classes=3)
    half = {"mean": [0.5] * 3, "std": [0.5] * 3}
    text = about_input(opened(tmp_path, {"img_size": 384, **half}, network.state_dict()))
    assert "taken from mean, std in net.pt: mean 0.5, 0.5, 0.5, std 0.5, 0.5, 0.5;" in text
    assert "Proposed: 224 x 224." in text
    assert "Not used: img_size (384 x 384; the weights fit 224 x 224 alone)." in text
    fitting = about_input(opened(tmp_path, {"img_size": 224, "resize": 256, **half}, network.state_dict()))
    assert "taken from img_size, resize, mean, std in net.pt: 224 x 224, mean" in fitting
    assert "Not used" not in fitting


@pytest.mark.parametrize(
    ("beside", "used", "unfit"),
    [
        ({"img_size": 300, "resize": 256}, ("img_size",), "resize (256, less than 300 x 300)"),
        ({"img_size": 192, "resize": 256, "crop_pct": 0.9}, ("img_size", "crop_pct"), "resize (crop_pct says it too)"),
        ({"crop_pct": 0.875}, ("crop_pct",), ""),
        ({"resize": [300, 400]}, ("resize",), ""),
    ],
)
def test_each_key_is_used_or_said_not_to_be(beside: dict[str, Any], used: tuple[str, ...], unfit: str) -> None:
    found = applied(said_in(beside), IMAGENET, 3)
    assert found.used == used
    assert found.unfit == ((unfit,) if unfit else ())
