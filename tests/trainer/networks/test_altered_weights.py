"""What tools made of a network's weights is told at once, and what is said to do about it gives a file that opens."""

import copy
import re
from pathlib import Path

import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torch import nn
from torch.ao import quantization

from explorer.core.errors import UserError
from explorer.core.network.opening import open_network
from trainer.networks.altered_weights import refuse_altered
from trainer.networks.candidate import OpeningQuestion


def refusal(path: Path, architecture: str | None = None) -> str:
    with pytest.raises(UserError) as caught:
        open_network(path, device="cpu", architecture=architecture)
    assert not isinstance(caught.value, OpeningQuestion)
    return str(caught.value)


class Adapted(nn.Module):
    """As peft's: the layer, what is added to it, and what puts both together."""

    def __init__(self, network: nn.Module, whole: bool) -> None:
        super().__init__()
        self.model = network
        if whole:
            network.conv1 = self.adapted(network.conv1, nn.Conv2d(3, 2, 7), nn.Conv2d(2, 64, 1))
        network.fc = self.adapted(network.fc, nn.Linear(512, 2, bias=False), nn.Linear(2, 3, bias=False))

    @staticmethod
    def adapted(layer: nn.Module, down: nn.Module, up: nn.Module) -> nn.Module:
        parts = {"lora_A": nn.ModuleDict({"default": down}), "lora_B": nn.ModuleDict({"default": up})}
        return nn.ModuleDict({"base_layer": layer, **parts})

    def merge_and_unload(self) -> nn.Module:
        """The network with what was added in its weights; here without it."""
        network = copy.deepcopy(self.model)
        for name in ("conv1", "fc"):
            layer = getattr(network, name)
            setattr(network, name, layer["base_layer"] if isinstance(layer, nn.ModuleDict) else layer)
        return network


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("architecture", [None, "resnet18"])
def test_a_lora_is_told_and_merged_it_opens(whole: bool, architecture: str | None, tmp_path: Path) -> None:
    model = Adapted(torchvision.models.resnet18(num_classes=3), whole)
    state = {f"base_model.{name}": tensor for name, tensor in model.state_dict().items()}
    torch.save(state, tmp_path / "net.pt")
    line = re.search(r"torch\.save\(.*?, PATH\)", refusal(tmp_path / "net.pt", architecture))
    assert line is not None
    exec(line[0], {"torch": torch, "model": model, "PATH": tmp_path / "merged.pt"})
    assert len(open_network(tmp_path / "merged.pt", device="cpu").classes) == 3


def test_the_folder_of_a_lora_alone_says_so(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text("{}", "utf-8")
    adapter = {"base_model.model.conv1.lora_A.weight": torch.zeros(2, 3, 7, 7)}
    save_file(adapter, tmp_path / "adapter_model.safetensors")
    for path in (tmp_path, tmp_path / "adapter_model.safetensors"):
        assert "merge_and_unload().state_dict()" in refusal(path)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("training", [True, False])
def test_observers_are_told_and_the_network_of_before_opens(training: bool, tmp_path: Path) -> None:
    before = torchvision.models.resnet18(num_classes=3).train(training)
    model = copy.deepcopy(before)
    model.qconfig = (quantization.get_default_qat_qconfig if training else quantization.get_default_qconfig)("fbgemm")
    prepared = (quantization.prepare_qat if training else quantization.prepare)(model)
    torch.save(prepared.state_dict(), tmp_path / "net.pt")
    assert "prepared for quantisation" in refusal(tmp_path / "net.pt")
    torch.save(before.state_dict(), tmp_path / "before.pt")
    assert len(open_network(tmp_path / "before.pt", device="cpu").classes) == 3


@pytest.mark.parametrize("architecture", [None, "resnet18"])
def test_whole_numbers_are_told(architecture: str | None, tmp_path: Path) -> None:
    state = torchvision.models.resnet18(num_classes=3).state_dict()
    state = {name: tensor.to(torch.int8) if tensor.dim() == 4 else tensor for name, tensor in state.items()}
    torch.save(state, tmp_path / "net.pt")
    assert "int8" in refusal(tmp_path / "net.pt", architecture)


def fused(module: nn.Module) -> nn.Module:
    """A ResNet whose norms are in its convolutions, as `torch.nn.utils.fusion` leaves it."""
    pairs = [("conv1", "bn1"), ("conv2", "bn2"), ("conv3", "bn3"), ("0", "1")]
    for owner in list(module.modules()):
        for convolution, norm in pairs:
            first, second = owner._modules.get(convolution), owner._modules.get(norm)
            if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                setattr(owner, convolution, nn.utils.fusion.fuse_conv_bn_eval(first, second))
                setattr(owner, norm, nn.Identity())
    return module


@pytest.mark.filterwarnings("ignore")
def test_fused_norms_are_told_and_as_onnx_the_network_opens(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    model = fused(torchvision.models.resnet18(num_classes=3).eval())
    torch.save(model.state_dict(), tmp_path / "net.pt")
    said = refusal(tmp_path / "net.pt")
    assert "batch norms are fused" in said
    line = re.search(r"torch\.onnx\.export\((.*)\)\.$", said)
    assert line is not None
    call = line[1].replace('"network.onnx"', repr(str(tmp_path / "network.onnx")))
    exec(f"torch.onnx.export({call}, dynamo=False)", {"torch": torch, "model": model})
    network = open_network(tmp_path / "network.onnx", device="cpu")
    picture = torch.rand(1, 3, 224, 224)
    with torch.inference_mode():
        torch.testing.assert_close(network.logits(picture), model(picture), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("layer", ["features.0", "features.3.squeeze", "classifier.1"])
@pytest.mark.parametrize("architecture", [None, "squeezenet1_1"])
def test_a_parametrisation_is_told_and_removed_it_opens(layer: str, architecture: str | None, tmp_path: Path) -> None:
    model = torchvision.models.squeezenet1_1(num_classes=3)
    nn.utils.parametrize.register_parametrization(model.get_submodule(layer), "weight", nn.Softplus())
    torch.save(model.state_dict(), tmp_path / "net.pt")
    said = refusal(tmp_path / "net.pt", architecture)
    assert f'net.pt holds the weight "{layer}.weight" as a parametrization' in said
    line = re.search(r'torch\.nn\.utils\.parametrize\.remove_parametrizations\(.*?, "weight"\)', said)
    assert line is not None
    exec(line[0], {"torch": torch, "model": model})
    torch.save(model.state_dict(), tmp_path / "removed.pt")
    assert len(open_network(tmp_path / "removed.pt", device="cpu").classes) == 3


def test_orthogonal_weights_are_told(tmp_path: Path) -> None:
    model = torchvision.models.mobilenet_v3_small(num_classes=3)
    nn.utils.parametrizations.orthogonal(model.features[0][0])
    torch.save(model.state_dict(), tmp_path / "net.pt")
    assert '"features.0.0.weight" as a parametrization' in refusal(tmp_path / "net.pt")


@pytest.mark.parametrize("name", ["alexnet", "squeezenet1_1", "vgg11", "convnext_tiny", "resnet18", "vit_b_32"])
def test_networks_as_they_are_are_not_refused(name: str) -> None:
    refuse_altered(torchvision.models.get_model(name, weights=None, num_classes=2).state_dict(), "net.pt")
