"""Single operators, with whatever attributes they may have, compute what onnxruntime computes, or are refused."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper

from tests.trainer.networks.onnx_import.graphs import difference, exported, made
from trainer.files.errors import UserError
from trainer.networks.onnx_import.network import read_onnx

CLOSE = 1e-5
NUMBERS = np.concatenate([np.linspace(-120, 120, 150), np.linspace(-4, 4, 42)]).astype(np.float32).reshape(1, 3, 8, 8)
Tensors = dict[str, np.ndarray]


def file_of(folder: Path, nodes: Sequence[onnx.NodeProto], tensors: Tensors, picture: np.ndarray, opset: int) -> Path:
    return made(folder / "net.onnx", nodes, tensors, picture.shape, opset=opset)


def computed(path: Path, picture: np.ndarray) -> np.ndarray:
    """What the network here answers with "y"; UserError where it is refused."""
    module = replace(read_onnx(path), output="y").module((picture.shape[2], picture.shape[3]))
    answer: np.ndarray = module(torch.from_numpy(picture)).numpy()
    return answer


def expected(path: Path, picture: np.ndarray) -> np.ndarray:
    """What onnxruntime answers."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    answer: np.ndarray = session.run(None, {"x": picture})[0]
    return answer


def assert_alike(path: Path, picture: np.ndarray) -> None:
    ours, theirs = computed(path, picture), expected(path, picture)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=CLOSE, atol=CLOSE)


@pytest.mark.parametrize(
    ("operator", "attributes"),
    [
        ("LeakyRelu", {"alpha": 0.3}),
        ("Elu", {}),
        ("Elu", {"alpha": 0.3}),
        ("Celu", {"alpha": 2.0}),
        ("Selu", {}),
        ("Selu", {"alpha": 1.0, "gamma": 2.0}),
        ("Selu", {"alpha": 2.0, "gamma": -1.0}),
        ("HardSigmoid", {}),
        ("HardSigmoid", {"alpha": 1 / 6}),
        ("HardSigmoid", {"alpha": -0.5, "beta": 0.1}),
        ("ThresholdedRelu", {}),
        ("ThresholdedRelu", {"alpha": 0.3}),
        ("HardSwish", {}),
        ("Softplus", {}),
        ("Softsign", {}),
        ("Mish", {}),
        ("Gelu", {}),
        ("Gelu", {"approximate": "tanh"}),
        ("Swish", {}),
        ("Swish", {"alpha": 1.702}),
        ("Swish", {"alpha": -1.0}),
    ],
)
def test_an_activation_heeds_its_attributes(operator: str, attributes: dict[str, Any], tmp_path: Path) -> None:
    node = helper.make_node(operator, ["x"], ["y"], **attributes)
    assert_alike(file_of(tmp_path, [node], {}, NUMBERS, 24), NUMBERS)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6, 9])
def test_a_response_norm_looks_at_the_maps_that_onnx_names(size: int, tmp_path: Path) -> None:
    maps = np.random.default_rng(0).normal(size=(1, 3, 4, 4)).astype(np.float32)
    wide = [helper.make_node("Concat", ["x", "x", "x"], ["a"], axis=1)]
    norm = helper.make_node("LRN", ["a"], ["y"], size=size, alpha=2.0, beta=0.6, bias=1.5)
    tripled, law = np.tile(maps, (1, 3, 1, 1)), np.empty((1, 9, 4, 4), np.float32)
    for channel in range(9):  # the words of the standard; onnxruntime takes odd sizes only
        first, last = channel - (size - 1) // 2, channel + -(-(size - 1) // 2)
        squares = (tripled[:, max(first, 0) : last + 1] ** 2).sum(1)
        law[:, channel] = tripled[:, channel] / (1.5 + 2.0 / size * squares) ** 0.6
    path = file_of(tmp_path, [*wide, norm], {}, maps, 13)
    np.testing.assert_allclose(computed(path, maps), law, rtol=1e-5)
    if size % 2:
        assert_alike(path, maps)


@pytest.mark.parametrize("shared", [False, True])
def test_building_a_network_changes_nothing_in_its_file(shared: bool, tmp_path: Path) -> None:
    tensors = {name: np.full(3, value, np.float32) for name, value in [("s", 1), ("b", 0.5), ("m", 0), ("v", 1)]}
    tensors["f"] = np.full((3, 1, 1), 2, np.float32)
    nodes = [
        helper.make_node("BatchNormalization", ["x", "s", "b", "m", "v"], ["n"], epsilon=0.0),
        helper.make_node("Mul", ["n", "f"], ["p"]),
        helper.make_node("Add", ["p", "f"], ["q"]),
        *([helper.make_node("BatchNormalization", ["q", "s", "b", "m", "v"], ["y"], epsilon=0.0)] if shared else []),
    ]
    if not shared:
        nodes[-1].output[0] = "y"
    path = file_of(tmp_path, nodes, tensors, NUMBERS, 13)
    network = replace(read_onnx(path), output="y")
    before = {name: tensor.clone() for name, tensor in network.model.tensors.items()}
    for _ in range(3):
        answer = network.module((8, 8))(torch.from_numpy(NUMBERS)).numpy()
        np.testing.assert_allclose(answer, expected(path, NUMBERS), rtol=CLOSE, atol=CLOSE)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.model.tensors.items())


@st.composite
def resizes(draw: st.DrawFn) -> tuple[onnx.NodeProto, Tensors, tuple[int, int]]:
    old = (draw(st.integers(1, 14)), draw(st.integers(1, 14)))
    scaled = draw(st.booleans())
    number = st.floats(0.25, 3.5, width=32) | st.sampled_from([0.5, 1.3, 2.0, 3.0]) if scaled else st.integers(1, 30)
    pair = [draw(number), draw(number)]
    how = {
        "mode": draw(st.sampled_from(["nearest", "linear", "cubic"])),
        "coordinate_transformation_mode": draw(
            st.sampled_from(["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "half_pixel_symmetric"])
        ),
    }
    if how["mode"] == "nearest":
        roundings = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]
        how["nearest_mode"] = draw(st.sampled_from(roundings))
    if draw(st.booleans()):
        values = np.array([1, 1 if scaled else 3, *pair], np.float32 if scaled else np.int64)
    else:
        axes = draw(st.permutations([0, 1]))
        values = np.array([pair[axis] for axis in axes], np.float32 if scaled else np.int64)
        how["axes"] = [2 + axis for axis in axes]
    inputs = ["x", "", "t"] if scaled else ["x", "", "", "t"]
    return helper.make_node("Resize", inputs, ["y"], **how), {"t": values}, old


@settings(max_examples=80, deadline=None)
@given(drawn=resizes())
def test_any_resize_is_onnxs_or_refused(
    drawn: tuple[onnx.NodeProto, Tensors, tuple[int, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    node, tensors, old = drawn
    picture = np.random.default_rng(0).normal(size=(1, 3, *old)).astype(np.float32)
    path = file_of(tmp_path_factory.mktemp("resize"), [node], tensors, picture, 19)
    refused = ""
    try:
        ours = computed(path, picture)
    except UserError as error:
        refused = str(error)
    if refused:
        assert "resizes" in refused or "scales one side" in refused, refused
        return
    theirs = expected(path, picture)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


@pytest.mark.parametrize("mode", ["nearest", "linear"])
@pytest.mark.parametrize("scale", [(1.3, 1.3), (2.0, 2.0), (1.1, 2.3), (0.5, 0.5)])
@pytest.mark.parametrize("old", [(8, 8), (10, 7)])
def test_a_resize_goes_by_its_scale_and_not_by_the_sides(
    old: tuple[int, int], scale: tuple[float, float], mode: str, tmp_path: Path
) -> None:
    picture = np.random.default_rng(0).normal(size=(1, 3, *old)).astype(np.float32)
    tensors = {"s": np.array([1, 1, *scale], np.float32)}
    how = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"} if mode == "nearest" else {}
    path = file_of(
        tmp_path, [helper.make_node("Resize", ["x", "", "s"], ["y"], mode=mode, **how)], tensors, picture, 13
    )
    if (mode, scale, old) == ("linear", (1.1, 2.3), (8, 8)):  # 8 x 1.1 is 8 in both, but torch leaves that side alone
        with pytest.raises(UserError, match="scales one side of maps by so little that it stays"):
            computed(path, picture)
    else:
        assert_alike(path, picture)


@pytest.mark.parametrize(
    ("operator", "scale"),
    [
        *(("Upsample", scale) for scale in [(2.0, 2.0), (1.3, 1.7), (1.1, 2.3)]),
        *(("Resize", scale) for scale in [(2.0, 2.0), (1.3, 1.7), (1.1, 2.3), (0.3, 0.7)]),
    ],
)
def test_a_resize_of_old_goes_by_its_scale(operator: str, scale: tuple[float, float], tmp_path: Path) -> None:
    tensors = {"s": np.array([1, 1, *scale], np.float32)}
    opset = 9 if operator == "Upsample" else 10
    assert_alike(file_of(tmp_path, [helper.make_node(operator, ["x", "s"], ["y"])], tensors, NUMBERS, opset), NUMBERS)


@pytest.mark.parametrize(
    "how", [{"antialias": 1}, {"keep_aspect_ratio_policy": "not_larger"}, {"keep_aspect_ratio_policy": "not_smaller"}]
)
def test_what_torch_resizes_otherwise_is_refused(how: dict[str, Any], tmp_path: Path) -> None:
    node = helper.make_node("Resize", ["x", "", "", "t"], ["y"], mode="linear", **how)
    path = file_of(tmp_path, [node], {"t": np.array([1, 3, 5, 4])}, NUMBERS, 19)
    with pytest.raises(UserError, match="resizes"):
        computed(path, NUMBERS)


def test_smoothing_changes_nothing_that_is_made_larger(tmp_path: Path) -> None:
    node = helper.make_node("Resize", ["x", "", "", "t"], ["y"], mode="linear", antialias=1)
    assert_alike(file_of(tmp_path, [node], {"t": np.array([1, 3, 16, 11])}, NUMBERS, 19), NUMBERS)


@pytest.mark.parametrize("sides", [(0, 4), (1 << 40, 4), (-3, 4)])
def test_sides_that_no_map_has_are_refused(sides: tuple[int, int], tmp_path: Path) -> None:
    node = helper.make_node("Resize", ["x", "", "", "t"], ["y"])
    path = file_of(tmp_path, [node], {"t": np.array([1, 3, *sides])}, NUMBERS, 19)
    with pytest.raises(UserError, match="resizes maps of 8 x 8 to"):
        computed(path, NUMBERS)


@pytest.mark.parametrize("number", [0.0, 0.7, -0.7])
@pytest.mark.parametrize("shape", [(), (1,), (1, 1, 1), (1, 1, 1, 1), (3, 1, 1), (8,)])
@pytest.mark.parametrize("operator", ["Max", "Min"])
def test_the_larger_of_a_map_and_a_number(operator: str, shape: tuple[int, ...], number: float, tmp_path: Path) -> None:
    tensors = {"c": np.full(shape, number, np.float32), "d": np.full(shape, 2 * number, np.float32)}
    for inputs in (["x", "c"], ["c", "x"], ["c", "x", "d"], ["c", "d", "x"], ["x"]):
        used = {name: tensor for name, tensor in tensors.items() if name in inputs}
        assert_alike(file_of(tmp_path, [helper.make_node(operator, inputs, ["y"])], used, NUMBERS, 13), NUMBERS)


@st.composite
def pools(draw: st.DrawFn) -> onnx.NodeProto:
    kernel = [draw(st.integers(1, 3)), draw(st.integers(1, 3))]
    how: dict[str, Any] = {"kernel_shape": kernel, "strides": [draw(st.integers(1, 3)), draw(st.integers(1, 3))]}
    how["pads"] = [draw(st.integers(0, side - 1)) for side in kernel * 2]
    how["ceil_mode"] = draw(st.integers(0, 1))
    if draw(st.booleans()):
        return helper.make_node("MaxPool", ["x"], ["y"], dilations=[draw(st.integers(1, 2))] * 2, **how)
    return helper.make_node("AveragePool", ["x"], ["y"], count_include_pad=draw(st.integers(0, 1)), **how)


@settings(max_examples=60, deadline=None)
@given(node=pools(), sides=st.tuples(st.integers(5, 9), st.integers(5, 9)))
def test_any_pool_takes_the_windows_that_onnx_takes(
    node: onnx.NodeProto, sides: tuple[int, int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    picture = np.random.default_rng(0).normal(size=(1, 3, *sides)).astype(np.float32)
    assert_alike(file_of(tmp_path_factory.mktemp("pool"), [node], {}, picture, 19), picture)


@pytest.mark.parametrize("operator", ["ReduceMean", "ReduceSum", "ReduceMax", "ReduceL2"])
def test_a_reduction_over_no_axis(operator: str, tmp_path: Path) -> None:
    node = helper.make_node(operator, ["x"], ["y"], noop_with_empty_axes=1)
    assert_alike(file_of(tmp_path, [node], {}, NUMBERS, 18), NUMBERS)


def test_parts_beyond_an_axis_are_refused(tmp_path: Path) -> None:
    for number in (3, -4):
        path = file_of(
            tmp_path, [helper.make_node("Gather", ["x", "i"], ["y"], axis=1)], {"i": np.array([0, number])}, NUMBERS, 13
        )
        with pytest.raises(UserError, match="of an axis of 3"):
            computed(path, NUMBERS)


def test_all_parts_of_an_axis_in_another_shape_leave_the_batch_where_it_is(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("GlobalAveragePool", ["x"], ["a"]),
        helper.make_node("Transpose", ["a"], ["b"], perm=[2, 0, 1, 3]),
        helper.make_node("Gather", ["b", "i"], ["c"], axis=2),  # (1, N, 1, 3, 1)
        helper.make_node("Transpose", ["c"], ["d"], perm=[1, 0, 2, 3, 4]),
        helper.make_node("Flatten", ["d"], ["y"]),
    ]
    path = made(tmp_path / "net.onnx", nodes, {"i": np.array([[0, 1, 2]])}, ("n", 3, 8, 8))
    pictures = np.concatenate([NUMBERS, NUMBERS[:, ::-1]])
    np.testing.assert_allclose(computed(path, pictures), expected(path, pictures), rtol=CLOSE)


@pytest.mark.parametrize("axis", [1, 2, 3, -1])
def test_an_axis_is_turned_round(axis: int, tmp_path: Path) -> None:
    """As `x[..., ::-1]` writes it, of the channels or of a mirrored picture, and TensorFlow's `reverse`."""
    whole = {"start": np.int64([-1]), "end": np.int64([-(2**63)]), "axis": np.int64([axis]), "step": np.int64([-1])}
    nodes = [helper.make_node("Slice", ["x", *whole], ["y"])]
    assert_alike(file_of(tmp_path, nodes, whole, NUMBERS, 13), NUMBERS)
    some = whole | {"end": np.int64([-3]), "step": np.int64([-1])}
    assert_alike(file_of(tmp_path, nodes, some, NUMBERS, 13), NUMBERS)


@pytest.mark.parametrize("axis", [0, 1])
def test_a_sequence_is_turned_round_as_tf2onnx_writes_it(axis: int, tmp_path: Path) -> None:
    side = NUMBERS.shape[1 if not axis else 3]
    lengths = {"lengths": np.full(NUMBERS.shape[2], side, np.int64)}
    order = (1, 2, 3, 0) if not axis else (2, 3, 1, 0)
    turned = {"batch_axis": 1 - axis, "time_axis": axis}
    nodes = [
        helper.make_node("Transpose", ["x"], ["a"], perm=order),
        helper.make_node("ReverseSequence", ["a", "lengths"], ["b"], **turned),
        helper.make_node("Transpose", ["b"], ["y"], perm=(3, 0, 1, 2) if not axis else (3, 2, 0, 1)),
    ]
    assert_alike(file_of(tmp_path, nodes, lengths, NUMBERS, 13), NUMBERS)
    with pytest.raises(UserError, match="reverses a part"):
        computed(file_of(tmp_path, nodes, {"lengths": lengths["lengths"] - 1}, NUMBERS, 13), NUMBERS)


@pytest.mark.parametrize(
    ("producer", "advice"),
    [("pytorch", r"torch\.save\(model"), ("tf2onnx", r"again\.set_weights"), ("other", "without it\\.")],
)
def test_what_to_do_about_a_node_suits_what_wrote_it(producer: str, advice: str, tmp_path: Path) -> None:
    model = onnx.load(file_of(tmp_path, [helper.make_node("Det", ["x"], ["y"])], {}, NUMBERS, 13))
    model.producer_name = producer
    onnx.save(model, tmp_path / "net.onnx")
    with pytest.raises(UserError, match=advice) as caught:
        read_onnx(tmp_path / "net.onnx").answering()
    assert ("torch" in str(caught.value)) == (producer == "pytorch")


def test_a_norm_over_maps_opens_from_the_new_exporter_as_its_advice_says(tmp_path: Path) -> None:
    torch.manual_seed(0)
    pool = [torch.nn.AdaptiveMaxPool2d(1), torch.nn.Flatten(), torch.nn.Linear(8, 2)]
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.LocalResponseNorm(3), *pool)
    with pytest.raises(UserError, match="dynamo=True"):
        read_onnx(exported(network, tmp_path / "old.onnx", 16)).answering()
    assert difference(exported(network, tmp_path / "new.onnx", 16, new=True))[0] < CLOSE
