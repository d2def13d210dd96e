"""timm's networks are known by their names and shapes, whether timm is installed or not."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from explorer.core.network.opening import open_network
from trainer.files.errors import UserError
from trainer.networks import architecture_detection, timm_catalog
from trainer.networks.architectures import build
from trainer.networks.arguments import input_of
from trainer.networks.candidate import Blueprint, OpeningQuestion
from trainer.networks.checkpoint import InputSpec
from trainer.networks.fitting import fit
from trainer.networks.matching import Tensors
from trainer.networks.opening import open_model
from trainer.networks.signatures import places, signature


class Tiny(nn.Module):
    """As timm's are: a stem, stages, and a head of its own name."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_stem = nn.Conv2d(3, 4, 3)
        self.blocks = nn.Sequential(nn.Conv2d(4, 5, 3), nn.BatchNorm2d(5))
        self.classifier = nn.Linear(5, 9)


def test_the_table_tells_its_networks_apart() -> None:
    rows = timm_catalog.table()
    names = [name for row in rows.values() for name in row["names"]]
    assert len(names) == len(set(names)) > 1200
    assert "efficientnet_b0" in {name for row in rows.values() for name in row["names"]}
    assert all(row["first"] and row["last"] and row["sketch"] for row in rows.values())
    told = {(row["first"], row["last"], tuple(row["sketch"])) for row in rows.values()}
    assert len(told) > 0.9 * len(rows)  # what a sample of the body does not tell apart, building it does


@pytest.mark.parametrize("prefix", ["", "model.", "net.module."])
def test_without_timm_its_networks_are_named_with_what_to_install(
    prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {"tiny_b0": {**signature(Tiny(), "classifier", 16), "names": ["tiny_b0", "tf_tiny_b0"]}}
    monkeypatch.setattr(timm_catalog, "table", lambda: row)
    monkeypatch.setattr(timm_catalog, "installed", lambda: False)
    torch.save({prefix + name: one for name, one in Tiny().state_dict().items()}, tmp_path / "net.pt")
    with pytest.raises(OpeningQuestion) as caught:
        open_network(tmp_path / "net.pt", device="cpu")
    assert caught.value.choices == ("timm/tiny_b0", "timm/tf_tiny_b0")
    assert "pip install timm" in str(caught.value)
    assert "--architecture timm/tiny_b0" in str(caught.value)


def test_networks_of_one_body_are_asked_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 1), nn.Linear(4, 2))
    row = signature(Tiny(), "classifier", 64)
    table = timm_catalog.joined({"tiny_b0": row, "tf_tiny_b0": row, "other": signature(other, "2", 64)})
    assert [found["names"] for found in table.values()] == [["tiny_b0", "tf_tiny_b0"], ["other"]]
    built = []

    def blueprint(name: str, tensors: Tensors, config: dict[str, object]) -> Blueprint:
        built.append(name)
        return Blueprint(f"timm/{name}", tensors, Tiny, 9)

    monkeypatch.setattr(timm_catalog, "table", lambda: table)
    monkeypatch.setattr(timm_catalog, "installed", lambda: True)
    monkeypatch.setattr(timm_catalog, "timm_blueprint", blueprint)
    torch.save(Tiny().state_dict(), tmp_path / "net.pt")
    with pytest.raises(OpeningQuestion) as caught:
        open_network(tmp_path / "net.pt", device="cpu")
    assert (built, caught.value.choices) == (["tiny_b0", "tf_tiny_b0"], ("timm/tiny_b0", "timm/tf_tiny_b0"))
    torch.save({"state_dict": Tiny().state_dict(), "arch": "tf_tiny_b0"}, tmp_path / "said.pt")
    with pytest.raises(OpeningQuestion, match="how pictures become its input"):  # found, and nothing says its size
        open_network(tmp_path / "said.pt", device="cpu")
    assert built == ["tiny_b0", "tf_tiny_b0", "tf_tiny_b0"]


def test_another_last_layer_is_the_same_body_and_another_body_is_not() -> None:
    row = {"tiny": signature(Tiny(), "classifier", 16)}
    state = Tiny().state_dict()
    assert list(places(row, {**state, "classifier.weight": torch.zeros(2, 7)})) == [("tiny", "")]
    assert list(places(row, {**state, "blocks.0.weight": torch.zeros(5, 4, 5, 5)})) == []
    with pytest.raises(ValueError, match="no last layer"):
        signature(nn.Sequential(nn.Conv2d(3, 2, 1)), "", 16)


@pytest.mark.parametrize("name", ["mobilenetv3_small_050", "resnet10t", "test_convnext"])
def test_timms_networks_are_found_by_their_keys_where_it_is_installed(name: str, tmp_path: Path) -> None:
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    real = timm.create_model(name, pretrained=False, num_classes=3).eval()
    state = {f"model.{key}": one for key, one in real.state_dict().items()}
    torch.save({"state_dict": state, "arch": name}, tmp_path / "net.ckpt")
    network = open_network(tmp_path / "net.ckpt", device="cpu")
    assert network.architecture == f"timm/{name}"
    picture = torch.rand(1, 3, *network.input.size)
    with torch.inference_mode():
        torch.testing.assert_close(network.logits(picture), real(picture))


@pytest.mark.parametrize(("said", "asks"), [("resnetblur18", True), ("resnet18.a1_in1k", False), ("my_resnet", False)])
def test_a_file_that_names_a_network_of_timm_is_not_taken_for_torchvision_s(
    tmp_path: Path, said: str, asks: bool
) -> None:
    torch.save({"state_dict": build("resnet18", 2).state_dict(), "arch": said}, tmp_path / "net.pt")
    if not asks:
        assert open_model(tmp_path / "net.pt").architecture == "resnet18"
        return
    with pytest.raises(OpeningQuestion, match="says that it is resnetblur18") as caught:
        open_model(tmp_path / "net.pt")
    assert (caught.value.about, caught.value.choices) == ("architecture", ("timm/resnetblur18", "resnet18"))
    assert open_model(tmp_path / "net.pt", architecture="resnet18").architecture == "resnet18"


def lukemelas(name: str) -> str:
    """The name in efficientnet_pytorch of a weight of torchvision's EfficientNet-B0."""
    part, _, rest = name.removeprefix("features.").partition(".")
    outside = {"0.0": "_conv_stem", "0.1": "_bn0", "8.0": "_conv_head", "8.1": "_bn1", "classifier.1": "_fc"}
    for ours, theirs in outside.items():
        if name.removeprefix("features.").startswith(f"{ours}."):
            return f"{theirs}.{name.rpartition('.')[2]}"
    block, _, step, *deeper = rest.split(".")
    number = (0, 0, 1, 3, 5, 8, 11, 15)[int(part)] + int(block)
    steps = ["_expand_conv _bn0", "_depthwise_conv _bn1", "_se_reduce _se_expand", "_project_conv _bn2"]
    kind = steps[1:][int(step)] if part == "1" else steps[int(step)]
    which = {"0": 0, "1": 1, "fc1": 0, "fc2": 1}[deeper[0]]
    return f"_blocks.{number}.{kind.split()[which]}.{deeper[1]}"


@pytest.mark.parametrize("prefix", ["", "module.enet."])
def test_the_names_of_efficientnet_pytorch_are_those_of_timms_that_pad_alike(
    prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = {prefix + lukemelas(name): one for name, one in build("efficientnet_b0", 3).state_dict().items()}
    state[f"{prefix}_fc.bias"] = torch.zeros(3)
    torch.save(state, tmp_path / "net.pt")
    monkeypatch.setattr(timm_catalog, "installed", lambda: False)
    with pytest.raises(OpeningQuestion, match="pip install timm") as caught:
        open_model(tmp_path / "net.pt")
    assert caught.value.choices == ("timm/tf_efficientnet_b0",)
    asked = []

    def blueprint(name: str, tensors: Tensors, config: dict[str, object]) -> Blueprint:
        asked.append(name)
        return Blueprint(f"timm/{name}", Tiny().state_dict(), Tiny, 9)

    monkeypatch.setattr(timm_catalog, "installed", lambda: True)
    monkeypatch.setattr(timm_catalog, "timm_blueprint", blueprint)
    with pytest.raises(OpeningQuestion, match="how pictures become its input"):
        open_model(tmp_path / "net.pt")
    assert asked == ["tf_efficientnet_b0"]


def test_efficientnets_of_that_package_answer_as_timms_where_it_is_installed(tmp_path: Path) -> None:
    timm = pytest.importorskip("timm")
    real = timm.create_model("tf_efficientnet_b0", num_classes=3).eval()
    ours = build("efficientnet_b0", 3).state_dict()
    theirs = [value for name, value in real.state_dict().items()]
    assert len(ours) == len(theirs)
    torch.save({lukemelas(name): one for name, one in zip(ours, theirs, strict=True)}, tmp_path / "net.pt")
    network = open_network(tmp_path / "net.pt", device="cpu")
    picture = torch.rand(1, 3, *network.input.size)
    with torch.inference_mode():
        torch.testing.assert_close(network.logits(picture), real(picture), rtol=1e-4, atol=1e-4)


class TimmVGG(nn.Module):
    """timm's VGG, narrow where torchvision's is free: its body, two convolutions as fully connected layers, a head."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.features = build("vgg11_bn", 2).features
        self.pre_logits = nn.ModuleDict({"fc1": nn.Conv2d(512, 8, 7), "fc2": nn.Conv2d(8, 8, 1)})
        self.head = nn.ModuleDict({"fc": nn.Linear(8, classes)})
        self.pretrained_cfg = {"first_conv": "features.0", "classifier": "head.fc"}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.pre_logits["fc1"](self.features(x)).relu()
        logits: torch.Tensor = self.head["fc"](self.pre_logits["fc2"](x).relu().mean((2, 3)))
        return logits


class StandIn:
    """The part of the timm library that opening a file uses, with one network."""

    class models:  # noqa: N801 - a module of timm's
        @staticmethod
        def is_model(name: str) -> bool:
            return name == "vgg11_bn"

        @staticmethod
        def get_pretrained_cfg(name: str) -> SimpleNamespace:
            return SimpleNamespace(
                first_conv="features.0",
                classifier="head.fc",
                input_size=(3, 224, 224),
                mean=(0.5, 0.5, 0.5),
                std=(0.5, 0.5, 0.5),
                crop_pct=0.875,
            )

    @staticmethod
    def create_model(name: str, num_classes: int, **_settings: object) -> nn.Module:
        return TimmVGG(num_classes)


@pytest.mark.parametrize("architecture", [None, "timm/vgg11_bn"])
def test_a_body_that_is_torchvisions_with_timms_last_layers_keeps_its_scores(
    architecture: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = TimmVGG(3).eval()
    torch.save(real.state_dict(), tmp_path / "net.pt")
    monkeypatch.setattr(timm_catalog, "installed", lambda: True)
    monkeypatch.setattr(timm_catalog, "library", lambda _name: StandIn)
    network = open_network(tmp_path / "net.pt", device="cpu", architecture=architecture)
    assert network.architecture == "timm/vgg11_bn"
    picture = torch.rand(1, 3, 224, 224)
    with torch.inference_mode():
        torch.testing.assert_close(network.logits(picture), real(picture))


@pytest.mark.parametrize("architecture", [None, "timm/vgg11_bn"])
def test_without_timm_such_a_network_has_maps_and_it_is_said_what_gives_the_scores(
    architecture: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(TimmVGG(3).state_dict(), tmp_path / "net.pt")
    monkeypatch.setattr(timm_catalog, "installed", lambda: False)
    opened = open_model(tmp_path / "net.pt", architecture=architecture)
    assert opened.classes == ()
    notes = " ".join(opened.assumed)
    assert "holds no last layers" not in notes
    assert "pip install timm" in notes
    assert "pre_logits.fc1.weight" in notes


class SelectAdaptivePool2d(nn.Module):
    """timm's pool, as its networks have it."""

    def __init__(self) -> None:
        super().__init__()
        self.pool_type, self.pool, self.flatten = "avg", nn.AdaptiveAvgPool2d(1), nn.Flatten(1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pooled: torch.Tensor = self.flatten(self.pool(x))
        return pooled


class Pooled(nn.Module):
    """A network of timm with such a pool."""

    def __init__(self, classes: int = 9) -> None:
        super().__init__()
        self.stem, self.norm = nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16)
        self.global_pool, self.fc = SelectAdaptivePool2d(), nn.Linear(16, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.fc(self.global_pool(self.norm(self.stem(x)).relu()))
        return logits


def test_fastais_last_layers_take_both_pools_of_timms_maps_too() -> None:
    torch.manual_seed(0)
    body, double = Pooled().eval(), 32
    head = nn.Sequential(
        *(nn.Identity(), nn.Identity(), nn.BatchNorm1d(double), nn.Identity(), nn.Linear(double, 8, bias=False)),
        *(nn.ReLU(), nn.BatchNorm1d(8), nn.Identity(), nn.Linear(8, 3, bias=False)),
    ).eval()
    state = {f"0.model.{name}": tensor for name, tensor in body.state_dict().items() if not name.startswith("fc.")}
    state |= {f"1.{name}": tensor for name, tensor in head.state_dict().items()}
    fitted = fit(Pooled, "fc", state, "0.model.")
    assert (fitted.classes, fitted.problems) == (3, ())
    module = fitted.build().eval()
    module.load_state_dict(fitted.tensors)
    picture = torch.rand(2, 3, 16, 16)
    maps = body.norm(body.stem(picture)).relu()
    both = torch.cat([maps.amax((2, 3)), maps.mean((2, 3))], 1)
    with torch.inference_mode():
        torch.testing.assert_close(module(picture), head(both))
    assert any("twice as many values as the 16 maps" in note for note in fitted.assumed)


def test_where_nothing_says_the_input_the_sizes_that_run_are_choices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = Pooled().state_dict()
    monkeypatch.setattr(
        timm_catalog, "timm_blueprint", lambda name, tensors, _config: Blueprint(f"timm/{name}", tensors, Pooled, 9)
    )
    monkeypatch.setattr(architecture_detection, "timm_blueprint", timm_catalog.timm_blueprint)
    torch.save(state, tmp_path / "net.pt")
    with pytest.raises(OpeningQuestion, match="how pictures become its input") as caught:
        open_network(tmp_path / "net.pt", device="cpu", architecture="timm/pooled")
    assert caught.value.about == "input"
    assert caught.value.choices[0] == "224x224"
    for choice in caught.value.choices[:2]:
        network = open_network(tmp_path / "net.pt", device="cpu", architecture="timm/pooled", input=input_of(choice))
        assert f"{network.input.size[0]}x{network.input.size[1]}" == choice


@pytest.mark.parametrize("others", [("alike_b0", "wider_b0", "gone_b0"), ("wider_b0", "gone_b0", "alike_b0")])
def test_what_is_offered_of_networks_of_one_body_fits(
    others: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table holds a part of each body's shapes, and the installed timm may have another version of a network."""
    monkeypatch.setattr(
        timm_catalog, "table", lambda: {"all": {**signature(Pooled(), "fc", 64), "names": list(others)}}
    )
    monkeypatch.setattr(timm_catalog, "installed", lambda: True)

    def blueprint(name: str, tensors: Tensors, config: dict[str, object]) -> Blueprint:
        if name == "gone_b0":
            raise UserError("timm has no architecture gone_b0; update timm.")
        problems = ("stem.weight is (16, 3, 3, 3), not (24, 3, 3, 3)",) if name == "wider_b0" else ()
        spec = InputSpec((32, 32), "squash", 32, (0.5,) * 3, (0.5,) * 3)
        return Blueprint(f"timm/{name}", tensors, Pooled, 9, input=spec, problems=problems)

    monkeypatch.setattr(timm_catalog, "timm_blueprint", blueprint)
    torch.save(Pooled().state_dict(), tmp_path / "net.pt")
    assert open_network(tmp_path / "net.pt", device="cpu").architecture == "timm/alike_b0"
