"""Files as MATLAB, tf2onnx and old exporters write them; built by hand, as users' reports show them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from explorer.core.network.opening import open_network
from trainer.files.errors import UserError
from trainer.networks.candidate import OpeningQuestion
from trainer.networks.onnx_import.network import read_onnx

node = helper.make_node
Nodes = list[onnx.NodeProto]
Tensors = dict[str, np.ndarray]


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng([seed, *shape]).normal(size=shape) * 0.3).astype(np.float32)


def written(
    path: Path, nodes: Sequence[onnx.NodeProto], tensors: Tensors, inputs: Sequence[Any], output: str, **how: Any
) -> Path:
    """A file of these nodes; with `old`, every weight is listed as an input too, as before version 4 of the format."""
    ports = [helper.make_tensor_value_info(*port) for port in inputs]
    if how.get("old"):
        kinds = {"f": TensorProto.FLOAT, "i": TensorProto.INT64}
        ports += [
            helper.make_tensor_value_info(name, kinds[values.dtype.kind], values.shape)
            for name, values in tensors.items()
        ]
    answer = helper.make_tensor_value_info(output, TensorProto.FLOAT, how.get("shape", ("n", 3)))
    weights = [numpy_helper.from_array(values, name) for name, values in tensors.items()]
    graph = helper.make_graph(list(nodes), "network", ports, [answer], weights)
    opset = helper.make_opsetid("", how.get("opset", 8))
    path.write_bytes(
        helper.make_model(graph, opset_imports=[opset], ir_version=3 if how.get("old") else 7).SerializeToString()
    )
    return path


def matlab(path: Path, ending: str = "Flatten", left_over: dict[str, Any] | None = None, name: str = "data") -> Path:
    """A network with MATLAB's names and forms: the mean picture subtracted, dashes, one-sided padding, local norms."""
    tensors = {
        f"{name}_Mean": np.broadcast_to(np.float32([124, 116, 104]).reshape(1, 3, 1, 1), (1, 3, 16, 16)).copy(),
        **{"conv1-7x7_s2_W": noise(8, 3, 3, 3) / 100, "conv1-7x7_s2_B": noise(8), "res2a_W": noise(6, 4, 3, 3)},
        **{"res2a_B": noise(6), "bn_scale": noise(8, seed=1), "bn_B": noise(8, seed=2), "bn_mean": noise(8, seed=3)},
        **{"bn_var": np.abs(noise(8, seed=4)) + 0.5, "fc_B": noise(3)},
    }
    nodes = [
        node("Sub", [name, f"{name}_Mean"], [f"{name}_Sub"], name=f"{name}_Sub"),
        node(
            "Conv",
            [f"{name}_Sub", "conv1-7x7_s2_W", "conv1-7x7_s2_B"],
            ["conv1-7x7_s2"],
            name="conv1-7x7_s2",
            kernel_shape=[3, 3],
            strides=[2, 2],
            pads=[1, 1, 1, 1],
        ),
        node(
            "BatchNormalization",
            ["conv1-7x7_s2", *(f"bn_{part}" for part in ("scale", "B", "mean", "var"))],
            ["bn"],
            name="bn",
            epsilon=1e-5,
            **(left_over or {}),
        ),
        node("Relu", ["bn"], ["conv1-relu_7x7"], name="conv1-relu_7x7"),
        node("LRN", ["conv1-relu_7x7"], ["norm1"], name="norm1", size=5, alpha=1e-4, beta=0.75, bias=1.0),
        node("MaxPool", ["norm1"], ["pool1"], name="pool1", kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 1, 1]),
        node("Conv", ["pool1", "res2a_W", "res2a_B"], ["res2a"], name="res2a", group=2, pads=[1, 1, 1, 1]),
        node("Relu", ["res2a"], ["relu2"], name="relu2"),
    ]
    shape: tuple[Any, ...] = ("n", 3)
    if ending == "Conv":
        tensors["fc_W"], shape = noise(3, 6, 4, 4), ("n", 3, 1, 1)
        nodes.append(node("Conv", ["relu2", "fc_W", "fc_B"], ["fc"], name="fc"))
    else:
        tensors |= {"fc_W": noise(3, 96), "row": np.array([0, -1], np.int64)}
        row = node(ending, ["relu2", "row"] if ending == "Reshape" else ["relu2"], ["fc_row"], name="fc_row")
        nodes += [row, node("Gemm", ["fc_row", "fc_W", "fc_B"], ["fc"], name="fc", transB=1)]
        if ending == "Flatten":
            del tensors["row"]
    nodes.append(node("Softmax", ["fc"], ["softmax"], name="softmax", axis=1))
    inputs = [(name, TensorProto.FLOAT, ("BatchSize", 3, 16, 16))]
    return written(path, nodes, tensors, inputs, "softmax", old=True, shape=shape)


def keras(path: Path, change: Callable[[Nodes, Tensors], None] = lambda nodes, tensors: None, *more: Any) -> Path:
    """The beginning and the end of a Keras EfficientNet as tf2onnx writes it: rescaling, normalization, NHWC."""
    tensors = {
        **{"scale": np.float32(1 / 255), "mean": np.float32([0.485, 0.456, 0.406]).reshape(1, 1, 1, 3)},
        **{"std": np.float32([0.48, 0.47, 0.47]).reshape(1, 1, 1, 3), "w": noise(4, 3, 3, 3), "b": noise(4)},
        **{"d": noise(4, 3), "db": noise(3)},
    }
    nodes = [
        node("Mul", ["input_1", "scale"], ["rescaled"], name="model/rescaling/mul"),
        node("Sub", ["rescaled", "mean"], ["centred"], name="model/normalization/sub"),
        node("Div", ["centred", "std"], ["normal"], name="model/normalization/truediv"),
        node("Transpose", ["normal"], ["turned"], name="turned", perm=[0, 3, 1, 2]),
        node("Conv", ["turned", "w", "b"], ["stem"], name="model/stem_conv/Conv2D", strides=[2, 2], pads=[1, 1, 1, 1]),
        node("Sigmoid", ["stem"], ["gate"]),
        node("Mul", ["stem", "gate"], ["swish"]),
        node("GlobalAveragePool", ["swish"], ["pooled"]),
        node("Squeeze", ["pooled"], ["row"], axes=[2, 3]),
        node("MatMul", ["row", "d"], ["product"], name="model/predictions/MatMul"),
        node("Add", ["product", "db"], ["added"]),
        node("Softmax", ["added"], ["predictions"], axis=1),
    ]
    change(nodes, tensors)
    inputs = [("input_1", TensorProto.FLOAT, ("unk__1", 16, 16, 3)), *more]
    return written(path, nodes, tensors, inputs, "predictions", opset=12)


def assert_same(path: Path, oracle: Path, *, last: bool = False) -> None:
    """The opened file gives the probabilities that onnxruntime gives for the oracle's."""
    network = open_network(path, device="cpu")
    assert network.input.std[0] == pytest.approx(1 / 255)
    picture = np.random.default_rng(0).integers(0, 255, (1, 3, 16, 16)).astype(np.float32)
    session = onnxruntime.InferenceSession(str(oracle))
    given = picture.transpose(0, 2, 3, 1) if last else picture
    theirs = session.run(None, {session.get_inputs()[0].name: given})[0].reshape(1, -1)
    ours = torch.softmax(network.logits(torch.from_numpy(picture)), 1).numpy()
    assert len(network.layers) == len([one for one in onnx.load(path).graph.node if one.op_type == "Conv"])
    assert 0.01 < theirs.max() < 0.999
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("ending", ["Flatten", "Reshape", "Conv"])
@pytest.mark.parametrize("name", ["data", "input"])
def test_matlabs_networks_open(ending: str, name: str, tmp_path: Path) -> None:
    path = matlab(tmp_path / "net.onnx", ending, name=name)
    assert_same(path, path)


def test_attributes_that_matlab_left_over_change_nothing(tmp_path: Path) -> None:
    left_over = {"is_test": 1, "consumed_inputs": [0, 0, 0, 1, 1]}
    assert_same(matlab(tmp_path / "net.onnx", left_over=left_over), matlab(tmp_path / "plain.onnx"))


def test_keras_networks_open(tmp_path: Path) -> None:
    path = keras(tmp_path / "net.onnx")
    assert_same(path, path, last=True)


def test_nodes_without_order_are_put_in_order(tmp_path: Path) -> None:
    path = keras(tmp_path / "net.onnx", lambda nodes, tensors: nodes.reverse())
    assert_same(path, keras(tmp_path / "plain.onnx"), last=True)


def test_a_learning_phase_is_off(tmp_path: Path) -> None:
    path = keras(tmp_path / "a.onnx", lambda *_: None, ("keras_learning_phase:0", TensorProto.BOOL, ()))
    assert_same(path, keras(tmp_path / "plain.onnx"), last=True)

    def switched(nodes: Nodes, tensors: Tensors) -> None:
        nodes[-2] = node("Where", ["phase", "product", "sum"], ["added"])
        nodes.insert(-2, node("Add", ["product", "db"], ["sum"]))

    path = keras(tmp_path / "b.onnx", switched, ("phase", TensorProto.BOOL, ()))
    assert_same(path, keras(tmp_path / "plain.onnx"), last=True)


@pytest.mark.parametrize("name", ["mean:0", "mean/ReadVariableOp:0", "mean/Identity"])
def test_a_variable_under_tensorflows_longer_name_is_bound_aloud(name: str, tmp_path: Path) -> None:
    def longer(nodes: Nodes, tensors: Tensors) -> None:
        nodes[1].input[1] = name

    path = keras(tmp_path / "net.onnx", longer)
    assert_same(path, keras(tmp_path / "plain.onnx"), last=True)
    assert any(f"{name} was read as mean" in said for said in open_network(path, device="cpu").assumed)


def test_what_no_output_needs_may_be_unbound(tmp_path: Path) -> None:
    path = keras(tmp_path / "net.onnx", lambda nodes, _: nodes.append(node("Add", ["stem", "gone"], ["loss"])))
    assert_same(path, keras(tmp_path / "plain.onnx"), last=True)


def test_values_that_were_not_written_are_named_with_what_to_do(tmp_path: Path) -> None:
    def without(nodes: Nodes, tensors: Tensors) -> None:
        del tensors["mean"], tensors["std"]

    with pytest.raises(UserError, match=r'lacks the values of mean \(node "model/normalization/sub"\), std') as caught:
        open_network(keras(tmp_path / "net.onnx", without), device="cpu")
    assert 'model.export(PATH, format="onnx")' in str(caught.value)
    small = [(name, TensorProto.FLOAT, (1, 1, 1, 3)) for name in ("mean", "std")]
    with pytest.raises(UserError, match=r"mean of 1 x 1 x 1 x 3.*mean, std may be values that belong into the file"):
        open_network(keras(tmp_path / "net.onnx", without, *small), device="cpu")


def test_a_circle_is_no_network(tmp_path: Path) -> None:
    def circle(nodes: Nodes, tensors: Tensors) -> None:
        nodes[1].input[0] = "swish"

    with pytest.raises(UserError, match="no valid ONNX model"):
        open_network(keras(tmp_path / "net.onnx", circle), device="cpu")


def augmented(kind: str = "random_flip") -> Callable[[Nodes, Tensors], None]:
    """What model.export makes of a random layer: it draws numbers, with operators that ONNX does not have."""

    def change(nodes: Nodes, tensors: Tensors) -> None:
        where = f"model/{kind}_1"
        tensors |= {
            "half": np.float32(0.5),
            "key": np.zeros(1, np.float32),
            "back": np.int64([-1]),
            "far": np.int64([-99]),
        }
        tensors["width"] = np.int64([2])
        nodes[:0] = [
            node("Shape", ["input_1"], ["shape"], name=f"{where}/Shape"),
            node("StatelessRandomUniformV2", ["shape", "key"], ["drawn"], name=f"{where}/stateless_random_uniform"),
            node("LessOrEqual", ["drawn", "half"], ["flips"], name=f"{where}/LessEqual"),
            node("Slice", ["input_1", "back", "far", "width", "back"], ["turned_round"], name="ReverseV2__12"),
            node("ImageProjectiveTransformV3", ["turned_round"], ["flipped"], name=f"{where}/Projected"),
            node("Where", ["flips", "flipped", "input_1"], ["flip"], name=f"{where}/SelectV2"),
        ]
        nodes[6].input[0] = "flip"

    return change


def test_a_random_layer_is_left_out_aloud(tmp_path: Path) -> None:
    path = keras(tmp_path / "net.onnx", augmented())
    assert_same(path, keras(tmp_path / "plain.onnx"), last=True)
    assert any("random layers (random_flip_1) are for training alone" in said for said in open_network(path).assumed)


@pytest.mark.parametrize("kind", ["own_augmentation", "random_crop"])
def test_a_random_layer_that_cannot_be_left_out_is_named_with_what_to_do(kind: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"StatelessRandomUniformV2.*exported switched on.*training=False"):
        open_network(keras(tmp_path / "net.onnx", augmented(kind)), device="cpu")


def test_missing_values_of_a_normalization_say_what_to_put_in_its_place(tmp_path: Path) -> None:
    def without(nodes: Nodes, tensors: Tensors) -> None:
        nodes[1].input[1] = "model/normalization/Sub/y:0"

    port = ("model/normalization/Sub/y:0", TensorProto.FLOAT, (1, 1, 1, 3))
    with pytest.raises(UserError, match=r"leaves out those of a Normalization layer: put keras\.layers\.Rescaling"):
        open_network(keras(tmp_path / "net.onnx", without, port), device="cpu")

    def rescaling(nodes: Nodes, tensors: Tensors) -> None:
        tensors["std"] = (1 / tensors["std"]).astype(np.float32)
        tensors["mean"] = (-tensors["mean"] * tensors["std"]).astype(np.float32)
        nodes[1:3] = [node("Mul", ["rescaled", "std"], ["scaled"]), node("Add", ["scaled", "mean"], ["normal"])]

    assert_same(keras(tmp_path / "b.onnx", rescaling), keras(tmp_path / "plain.onnx"), last=True)


def test_numbers_of_0_to_255_are_seen_behind_a_turn_of_the_channels(tmp_path: Path) -> None:
    """`preprocess_input` of Keras' ResNet: RGB to BGR in three slices, then the mean of each channel is subtracted."""

    def caffe(nodes: Nodes, tensors: Tensors) -> None:
        tensors |= {f"at{number}": np.int64([number]) for number in range(4)}
        tensors["mean"] = np.float32([-103.939, -116.779, -123.68])
        tensors["w"] = tensors["w"] / 100
        parts = [
            node("Slice", ["input_1", f"at{one}", f"at{one + 1}", "at3"], [f"part{one}"], name=f"strided_slice_{one}")
            for one in (2, 1, 0)
        ]
        nodes[:3] = [
            *parts,
            node("Concat", ["part2", "part1", "part0"], ["bgr"], name="stack", axis=3),
            node("Add", ["bgr", "mean"], ["normal"], name="BiasAdd"),
        ]

    path = keras(tmp_path / "net.onnx", caffe)
    assert_same(path, path, last=True)


def test_scores_before_a_softmax_are_logits_however_small(tmp_path: Path) -> None:
    def small(nodes: Nodes, tensors: Tensors) -> None:
        tensors["d"], tensors["db"] = tensors["d"] / 1e4, np.float32([0.2, 0.3, 0.4])

    network = open_network(keras(tmp_path / "net.onnx", small), device="cpu")
    assert network.output.meaning == "logits"


def test_large_scores_of_a_batch_may_differ_in_their_last_digits(tmp_path: Path) -> None:
    network = read_onnx(keras(tmp_path / "net.onnx")).answering()

    class Differing(torch.nn.Module):
        def __init__(self, by: float) -> None:
            super().__init__()
            self.by = by

        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            return torch.tensor([[0.5, 2e4, -2e4]]).repeat(len(pictures), 1) + (self.by if len(pictures) > 1 else 0)

    network._compare_batches(Differing(3.0), (16, 16))
    with pytest.raises(UserError, match="made for one picture at a time"):
        network._compare_batches(Differing(300.0), (16, 16))


def test_a_gelu_as_tf2onnx_writes_it_and_a_norm_over_channels_open(tmp_path: Path) -> None:
    """Erfc is no operator of ONNX, so the same network with Erf is the oracle."""

    def gelu(name: str) -> Callable[[Nodes, Tensors], None]:
        def change(nodes: Nodes, tensors: Tensors) -> None:
            tensors |= {"root": np.float32(-(0.5**0.5)), "half": np.float32(0.5), "one": np.float32(1)}
            tensors["gamma"] = noise(1, 4, 1, 1)
            gate = (
                [node("Erfc", ["inner"], ["twice"])]
                if name == "Erfc"
                else [node("Erf", ["inner"], ["erf"]), node("Sub", ["one", "erf"], ["twice"])]
            )
            nodes[5:7] = [
                node("Mul", ["stem", "root"], ["inner"]),
                *gate,
                node("Mul", ["twice", "half"], ["gate"]),
                node("Mul", ["stem", "gate"], ["gelu"]),
                node("ReduceMean", ["gelu"], ["middle"], axes=[1], keepdims=1),
                node("Mul", ["middle", "gamma"], ["scaled"]),
                node("Add", ["gelu", "scaled"], ["swish"]),
            ]

        return change

    assert_same(keras(tmp_path / "a.onnx", gelu("Erfc")), keras(tmp_path / "b.onnx", gelu("Erf")), last=True)


def in_training(nodes: Nodes, tensors: Tensors) -> None:
    """A batch norm over the pictures of the batch, as Keras 3 writes it where layers prepare pictures."""
    name = "sequential_1/batch_normalization_1/moments"
    nodes[3:3] = [
        node("ReduceMean", ["normal"], ["batch_mean"], name=f"{name}/mean", axes=[0, 1, 2], keepdims=1),
        node("Sub", ["normal", "batch_mean"], ["of_batch"], name=f"{name}/SquaredDifference"),
    ]
    nodes[5].input[0] = "of_batch"


@pytest.mark.parametrize("free", [True, False])
def test_a_keras_norm_in_training_says_how_to_export_it_in_use(free: bool, tmp_path: Path) -> None:
    path = keras(tmp_path / "net.onnx", in_training)
    if free:
        model = onnx.load(path)
        for dimension in model.graph.input[0].type.tensor_type.shape.dim[1:3]:
            dimension.dim_param = "side"
        onnx.save(model, path)
    with pytest.raises(UserError) as caught:
        open_network(path, device="cpu")
    assert not isinstance(caught.value, OpeningQuestion)
    side = 224 if free else 16
    assert f"i = keras.Input(({side}, {side}, 3)); m = keras.Model(i, model(i, training=False))" in str(caught.value)
    assert f"m.predict(numpy.zeros((1, {side}, {side}, 3)))" in str(caught.value)
    assert "torch.save" not in str(caught.value)


def test_missing_values_of_a_normalization_name_the_other_ways_too(tmp_path: Path) -> None:
    def without(nodes: Nodes, tensors: Tensors) -> None:
        nodes[1].input[1] = "model/normalization/Sub/y:0"

    port = ("model/normalization/Sub/y:0", TensorProto.FLOAT, (1, 1, 1, 3))
    with pytest.raises(UserError, match=r"tf2onnx\.convert --saved-model .*include_preprocessing=False"):
        open_network(keras(tmp_path / "net.onnx", without, port), device="cpu")
