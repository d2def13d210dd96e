"""Every line of the table in docs/opening.md: the file is made, and what the table says happens."""

import argparse
import re
import shutil
import sys
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from torch import nn

from explorer.core.errors import UserError
from explorer.core.network.opening import OpeningQuestion, open_network
from tests.conftest import ROOT
from tests.networks import SMALL, save_small
from tests.trainer.networks.cut_bodies import OwnClass, Renamed, cut, fastai
from tests.trainer.networks.test_output_spec import CODE
from trainer.networks.architectures import ScratchCNN

Made = tuple[Path, dict[str, Any], dict[str, Any] | None]
"""A file, the options to open it with, and those with which a question about it is answered."""


def small(seed: int = 0) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    return ScratchCNN(2, **SMALL).state_dict()


def net(last: nn.Module | None = None) -> nn.Module:
    module = (
        torchvision.models.squeezenet1_1(num_classes=2) if last is None else torchvision.models.shufflenet_v2_x0_5()
    )
    if last is not None:
        module.fc = last
    return module


def masked() -> dict[str, torch.Tensor]:
    weight = small()["features.0.weight"]
    parts = {"features.0.weight_orig": weight, "features.0.weight_mask": torch.ones_like(weight)}
    return {name: one for name, one in small().items() if name != "features.0.weight"} | parts


def prefixed(prefix: str, state: dict[str, torch.Tensor] | None = None) -> dict[str, torch.Tensor]:
    return {prefix + name: one for name, one in (small() if state is None else state).items()}


def saved(content: Callable[[], object]) -> Callable[[Path], Made]:
    def make(folder: Path) -> Made:
        torch.save(content(), folder / "net.pt")
        return folder / "net.pt", {}, None

    return make


def asked(content: Callable[[], object], **answer: Any) -> Callable[[Path], Made]:
    def make(folder: Path) -> Made:
        return *saved(content)(folder)[:2], answer

    return make


def code(kind: str, classes: int = 2, answer: dict[str, Any] | None = None, **options: Any) -> Callable[[Path], Made]:
    def make(folder: Path) -> Made:
        source = (
            CODE + "\nclass Percent(Soft):\n    def forward(self, x): return super().forward(x) * 100\n"
            "\nclass Sized(A):\n    def forward(self, x):\n        assert x.shape[-1] == 64\n"
            "        return super().forward(x)\n"
            "\nclass Changing(A):\n    def forward(self, x):\n        return super().forward(x.sub_(0.5))\n"
        )
        (folder / "own.py").write_text(source)
        shapes = {"f.0.weight": (8, 3, 3, 3), "f.0.bias": (8,), "h.weight": (classes, 8), "h.bias": (classes,)}
        torch.manual_seed(0)
        torch.save({name: torch.randn(shape) for name, shape in shapes.items()}, folder / "net.pt")
        return folder / "net.pt", {"architecture": f"{folder / 'own.py'}:{kind}", **options}, answer

    return make


def beside(**heads: int) -> Mapping[str, object]:
    """A body, and last layers of so many outputs beside it."""
    ends = {f"{name}.weight": torch.ones(outputs, 1024) for name, outputs in heads.items()}
    return {**prefixed("backbone.", net(nn.Identity()).state_dict()), **ends}


def unknown(folder: Path) -> Made:
    path, _, _ = code("A")(folder)
    return path, {}, {"architecture": "A"}


def in_parts(folder: Path) -> Made:
    state, names = small(), {}
    for number, part in enumerate((list(state)[::2], list(state)[1::2])):
        torch.save({name: state[name] for name in part}, folder / f"part{number}.bin")
        names |= dict.fromkeys(part, f"part{number}.bin")
    (folder / "pytorch_model.bin.index.json").write_text(str({"weight_map": names}).replace("'", '"'))
    return folder, {}, None


def with_config(folder: Path) -> Made:
    (folder / "config.json").write_text('{"architecture": "resnet18"}')
    torch.save(torchvision.models.resnet18(num_classes=2).state_dict(), folder / "pytorch_model.bin")
    return folder, {}, None


def own_checkpoint(folder: Path) -> Made:
    return save_small(folder / "net.safetensors"), {}, None


def quantised(folder: Path) -> Made:
    state = small()
    state["features.0.weight"] = torch.quantize_per_tensor(state["features.0.weight"], 0.1, 0, torch.qint8)
    return saved(lambda: state)(folder)


def script(folder: Path) -> Made:
    (folder / "net.pt").write_bytes(SCRIPT)
    return folder / "net.pt", {}, None


def onnx_file(folder: Path) -> Made:
    onnx = pytest.importorskip("onnx")
    make, kind = onnx.helper, onnx.TensorProto.FLOAT
    weight = make.make_tensor("w", kind, (2, 3, 3, 3), [0.1] * 54)
    nodes = [
        make.make_node("Conv", ["x", "w"], ["a"], name="conv"),
        make.make_node("GlobalAveragePool", ["a"], ["b"], name="pool"),
        make.make_node("Flatten", ["b"], ["y"], name="flat"),
    ]
    ends = [make.make_tensor_value_info(*end) for end in (("x", kind, (1, 3, 16, 16)), ("y", kind, (1, 2)))]
    graph = make.make_graph(nodes, "net", ends[:1], ends[1:], [weight])
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 18)], ir_version=9)
    (folder / "net.onnx").write_bytes(model.SerializeToString())
    return folder / "net.onnx", {}, None


def keras(folder: Path) -> Made:
    (folder / "net.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(64))
    return folder / "net.h5", {}, None


def line(depth: int, inputs: int) -> nn.Module:
    """Convolutions of 3 filters and one fully connected layer, under names that say nothing of what is between."""
    module = nn.Module()
    for place in range(depth):
        module.add_module(f"conv{place + 1}", nn.Conv2d(3, 3, 5, padding=0))
    module.fc = nn.Linear(inputs, 2)
    return module


def onnx(folder: Path) -> Made:
    pytest.importorskip("onnx")
    shutil.copy(Path(__file__).parent / "onnx_import" / "files" / "keras3.onnx", folder / "net.onnx")
    return folder / "net.onnx", {}, None


def two_outputs(folder: Path) -> Made:
    pytest.importorskip("onnx")
    from tests.trainer.networks.onnx_import.test_description import two_heads

    return two_heads(folder), {}, {"outputs": "lesion"}


def without_norms() -> dict[str, torch.Tensor]:
    state = torchvision.models.resnet18().state_dict()
    convolutions = {name: tensor for name, tensor in state.items() if tensor.dim() == 4 or name.startswith("fc.")}
    return {
        key: value
        for name, tensor in convolutions.items()
        for key, value in ((name, tensor), (name.replace("weight", "bias"), tensor.new_zeros(len(tensor))))
        if not name.endswith("fc.bias")
    }


def of_library(full_name: str, content: Callable[[type], object]) -> Callable[[Path], Made]:
    """A file with an object of a library's class, which need not be installed."""
    module, _, name = full_name.rpartition(".")

    def make(folder: Path) -> Made:
        kind = type(name, (), {"__module__": module})
        holder = types.ModuleType(module)
        setattr(holder, name, kind)
        with pytest.MonkeyPatch.context() as patch:
            for part in (module.partition(".")[0], module):
                patch.setitem(sys.modules, part, holder)
            torch.save(content(kind), folder / "net.pt")
        return folder / "net.pt", {}, None

    return make


def archive() -> bytes:
    import io
    import zipfile

    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("a/data.pkl", b"")
        file.writestr("a/constants.pkl", b"")
    return content.getvalue()


SCRIPT = archive()
MLP = nn.Sequential(nn.Linear(1024, 8), nn.ReLU(), nn.Linear(8, 2))

LINES: dict[str, Callable[[Path], Made]] = {
    "checkpoint of `feature-trainer`": own_checkpoint,
    "state dict of torchvision": saved(lambda: net().state_dict()),
    "GoogLeNet and Inception v3 of torchvision": saved(
        lambda: torchvision.models.googlenet(num_classes=2, init_weights=False).state_dict()
    ),
    "names under any prefix (`net.`, `model._orig_mod.`)": saved(lambda: prefixed("model._orig_mod.")),
    "weights under any key of a training checkpoint": saved(lambda: {"epoch": 1, "my_best": small()}),
    "Lightning checkpoint with hyperparameters": saved(
        lambda: {
            "state_dict": prefixed("model."),
            "hyper_parameters": {"class_names": ["a", "b"], "mean": [0.5] * 3, "std": [0.5] * 3},
            "pytorch-lightning_version": "2.2",
        }
    ),
    "tensors that are not the network's (loss weights, counters)": saved(
        lambda: {**prefixed("module."), "criterion.weight": torch.ones(2), "n_averaged": torch.tensor(2)}
    ),
    "last layer replaced by Dropout and Linear": saved(
        lambda: net(nn.Sequential(nn.Dropout(), nn.Linear(1024, 2))).state_dict()
    ),
    "last layers replaced by an MLP": saved(lambda: net(MLP).state_dict()),
    "last layers outside of the body (`backbone.` and `head.`)": saved(
        lambda: {**prefixed("backbone.", net(nn.Identity()).state_dict()), "head.weight": torch.ones(2, 1024)}
    ),
    "layers that take a known network's outputs (`backbone.` with its 1,000 outputs, and `fc.`)": saved(
        lambda: {**prefixed("backbone.", net().state_dict()), "fc.weight": torch.ones(7, 2), "fc.bias": torch.ones(7)}
    ),
    "later layers that take other values too (patient data)": saved(
        lambda: {**prefixed("cnn.", net().state_dict()), "a.weight": torch.ones(4, 9), "b.weight": torch.ones(7, 6)}
    ),
    "ResNet cut into a `nn.Sequential` of its children (`0.weight`, `4.0.conv1.weight`)": saved(
        lambda: cut("resnet18").state_dict()
    ),
    "ResNet with fastai's last layers (`0.0.weight`, `1.8.weight`)": saved(lambda: fastai("resnet18", 3).state_dict()),
    "other networks of torchvision in a `nn.Sequential` of their children, with a head behind (DenseNet, EfficientNet, "
    "MobileNet, VGG ...)": saved(lambda: OwnClass("mobilenet_v3_small", 2).state_dict()),
    "a DenseNet in pieces": saved(lambda: OwnClass("densenet121", 2).state_dict()),
    "fastai's learners on them (`0.0.0.weight`, `1.8.weight`)": saved(lambda: fastai("squeezenet1_1", 3).state_dict()),
    "torchvision's parts under names of one's own (`encoder.`, `block1.`)": saved(
        lambda: Renamed("shufflenet_v2_x0_5", 2).state_dict()
    ),
    "no last layers": saved(lambda: net(nn.Identity()).state_dict()),
    "class names, size or mean and std beside the weights": saved(
        lambda: {"model": net().state_dict(), "id2label": {0: "a", 1: "b"}, "img_size": 96}
    ),
    "the same as text (`nv,mel`, JSON, `['nv', 'mel']`, `256x256`), as arrays of numpy, or in the metadata of a "
    "safetensors file": saved(lambda: {"model": net().state_dict(), "class_names": "a,b", "img_size": "96x96"}),
    "class names with numbers from 1": saved(lambda: {"model": net().state_dict(), "id2label": {1: "a", 2: "b"}}),
    "class names whose numbers have gaps or come twice, or without numbers (`nv: Nevus`)": saved(
        lambda: {"model": net().state_dict(), "class_to_idx": {"a": 0, "b": 2}}
    ),
    "how pictures are resized and cut (`resize`, `crop`, timm's `crop_pct`), or transforms as a saved text "
    "(`Compose(Resize(288) ...)`)": saved(lambda: {"model": net().state_dict(), "resize": 72, "crop": 64}),
    "weights that take blue, green and red (`to_rgb: False`, `channel_order`, ImageNet's mean in that order)": saved(
        lambda: {"model": net().state_dict(), "cfg": {"channel_order": "BGR"}}
    ),
    "timm's arguments with another pool (`gp`, `global_pool`: `max`, `avgmax`)": saved(
        lambda: {"model": net().state_dict(), "args": argparse.Namespace(gp="max")}
    ),
    "multi-label training (`multi_label`, `loss: BCEWithLogitsLoss`, `activation: sigmoid`)": saved(
        lambda: {"model": net().state_dict(), "multi_label": True}
    ),
    "a learned part beside the weights (`temperature`)": saved(
        lambda: {"model": net().state_dict(), "temperature": torch.ones(1)}
    ),
    "class names in a set": saved(lambda: {"model": net().state_dict(), "classes": {"a", "b"}}),
    "buffers by which the network normalises pictures itself (`mean` and `std`, `pixel_mean` ...)": saved(
        lambda: {**prefixed("model.", net().state_dict()), "mean": torch.ones(3), "std": torch.ones(3)}
    ),
    "a 1 x 1 convolution that makes the colors, before the body": saved(
        lambda: nn.Sequential(nn.Conv2d(1, 3, 1), net()).state_dict()
    ),
    "a norm of the colors before the body": saved(
        lambda: {**prefixed("bn.", nn.BatchNorm2d(3).state_dict()), **prefixed("model.", net().state_dict())}
    ),
    "float16 or bfloat16": saved(
        lambda: {name: one.bfloat16() if one.is_floating_point() else one for name, one in small().items()}
    ),
    "weights in several parts with an index.json": in_parts,
    "ONNX file": onnx_file,
    "folder with config.json, as timm writes it": with_config,
    "raw weights and their average (EMA)": asked(
        lambda: {"state_dict": small(), "state_dict_ema": small(1)}, key="state_dict_ema"
    ),
    "the same, its names without dots (`model_ema.conv1weight`)": asked(
        lambda: {
            **prefixed("model."),
            **{f"model_ema.{name.replace('.', '')}": one for name, one in small(1).items()},
        },
        key="model_ema",
    ),
    "two heads beside the body (`head_dx.`, `head_site.`)": saved(lambda: beside(head_dx=7, head_site=5)),
    "a projection beside the body (`projector.`, of SimCLR and the like)": saved(lambda: beside(projector=64)),
    "learned parts beside the network (a pool's power `p`, `temperature`, `scale`)": saved(
        lambda: {**prefixed("model."), "temperature": torch.ones(1)}
    ),
    "a list or pair of state dicts and other things": saved(lambda: (small(), {"epoch": 3})),
    "a last layer without bias, called `arc...`, `cos...`": saved(
        lambda: {**prefixed("net.", net(nn.Identity()).state_dict()), "arc.weight": torch.ones(2, 1024)}
    ),
    "student and teacher, or weights and their average, under two prefixes": asked(
        lambda: {**prefixed("student."), **prefixed("teacher.", small(1))}, key="teacher"
    ),
    "layers in one line, which the shapes leave one usual arrangement": saved(lambda: line(2, 3 * 5 * 5).state_dict()),
    "layers in one line that fit several arrangements": asked(
        lambda: line(2, 3).state_dict(), architecture="straight-line:relu:same:max2@0,1:average:64"
    ),
    "ONNX, as PyTorch, Keras 3 and tf2onnx export it": onnx,
    "ONNX with several outputs that could be the scores": two_outputs,
    "weights that fit no known architecture (a ResNet with a first convolution of 3 x 3)": unknown,
    "own code that ends in a softmax or sigmoid": code("Soft"),
    "own code that answers with percentages (a softmax times 100)": code("Percent"),
    "own code that answers features and scores, classes known": code("Tup"),
    "own code that answers features and scores, no classes known": code("Tup", answer={"outputs": "1"}),
    "one output and two class names": code("One", classes=1),
    "one output and no class names": code("One", classes=1),
    "own code that answers differently each time (a dropout that is never off)": code("Unsteady"),
    "own code that changes its input in place (`x.sub_(0.5)`)": code("Changing"),
    "own code that takes two inputs": code("Two"),
    "own code that calls `.cuda()`": code("Cuda"),
    "own code that runs on another size only": code("Sized", answer={"input": "64x64"}),
    "a name in the file (`arch: resnet34`) that its weights are not of": saved(
        lambda: {"arch": "resnet34", "state_dict": net().state_dict()}
    ),
    "weights for pictures of four channels and more": saved(
        lambda: {**net().state_dict(), "features.0.weight": torch.ones(64, 4, 3, 3)}
    ),
    "weights as arrays of NumPy in a file of `torch.save`": saved(
        lambda: {name: one.numpy() for name, one in small().items()}
    ),
    "quantised weights": quantised,
    "pruned weights and biases, weight norm, spectral norm": saved(masked),
    "other parametrizations (`parametrizations.weight.original`, orthogonal weights)": saved(
        lambda: {**small(), "features.0.parametrizations.weight.original": torch.ones(1)}
    ),
    "a LoRA (`lora_A`, `adapter_config.json`)": saved(
        lambda: {**small(), "features.0.lora_A.default.weight": torch.ones(1, 3, 3, 3)}
    ),
    "networks prepared for quantisation (observers), whole numbers as weights": saved(
        lambda: {**small(), "features.0.activation_post_process.min_val": torch.ones(1)}
    ),
    "batch norms fused into convolutions": saved(without_norms),
    "`learn.save(NAME)` of fastai, with its optimiser": of_library(
        "fastcore.foundation.L", lambda listed: {"model": small(), "opt": {"hypers": listed()}}
    ),
    "`learn.export` of fastai": of_library("fastai.learner.Learner", lambda learner: learner()),
    "pickled module": saved(lambda: nn.Conv2d(3, 2, 3)),
    "TorchScript": script,
    "Keras or TensorFlow": keras,
}
NAMED = ("own code that answers features and scores, classes known", "one output and two class names")


def rows() -> dict[str, str]:
    """What happens, by what is opened, as the table says it."""
    text = (ROOT / "docs" / "opening.md").read_text("utf-8")
    found = re.findall(r"^\| ([^|]+) \| ([^|]+) \|", text, re.MULTILINE)
    return {what: happens for what, happens in found if what != "a file or folder"}


def test_every_line_has_its_file() -> None:
    assert rows().keys() == LINES.keys()
    assert set(rows().values()) == {"opens", "asks", "refused"}


@pytest.mark.filterwarnings("ignore:.*quantize")
@pytest.mark.parametrize("line", LINES)
def test_the_table_is_right(line: str, tmp_path: Path) -> None:
    path, options, answer = LINES[line](tmp_path)
    if options.get("architecture", "").endswith(":Cuda") and torch.cuda.is_available():
        pytest.skip("there is a GPU here, to which the code may move things")
    if line in NAMED:
        options = {**options, "classes": ["a", "b"]}
    happens = rows()[line]
    if happens == "opens":
        assert open_network(path, device="cpu", **options).layers
    elif happens == "refused":
        with pytest.raises(UserError) as caught:
            open_network(path, device="cpu", **options)
        assert not isinstance(caught.value, OpeningQuestion)
    else:
        assert answer is not None
        with pytest.raises(OpeningQuestion):
            open_network(path, device="cpu", **options)
        assert open_network(path, device="cpu", **{**options, **answered(answer, tmp_path)}).layers


def answered(answer: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The options as `open_network` takes them, of what a person would write."""
    from trainer.networks.arguments import input_of
    from trainer.networks.output_spec import OutputSpec

    read: dict[str, Callable[[str], Any]] = {
        "architecture": lambda kind: kind if kind.startswith("straight") else f"{folder / 'own.py'}:{kind}",
        "outputs": OutputSpec.parse,
        "input": input_of,
    }
    return {name: read.get(name, str)(value) for name, value in answer.items()}
