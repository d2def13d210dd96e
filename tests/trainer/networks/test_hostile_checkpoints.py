"""Damaged and hostile files: each is refused in one line, and nothing that a file names is ever run."""

import io
import json
import pickle
import random
import struct
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torchvision
from safetensors.torch import save as safetensors_bytes
from torch import nn

from explorer.core.errors import UserError
from explorer.core.network.opening import open_network
from trainer.networks.architectures import ScratchCNN
from trainer.networks.checkpoint import Checkpoint, InputSpec, save

SMALL = {"filters": (2, 2), "hidden": (3,), "size": 8}


def small() -> nn.Module:
    torch.manual_seed(0)
    return ScratchCNN(2, filters=(2, 2), hidden=(3,), size=8)


def torch_bytes(value: object, **options: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer, **options)
    return buffer.getvalue()


def archive(data: bytes, *, method: int = zipfile.ZIP_STORED, **records: bytes) -> bytes:
    """A zip file as torch.save writes it, around any pickle."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        file.writestr("a/data.pkl", data)
        file.writestr("a/version", b"3\n")
        for name, content in records.items():
            file.writestr(f"a/{name.replace('__', '/')}", content)
    return buffer.getvalue()


def legacy(data: bytes) -> bytes:
    """The form of torch.save before 1.6."""
    heads = (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})
    return b"".join(pickle.dumps(head, protocol=2) for head in heads) + data + pickle.dumps([], protocol=2)


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def call(module: str, name: str, *arguments: bytes) -> bytes:
    return f"c{module}\n{name}\n".encode() + b"(" + b"".join(arguments) + b"tR"


def program(*parts: bytes) -> bytes:
    return b"\x80\x02" + b"".join(parts) + b"."


def gadgets(marker: Path) -> dict[str, bytes]:
    """Pickle fragments that would write the marker, each through another door."""
    code = f"open({str(marker)!r}, 'w').close()"
    shell = f'"{marker.parent / "sh"}" || echo > "{marker}"'
    door = text(code)
    return {
        "os.system": call("os", "system", text(shell)),
        "posix.system": call("posix", "system", text(shell)),
        "nt.system": call("nt", "system", text(shell)),
        "subprocess": call("subprocess", "getoutput", text(shell)),
        "eval": call("builtins", "eval", door),
        "exec": call("builtins", "exec", door),
        "python 2 exec": call("__builtin__", "eval", door),
        "compile": call("code", "interact", door),
        "open": call("builtins", "open", text(str(marker)), text("w")),
        "io.open": call("io", "open", text(str(marker)), text("w")),
        "getattr": call("builtins", "getattr", call("importlib", "import_module", text("os")), text("system")),
        "import": call("builtins", "__import__", text("this")),
        "runpy": call("runpy", "run_path", text(str(marker))),
        "pathlib": call("pathlib", "Path.touch", call("pathlib", "PosixPath", text(str(marker)))),
        "touch": call("pathlib", "PosixPath.touch", call("pathlib", "Path", text(str(marker)))),
        "partial": call("functools", "partial", b"cbuiltins\nexec\n", door),
        "default factory": call("collections", "defaultdict", b"cbuiltins\nexec\n") + door + b"K\x01s",
        "numpy object": call("numpy.core.multiarray", "_reconstruct", b"cbuiltins\nexec\n", b"K\x00\x85", door),
        "numpy loads": call("numpy", "load", text(str(marker))),
        "torch.load": call("torch", "load", text(str(marker))),
        "torch.save": call("torch", "save", b"K\x01", text(str(marker))),
        "torch hub": call("torch.hub", "load", text("x/y"), text("z")),
        "storage": call("torch.storage", "_load_from_bytes", text(str(marker))),
        "subclass": call("torch._utils", "_rebuild_wrapper_subclass", b"cos\nsystem\n", text(shell)),
        "type": call("torch._tensor", "_rebuild_from_type_v2", b"cbuiltins\nexec\n", b"cbuiltins\nstr\n", door),
        "bytearray": call("builtins", "bytearray", b"\x8a\x06" + struct.pack("<Q", 2**40)[:6]),
        "browser": call("webbrowser", "open", text("about:blank")),
        "instance": b"(" + text(shell) + b"ios\nsystem\n",
        "stack global": text("os") + text("system") + b"\x93" + b"(" + text(shell) + b"tR",
        "extension": b"\x82\x01",
    }


GADGETS = sorted(gadgets(Path("marker")))
CONTAINERS: dict[str, Callable[[bytes], bytes]] = {
    "zip": lambda value: archive(program(value)),
    "beside weights": lambda value: archive(
        program(b"}" + text("state_dict") + b"}" + text("x") + value + b"s" + b"s")
    ),
    "legacy": lambda value: legacy(program(value)),
    "bare": lambda value: program(value),
}


def refused(path: Path, **options: object) -> str:
    with pytest.raises(UserError) as caught:
        open_network(path, device="cpu", **options)
    said = str(caught.value)
    assert "\n" not in said, said
    assert len(said) < 700, said
    assert path.stem in said or path.parent.name in said, said
    return said


def refusal(path: Path) -> str:
    """What a person is told, "" where the file opens; any other exception is a fault."""
    try:
        open_network(path, device="cpu")
    except UserError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("gadget", GADGETS)
def test_no_pickle_ever_runs_what_it_names(gadget: str, container: str, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    path = tmp_path / "hostile.pt"
    path.write_bytes(CONTAINERS[container](gadgets(marker)[gadget]))
    refused(path)
    assert not marker.exists()


def test_the_gadgets_would_work_in_an_ordinary_unpickler(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    pickle.loads(program(gadgets(marker)["eval"]))
    assert marker.exists()


class Payload:
    def __init__(self, value: object) -> None:
        self.value = value


def cut(content: bytes, share: float) -> bytes:
    return content[: int(len(content) * share)]


def swapped(name: str, tensor: torch.Tensor) -> dict[str, torch.Tensor]:
    return {**small().state_dict(), name: tensor}


def safetensors_head(header: dict[str, object], data: bytes = b"") -> bytes:
    encoded = json.dumps(header).encode()
    return struct.pack("<Q", len(encoded)) + encoded + data


def bomb() -> bytes:
    return archive(program(b"}"), method=zipfile.ZIP_DEFLATED, data__0=b"\0" * 20_000_000)


def tensor_program(size: int, *, stride: int = 1, stored: int = 4) -> bytes:
    """A pickle of {"features.0.weight": tensor of `size` numbers over a storage of `stored`}."""
    number = b"\x8a\x07" + struct.pack("<Q", size)[:7]
    storage = (
        b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("0") + text("cpu") + b"K" + bytes([stored]) + b"tQ"
    )
    shape = b"(" + number + b"t" + b"(K" + bytes([stride]) + b"t"
    made = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K\0" + shape + b"\x89ccollections\nOrderedDict\n)RtR"
    return program(b"}" + text("features.0.weight") + made + b"s")


def nested(depth: int) -> bytes:
    return program(b"]" * depth + b"a" * (depth - 1))


DAMAGED: dict[str, tuple[str, Callable[[], bytes]]] = {
    "empty": ("a.pt", lambda: b""),
    "empty safetensors": ("a.safetensors", lambda: b""),
    "one byte": ("a.pt", lambda: b"\x80"),
    "zeros": ("a.pt", lambda: bytes(5000)),
    "text": ("a.pt", lambda: b"epoch 1 loss 0.3\n" * 50),
    "a web page": ("a.pt", lambda: b"<!DOCTYPE html><html>404</html>"),
    "a Git LFS pointer": ("a.pt", lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
    "gzip": ("a.pt", lambda: b"\x1f\x8b" + bytes(200)),
    "tar": ("a.pth", lambda: b"data".ljust(257, b"\0") + b"ustar" + bytes(300)),
    "a JPEG": ("a.pt", lambda: b"\xff\xd8\xff\xe0" + bytes(500)),
    "cut at 10 %": ("a.pt", lambda: cut(torch_bytes(small().state_dict()), 0.1)),
    "cut at 50 %": ("a.pt", lambda: cut(torch_bytes(small().state_dict()), 0.5)),
    "cut at 99 %": ("a.pt", lambda: cut(torch_bytes(small().state_dict()), 0.99)),
    "cut legacy": (
        "a.pt",
        lambda: cut(torch_bytes(small().state_dict(), _use_new_zipfile_serialization=False), 0.7),
    ),
    "cut safetensors": ("a.safetensors", lambda: cut(safetensors_bytes(small().state_dict()), 0.8)),
    "cut safetensors head": ("a.safetensors", lambda: cut(safetensors_bytes(small().state_dict()), 0.1)),
    "safetensors of terabytes": (
        "a.safetensors",
        lambda: safetensors_head({"x": {"dtype": "F32", "shape": [10**12], "data_offsets": [0, 4 * 10**12]}}),
    ),
    "safetensors with a giant head": ("a.safetensors", lambda: struct.pack("<Q", 2**39) + b'{"x":1}'),
    "safetensors overlapping": (
        "a.safetensors",
        lambda: safetensors_head({k: {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} for k in "ab"}, bytes(8)),
    ),
    "safetensors without tensors": ("a.safetensors", lambda: safetensors_head({})),
    "safetensors of one number": ("a.safetensors", lambda: safetensors_bytes({"x": torch.zeros(1)})),
    "safetensors head not JSON": ("a.safetensors", lambda: struct.pack("<Q", 9) + b"{not json" + bytes(9)),
    "metadata not JSON": (
        "a.safetensors",
        lambda: safetensors_bytes({"x": torch.zeros(1)}, {"network": "{"}),
    ),
    "metadata a list": ("a.safetensors", lambda: safetensors_bytes({"x": torch.zeros(1)}, {"network": "[]"})),
    "metadata deep": (
        "a.safetensors",
        lambda: safetensors_bytes({"x": torch.zeros(1)}, {"network": "[" * 90_000 + "]" * 90_000}),
    ),
    "zip without pickle": ("a.pt", lambda: archive(b"").replace(b"data.pkl", b"data.txt")),
    "zip with empty pickle": ("a.pt", lambda: archive(b"")),
    "zip bomb": ("a.pt", bomb),
    "more numbers than stored": ("a.pt", lambda: archive(tensor_program(2**40), data__0=bytes(16))),
    "one number a billion times": (
        "a.pt",
        lambda: archive(tensor_program(2**30, stride=0), data__0=bytes(16)),
    ),
    "longer storage than record": ("a.pt", lambda: archive(tensor_program(4, stored=200), data__0=bytes(16))),
    "no record": ("a.pt", lambda: archive(tensor_program(4))),
    "nested deep": ("a.pt", lambda: archive(nested(200_000))),
    "nested deep, bare": ("a.pt", lambda: legacy(nested(200_000))),
    "pickle of protocol 4": ("a.pt", lambda: pickle.dumps({"a": [1.0]}, protocol=4)),
    "pickle of protocol 5": ("a.pkl.pt", lambda: pickle.dumps({"a": Payload(1)}, protocol=5)),
    "NumPy archive": ("a.npz.pt", lambda: archive(b"").replace(b"a/data.pkl", b"arrays.npy")),
    "top level a tensor": ("a.pt", lambda: torch_bytes(torch.zeros(3))),
    "top level a list": ("a.pt", lambda: torch_bytes([torch.zeros(3)])),
    "top level a number": ("a.pt", lambda: torch_bytes(3)),
    "top level a string": ("a.pt", lambda: torch_bytes("resnet18")),
    "top level None": ("a.pt", lambda: torch_bytes(None)),
    "empty dictionary": ("a.pt", lambda: torch_bytes({})),
    "empty state dict inside": ("a.pt", lambda: torch_bytes({"state_dict": {}})),
    "numbers as names": ("a.pt", lambda: torch_bytes({0: torch.zeros(2), 1: torch.zeros(2)})),
    "tuples as names": ("a.pt", lambda: torch_bytes({("a", 1): torch.zeros(2)})),
    "empty name": ("a.pt", lambda: torch_bytes({"": torch.zeros(2)})),
    "lists instead of tensors": ("a.pt", lambda: torch_bytes({"features.0.weight": [1.0, 2.0]})),
    "only an optimizer": ("a.pt", lambda: torch_bytes({"optimizer": {"state": {}}, "epoch": 3})),
    "two networks": (
        "a.pt",
        lambda: torch_bytes({"model": small().state_dict(), "net": swapped("features.0.bias", torch.ones(2))}),
    ),
    "whole module": ("a.pt", lambda: torch_bytes(small())),
    "module inside": ("a.pt", lambda: torch_bytes({"model": small(), "epoch": 1})),
    "own class inside": ("a.pt", lambda: torch_bytes({"state_dict": small().state_dict(), "x": Payload(1)})),
    "sparse": ("a.pt", lambda: torch_bytes(swapped("features.0.weight", torch.zeros(2, 2).to_sparse()))),
    "quantised": (
        "a.pt",
        lambda: torch_bytes(swapped("features.0.weight", torch.zeros(2, 3, 3, 3, dtype=torch.complex64))),
    ),
    "whole numbers": (
        "a.pt",
        lambda: torch_bytes(swapped("features.0.weight", torch.zeros(2, 3, 3, 3, dtype=torch.int8))),
    ),
    "on the meta device": (
        "a.pt",
        lambda: torch_bytes(swapped("features.0.weight", torch.empty(2, device="meta"))),
    ),
    "no numbers": ("a.pt", lambda: torch_bytes(swapped("features.0.weight", torch.zeros(0, 3, 3, 3)))),
    "no columns": ("a.pt", lambda: torch_bytes(swapped("classifier.1.weight", torch.zeros(3, 0)))),
    "a scalar": ("a.pt", lambda: torch_bytes(swapped("features.0.weight", torch.tensor(1.0)))),
    "another kernel": ("a.pt", lambda: torch_bytes(swapped("features.0.weight", torch.zeros(2, 3, 5, 5)))),
    "one layer missing": (
        "a.pt",
        lambda: torch_bytes({k: v for k, v in small().state_dict().items() if "features.2" not in k}),
    ),
    "no convolution": ("a.pt", lambda: torch_bytes(nn.Linear(4, 2).state_dict())),
    "TorchScript": ("a.pt", lambda: archive(program(b"}"), constants__pkl=b"", code__x=b"")),
    "TorchScript constants": ("a.pt", lambda: archive(program(b"}"), **{"constants.pkl": b""})),
    "exported program": ("a.pt2", lambda: archive(program(b"}"), archive_format=b"pt2")),
    "older exported program": ("a.pt", lambda: archive(b"", **{"serialized_exported_program.json": b"{}"})),
    "Keras 3": ("a.keras", lambda: archive(b"", **{"model.weights.h5": b""})),
    "Keras 2": ("a.h5", lambda: b"\x89HDF\r\n\x1a\n" + bytes(100)),
    "ONNX": ("a.onnx", lambda: b"\x08\x08\x12\x07pytorch\x1a\x032.1" + bytes(100)),
    "ONNX by another name": ("a.pt", lambda: b"\x08\x08\x12\x07pytorch\x1a\x032.1" + bytes(100)),
    "TensorFlow Lite": ("a.tflite", lambda: b"\x1c\0\0\0TFL3" + bytes(100)),
    "GGUF": ("a.bin", lambda: b"GGUF" + bytes(100)),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_file_is_refused_in_one_line(case: str, tmp_path: Path) -> None:
    name, content = DAMAGED[case]
    path = tmp_path / name
    path.write_bytes(content())
    refused(path)


def test_there_are_enough_of_them() -> None:
    assert len(DAMAGED) >= 60


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("whole module", ("trainer.networks.architectures.ScratchCNN", "weights_only=False).state_dict()")),
        ("TorchScript", ("TorchScript", "torch.jit.load(PATH).state_dict()")),
        ("exported program", (".pt2", "torch.export.load(PATH).state_dict")),
        ("ONNX", ("ONNX", "export it again")),
        ("Keras 2", ("Keras", 'format="onnx"')),
        ("empty", ("empty",)),
        ("a web page", ("web page", "download")),
        ("two networks", ("model, net", "--key")),
    ],
)
def test_a_refusal_says_what_it_is_and_what_to_do(case: str, words: tuple[str, ...], tmp_path: Path) -> None:
    name, content = DAMAGED[case]
    (tmp_path / name).write_bytes(content())
    said = refused(tmp_path / name)
    assert all(word in said for word in words), said


@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors", "own"])
def test_a_mutated_file_opens_or_is_refused_in_one_line(kind: str, tmp_path: Path) -> None:
    weights = small().state_dict()
    own = tmp_path / "own.safetensors"
    save(own, Checkpoint("scratch_cnn", ("a", "b"), InputSpec((8, 8), resize_to=8), weights, dict(SMALL)))
    content = {
        "zip": torch_bytes(weights),
        "legacy": torch_bytes(weights, _use_new_zipfile_serialization=False),
        "safetensors": safetensors_bytes(weights),
        "own": own.read_bytes(),
    }[kind]
    chance = random.Random(kind)
    refusals = 0
    for turn in range(40):
        mutant = bytearray(content)
        # The interesting bytes stand at the front and, in an archive, at the end too.
        where = chance.choice([len(mutant), 1500])
        for _ in range(chance.choice([1, 1, 4])):
            mutant[chance.randrange(min(where, len(mutant)))] = chance.randrange(256)
        path = tmp_path / f"mutant{turn}.pt"
        path.write_bytes(mutant)
        said = refusal(path)
        refusals += bool(said)
        assert "\n" not in said
    assert refusals


@pytest.mark.parametrize(
    "arguments",
    [
        {"filters": [10**9, 10**9]},
        {"filters": [1] * 100_000},
        {"filters": [2, 2], "hidden": [10**12], "size": 8},
        {"filters": [2, 2], "hidden": [3], "size": 10**15},
        {"filters": [2, 2], "hidden": [3], "size": 8, "channels": "three"},
        {"filters": [[2]], "hidden": [3]},
        {"filters": {"a": 1}},
        {"unknown": 1},
        {"filters": [], "hidden": [], "size": 0},
        {"filters": [2, 2], "hidden": [3], "size": 8, "bottleneck": 2**23},
    ],
)
def test_arguments_of_our_own_format_cannot_make_it_build_giants(arguments: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "own.safetensors"
    weights = small().state_dict()
    save(path, Checkpoint("scratch_cnn", ("a", "b"), InputSpec((8, 8), resize_to=8), weights, arguments))
    began = time.monotonic()
    refused(path)
    assert time.monotonic() - began < 10


def test_an_input_of_giant_size_is_refused_before_it_runs(tmp_path: Path) -> None:
    path = tmp_path / "giant.safetensors"
    weights = torchvision.models.squeezenet1_1(num_classes=2).state_dict()
    save(path, Checkpoint("squeezenet1_1", ("a", "b"), InputSpec((8192, 8192), resize_to=8192), weights))
    assert "GB" in refused(path)


def test_strange_places_are_refused(tmp_path: Path) -> None:
    assert "does not exist" in refused(tmp_path / "nowhere.pt")
    assert "config.json" in refused(tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"x")
    assert "TensorFlow" in refused(tmp_path)


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("saved_model.pb", b"x", "tf2onnx.convert --saved-model net --output"),
        ("a.weights.h5", b"\x89HDF\r\n\x1a\n", "model.load_weights(PATH), model.export("),
        ("a.h5", b"\x89HDF\r\n\x1a\n", "keras.models.load_model(PATH).export("),
        ("a.tflite", b"\x1c\0\0\0TFL3" + bytes(100), "tf2onnx.convert --tflite a.tflite --output"),
    ],
)
def test_files_of_tensorflow_are_told_how_they_become_onnx(
    file: str, content: bytes, words: str, tmp_path: Path
) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / file).write_bytes(content)
    assert words in refused(tmp_path / "net" / file)
