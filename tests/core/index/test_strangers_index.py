"""An index that was not written on this computer is read by a process of its own first, whatever its digest says."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from explorer.core.errors import UserError
from explorer.core.index import build_index, open_index, sealed_file
from explorer.core.index.build import BuildOptions
from explorer.core.index.parts import folder_of
from explorer.core.index.sealed_file import Damaged, open_sealed, write_sealed
from explorer.core.tags import FilterKey
from tests.conftest import ROOT
from tests.core.index.synthetic_index import write_index
from tests.core.index.test_build import draw
from tests.networks import open_small


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """The names of the files that were read apart, and a computer of its own."""
    told: list[list[str]] = []
    read_apart = sealed_file._read_apart

    def noted(paths: Sequence[Path]) -> list[str]:
        told.extend([[path.name for path in paths]] if paths else [])
        return read_apart(paths)

    monkeypatch.setattr(sealed_file, "_read_apart", noted)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "here"))
    return told


@pytest.mark.skipif(sys.platform == "win32", reason="the folder of the program's data is set by a variable of Linux")
def test_what_was_written_here_is_opened_at_once_and_what_was_not_apart_first(
    asked: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(tmp_path / "pictures", 7)
    network = open_small(tmp_path)
    out = build_index(network, tmp_path / "pictures", tmp_path / "index.h5", options=BuildOptions(of_a_part=3))
    with open_index(out) as index:
        here = index.peaks(FilterKey(1, 2))
    assert asked == []
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "there"))
    with open_index(out) as index:
        assert (index.peaks(FilterKey(1, 2)) == here).all()
    parts = sorted(path.name for path in folder_of(out).glob("*.h5") if path.name != "sample.h5")
    assert [sorted(names) for names in asked] == [["index.h5"], parts]
    draw(tmp_path / "pictures", 1, seed=3)  # and it goes on from there
    build_index(network, tmp_path / "pictures", out, options=BuildOptions(of_a_part=3))
    with open_index(out) as index:
        assert len(index.pictures) == 8


def test_a_mark_of_another_file_or_key_is_none(asked: list[list[str]], tmp_path: Path) -> None:
    one, other = (write_index(tmp_path / name, np.random.default_rng(3).random((2, 9))) for name in ("a.h5", "b.h5"))
    write_sealed(other, lambda file: file.attrs.__setitem__("format", "another"))
    lines, strange = (path.read_bytes()[: sealed_file.BLOCK].split(b"\n") for path in (one, other))
    forged = b"\n".join([lines[0], strange[1], b""]).ljust(sealed_file.BLOCK, b"\0")
    one.write_bytes(forged + one.read_bytes()[sealed_file.BLOCK :])
    open_index(one).close()
    assert asked == [["a.h5"]]


def outside(file: h5py.File) -> None:
    file["peak"] = h5py.ExternalLink("other.h5", "/secret")


def soft(file: h5py.File) -> None:
    file["peak"] = h5py.SoftLink("/nowhere")


def kept_outside(file: h5py.File) -> None:
    file.create_dataset("peak", (10,), "f4", external=[("other.bin", 0, 40)])


def joins(name: str) -> Callable[[h5py.File], None]:
    def fill(file: h5py.File) -> None:
        layout = h5py.VirtualLayout((10,), "f4")
        layout[:] = h5py.VirtualSource(name, "peak", (10,), "f4")
        file.create_virtual_dataset("peak", layout)
        file.attrs["parts"] = json.dumps(["i.parts/0a.h5"])

    return fill


def endless(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((1 << 40,), "f4")
    layout[:10] = h5py.VirtualSource("i.parts/0a.h5", "peak", (10,), "f4")
    file.create_virtual_dataset("peak", layout)
    file.attrs["parts"] = json.dumps(["i.parts/0a.h5"])


def never_written(file: h5py.File) -> None:
    file.create_dataset("peak", (1 << 40,), "f4")


def bomb(file: h5py.File) -> None:
    file.create_dataset("peak", data=np.zeros(1 << 20), compression="gzip")


def references(file: h5py.File) -> None:
    file.create_dataset("peak", (3,), h5py.ref_dtype)


@pytest.mark.parametrize(
    "fill",
    [outside, soft, kept_outside, joins("other.h5"), joins("i.parts/0b.h5"), endless, never_written, bomb, references],
)
def test_what_this_program_never_writes_is_refused(
    fill: Callable[[h5py.File], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed_file, "mark", lambda digest: "")
    for name in ("other.h5", "i.parts/0a.h5", "i.parts/0b.h5"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write_sealed(tmp_path / name, lambda file: file.create_dataset("peak", data=np.ones(10, "f4")))
    write_sealed(tmp_path / "good.h5", joins("i.parts/0a.h5"))
    assert (open_sealed(tmp_path / "good.h5")["peak"][()] == 1).all()
    write_sealed(tmp_path / "i.h5", fill)
    with pytest.raises(Damaged, match="was not written on this computer, and "):
        open_sealed(tmp_path / "i.h5")


@pytest.mark.parametrize("fault", ["import time; time.sleep(60)", "import os; os.abort()", "print('[1]')"])
def test_where_the_parser_hangs_or_dies_the_program_goes_on(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "parser.py").write_text(fault)
    path = write_index(tmp_path / "i.h5", np.ones((2, 9)))
    monkeypatch.setattr(sealed_file, "is_own", lambda digest, said: False)
    monkeypatch.setattr(sealed_file, "hdf5_subprocess", SimpleNamespace(__file__=str(tmp_path / "parser.py")))
    monkeypatch.setattr(sealed_file, "PATIENCE", 2.0)
    with pytest.raises(UserError, match="HDF5 crashed or hung over it"):
        open_index(path)


def test_parts_that_a_stranger_spoiled_are_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw(tmp_path / "pictures", 5)
    network = open_small(tmp_path)
    monkeypatch.setattr(sealed_file, "mark", lambda digest: "")
    out = build_index(network, tmp_path / "pictures", tmp_path / "index.h5", options=BuildOptions(of_a_part=3))
    part = next(path for path in folder_of(out).glob("[0-9a-f]*.h5"))
    shutil.copy(part, tmp_path / "whole.h5")

    def spoiled(file: h5py.File) -> None:
        with h5py.File(tmp_path / "whole.h5") as whole:
            file.attrs["key"] = whole.attrs["key"]
            file["digest"] = whole["digest"].asstr()[()]
        outside(file)

    write_sealed(part, spoiled)
    with pytest.raises(Damaged):
        open_index(out)
    build_index(network, tmp_path / "pictures", out, options=BuildOptions(of_a_part=3))
    with open_index(out) as index:
        assert len(index.pictures) == 5
        assert np.isfinite(index.peaks(FilterKey(0, 0))).all()


def network_says(file: h5py.File, **words: object) -> None:
    file.attrs["network"] = json.dumps(json.loads(file.attrs["network"]) | words)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.attrs.__setitem__("network", "[" * 100_000),
        lambda file: file.attrs.__setitem__(
            "network", json.dumps(json.loads(file.attrs["network"]) | {"filters": ["x"]})
        ),
        lambda file: file.attrs.__setitem__(
            "network", json.dumps(json.loads(file.attrs["network"]) | {"filters": [9]})
        ),
        lambda file: file.attrs.__setitem__("parts", '["../../else.h5"]'),
        lambda file: file.attrs.__setitem__("facts", "[]"),
        lambda file: file.__delitem__("answers/ring"),
    ],
)
def test_columns_that_do_not_fit_are_refused(spoil: Callable[[h5py.File], None], tmp_path: Path) -> None:
    path = write_index(tmp_path / "i.h5", np.ones((2, 9)))

    def copied(file: h5py.File) -> None:
        with h5py.File(path) as whole:
            for name in whole:
                whole.copy(name, file)
            for name, value in whole.attrs.items():
                file.attrs[name] = value
        spoil(file)

    write_sealed(tmp_path / "spoiled.h5", copied)
    with pytest.raises(Damaged):
        open_index(tmp_path / "spoiled.h5")


@pytest.mark.skipif(sys.platform != "linux", reason="a limit of Linux")
def test_a_file_over_which_hdf5_hangs_takes_a_bounded_time(tmp_path: Path) -> None:
    (tmp_path / "index.h5").write_bytes(b"")
    code = (
        "import sys; from explorer.core.index import hdf5_subprocess as reader; reader.SECONDS = 1\n"
        "reader.check = lambda path: [None for _ in iter(int, 1)]  # forever\nreader.main()"
    )
    asked = json.dumps([str(tmp_path / "index.h5")])
    ended = subprocess.run([sys.executable, "-c", code], input=asked, text=True, cwd=ROOT, timeout=120, check=False)
    assert ended.returncode == -signal.SIGXCPU
