"""Names of classes are read however a script wrote them, in the order of the outputs, or not at all and said so."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tests.trainer.networks.test_weight_files import STATE
from trainer.networks.class_lists import class_list
from trainer.networks.file_metadata import named_in
from trainer.networks.weight_files import read_weights

NAMES = ("nv", "mel", "bcc")
WRITTEN = [
    "['nv', 'mel', 'bcc']",
    "('nv', 'mel', 'bcc')",
    "['nv' 'mel' 'bcc']",
    "['nv'\n 'mel' 'bcc']",
    "array(['nv', 'mel', 'bcc'], dtype='<U3')",
    "Index(['nv', 'mel', 'bcc'], dtype='object')",
    "{'bcc': 2, 'nv': 0, 'mel': 1}",
    "{2: 'bcc', 0: 'nv', 1: 'mel'}",
    "{'bcc': '2', 'nv': '0', 'mel': '1'}",
    "OrderedDict([('mel', 1), ('nv', 0), ('bcc', 2)])",
    "dict(mel=1, nv=0, bcc=2)",
    '{"2": "bcc", "0": "nv", "1": "mel"}',
    "0: nv, 1: mel, 2: bcc",
    "mel = 1\nnv = 0\nbcc = 2\n",
    "nv; mel; bcc",
    "nv, mel, bcc",
    "nv\nmel\nbcc\n",
]


@pytest.mark.parametrize("text", WRITTEN)
def test_a_text_gives_the_same_names_in_every_kind_of_file(text: str, tmp_path: Path) -> None:
    assert class_list(text).names == NAMES
    torch.save({"model": STATE, "classes": text}, tmp_path / "net.pt")
    save_file(STATE, tmp_path / "net.safetensors", {"classes": text})
    for name in ("net.pt", "net.safetensors"):
        assert read_weights(tmp_path / name).said.classes == NAMES
    assert named_in({"classes": text}).classes == NAMES


@pytest.mark.parametrize("text", ["['nv', 'mel', 'bc", "{'nv': 0, 'mel'", "[nv, mel, bcc]", "<classes, names>", "nv"])
def test_a_text_that_was_cut_short_gives_no_pieces(text: str) -> None:
    assert class_list(text).names == ()


@pytest.mark.parametrize(
    "value", [{"a": 1, "b": 2}, {1: "a", 2: "b"}, {"1": "a", "2": "b"}, {"a": np.int64(1), "b": 2}]
)
def test_names_that_are_counted_from_one_are_used_and_that_is_said(value: object, tmp_path: Path) -> None:
    torch.save({"model": STATE, "class_to_idx": value}, tmp_path / "net.pt")
    said = read_weights(tmp_path / "net.pt").said
    assert said.classes == ("a", "b")
    (text,) = said.sentences((), "net.pt", used=said.classes)
    assert "numbered from 1 there: the first was taken for the first output" in text


@pytest.mark.parametrize(
    "value",
    [["grade: 2", "grade: 1", "grade: 3"], ["T:1", "T:2"], ["1 = yes", "2 = yes"], "pT=1, pT=2"],
)
def test_names_that_only_their_numbers_tell_apart_stay_as_they_are(value: object) -> None:
    found = class_list(value)
    names = tuple(value) if isinstance(value, list) else ("pT=1", "pT=2")
    assert (found.names, found.first, found.problem) == (names, 0, "")


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"a": 0, "b": 2, "c": 4}, "its numbers are 0, 2, 4, with gaps"),
        ({"a": 1, "b": 0, "c": 1}, "a and c have one number, 1"),
        ({"nv": "Nevus", "mel": "Melanoma"}, "it gives names for names and no numbers"),
        ({"a", "b"}, "it is a set, which has no order"),
        ("{'b', 'a'}", "it is a set, which has no order"),
    ],
)
def test_names_that_cannot_be_used_are_said_with_the_reason(value: object, why: str, tmp_path: Path) -> None:
    torch.save({"model": STATE, "class_to_idx": value}, tmp_path / "net.pt")
    said = read_weights(tmp_path / "net.pt").said
    assert said.classes == ()
    (text,) = said.sentences((), "net.pt")
    assert "class_to_idx in net.pt looks like the names of classes and was not used" in text
    assert why in text
    assert "--classes" in text
    assert not said.sentences(("a", "b"), "net.pt")


@pytest.mark.parametrize(
    "value", [{"nv": 0.5, "mel": 0.2}, {"lr": [1]}, [3, 1, 0], 7, {}, [], {0: 1}, {"a": True}, "7"]
)
def test_what_is_no_list_of_names_is_none_and_nothing_is_said(value: object) -> None:
    assert class_list(value).names == ()
    assert not class_list(value).problem
