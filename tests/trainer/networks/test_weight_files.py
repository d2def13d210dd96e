"""What training scripts save is read, whatever they saved beside the weights."""

import argparse
import collections
import datetime
import gzip
import json
import re
import sys
import types
from collections.abc import Callable
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from explorer.core.errors import UserError
from trainer.concepts.finding import FILE
from trainer.networks.stated_input import applied
from trainer.networks.weight_files import read_weights


def convolution() -> nn.Module:
    torch.manual_seed(1)
    return nn.Sequential(nn.Conv2d(3, 2, 3), nn.BatchNorm2d(2))


STATE = convolution().state_dict()


def saved(path: Path, value: object, **options: Any) -> Path:
    torch.save(value, path, **options)
    return path


def same(found: dict[str, torch.Tensor], wanted: dict[str, torch.Tensor] = STATE) -> bool:
    return found.keys() == wanted.keys() and all(torch.equal(found[name], wanted[name]) for name in wanted)


@pytest.mark.parametrize("ending", ["pt", "pth", "bin", "ckpt", "t7", ""])
@pytest.mark.parametrize("new", [True, False])
def test_a_state_dict_is_read_whatever_its_ending(ending: str, new: bool, tmp_path: Path) -> None:
    path = saved(tmp_path / f"net.{ending}", STATE, _use_new_zipfile_serialization=new)
    assert same(read_weights(path).tensors)


@pytest.mark.parametrize("key", ["state_dict", "model_state_dict", "model", "net"])
def test_weights_are_found_where_scripts_put_them(key: str, tmp_path: Path) -> None:
    path = saved(tmp_path / "net.pt", {"epoch": 3, "optimizer": {"state": {}, "lr": 0.1}, key: STATE})
    assert same(read_weights(path).tensors)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_floats_become_float32(dtype: torch.dtype, tmp_path: Path) -> None:
    path = saved(tmp_path / "net.pt", {"weight": torch.tensor([1.5, -2.25], dtype=dtype), "count": torch.tensor(3)})
    found = read_weights(path).tensors
    assert found["weight"].dtype == torch.float32
    assert found["weight"].tolist() == [1.5, -2.25]
    assert found["count"].dtype == torch.int64


EXTRAS: dict[str, object] = {
    "numpy float": np.float64(0.25),
    "numpy int": np.int32(3),
    "numpy bool": np.bool_(True),
    "numpy array": np.arange(6.0).reshape(2, 3),
    "numpy strings": np.array(["a", "b"]),
    "numpy dtype": np.dtype("float32"),
    "namespace": argparse.Namespace(lr=0.1, out=PurePosixPath("/runs/1")),
    "path": Path("runs") / "1",
    "Windows path": PureWindowsPath(r"C:\runs\1"),
    "datetime": datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC),
    "date": datetime.date(2026, 1, 2),
    "time": datetime.timedelta(seconds=3),
    "defaultdict": collections.defaultdict(list, {"loss": [0.1, 0.2]}),
    "Counter": collections.Counter("abca"),
    "deque": collections.deque([1, 2], maxlen=5),
    "OrderedDict": collections.OrderedDict(a=1),
    "set": {1, 2},
    "frozenset": frozenset({1}),
    "bytes": b"abc",
    "complex": 1j,
    "size": torch.Size([1, 2]),
    "dtype": torch.float16,
    "device": torch.device("cpu"),
    "version": torch.__version__,
    "parameter": nn.Parameter(torch.zeros(2)),
}


@pytest.mark.parametrize("name", EXTRAS)
@pytest.mark.parametrize("new", [True, False])
def test_harmless_extras_do_not_matter(name: str, new: bool, tmp_path: Path) -> None:
    value = {"state_dict": STATE, "extra": EXTRAS[name]}
    path = saved(tmp_path / "net.pt", value, _use_new_zipfile_serialization=new)
    assert same(read_weights(path).tensors)


@pytest.mark.parametrize("module", ["pathlib", "pathlib._local"])
@pytest.mark.parametrize("kind", ["PosixPath", "WindowsPath"])
def test_a_path_of_another_system_is_harmless_too(module: str, kind: str, tmp_path: Path) -> None:
    path = saved(tmp_path / "net.pt", {"state_dict": STATE, "out": Path("x")}, _use_new_zipfile_serialization=False)
    own = type(Path("x")).__name__
    path.write_bytes(path.read_bytes().replace(f"pathlib\n{own}".encode(), f"{module}\n{kind}".encode()))
    assert same(read_weights(path).tensors)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("classes", ["benign", "malignant"]),
        ("class_names", ("benign", "malignant")),
        ("class_to_idx", {"malignant": 1, "benign": 0}),
        ("class_to_idx", {"malignant": np.int64(1), "benign": np.int64(0)}),
        ("idx_to_class", {1: "malignant", 0: "benign"}),
        ("idx_to_class", {"1": "malignant", "0": "benign"}),
    ],
)
def test_class_names_in_a_training_checkpoint_are_used_and_said(key: str, value: object, tmp_path: Path) -> None:
    found = read_weights(saved(tmp_path / "net.pt", {"model": STATE, key: value}))
    assert found.said.classes == ("benign", "malignant")
    assert found.said.source == key


@pytest.mark.parametrize("value", [{"a": 0, "b": 2}, {"a": 0, "b": 0}, {"a": "x"}, 7, [1, 2], [], {"a": -1}])
def test_class_names_that_make_no_sense_are_not_used(value: object, tmp_path: Path) -> None:
    assert read_weights(saved(tmp_path / "net.pt", {"model": STATE, "class_to_idx": value})).said.classes == ()


def test_plain_safetensors_are_a_state_dict(tmp_path: Path) -> None:
    save_file(STATE, tmp_path / "net.safetensors", metadata={"format": "pt"})
    assert same(read_weights(tmp_path / "net.safetensors").tensors)


def test_the_weights_outlive_their_file(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    save_file(STATE, path)
    found = read_weights(path).tensors
    path.write_bytes(bytes(path.stat().st_size))
    assert same(found)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_weights_that_are_not_finite_are_opened_and_said(number: float, tmp_path: Path) -> None:
    found = read_weights(saved(tmp_path / "net.pt", {"a": torch.zeros(2), "b": torch.tensor([1.0, number])}))
    assert "first b" in found.notes[0]
    assert "1 of the weights" in found.notes[0]


def test_large_but_finite_weights_raise_no_alarm(tmp_path: Path) -> None:
    assert not read_weights(saved(tmp_path / "net.pt", {"a": torch.full((3,), 3e38)})).notes


def test_weights_that_share_memory_are_not_a_bomb(tmp_path: Path) -> None:
    shared = torch.arange(1000.0)
    found = read_weights(saved(tmp_path / "net.pt", {"a": shared, "b": shared, "c": shared[10:20]})).tensors
    assert torch.equal(found["c"], shared[10:20])


def test_a_packed_file_is_named_as_such(tmp_path: Path) -> None:
    path = saved(tmp_path / "net.pt", STATE)
    packed = tmp_path / "net.pt.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    with pytest.raises(UserError, match="gzip"):
        read_weights(packed)


@pytest.mark.parametrize("config", ["", "[]", "{", "[" * 100_000])
def test_a_damaged_configuration_is_refused(config: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(config)
    with pytest.raises(UserError, match="damaged"):
        read_weights(tmp_path)


def test_a_folder_says_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no config\.json"):
        read_weights(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"architecture": "resnet18"}))
    with pytest.raises(UserError, match=r"model\.safetensors"):
        read_weights(tmp_path)
    (tmp_path / "model.safetensors.index.json").write_text("{}")
    with pytest.raises(UserError, match="does not name the files"):
        read_weights(tmp_path)


def test_a_file_chosen_inside_such_a_folder_brings_its_configuration(tmp_path: Path) -> None:
    save_file(STATE, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps({"architecture": "resnet18"}))
    found = read_weights(tmp_path / "model.safetensors")
    assert found.config["architecture"] == "resnet18"
    assert found.name == tmp_path.name


@pytest.mark.filterwarnings("ignore")  # torch's own, about its older forms
@pytest.mark.parametrize("kind", ["whole module", "TorchScript", "exported program"])
def test_the_way_out_of_a_file_that_is_code_is_one_that_opens(kind: str, tmp_path: Path) -> None:
    """The refusal names a line of Python; that line is run here, and what it writes opens."""
    module = convolution().eval()
    path, written = tmp_path / ("net.pt2" if kind == "exported program" else "net.pt"), tmp_path / "weights.pt"
    if kind == "whole module":
        torch.save(module, path)
    elif kind == "TorchScript":
        torch.jit.trace(module, torch.rand(1, 3, 32, 32)).save(str(path))
    else:
        torch.export.save(torch.export.export(module, (torch.rand(1, 3, 32, 32),)), path)
    with pytest.raises(UserError) as caught:
        read_weights(path)
    line = re.search(r"torch\.save\(.*NEW_PATH\)", str(caught.value))
    assert line is not None, str(caught.value)
    exec(line[0], {"torch": torch, "PATH": str(path), "NEW_PATH": str(written)})
    found = read_weights(written).tensors
    assert set(found) == set(module.state_dict())
    assert torch.equal(found["0.weight"], module.state_dict()["0.weight"])


def test_the_network_that_finds_concepts_is_no_classifier() -> None:
    with pytest.raises(UserError, match=r"concepts\.safetensors is the network with which this program finds hair"):
        read_weights(FILE)


@pytest.fixture
def foreign_class(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], type]:
    """Makes a class that pickles know under the name of a library's."""

    def make(module: str, name: str) -> type:
        kind = type(name, (list,) if name == "L" else (), {"__module__": module})
        holder = types.ModuleType(module)
        setattr(holder, name, kind)
        for part in (module.partition(".")[0], module):
            monkeypatch.setitem(sys.modules, part, holder)
        return kind

    return make


@pytest.mark.parametrize("new", [True, False])
def test_fastais_optimiser_beside_the_weights_does_not_matter(
    new: bool, foreign_class: Callable[[str, str], type], tmp_path: Path
) -> None:
    """`learn.save(NAME)` writes its parameters' groups as fastcore's list."""
    listed = foreign_class("fastcore.foundation", "L")([{"lr": 0.1}, {"lr": 0.2}])
    listed.items = [1, 2]
    value = {"model": STATE, "opt": {"hypers": listed, "state": [{"grad_avg": torch.zeros(2)}]}}
    path = saved(tmp_path / "net.pth", value, _use_new_zipfile_serialization=new)
    assert same(read_weights(path).tensors)


def test_the_way_out_of_an_exported_learner_is_one_that_opens(
    foreign_class: Callable[[str, str], type], tmp_path: Path
) -> None:
    learner = foreign_class("fastai.learner", "Learner")()
    learner.model = convolution().eval()
    torch.save(learner, tmp_path / "export.pkl")
    with pytest.raises(UserError, match=r"learn\.export") as caught:
        read_weights(tmp_path / "export.pkl")
    line = re.search(r"torch\.save\(.*NEW_PATH\)", str(caught.value))
    assert line is not None
    known = {"load_learner": lambda path: torch.load(path, weights_only=False), "torch": torch}
    exec(line[0], {**known, "PATH": tmp_path / "export.pkl", "NEW_PATH": tmp_path / "net.pt"})
    assert set(read_weights(tmp_path / "net.pt").tensors) == set(learner.model.state_dict())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("class_names", "benign,malignant"),
        ("class_names", "benign, malignant"),
        ("classes", '["benign", "malignant"]'),
        ("id2label", '{"0": "benign", "1": "malignant"}'),
        ("classes", np.array(["benign", "malignant"])),
        ("classes", np.array(["benign", "malignant"], dtype=object)),
    ],
)
def test_classes_as_text_or_an_array_are_read(key: str, value: object, tmp_path: Path) -> None:
    assert read_weights(saved(tmp_path / "net.pt", {"model": STATE, key: value})).said.classes == (
        "benign",
        "malignant",
    )
    if isinstance(value, str):
        save_file(STATE, tmp_path / "net.safetensors", {key: value, "format": "pt"})
        assert read_weights(tmp_path / "net.safetensors").said.classes == ("benign", "malignant")


@pytest.mark.parametrize(("key", "text"), [("image_size", "96x64"), ("size", ""), ("img_size", "[96, 64]")])
def test_size_mean_and_std_as_text_are_read(key: str, text: str, tmp_path: Path) -> None:
    beside = {key: text, "mean": "0.5, 0.4, 0.3", "std": "[0.2, 0.2, 0.1]"}
    save_file(STATE, tmp_path / "net.safetensors", beside)
    for path in (saved(tmp_path / "net.pt", {"model": STATE, **beside}), tmp_path / "net.safetensors"):
        said = read_weights(path).said
        assert said.size == ((96, 64) if text else None)
        assert said.mean == (0.5, 0.4, 0.3)
        assert said.std == (0.2, 0.2, 0.1)


@pytest.mark.parametrize("value", [0.5, [0.5], np.float64(0.5), torch.tensor(0.5), np.array([0.5])])
def test_one_mean_counts_for_every_color(value: object, tmp_path: Path) -> None:
    said = read_weights(saved(tmp_path / "net.pt", {"model": STATE, "mean": value, "std": value})).said
    spec = applied(said, None, 3).spec
    assert spec is not None
    assert (spec.mean, spec.std) == ((0.5,) * 3, (0.5,) * 3)


def test_a_set_of_classes_has_no_order_and_is_not_taken_for_one(tmp_path: Path) -> None:
    path = saved(tmp_path / "net.pt", {"model": {"conv.weight": torch.zeros(1, 3, 1, 1)}, "classes": {"b", "a"}})
    said = read_weights(path).said
    assert said.classes == ()
    (text,) = said.sentences((), "net.pt")
    assert "classes in net.pt looks like the names of classes" in text
    assert "it is a set, which has no order" in text
    assert "--classes" in text
    assert "a, b" in text
    assert said.sentences(("a", "b"), "net.pt") == ()


def test_of_two_lists_that_contradict_each_other_it_is_said_which_was_taken(tmp_path: Path) -> None:
    lists = {"classes": ["a", "b"], "label_names": ["b", "a"], "names": ["a", "b"]}
    said = read_weights(saved(tmp_path / "net.pt", {"model": STATE, **lists})).said
    (text,) = said.sentences(("a", "b"), "net.pt", used=("a", "b"))
    assert "taken from classes in net.pt" in text
    assert "label_names, which says b, a, was not" in text
