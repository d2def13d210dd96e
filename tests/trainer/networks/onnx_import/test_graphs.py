"""Small graphs of every kind answer as in onnxruntime."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper
from torch import nn

from tests.trainer.networks.onnx_import.graphs import CLOSE, difference, made, told
from trainer.files.errors import UserError
from trainer.networks.onnx_import.network import read_onnx
from trainer.networks.onnx_import.operators import OPERATORS

RANDOM = np.random.default_rng(0)


def numbers(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape).astype(np.float32)


class Drawn:
    """A file in the making: nodes, tensors, and the shape of the newest value (N, C, h, w) or (N, C)."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw, self.nodes, self.tensors = draw, [], {}
        self.name, self.channels = "x", 3

    def node(self, operator: str, *inputs: str, **attributes: Any) -> None:
        name = f"v{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(operator, list(inputs), [name], name=f"part/{operator}_{name}", **attributes)
        )
        self.name = name

    def tensor(self, values: np.ndarray) -> str:
        name = f"t{len(self.tensors)}"
        self.tensors[name] = values
        return name

    def convolution(self) -> None:
        filters, kernel = self.draw(st.integers(1, 4)), self.draw(st.integers(1, 3))
        pads = (
            {"pads": [self.draw(st.integers(0, 1)) for _ in range(4)]}
            if self.draw(st.booleans())
            else {"auto_pad": self.draw(st.sampled_from(["SAME_UPPER", "SAME_LOWER"]))}
        )
        weights = [self.tensor(numbers(filters, self.channels, kernel, kernel))]
        if self.draw(st.booleans()):
            weights.append(self.tensor(numbers(filters)))
        strides = [self.draw(st.integers(1, 2))] * 2
        self.node("Conv", self.name, *weights, kernel_shape=[kernel] * 2, strides=strides, **pads)
        self.channels = filters

    def norm(self) -> None:
        values = [self.tensor(numbers(self.channels)) for _ in range(3)]
        self.node("BatchNormalization", self.name, *values, self.tensor(np.abs(numbers(self.channels)) + 0.5))

    def activation(self) -> None:
        kinds = ["Relu", "LeakyRelu", "Elu", "Sigmoid", "Tanh", "HardSigmoid", "HardSwish", "Softplus", "Abs"]
        self.node(self.draw(st.sampled_from(kinds)), self.name)

    def swish(self) -> None:
        before = self.name
        self.node(self.draw(st.sampled_from(["Sigmoid", "HardSigmoid"])), before)
        self.node("Mul", *self.draw(st.permutations([before, self.name])))

    def arithmetic(self) -> None:
        shape = self.draw(st.sampled_from([(), (1,), (self.channels, 1, 1), (1, self.channels, 1, 1)]))
        constant = self.tensor(np.abs(numbers(*shape)) + np.float32(0.5))
        operator = self.draw(st.sampled_from(["Add", "Sub", "Mul", "Div"]))
        self.node(operator, *self.draw(st.permutations([self.name, constant])))
        if operator == "Div" and self.nodes[-1].input[0] == constant:
            self.nodes[-1] = helper.make_node("Sub", list(self.nodes[-1].input), [self.name])

    def pool(self) -> None:
        kernel = self.draw(st.integers(1, 2))
        kind = self.draw(st.sampled_from(["MaxPool", "AveragePool"]))
        pads = [self.draw(st.integers(0, kernel - 1)) for _ in range(4)]
        how = {"count_include_pad": self.draw(st.integers(0, 1))} if kind == "AveragePool" else {}
        self.node(kind, self.name, kernel_shape=[kernel] * 2, strides=[kernel] * 2, pads=pads, **how)

    def last_axis(self) -> None:
        """What Keras does: the channels last for a while."""
        self.node("Transpose", self.name, perm=[0, 2, 3, 1])
        self.node("Mul", self.name, self.tensor(numbers(self.channels)))
        if self.draw(st.booleans()):
            self.node("Relu", self.name)
        self.node("Transpose", self.name, perm=[0, 3, 1, 2])

    def branches(self) -> None:
        before = self.name
        self.node("Relu", before)
        first = self.name
        self.node("Neg", before)
        if self.draw(st.booleans()):
            self.node("Concat", first, self.name, axis=1)
            self.channels *= 2
        else:
            self.node("Add", first, self.name)

    def halves(self) -> None:
        cut = self.draw(st.integers(0, self.channels - 1))
        places = [self.tensor(np.array([number])) for number in (cut, self.channels, 1)]
        self.node("Slice", self.name, *places)
        self.channels -= cut

    def head(self, side: int) -> None:
        outputs = self.draw(st.integers(2, 4))
        if self.draw(st.booleans()):
            kind = self.draw(st.sampled_from(["GlobalAveragePool", "GlobalMaxPool", "ReduceMean", "ReduceMax"]))
            self.node(kind, self.name, **({"axes": [2, 3]} if "Reduce" in kind else {}))
            self.node("Flatten", self.name)
            columns = self.channels
        else:
            if self.draw(st.booleans()):
                self.node("Transpose", self.name, perm=[0, 2, 3, 1])
            columns = self.sides(side)
            self.node("Reshape", self.name, self.tensor(np.array([1, columns])))
        weight = numbers(columns, outputs)
        if self.draw(st.booleans()):
            self.node("Gemm", self.name, self.tensor(weight.T.copy()), self.tensor(numbers(outputs)), transB=1)
        else:
            self.node("MatMul", self.name, self.tensor(weight))
            self.node("Add", self.name, self.tensor(numbers(outputs)))
        if self.draw(st.booleans()):
            self.node(self.draw(st.sampled_from(["Softmax", "Sigmoid"])), self.name)

    def sides(self, side: int) -> int:
        """Numbers of the newest value for one picture."""
        graph = helper.make_graph(
            self.nodes,
            "g",
            [helper.make_tensor_value_info("x", 1, (1, 3, side, side))],
            [helper.make_tensor_value_info(self.name, 1, None)],
            [onnx.numpy_helper.from_array(values, name) for name, values in self.tensors.items()],
        )
        found = onnx.shape_inference.infer_shapes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)]))
        return int(np.prod([part.dim_value for part in found.graph.output[0].type.tensor_type.shape.dim]))


PARTS = [
    Drawn.convolution,
    Drawn.norm,
    Drawn.activation,
    Drawn.swish,
    Drawn.arithmetic,
    Drawn.pool,
    Drawn.last_axis,
    Drawn.branches,
    Drawn.halves,
]


@st.composite
def graphs(draw: st.DrawFn) -> Drawn:
    made_of = Drawn(draw)
    made_of.convolution()
    for part in draw(st.lists(st.sampled_from(PARTS), max_size=6)):
        part(made_of)
    made_of.head(9)
    return made_of


@settings(max_examples=12)
@given(graphs())
def test_any_small_graph(tmp_path_factory: pytest.TempPathFactory, drawn: Drawn) -> None:
    path = tmp_path_factory.mktemp("graph") / "net.onnx"
    made(path, drawn.nodes, drawn.tensors, (1, 3, 9, 9), outputs=(drawn.name,), opset=14)
    pictures = torch.rand(2, 3, 9, 9, generator=torch.Generator().manual_seed(1))
    network = read_onnx(path).answering()
    with torch.inference_mode():
        scores = network.module((9, 9))(pictures)
    answer = {"": scores, "softmax": scores.softmax(-1), "sigmoid": scores.sigmoid()}[network.ending].numpy()
    expected = told(path, pictures.numpy())
    # onnxruntime's own softmax and sigmoid are rough where they end in nearly nothing.
    scale = max(np.ptp(expected), np.abs(expected).max(), 0.01 if network.ending else 0.0)
    assert np.abs(answer.reshape(expected.shape) - expected).max() <= CLOSE * scale


@pytest.mark.soak
@settings(max_examples=1500)
@given(graphs())
def test_many_small_graphs(tmp_path_factory: pytest.TempPathFactory, drawn: Drawn) -> None:
    test_any_small_graph.hypothesis.inner_test(tmp_path_factory, drawn)  # type: ignore[attr-defined]


def test_a_bias_that_is_added_apart_becomes_the_layers(tmp_path: Path) -> None:
    tensors = {"w": numbers(2, 3, 3, 3), "b": numbers(1, 2, 1, 1), "m": numbers(2, 2), "c": numbers(2)}
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], name="first"),
        helper.make_node("Add", ["a", "b"], ["d"]),
        helper.make_node("GlobalAveragePool", ["d"], ["e"]),
        helper.make_node("Flatten", ["e"], ["f"]),
        helper.make_node("MatMul", ["f", "m"], ["g"], name="second"),
        helper.make_node("Add", ["g", "c"], ["y"]),
    ]
    path = made(tmp_path / "net.onnx", nodes, tensors)
    module = read_onnx(path).answering().module((8, 8))
    assert difference(path)[0] < CLOSE
    assert torch.equal(module.first.bias, torch.from_numpy(tensors["b"].reshape(-1)))
    assert torch.equal(module.second.bias, torch.from_numpy(tensors["c"]))
    assert [type(part) for part in module.children()] == [nn.Conv2d, nn.AdaptiveAvgPool2d, nn.Flatten, nn.Linear]


def test_a_bias_that_others_look_past_stays_apart(tmp_path: Path) -> None:
    tensors = {"w": numbers(2, 3, 3, 3), "b": numbers(1, 2, 1, 1)}
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"]),
        helper.make_node("Add", ["a", "b"], ["d"]),
        helper.make_node("Mul", ["a", "d"], ["e"]),
        helper.make_node("ReduceMean", ["e"], ["y"], axes=[2, 3], keepdims=0),
    ]
    assert difference(made(tmp_path / "net.onnx", nodes, tensors))[0] < CLOSE


def test_an_operator_that_is_not_known_is_named_with_its_node(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Det", ["x"], ["a"], name="stage/odd"),
        helper.make_node("Own", ["a"], ["y"], name="stage/own", domain="com.example"),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", 1, (1, 3, 8, 8))],
        [helper.make_tensor_value_info("y", 1, ["n", "k"])],
    )
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid("com.example", 1)]
    path = tmp_path / "net.onnx"
    path.write_bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString())
    with pytest.raises(UserError, match=r'net.onnx .*Det \(node "stage/odd".*com.example.Own \(node "stage/own"'):
        read_onnx(path).answering()


def test_what_nobody_needs_may_be_unknown(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["y"]),
        helper.make_node("ArgMax", ["y"], ["label"]),
        helper.make_node("NonZero", ["y"], ["z"]),
    ]
    path = made(tmp_path / "net.onnx", nodes, {"w": numbers(2, 3, 8, 8)})
    assert difference(path)[0] < CLOSE


def test_every_operator_is_one_of_onnx() -> None:
    """Swish is newer than some installed versions; Erfc is tf2onnx's own."""
    assert [name for name in OPERATORS if not onnx.defs.has(name) and name not in ("Swish", "Erfc")] == []
