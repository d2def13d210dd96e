"""ONNX files are strangers': they open, or are refused in one sentence that says what to do."""

import importlib.util
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, external_data_helper, helper

from explorer.core.network.opening import open_network
from tests.soak.mutants import mutant
from tests.trainer.networks.onnx_import.graphs import CLOSE, difference, made
from trainer.files.errors import UserError
from trainer.networks.onnx_import import onnx_file
from trainer.networks.onnx_import.network import read_onnx
from trainer.networks.weight_files import read_weights

NODES = [
    helper.make_node("Conv", ["x", "w"], ["a"], name="first"),
    helper.make_node("Relu", ["a"], ["b"], name="act"),
    helper.make_node("Flatten", ["b"], ["c"]),
    helper.make_node("Gemm", ["c", "m", "k"], ["y"], name="last"),
]


def small(path: Path, **how: Any) -> Path:
    random = np.random.default_rng(0)
    shapes = {"w": (2, 3, 3, 3), "m": (72, 3), "k": (3,)}
    return made(path, NODES, {name: random.normal(size=s).astype(np.float32) for name, s in shapes.items()}, **how)


def refused(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        open_network(path, device="cpu")
    said = str(caught.value)
    assert "\n" not in said
    assert path.name in said or path.with_suffix(".data").name in said
    return said


def test_more_than_any_network_has_is_named_as_what_it_is(tmp_path: Path) -> None:
    node = helper.make_node("Relu", ["x"], ["y"])
    path = made(tmp_path / "net.onnx", [node], {f"t{number}": np.zeros(1, np.float32) for number in range(20_001)})
    assert "holds 20,001 tensors, more than any network" in refused(path)
    chain = [helper.make_node("Relu", [f"v{number}"], [f"v{number + 1}"], domain="own") for number in range(50_001)]
    assert "holds 50,001 operations, more than any network" in refused(made(tmp_path / "net.onnx", chain, {}))


def beside(path: Path, name: str = "net.data") -> Path:
    """A small file that keeps its weights in another."""
    model = onnx.load(small(path))
    onnx.save_model(model, str(path), save_as_external_data=True, location="net.data", size_threshold=0)
    if name != "net.data":
        model = onnx.load(path, load_external_data=False)
        for tensor in model.graph.initializer:
            for entry in tensor.external_data:
                if entry.key == "location":
                    entry.value = name
        path.write_bytes(model.SerializeToString())
    return path


def test_it_is_parsed_in_a_process_apart(parsed_apart: None, tmp_path: Path) -> None:
    assert difference(small(tmp_path / "net.onnx"))[0] < CLOSE
    (tmp_path / "net.onnx").write_bytes(bytes(range(256)))
    assert "export it again" in refused(tmp_path / "net.onnx")


def test_a_parser_that_gives_no_answer_is_a_damaged_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_file, "printed_apart", lambda *_: b"\x10\0\0\0\0\0\0\0{")
    assert "damaged" in refused(small(tmp_path / "net.onnx"))


def test_without_the_library_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "onnx" else find(name, *more))
    assert 'pip install "feature-map-explorer[onnx]"' in refused(small(tmp_path / "net.onnx"))


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    with path.open("wb") as file:
        file.truncate(onnx_file.LARGEST + 1)
    assert "in a file beside it" in refused(path)


def test_weights_beside_the_file_are_read(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    plain = read_onnx(small(tmp_path / "plain" / "net.onnx")).answering()
    apart = read_onnx(beside(tmp_path / "net.onnx")).answering()
    assert all(torch.equal(apart.model.tensors[name], plain.model.tensors[name]) for name in plain.model.tensors)
    assert difference(tmp_path / "net.onnx")[0] < CLOSE


def test_missing_weights_are_named(tmp_path: Path) -> None:
    path = beside(tmp_path / "net.onnx")
    (tmp_path / "net.data").unlink()
    assert "net.data, which is missing; put both files into one folder" in refused(path)


def test_weights_that_are_cut_short_are_named(tmp_path: Path) -> None:
    path = beside(tmp_path / "net.onnx")
    content = (tmp_path / "net.data").read_bytes()
    (tmp_path / "net.data").write_bytes(content[:100])
    assert "net.data" in refused(path)
    assert "cut short" in refused(path)


@pytest.mark.parametrize("kind", ["link", "second name", "pipe"])
def test_weights_are_not_read_through_links(kind: str, tmp_path: Path) -> None:
    path = beside(tmp_path / "net.onnx")
    (tmp_path / "net.data").rename(tmp_path / "elsewhere")
    if kind == "link":
        (tmp_path / "net.data").symlink_to(tmp_path / "elsewhere")
    elif kind == "second name":
        os.link(tmp_path / "elsewhere", tmp_path / "net.data")
    else:
        os.mkfifo(tmp_path / "net.data")
    assert "no link" in refused(path)


@pytest.mark.parametrize(
    "name", ["../net.data", "/etc/hostname", "sub/net.data", "..\\net.data", "C:net.data", "", ".."]
)
def test_weights_are_not_read_from_elsewhere(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    (folder / "sub").mkdir(parents=True)
    path = beside(folder / "net.onnx", name)
    for place in (tmp_path, folder / "sub"):
        (place / "net.data").write_bytes((folder / "net.data").read_bytes())
    assert "beside it" in refused(path)


@pytest.mark.parametrize("kind", [TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.BFLOAT16])
def test_other_kinds_of_floats_become_float32(kind: int, tmp_path: Path) -> None:
    path = small(tmp_path / "net.onnx")
    model = onnx.load(path)
    for tensor in model.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        tensor.CopyFrom(helper.make_tensor(tensor.name, kind, values.shape, values.ravel()))
    for place in ("in", "beside"):
        if place == "beside":
            for tensor in model.graph.initializer:
                if not tensor.HasField("raw_data"):
                    tensor.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(tensor), tensor.name))
            external_data_helper.convert_model_to_external_data(model, location="net.data", size_threshold=0)
            onnx.save_model(model, str(path))
        else:
            path.write_bytes(model.SerializeToString())
        network = read_onnx(path).answering()
        assert {tensor.dtype for tensor in network.model.tensors.values()} == {torch.float32}
        assert network.model.tensors["k"][0] == pytest.approx(
            float(onnx.numpy_helper.to_array(onnx.load(path).graph.initializer[2])[0]), abs=1e-6
        )


def changed(change: Callable[[onnx.ModelProto], object]) -> Callable[[Path], bytes]:
    def content(path: Path) -> bytes:
        model = onnx.load(small(path))
        change(model)
        return model.SerializeToString()

    return content


def attribute(node: int, name: str, value: Any) -> Callable[[Path], bytes]:
    def change(model: onnx.ModelProto) -> None:
        model.graph.node[node].attribute.append(helper.make_attribute(name, value))

    return changed(change)


def bomb(operator: str, *values: list[int]) -> Callable[[Path], bytes]:
    def change(model: onnx.ModelProto) -> None:
        names = []
        for number, value in enumerate(values):
            names.append(f"bomb{number}")
            model.graph.initializer.append(onnx.numpy_helper.from_array(np.array(value), names[-1]))
        model.graph.node.insert(0, helper.make_node(operator, names, ["big"]))
        model.graph.node[-1].input[2] = "big"

    return changed(change)


def nested(model: onnx.ModelProto) -> None:
    graph = helper.make_graph([], "g", [], [])
    for _ in range(20):
        graph = helper.make_graph([helper.make_node("If", ["x"], ["y"], then_branch=graph)], "g", [], [])
    model.graph.node[1].CopyFrom(helper.make_node("If", ["a"], ["b"], then_branch=graph, else_branch=graph))


HOSTILE: dict[str, Callable[[Path], bytes]] = {
    "empty": lambda path: b"",
    "no graph": lambda path: onnx.ModelProto(ir_version=8, producer_name="pytorch").SerializeToString(),
    "cut": lambda path: small(path).read_bytes()[:-100],
    "a newer opset": changed(lambda model: setattr(model.opset_import[0], "version", 99)),
    "no opset": changed(lambda model: model.ClearField("opset_import")),
    "two inputs": changed(
        lambda model: (
            model.graph.input.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, [1])),
            model.graph.node[0].input.append("z"),
        )
    ),
    "four channels": changed(lambda model: setattr(model.graph.input[0].type.tensor_type.shape.dim[1], "dim_value", 4)),
    "a giant picture": changed(
        lambda model: [setattr(d, "dim_value", 1 << 30) for d in model.graph.input[0].type.tensor_type.shape.dim[2:]]
    ),
    "another size": changed(lambda model: setattr(model.graph.input[0].type.tensor_type.shape.dim[2], "dim_value", 9)),
    "a text": changed(lambda model: setattr(model.graph.output[0].type.tensor_type, "elem_type", TensorProto.STRING)),
    "giant strides": attribute(0, "strides", [1 << 62, 1]),
    "no strides": attribute(0, "strides", [0, 0]),
    "giant padding": attribute(0, "pads", [1 << 40] * 4),
    "negative groups": attribute(0, "group", -1),
    "a list for a number": attribute(0, "group", [1, 2]),
    "an axis that is not there": attribute(2, "axis", 9),
    "a tensor for a number": attribute(0, "group", onnx.numpy_helper.from_array(np.zeros(2))),
    "a shape of 2**60": bomb("ConstantOfShape", [1 << 30, 1 << 30]),
    "a range without end": bomb("Range", 0, 1 << 60, 1),  # type: ignore[arg-type]
    "tiles": bomb("Tile", [1, 1, 1], [1 << 40]),
    "an expansion": bomb("Expand", [1], [1 << 31, 1 << 31]),
    "a negative shape": bomb("ConstantOfShape", [-5]),
    "graphs in graphs": changed(nested),
    "weights of text": changed(
        lambda model: model.graph.initializer[2].CopyFrom(helper.make_tensor("k", TensorProto.STRING, [3], [b"a"] * 3))
    ),
    "quantised weights": changed(
        lambda model: model.graph.initializer[2].CopyFrom(
            helper.make_tensor("k", TensorProto.FLOAT8E4M3FN, [3], [1.0] * 3)
        )
    ),
    "weights longer than their numbers": changed(lambda model: model.graph.initializer[2].dims.append(1 << 40)),
    "weights of another shape": changed(lambda model: model.graph.initializer[1].dims.reverse()),
    "a loop of nodes": changed(lambda model: model.graph.node[0].input.__setitem__(0, "c")),
    "a missing value": changed(lambda model: model.graph.node[3].input.__setitem__(0, "nothing")),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_cannot_be_a_network_is_refused_in_one_sentence(case: str, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(HOSTILE[case](path))
    refused(path)


def test_changed_files_open_or_are_refused_in_one_sentence(tmp_path: Path) -> None:
    path = small(tmp_path / "net.onnx", notes={"classes": '["a", "b", "c"]'})
    content = path.read_bytes()
    found = {"opened": 0, "refused": 0, "in several lines": 0}
    for number in range(300):
        path.write_bytes(mutant(content, random.Random(number)))
        try:
            open_network(path, device="cpu")
            found["opened"] += 1
        except UserError as error:
            found["refused" if "\n" not in str(error) else "in several lines"] += 1
    assert found["in several lines"] == 0
    assert min(found["opened"], found["refused"]) > 10, found


def test_names_that_no_module_can_have_are_changed(tmp_path: Path) -> None:
    path = small(tmp_path / "net.onnx")
    model = onnx.load(path)
    for node, name in zip(model.graph.node, ["forward", "a.b\x1b[2J/../c", "a", "." * 500], strict=True):
        node.name = name
    path.write_bytes(model.SerializeToString())
    assert difference(path)[0] < CLOSE
    network = open_network(path, device="cpu")
    assert [layer.name for layer in network.layers] == ["forward_"]


def test_weights_alone_are_not_in_it(tmp_path: Path) -> None:
    found = read_weights(small(tmp_path / "net.onnx"))
    assert found.graph is not None
    assert found.tensors == {}
