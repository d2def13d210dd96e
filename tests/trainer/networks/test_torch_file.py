"""What torch.save wrote is read whole; what only looks like it takes neither memory nor time, and runs nothing."""

import io
import json
import pickle
import struct
import time
import tracemalloc
import zipfile
from collections import OrderedDict, defaultdict
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trainer.files.errors import UserError
from trainer.files.safetensors_file import read_tensors
from trainer.networks.torch_file import read_pickle

MB = 2**20
MAGIC = b"".join(pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}))


def zipped(content: bytes, *more: tuple[str, bytes]) -> bytes:
    """The form of torch.save since 1.6."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, record in (("a/data.pkl", content), *more):
            file.writestr(zipfile.ZipInfo(name), record)
    return buffer.getvalue()


def stream(content: bytes) -> bytes:
    """The form of torch.save before 1.6."""
    return MAGIC + content + pickle.dumps([], 2)


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def call(name: str, *arguments: bytes) -> bytes:
    return f"c{name}\n".encode() + b"(" + b"".join(arguments) + b"tR"


def program(*parts: bytes) -> bytes:
    return b"\x80\x02" + b"".join(parts) + b"."


STORED = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("0") + text("cpu") + b"K\x04tQ"


def tensor(size: int, stride: int) -> bytes:
    number = b"\x8a\x08" + struct.pack("<q", size)
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + STORED + b"K\0(" + number + b"t(K" + bytes([stride]) + b"t\x89NtR"


LONG = b"]q\x00(" + b"N" * 200_000 + b"e"
BOMBS = {
    "room for what is not there": b"c__builtin__\nbytearray\n\x8a\x05" + (400 * MB).to_bytes(5, "little") + b"\x85R",
    "a text of gigabytes": b"\x8d" + struct.pack("<Q", 2**33),
    "a number of a million digits": b"\x8b" + struct.pack("<I", 400_000) + b"\x01" * 400_000,
    "copies of a list": LONG + b"".join(b"c__builtin__\nset\n(h\x00tR" for _ in range(500)),
    "copies of a dictionary": LONG + b"".join(b"ccollections\nOrderedDict\n(h\x00tR" for _ in range(500)),
    "copies of a text": text("x" * 100_000) + b"q\x00" + b"c_codecs\nencode\n(h\x00" + text("latin1") + b"tR" * 1
    + b"".join(b"c_codecs\nencode\n(h\x00" + text("latin1") + b"tR" for _ in range(20_000)),
    "a text in a wide encoding": call("_codecs\nencode", text("x" * 100_000), text("utf-32")),
    "a key in keys": b"}" + b")q\x00" + b"".join(b"h\x00h\x00\x86q\x00" for _ in range(60)) + b"Ns",
    "keys that collide": b"}(" + b"".join(
        b"\x8a\x10" + (number * (2**61 - 1) + 2**64).to_bytes(16, "little") + b"N" for number in range(20_000)
    ) + b"u",
    "tensors without end": b"ctorch._utils\n_rebuild_tensor_v2\nq\x01(" + STORED + b"K\0((t(t\x89Ntq\x02RN"
    + b"".join(b"h\x01h\x02R" for _ in range(60_000)),
    "steps without end": b"}" * 150_000,
}  # fmt: skip


@pytest.mark.parametrize("form", ["zip", "stream with a zip behind"])
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_file_of_nothing_takes_no_memory_and_no_time(
    bomb: str, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if bomb == "steps without end":
        monkeypatch.setattr("trainer.networks.pickle_safety.MOST_STEPS", 100_000)
    content = program(b"}" + text("x") + BOMBS[bomb] + b"s")
    record = ("a/data/0", bytes(16))
    path = tmp_path / "bomb.pt"
    path.write_bytes(zipped(content, record) if form == "zip" else stream(content) + zipped(program(b"}")))
    began = time.process_time()
    tracemalloc.start()
    try:
        with pytest.raises(UserError) as caught:
            read_pickle(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "\n" not in str(caught.value)
    assert peak < 100 * MB
    assert time.process_time() - began < 60


def test_one_number_repeated_is_a_view_and_no_copy(tmp_path: Path) -> None:
    path = tmp_path / "view.pt"
    path.write_bytes(zipped(program(b"}" + text("x") + tensor(10**12, 0) + b"s"), ("a/data/0", bytes(16))))
    found = read_pickle(path)
    assert isinstance(found, dict)
    assert found["x"].untyped_storage().nbytes() == 16


def weights() -> dict[str, Any]:
    torch.manual_seed(0)
    shared = torch.randn(4, 4)
    return OrderedDict(
        plain=torch.randn(3, 2),
        half=torch.randn(5).half(),
        brain=torch.randn(5).bfloat16(),
        whole=torch.arange(6),
        yes=torch.tensor([True, False]),
        scalar=torch.tensor(3.0),
        none=torch.zeros(0, 3),
        tied=shared,
        turned=shared.t(),
        part=shared[1:3, 1],
        parameter=torch.nn.Parameter(torch.randn(2)),
    )


@pytest.mark.parametrize("zip_form", [True, False])
@pytest.mark.parametrize("protocol", [2, 4])
def test_everything_comes_back_as_it_was_saved(zip_form: bool, protocol: int, tmp_path: Path) -> None:
    extras = {
        "epoch": 3,
        "big": -(2**62),
        "classes": ["a", "b"],
        "nested": {"lr": (1e-3, None, True)},
        "more": defaultdict(list, {"x": [1]}),
        "bytes": b"\x00\xff",
        "size": torch.Size([2, 3]),
    }
    path = tmp_path / "saved.pt"
    torch.save(
        {"state_dict": weights(), **extras}, path, _use_new_zipfile_serialization=zip_form, pickle_protocol=protocol
    )
    found = read_pickle(path)
    assert isinstance(found, dict)
    back = found.pop("state_dict")
    assert back.keys() == weights().keys()
    for name, value in weights().items():
        assert torch.equal(back[name], value), name
        assert back[name].dtype == value.dtype
    assert back["tied"].untyped_storage().data_ptr() == back["turned"].untyped_storage().data_ptr()
    found["size"] = torch.Size(found["size"])
    assert found == extras


@given(st.data())
def test_a_changed_byte_of_the_weights_does_not_go_unnoticed(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "saved.pt"
    torch.save({"x": torch.arange(64.0)}, path)
    content = bytearray(path.read_bytes())
    start = content.index(torch.arange(64.0).numpy().tobytes())
    content[data.draw(st.integers(start, start + 255))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    with pytest.raises(UserError, match="checksum"):
        read_pickle(path)


@pytest.mark.parametrize("bits", ["little", "big"])
def test_weights_of_other_machines_and_without_checksums_open(bits: str, tmp_path: Path) -> None:
    path = tmp_path / "saved.pt"
    values = b"".join(struct.pack("<f" if bits == "little" else ">f", number) for number in range(4))
    content = program(b"}" + text("x") + tensor(4, 1) + b"s")
    path.write_bytes(zipped(content, ("a/data/0", values), ("a/byteorder", bits.encode())))
    found = read_pickle(path)
    assert isinstance(found, dict)
    assert found["x"].tolist() == [0, 1, 2, 3]
    torch.serialization.set_crc32_options(False)
    try:
        torch.save({"x": torch.arange(3.0)}, path)
    finally:
        torch.serialization.set_crc32_options(True)
    found = read_pickle(path)
    assert isinstance(found, dict)
    assert found["x"].tolist() == [0, 1, 2]


EMPTY = program(b"}")
ODD = {
    "two contents": lambda: zipped(EMPTY, ("b/data.pkl", EMPTY)),
    "a record twice": lambda: zipped(EMPTY, ("a/data/0", b"1"), ("a/data/0", b"2")),
    "bytes before the zip": lambda: b"\x80" + zipped(EMPTY),
    "a stream before the zip": lambda: pickle.dumps({}, 2) + zipped(EMPTY),
    "more in a view than in its storage": lambda: zipped(
        program(b"}" + text("x") + tensor(5, 1) + b"s"), ("a/data/0", bytes(16))
    ),
    "a storage longer than its record": lambda: zipped(
        program(b"}" + text("x") + tensor(4, 1) + b"s"), ("a/data/0", bytes(12))
    ),
    "no record": lambda: zipped(program(b"}" + text("x") + tensor(4, 1) + b"s")),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("odd", ODD)
def test_what_two_readers_would_take_for_two_things_is_refused(odd: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.pt"
    path.write_bytes(ODD[odd]())
    with pytest.raises(UserError):
        read_pickle(path)


def head(entries: dict[str, Any], size: int = 0) -> bytes:
    encoded = json.dumps(entries).encode()
    return struct.pack("<Q", max(len(encoded), size)) + encoded


NOTHING = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (lambda: head({f"t{number}": NOTHING for number in range(100_000)}), "100,000 tensors"),
        (lambda: head({"x" * 5_000_000: NOTHING}), "5,000,000 characters"),
        (lambda: head({"x": NOTHING}, 2**26), "too large"),
        (lambda: head({"x": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}), "not a whole"),
    ],
)
def test_safetensors_without_end_are_one_sentence_soon(content: Any, said: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.safetensors"
    path.write_bytes(content())
    began = time.process_time()
    with pytest.raises(UserError, match=said) as caught:
        read_tensors(path)
    assert len(str(caught.value)) < 400
    assert time.process_time() - began < 20
