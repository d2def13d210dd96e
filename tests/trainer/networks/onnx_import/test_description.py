"""What a file says about pictures and classes is taken from it; the rest is proposed aloud."""

import contextlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from onnx import helper

from explorer.core.network.opening import open_network
from tests.trainer.networks.onnx_import.graphs import made
from trainer.files.errors import UserError
from trainer.networks.candidate import OpeningQuestion
from trainer.networks.class_lists import KEYS as CLASSES
from trainer.networks.file_metadata import named_in
from trainer.networks.onnx_import.description import SIZES, Pictures, input_of
from trainer.networks.onnx_import.model import Model, Port
from trainer.networks.onnx_import.network import read_onnx
from trainer.networks.output_spec import OutputSpec

WEIGHTS = {"w": np.ones((3, 3, 3, 3), np.float32)}
POOLED = [
    helper.make_node("Conv", ["x", "w"], ["a"], name="conv"),
    helper.make_node("GlobalAveragePool", ["a"], ["b"]),
    helper.make_node("Flatten", ["b"], ["y"]),
]


def pooled(path: Path, **how: Any) -> Path:
    return made(path / "net.onnx", POOLED, WEIGHTS, **how)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("classes", '["nv", "mel", "bcc"]'),
        ("names", "{0: 'nv', 1: 'mel', 2: 'bcc'}"),
        ("id2label", '{"0": "nv", "1": "mel", "2": "bcc"}'),
        ("class_to_idx", '{"mel": 1, "nv": 0, "bcc": 2}'),
        ("Class names", "nv, mel, bcc"),
        ("labels", "nv\nmel\nbcc"),
    ],
)
def test_classes_are_read_from_the_notes(key: str, text: str, tmp_path: Path) -> None:
    network = open_network(pooled(tmp_path, notes={key: text}), device="cpu")
    assert network.classes == ("nv", "mel", "bcc")
    assert any(f"taken from {key} in net.onnx" in said for said in network.assumed)


def test_notes_are_read_as_any_other_file_is(tmp_path: Path) -> None:
    """The order of the keys, numbers from 1, sets, and lists of another length: as beside weights."""

    def said(notes: dict[str, str]) -> tuple[tuple[str, ...], str]:
        network = open_network(pooled(tmp_path, notes=notes), device="cpu")
        return network.classes, " ".join(network.assumed)

    names, text = said({"labels": "x, y, z", "classes": "a, b, c"})
    assert names == ("a", "b", "c")
    assert "labels, which says x, y, z, was not" in text
    assert "numbered from 1" in said({"names": "{1: 'nv', 2: 'mel', 3: 'bcc'}"})[1]
    assert "it is a set, which has no order" in said({"names": "{'nv', 'mel', 'bcc'}"})[1]
    assert said({"classes": "a, b", "names": "nv, mel, bcc"})[0] == ("nv", "mel", "bcc")


@pytest.mark.parametrize("text", ["", "3", "[1, 2]", "{'a': 'b'}", "[" * 10_000, "(" * 60_000, "\\d, \\e", "x" * 10**6])
def test_other_notes_say_nothing(text: str, tmp_path: Path) -> None:
    network = open_network(pooled(tmp_path, notes={"names": text, "mean": text, "std": text}), device="cpu")
    assert network.input.std == (1.0, 1.0, 1.0)
    assert len(network.classes) == 3


def test_preprocessing_is_read_from_the_notes(tmp_path: Path) -> None:
    notes = {"mean": "[0.5, 0.4, 0.3]", "std": "[0.2, 0.2, 0.25]", "input_size": "[3, 20, 24]"}
    network = open_network(pooled(tmp_path, sides=("n", 3, "h", "w"), notes=notes), device="cpu")
    assert network.input.size == (20, 24)
    assert network.input.mean == (0.5, 0.4, 0.3)
    assert not any("scaled" in said for said in network.assumed)
    notes = {"mean": "[127.5, 127.5, 127.5]", "std": "[127.5, 127.5, 127.5]"}
    assert open_network(pooled(tmp_path, notes=notes), device="cpu").input.mean == (0.5, 0.5, 0.5)


@pytest.mark.parametrize("mean", [[0, 0, 0], [-127.5, -127.5, -127.5], [1.5, 0.0, 1.0]])
def test_mean_and_std_of_bytes_are_known_by_the_larger_of_both(mean: list[float], tmp_path: Path) -> None:
    notes = {"mean": json.dumps(mean), "std": "[255, 255, 255]"}
    found = open_network(pooled(tmp_path, notes=notes), device="cpu").input
    assert found.std == (1.0, 1.0, 1.0)
    assert found.mean == pytest.approx([number / 255 for number in mean])


def test_what_is_not_said_is_proposed_aloud(tmp_path: Path) -> None:
    network = open_network(pooled(tmp_path), device="cpu")
    assert network.input.size == (8, 8)
    assert any("8 x 8 RGB" in said and "[0, 1] (--input)" in said for said in network.assumed)


def test_an_open_size_is_tried(tmp_path: Path) -> None:
    assert open_network(pooled(tmp_path, sides=("n", 3, "h", "w")), device="cpu").input.size == (224, 224)
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"]),
        helper.make_node("Flatten", ["a"], ["b"]),
        helper.make_node("MatMul", ["b", "m"], ["y"]),
    ]
    tensors = {**WEIGHTS, "m": np.ones((3 * 30 * 30, 2), np.float32)}
    path = made(tmp_path / "net.onnx", nodes, tensors, ("n", 3, "h", "w"))
    with pytest.raises(OpeningQuestion, match="these run: 32x32") as caught:
        open_network(path, device="cpu")
    assert caught.value.choices == ("32x32",)


def test_another_size_than_the_files_is_refused(tmp_path: Path) -> None:
    given = open_network(pooled(tmp_path), device="cpu").input
    other = type(given)((9, 9), "squash", 9)
    with pytest.raises(UserError, match="takes pictures of 8 x 8 only"):
        open_network(pooled(tmp_path), device="cpu", input=other)
    with pytest.raises(UserError, match="takes 3 channels, not 1"):
        open_network(pooled(tmp_path), device="cpu", input=type(given)((8, 8), "squash", 8, (0.0,), (1.0,)))
    with pytest.raises(UserError, match="leave --architecture out"):
        open_network(pooled(tmp_path), device="cpu", architecture="resnet18")


@pytest.mark.parametrize("ending", ["Softmax", "LogSoftmax", "Sigmoid"])
def test_scores_are_those_before_a_softmax_or_sigmoid(ending: str, tmp_path: Path) -> None:
    nodes = [*POOLED[:2], helper.make_node("Flatten", ["b"], ["c"]), helper.make_node(ending, ["c"], ["y"])]
    network = read_onnx(made(tmp_path / "net.onnx", nodes, WEIGHTS)).answering()
    assert network.ending == ("sigmoid" if ending == "Sigmoid" else "softmax")
    assert any(network.ending in said for said in network.notes)
    assert float(network.module((8, 8))(__import__("torch").ones(1, 3, 8, 8))[0, 0]) == 27


@pytest.mark.parametrize("operator", ["Mul", "Div"])
@pytest.mark.parametrize("ending", ["Softmax", "Sigmoid"])
def test_percentages_are_read_as_the_scores_before_them(ending: str, operator: str, tmp_path: Path) -> None:
    tensors = {**WEIGHTS, "hundred": np.float32(100 if operator == "Mul" else 0.01)}
    nodes = [
        *POOLED[:2],
        helper.make_node("Flatten", ["b"], ["c"]),
        helper.make_node(ending, ["c"], ["d"]),
        helper.make_node(operator, ["d", "hundred"], ["y"]),
    ]
    network = read_onnx(made(tmp_path / "net.onnx", nodes, tensors)).answering()
    assert network.output == "c"
    assert any(f"is a {ending.lower()} " in said and said.count("100") + said.count("0.01") for said in network.notes)
    scaled = [*nodes[:3], helper.make_node("LogSoftmax", ["c"], ["d"]), nodes[4]]  # that is no percentage
    assert read_onnx(made(tmp_path / "net.onnx", scaled, tensors)).answering().output == "y"


def test_small_sums_of_the_last_layer_are_logits(tmp_path: Path) -> None:
    tensors = {
        **WEIGHTS,
        "s": np.ones(3, np.float32),
        "m": np.full((3, 2), 1e-4, np.float32),
        "z": np.float32([0.3, 0.6]),
    }
    nodes = [
        POOLED[0],
        helper.make_node("InstanceNormalization", ["a", "s", "s"], ["i"]),
        helper.make_node("GlobalAveragePool", ["i"], ["b"]),
        helper.make_node("Flatten", ["b"], ["c"]),
        helper.make_node("Gemm", ["c", "m", "z"], ["y"]),
    ]
    network = open_network(made(tmp_path / "net.onnx", nodes, tensors), device="cpu")
    assert network.output == OutputSpec()
    assert not any("probabilities" in said for said in network.assumed)


def test_one_of_several_outputs_is_taken_aloud_where_it_can_be_told(tmp_path: Path) -> None:
    path = made(tmp_path / "net.onnx", POOLED, WEIGHTS, outputs=("a", "y"))
    network = read_onnx(path).answering()
    assert network.output == "y"
    assert any("2 outputs: y was taken" in said and "others: a" in said for said in network.notes)
    with pytest.raises(UserError, match="has the outputs a, y"):
        open_network(path, device="cpu", outputs=OutputSpec.parse("z"))


def two_heads(path: Path, names: tuple[str, str] = ("lesion", "part:0")) -> Path:
    """Two rows of 3 and 5 numbers, the second after a softmax."""
    nodes = [
        *POOLED[:2],
        helper.make_node("Flatten", ["b"], [names[0]]),
        helper.make_node("MatMul", [names[0], "m"], ["c"]),
        helper.make_node("Softmax", ["c"], [names[1]]),
    ]
    tensors = {**WEIGHTS, "m": np.eye(3, 5, dtype=np.float32)}
    return made(path / "net.onnx", nodes, tensors, outputs=names)


def test_two_outputs_that_could_be_the_scores_are_asked_about(tmp_path: Path) -> None:
    path = two_heads(tmp_path)
    with pytest.raises(OpeningQuestion, match=r"lesion \(3 wide\), part:0 \(5 wide\)") as caught:
        open_network(path, device="cpu")
    assert caught.value.about == "outputs"
    assert caught.value.choices == ("lesion", "part:0")
    found = {name: open_network(path, device="cpu", outputs=OutputSpec.parse(name)) for name in caught.value.choices}
    assert [len(network.classes) for network in found.values()] == [3, 5]
    assert any("part:0 is a softmax" in said for said in found["part:0"].assumed)
    assert found["lesion"].identity != found["part:0"].identity
    named = open_network(path, device="cpu", classes=["a", "b", "c"])
    assert any("lesion was taken for the class scores, as wide" in said for said in named.assumed)
    whole = open_network(path, device="cpu", outputs=OutputSpec.parse("lesion:independent-logits"))
    assert whole.output.independent


@pytest.mark.parametrize(
    ("operator", "value", "inside"),
    [
        ("Mul", 1 / 255, True),
        ("Div", 255.0, True),
        ("Sub", 127.5, True),
        ("Div", 0.5, False),
        ("Sub", 0.485, False),
        ("Mul", 2.0, False),
    ],
)
def test_networks_that_scale_bytes_themselves_get_bytes(
    operator: str, value: float, inside: bool, tmp_path: Path
) -> None:
    nodes = [helper.make_node(operator, ["x", "s"], ["z"]), helper.make_node("Conv", ["z", "w"], ["a"]), *POOLED[1:]]
    path = made(tmp_path / "net.onnx", nodes, {**WEIGHTS, "s": np.array([value], np.float32)})
    assert read_onnx(path).pictures.bytes_inside == inside


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(10**400) | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, min_size=3, max_size=3)
        | st.dictionaries(st.text(max_size=3) | st.sampled_from(["0", "1", "2"]), inner, max_size=4)
    ),
    max_leaves=8,
)
SPECS = st.fixed_dictionaries(
    {"mean": JSON | st.just([0.5] * 3)},
    optional={
        "std": JSON | st.just([0.5] * 3),
        "size": JSON | st.just([8, 8]),
        "resize": JSON | st.just("squash"),
        "resize_to": JSON | st.just(8),
        **{name: JSON for name in ("color_constancy", "gamma", "illumination", "fill_corners", "field_of_view")},
    },
)
KEYS = st.sampled_from(["input", "Input", "mean", "std", "size", *SIZES, *CLASSES])
TEXTS = JSON.map(json.dumps) | JSON.map(repr) | SPECS.map(json.dumps) | st.text()


@given(notes=st.dictionaries(KEYS, TEXTS, max_size=4), free=st.booleans())
@example(notes={"input": '{"mean": 0.5}'}, free=False)
@example(notes={"input": '{"mean": null}'}, free=False)
@example(notes={"mean": f"[1{'0' * 400}, 0, 0]", "std": "[1, 1, 1]"}, free=False)
@example(notes={"names": f"{{0x{'f' * 5000}: 'a'}}"}, free=False)
@example(notes={"img_size": f"[0x{'f' * 5000}, 8]"}, free=True)
@example(notes={"input": json.dumps({"mean": [0.5] * 3, "std": [1] * 3, "size": [10**400, 1]})}, free=True)
def test_whatever_notes_say_they_are_read_or_refused_or_ignored(notes: dict[str, str], free: bool) -> None:
    sides = (None, None) if free else (8, 8)
    port = Port("x", (1, 3, *sides), "FLOAT")
    model = Model("net.onnx", 13, (), {}, (port,), (), notes, "")
    with contextlib.suppress(UserError):
        spec, _ = input_of(model, Pictures("x", 3, sides, (0, 1, 2, 3), False))
        assert spec is None or spec.channels == 3
    said = named_in(notes)
    assert all(isinstance(name, str) for name in said.classes)
    assert bool(said.classes) == bool(said.source)


@pytest.mark.parametrize("text", ['{"mean": 0.5}', '{"mean": null, "std": [1, 1, 1]}', '{"mean": [0, 0]}', "[]", "0.5"])
def test_a_note_of_an_input_that_is_not_ours_is_ignored(text: str, tmp_path: Path) -> None:
    network = open_network(pooled(tmp_path, notes={"input": text}), device="cpu")
    assert network.input.mean == (0.0, 0.0, 0.0)
