"""Opening a network: one object with everything, the same weights one digest, and questions where nobody can know."""

import collections
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torch import nn

from explorer.core.errors import UserError
from explorer.core.network.opening import Network, OpeningQuestion, find_device, open_network
from tests.conftest import ROOT
from trainer.networks import user_architecture as own_architecture
from trainer.networks.architectures import ScratchCNN
from trainer.networks.checkpoint import Checkpoint, InputSpec, save

ARGUMENTS: dict[str, Any] = {"filters": [2, 3], "hidden": [5], "size": 16}
SPEC = InputSpec((16, 16), resize_to=16)


def scratch() -> ScratchCNN:
    torch.manual_seed(4)
    return ScratchCNN(2, filters=(2, 3), hidden=(5,), size=16).eval()


def checkpoint(path: Path, **changes: Any) -> Path:
    values = dict(
        architecture="scratch_cnn",
        classes=("benign", "malignant"),
        input=SPEC,
        weights=scratch().state_dict(),
        architecture_arguments=ARGUMENTS,
        training={"auc": 0.75},
        licence="CC BY-NC",
    )
    save(path, Checkpoint(**{**values, **changes}))
    return path


@pytest.fixture
def network(tmp_path: Path) -> Network:
    return open_network(checkpoint(tmp_path / "demo.safetensors"), device="cpu")


def test_our_own_checkpoint_says_everything_itself(network: Network) -> None:
    assert (network.name, network.architecture, network.licence) == ("demo", "scratch_cnn", "CC BY-NC")
    assert network.classes == ("benign", "malignant")
    assert network.input == SPEC
    assert network.training == {"auc": 0.75}
    assert network.assumed == ()
    assert [(layer.name, layer.filters, layer.height) for layer in network.layers] == [
        ("features.0", 2, 16),
        ("features.2", 2, 16),
        ("features.5", 3, 8),
        ("features.7", 3, 8),
    ]


def test_the_module_is_ready_to_look_at_pictures(network: Network) -> None:
    assert not network.module.training
    assert not any(weight.requires_grad for weight in network.module.parameters())
    picture = torch.rand(3, 3, 16, 16)
    assert torch.equal(network.logits(picture), scratch()(picture))


def test_a_copy_shares_nothing(network: Network) -> None:
    other = network.copy()
    next(other.module.parameters()).zero_()
    assert other.digest == network.digest
    assert not torch.equal(next(network.module.parameters()), next(other.module.parameters()))


def test_another_thread_gets_a_module_of_its_own_around_the_same_weights(network: Network) -> None:
    other = network.for_another_thread()
    assert other.identity == network.identity
    pairs = zip(network.module.named_modules(), other.module.named_modules(), strict=True)
    assert all(one is not two for (_, one), (_, two) in pairs)
    weights = zip(network.module.parameters(), other.module.parameters(), strict=True)
    assert all(one is two for one, two in weights)
    changed = [one is not two for one, two in zip(network.module.buffers(), other.module.buffers(), strict=True)]
    assert all(changed)
    picture = torch.rand(2, 3, 16, 16)
    assert torch.equal(network.logits(picture), other.logits(picture))


def test_the_same_weights_have_one_digest_whatever_file_they_came_in(network: Network, tmp_path: Path) -> None:
    weights = scratch().state_dict()
    weights |= {name: torch.tensor(7) for name in weights if "num_batches" in name}
    torch.save(weights, tmp_path / "a.pt")
    torch.save({"state_dict": {f"module.{name}": tensor for name, tensor in weights.items()}}, tmp_path / "b.ckpt")
    torch.save({name: tensor.double() for name, tensor in reversed(weights.items())}, tmp_path / "c.pth")
    save_file(weights, tmp_path / "d.safetensors")
    found = {
        open_network(tmp_path / name, device="cpu").digest for name in ("a.pt", "b.ckpt", "c.pth", "d.safetensors")
    }
    assert found == {network.digest}
    assert len(network.digest) == 64
    weights["features.0.bias"][0] += 1e-6
    torch.save(weights, tmp_path / "e.pt")
    assert open_network(tmp_path / "e.pt", device="cpu").digest != network.digest


def test_the_demo_keeps_its_weights() -> None:
    """Its tags files know it by this digest; names in its description may change, weights may not."""
    demo = open_network(ROOT / "resources" / "demo" / "demo-scratch-cnn.safetensors", device="cpu")
    assert demo.digest == "bce40629cbe5dc02855afd91e8467b630b734a568cf29e7d22e7ea8e6ab5ee0f"


def test_the_counters_of_batch_norms_do_not_change_the_digest(tmp_path: Path) -> None:
    weights = torchvision.models.mobilenet_v3_small(num_classes=2).state_dict()
    weights |= {name: torch.tensor(7) for name in weights if "num_batches" in name}
    torch.save(weights, tmp_path / "a.pt")
    torch.save({name: w for name, w in weights.items() if "num_batches" not in name}, tmp_path / "b.pt")
    assert len({open_network(tmp_path / name, device="cpu").digest for name in ("a.pt", "b.pt")}) == 1


def test_whatever_was_proposed_is_said(tmp_path: Path) -> None:
    torch.save(scratch().state_dict(), tmp_path / "net.pt")
    network = open_network(tmp_path / "net.pt", device="cpu")
    assert network.input == SPEC
    assert network.classes == ("class 0", "class 1")
    said = " ".join(network.assumed)
    assert all(words in said for words in ("scratch_cnn was found", "16 x 16 RGB in [0, 1]", '"class 1"'))
    told = open_network(tmp_path / "net.pt", device="cpu", architecture="scratch_cnn", classes=["a", "b"], input=SPEC)
    assert told.classes == ("a", "b")
    assert told.assumed == ()


def test_names_in_a_training_checkpoint_are_taken_and_said(tmp_path: Path) -> None:
    torch.save({"model": scratch().state_dict(), "class_to_idx": {"nv": 1, "mel": 0}}, tmp_path / "net.pt")
    network = open_network(tmp_path / "net.pt", device="cpu")
    assert network.classes == ("mel", "nv")
    assert "class_to_idx" in network.assumed[-1]
    torch.save({"model": scratch().state_dict(), "classes": ["a", "b", "c"]}, tmp_path / "net.pt")
    network = open_network(tmp_path / "net.pt", device="cpu")
    assert network.classes == ("class 0", "class 1")
    assert "3 class names" in " ".join(network.assumed)


def test_imagenets_names_are_proposed_for_a_thousand_outputs(tmp_path: Path) -> None:
    torch.save(torchvision.models.squeezenet1_1().state_dict(), tmp_path / "net.pt")
    network = open_network(tmp_path / "net.pt", device="cpu")
    assert network.classes[:2] == ("tench", "goldfish")
    assert "ImageNet" in network.assumed[-1]


def test_another_number_of_classes_is_asked_about(tmp_path: Path) -> None:
    with pytest.raises(OpeningQuestion) as caught:
        open_network(checkpoint(tmp_path / "net.safetensors"), device="cpu", classes=["a"])
    assert caught.value.about == "classes"
    assert "--classes" in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"classes": ("a", "b", "c")}, "do not fit"),
        ({"classes": ()}, "net"),
        ({"input": InputSpec((32, 32))}, "does not run"),
        ({"input": InputSpec((16, 16), mean=(0.0,), std=(1.0,))}, "does not run"),
        ({"architecture": "resnet18"}, "do not fit"),
        ({"architecture": "unheard_of"}, "unheard_of"),
        ({"weights": {"features.0.weight": torch.zeros(2, 3, 3, 3)}}, "missing"),
    ],
)
def test_a_checkpoint_that_contradicts_itself_is_refused(changes: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=words):
        open_network(checkpoint(tmp_path / "net.safetensors", **changes), device="cpu")


def test_devices_that_are_not_there_are_named() -> None:
    assert find_device("cpu") == torch.device("cpu")
    assert find_device("auto").type in ("cuda", "mps", "cpu")
    for name in ("cuda:99", "tpu", "cuda:x", ""):
        with pytest.raises(UserError, match="device"):
            find_device(name)


# A person's own code

OWN = """
import torch
from torch import nn
from helper import WIDTH

class Net(nn.Module):
    def __init__(self, width=WIDTH, channels=3):
        super().__init__()
        first = nn.Conv2d(channels, width, 3, 2, 1)
        self.model = nn.Sequential(first, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Linear(width, 3)
    def forward(self, x):
        return {"features": self.model(x), "logits": self.head(self.model(x))}

class Fixed(Net):
    def forward(self, x):
        if x.shape[-1] != 64:
            raise ValueError("64 only")
        return self.head(self.model(x))

def make(): return Net()
def grey(): return Net(channels=1)
def fixed(): return Fixed()
def said(): return Net(), {"classes": ["a", "b", "c"], "input": {
    "size": [40, 48], "resize": "squash", "resize_to": 40, "mean": [0, 0, 0], "std": [1, 1, 1]}}
def attributes():
    net = Net(); net.classes = ["x", "y", "z"]; return net
def nothing(): return 3
def broken(): return unheard_of
def leaves(): raise SystemExit(0)
def wrapped():
    net = nn.Module(); net.model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    net.forward = net.model.forward; return net
def flat(): return nn.Sequential(nn.Flatten(), nn.Linear(3, 3))
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "helper.py").write_text("WIDTH = 4\n", encoding="utf-8")
    (tmp_path / "net.py").write_text(OWN, encoding="utf-8")
    generator = torch.Generator().manual_seed(0)
    for name, channels in (("make", 3), ("grey", 1)):
        shapes = {
            "model.0.weight": (4, channels, 3, 3),
            "model.0.bias": (4,),
            "head.weight": (3, 4),
            "head.bias": (3,),
        }
        torch.save(
            {key: torch.rand(shape, generator=generator) for key, shape in shapes.items()},
            tmp_path / f"{name}.pt",
        )
    yield tmp_path / "net.py"
    sys.modules.pop("helper", None)


def test_a_persons_own_network_is_built_by_their_factory(own: Path) -> None:
    network = open_network(own.with_name("make.pt"), architecture=f"{own}:make", device="cpu")
    assert network.architecture == "net.py:make"
    assert next(layer.name for layer in network.layers) == "model.0"
    assert network.input.size == (224, 224)
    assert "224 x 224" in " ".join(network.assumed)
    assert network.logits(torch.rand(2, 3, 30, 30)).shape == (2, 3)
    assert network.copy().logits(torch.rand(1, 3, 30, 30)).shape == (1, 3)
    assert not (own.parent / "__pycache__" / f"net.{sys.implementation.cache_tag}.pyc").exists()


def test_a_factory_may_say_classes_and_input(own: Path) -> None:
    network = open_network(own.with_name("make.pt"), architecture=f"{own}:said", device="cpu")
    assert network.classes == ("a", "b", "c")
    assert network.input.size == (40, 48)
    assert network.assumed == ()
    network = open_network(own.with_name("make.pt"), architecture=f"{own}:attributes", device="cpu")
    assert network.classes == ("x", "y", "z")
    network = open_network(own.with_name("grey.pt"), architecture=f"{own}:grey", device="cpu")
    assert network.input.channels == 1


@pytest.mark.parametrize("prefix", ["", "model.", "module.model.", "net.backbone."])
def test_prefixes_follow_what_a_persons_module_calls_its_weights(prefix: str, own: Path) -> None:
    torch.save({f"{prefix}0.weight": torch.ones(4, 3, 3, 3), f"{prefix}0.bias": torch.ones(4)}, own.with_name("w.pt"))
    spec = InputSpec((8, 8), resize_to=8)
    network = open_network(own.with_name("w.pt"), architecture=f"{own}:wrapped", device="cpu", input=spec)
    assert network.logits(torch.ones(1, 3, 8, 8)).tolist() == [[28.0] * 4]


def test_an_input_that_does_not_run_is_asked_about(own: Path) -> None:
    with pytest.raises(OpeningQuestion) as caught:
        open_network(own.with_name("make.pt"), architecture=f"{own}:fixed", device="cpu")
    assert caught.value.about == "input"
    assert caught.value.choices == ("64x64",)
    assert "net.py, line 18" in str(caught.value)
    assert "--input" in str(caught.value)
    spec = InputSpec((64, 64), resize_to=64)
    network = open_network(own.with_name("make.pt"), architecture=f"{own}:fixed", device="cpu", input=spec)
    assert network.input == spec


@pytest.mark.parametrize(
    ("factory", "words"),
    [
        ("broken", r"net\.py, line 29: NameError"),
        ("leaves", r"net\.py, line 30: SystemExit"),
        ("nothing", "returned int"),
        ("unheard", "has no function unheard"),
        ("grey", r"model\.0\.weight is \(4, 3, 3, 3\), not \(4, 1, 3, 3\)"),
        ("flat", "is missing"),
        ("", "does not name a factory"),
    ],
)
def test_errors_in_a_persons_code_name_the_line(factory: str, words: str, own: Path) -> None:
    with pytest.raises(UserError, match=words) as caught:
        open_network(own.with_name("make.pt"), architecture=f"{own}:{factory}", device="cpu")
    assert "\n" not in str(caught.value)


def test_a_syntax_error_names_the_line(own: Path) -> None:
    own.write_text("x = 1\ndef make(:\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"net\.py, line 2: SyntaxError"):
        open_network(own.with_name("make.pt"), architecture=f"{own}:make", device="cpu")


def test_code_runs_only_where_it_is_allowed(own: Path) -> None:
    marker = own.with_name("marker")
    own.write_text(f"open({str(marker)!r}, 'w')", encoding="utf-8")
    with pytest.raises(UserError, match="runs code"):
        open_network(own.with_name("make.pt"), architecture=f"{own}:make", device="cpu", allow_code=False)
    assert not marker.exists()


def test_the_file_and_the_factory_are_told_apart() -> None:
    assert own_architecture.split(r"C:\x\net.py:make") == (Path(r"C:\x\net.py"), "make")
    assert own_architecture.split("dir/net.py:make") == (Path("dir/net.py"), "make")
    for text in (r"C:\x\net.py", "net.py", "net.txt:make", "net.py:", ":make", "net.py:a b"):
        with pytest.raises(UserError, match="factory"):
            own_architecture.split(text)
    assert own_architecture.is_own(r"C:\net.py:make")
    assert not own_architecture.is_own("resnet18")


def test_consent_is_remembered_by_the_files_content(tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text("a = 1", encoding="utf-8")
    before = own_architecture.digest_of(file)
    file.write_text("a = 2", encoding="utf-8")
    assert own_architecture.digest_of(file) != before
    assert len(before) == 64


Answer = collections.namedtuple("Answer", ["loss", "logits"])


@pytest.mark.parametrize(
    "wrap",
    [
        lambda out: (out, out * 2),
        lambda out: [None, out],
        lambda out: {"features": out * 2, "out": out},
        lambda out: {"loss": None, "x": out},
        lambda out: Answer(None, out),
        lambda out: out.half(),
        lambda out: out[:, :, None, None],
    ],
)
def test_logits_are_found_in_whatever_a_module_answers(wrap: Any, network: Network) -> None:
    picture = torch.rand(2, 3, 16, 16)
    wanted = network.logits(picture)
    network.module.register_forward_hook(lambda _module, _inputs, out: wrap(out))
    torch.testing.assert_close(network.logits(picture), wanted, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("answer", [None, "text", (), {}, torch.zeros(1, 2, 8, 8), torch.zeros(2, 0), torch.zeros(())])
def test_an_answer_without_scores_is_refused(answer: object, network: Network) -> None:
    network.module.register_forward_hook(lambda _module, _inputs, _out: (answer, None))
    with pytest.raises(UserError, match="one score for each class"):
        network.logits(torch.rand(2, 3, 16, 16))


# Folders of timm and the Hugging Face hub


def folder(
    path: Path, config: dict[str, Any], weights: dict[str, torch.Tensor], name: str = "model.safetensors"
) -> Path:
    (path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    if name.endswith("bin"):
        torch.save(weights, path / name)
    else:
        save_file({key: tensor.contiguous() for key, tensor in weights.items()}, path / name)
    return path


PRETRAINED = {
    "input_size": [3, 160, 192],
    "mean": [0.5, 0.5, 0.5],
    "std": [0.25, 0.25, 0.25],
    "crop_pct": 0.8,
    "interpolation": "bicubic",
    "label_names": ["nv", "mel"],
}


@pytest.mark.parametrize("file", ["model.safetensors", "pytorch_model.bin"])
@pytest.mark.parametrize("name", ["resnet18", "resnet18.a1_in1k"])
def test_a_resnet_of_timm_opens_without_timm(
    name: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    real = torchvision.models.resnet18(num_classes=2).eval()
    config = {"architecture": name, "num_classes": 2, "pretrained_cfg": PRETRAINED}
    network = open_network(folder(tmp_path, config, real.state_dict(), file), device="cpu")
    assert network.architecture == "resnet18"
    assert network.classes == ("nv", "mel")
    assert network.input == InputSpec((160, 192), "shortest", 200, (0.5,) * 3, (0.25,) * 3)
    assert len(network.assumed) == 1
    assert "bicubic" in network.assumed[0]
    picture = torch.rand(1, 3, 160, 192)
    assert torch.equal(network.logits(picture), real(picture))


def test_timm_is_asked_for_where_it_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    path = folder(tmp_path, {"architecture": "convnext_atto"}, {"stem.0.weight": torch.zeros(4, 3, 2, 2)})
    with pytest.raises(UserError, match="pip install timm"):
        open_network(path, device="cpu")


@pytest.mark.parametrize("name", ["test_resnet", "mobilenetv3_small_050", "resnet10t", "vit_tiny_patch16_224"])
def test_a_network_of_timm_computes_what_it_does_there(name: str, tmp_path: Path) -> None:
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    real = timm.create_model(name, pretrained=False, num_classes=3, in_chans=1).eval()
    config = {
        "architecture": name,
        "num_classes": 3,
        "pretrained_cfg": {**PRETRAINED, "input_size": [1, 224, 224]},
    }
    network = open_network(folder(tmp_path, config, real.state_dict()), device="cpu")
    assert network.architecture == f"timm/{name}"
    assert network.input.channels == 1
    assert len(network.classes) == 3
    picture = torch.rand(1, 1, 224, 224)
    with torch.inference_mode():
        torch.testing.assert_close(network.logits(picture), real(picture))


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (
            {"architectures": ["ResNetForImageClassification"], "model_type": "resnet"},
            "ResNetForImageClassification",
        ),
        ({"model_type": "convnext"}, "--architecture"),
        ({}, "nearest"),
        ({"architecture": "hf-hub:someone/something"}, "not the name"),
        ({"architecture": "../../etc"}, "not the name"),
        ({"architecture": "resnet18", "model_args": {"checkpoint_path": "/x"}}, "checkpoint_path"),
        ({"architecture": "resnet18", "model_args": [1]}, "damaged"),
        ({"architecture": "no_such_network"}, "timm"),
        (
            {"architecture": "resnet18", "pretrained_cfg": {"input_size": "x", "mean": 1, "std": 2}},
            "no usable input",
        ),
    ],
)
def test_a_folder_that_cannot_be_built_says_so(config: dict[str, Any], words: str, tmp_path: Path) -> None:
    weights = torchvision.models.resnet18(num_classes=2).state_dict()
    if not config:
        weights.pop("conv1.weight")
    path = folder(tmp_path, config, weights)
    with pytest.raises(UserError, match=words) as caught:
        open_network(path, device="cpu")
    assert "\n" not in str(caught.value)


def test_a_network_without_convolutions_is_refused(tmp_path: Path) -> None:
    (tmp_path / "flat.py").write_text(
        "from torch import nn\ndef make(): return nn.Sequential(nn.Flatten(), nn.Linear(12, 2))",
        encoding="utf-8",
    )
    torch.save(nn.Sequential(nn.Flatten(), nn.Linear(12, 2)).state_dict(), tmp_path / "flat.pt")
    with pytest.raises(UserError, match="Conv2d"):
        open_network(tmp_path / "flat.pt", architecture=f"{tmp_path / 'flat.py'}:make", device="cpu")
    with pytest.raises(UserError, match="Conv2d"):
        open_network(
            tmp_path / "flat.pt",
            architecture=f"{tmp_path / 'flat.py'}:make",
            device="cpu",
            input=InputSpec((2, 2), resize_to=2),
        )
