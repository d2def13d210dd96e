"""What exporters write answers here as it does in onnxruntime."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch
import torchvision
from torch import nn
from torchvision.models.convnext import CNBlockConfig
from torchvision.models.densenet import DenseNet
from torchvision.models.efficientnet import EfficientNet, MBConvConfig
from torchvision.models.mobilenetv2 import MobileNetV2
from torchvision.models.mobilenetv3 import InvertedResidualConfig, MobileNetV3
from torchvision.models.regnet import BlockParams, RegNet
from torchvision.models.resnet import BasicBlock, ResNet
from torchvision.models.shufflenetv2 import ShuffleNetV2
from torchvision.models.vgg import make_layers

from tests.conftest import ROOT
from tests.trainer.networks.onnx_import.graphs import CLOSE, difference, exported, spread

FILES = ROOT / "tests" / "trainer" / "networks" / "onnx_import" / "files"


def vgg() -> nn.Module:
    parts = [make_layers([4, "M", 6, "M"], batch_norm=True), nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(96, 5)]
    return nn.Sequential(*parts)


def mobilenet_v3() -> nn.Module:
    config = partial(InvertedResidualConfig, width_mult=1.0, dilation=1)
    blocks = [config(8, 3, 16, 8, True, "HS", stride=2), config(8, 5, 16, 8, False, "RE", stride=1)]
    return MobileNetV3(blocks, 16, num_classes=5)


SMALL: dict[str, Callable[[], nn.Module]] = {
    "vgg": vgg,
    "resnet": lambda: ResNet(BasicBlock, [1, 1, 1, 1], num_classes=5),
    "densenet": lambda: DenseNet(4, (2, 2), 8, num_classes=5),
    "squeezenet": lambda: torchvision.models.squeezenet1_1(num_classes=5),
    "mobilenet_v2": lambda: MobileNetV2(5, 0.1, [[1, 8, 1, 1], [6, 8, 2, 2]]),
    "mobilenet_v3": mobilenet_v3,
    "mnasnet": lambda: torchvision.models.MNASNet(0.1, 5),
    "efficientnet": lambda: EfficientNet([MBConvConfig(4, 3, 2, 8, 8, 2, 1, 1)], 0.1, num_classes=5),
    "regnet": lambda: RegNet(BlockParams([1, 1], [8, 16], [8, 8], [1, 1], [2, 2], se_ratio=0.25), num_classes=5),
    "shufflenet": lambda: ShuffleNetV2([1, 1, 1], [8, 8, 16, 16, 16], 5),
    "convnext": lambda: torchvision.models.ConvNeXt([CNBlockConfig(8, 16, 1), CNBlockConfig(16, None, 1)], 0, 0.5, 5),
    "swin": lambda: torchvision.models.SwinTransformer([4, 4], 8, [2], [2], [4, 4], num_classes=5),
    "vit": lambda: torchvision.models.VisionTransformer(32, 16, 1, 2, 8, 16, num_classes=5),
}
"""A narrow network of each of torchvision's families, at 32 x 32."""


@pytest.mark.parametrize("name", SMALL)
def test_what_pytorch_wrote_of_old(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    path = exported(spread(SMALL[name](), 32), tmp_path / "net.onnx", 32)
    assert difference(path)[0] < CLOSE


@pytest.mark.parametrize("name", ["shufflenet", "vit", pytest.param("swin", marks=pytest.mark.soak)])
def test_a_free_number_of_pictures(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    path = exported(spread(SMALL[name](), 32), tmp_path / "net.onnx", 32, free=True)
    assert difference(path)[0] < CLOSE


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name == "mobilenet_v3" else pytest.mark.soak) for name in SMALL]
)
def test_what_pytorch_writes(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    path = exported(spread(SMALL[name](), 32), tmp_path / "net.onnx", 32, new=True)
    assert difference(path)[0] < CLOSE


@pytest.mark.parametrize("opset", [9, 12])
def test_older_versions_of_the_operators(opset: int, tmp_path: Path) -> None:
    torch.manual_seed(0)
    path = exported(spread(SMALL["mobilenet_v3"](), 32), tmp_path / "net.onnx", 32, opset_version=opset)
    assert difference(path)[0] < CLOSE


@pytest.mark.parametrize("name", ["keras3", "tf2onnx"])
def test_what_keras_and_tf2onnx_wrote(name: str) -> None:
    """A network of Keras 3.15, 28 x 28 RGB of 0 to 255 in (N, h, w, C), as its two ways of exporting write it."""
    apart, network = difference(FILES / f"{name}.onnx")
    assert apart < CLOSE
    module = network.module((28, 28))
    assert not [node for node in module.graph.nodes if node.target is torch.permute], "maps are (C, h, w) throughout"
    kinds = [type(part) for part in module.modules()]
    assert kinds.count(nn.Conv2d) == 6
    assert kinds.count(nn.Linear) == 2
    assert network.input is not None
    assert network.input.std == pytest.approx((1 / 255,) * 3)


@pytest.mark.soak
@pytest.mark.parametrize("name", torchvision.models.list_models(module=torchvision.models))
@pytest.mark.parametrize("new", [False, True], ids=["old", "new"])
def test_every_network_of_torchvision(name: str, new: bool, tmp_path: Path) -> None:
    options = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    side = {"inception_v3": 96, "maxvit_t": 224, "vit_h_14": 56}.get(name, 64)
    if name.startswith("vit"):
        options["image_size"] = side
    torch.manual_seed(0)
    module = spread(torchvision.models.get_model(name, weights=None, **options), side)
    path = exported(module, tmp_path / "net.onnx", side, new=new, **({"external_data": True} if new else {}))
    assert difference(path)[0] < CLOSE
