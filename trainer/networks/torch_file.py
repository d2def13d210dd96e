"""Read the files that torch.save writes without ever running what they name."""

import io
import os
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch

from trainer.files.errors import UserError
from trainer.networks.pickle_names import StorageKind, Stored, Unreadable
from trainer.networks.pickle_safety import LARGEST_PICKLE, Machine

SAVE_AGAIN = (
    "save its weights alone where it was made: torch.save(model.state_dict(), PATH), or as safetensors with "
    "safetensors.torch.save_file."
)
AS_TENSORS = (
    "arrays of NumPy are not read as weights. Save them as tensors where you trust the file: torch.save({name: "
    "torch.as_tensor(array) for name, array in torch.load(PATH, weights_only=False).items()}, NEW_PATH)."
)
_WHOLE_MODULE = (
    "a whole module was saved; take its weights out where it was made, and you trust the file: "
    "torch.save(torch.load(PATH, weights_only=False).state_dict(), NEW_PATH); of a training checkpoint's or fastai's "
    'object, those of its part: ["model"] or .model before .state_dict().'
)
_LEARNER = (
    "fastai's learn.export wrote the whole learner; take its network's weights out where you trust the file: "
    "torch.save(load_learner(PATH).model.state_dict(), NEW_PATH), with from fastai.learner import load_learner."
)
_MAGIC = 0x1950A86A20F9469CFC6C
_LARGEST_DIRECTORY = 16 * 2**20

Storages = dict[str, Stored]


def read_pickle(path: Path) -> object:
    """What torch.save wrote to `path`, tensors on the CPU and everything else plain; UserError for anything unsafe.

    The first bytes decide which of the two forms of torch.save a file has; each byte is read once, and what is made
    of it takes no more memory than the file and a small multiple of its pickle.
    """
    with path.open("rb") as file:
        return _Reading(path.name, file).value()


def brief(error: BaseException) -> str:
    """The kind and the first sentence of an error, short enough to stand in another one."""
    lines = str(error).strip().splitlines()
    text = f"{type(error).__name__}: {lines[0].strip().split('. ')[0]}" if lines else type(error).__name__
    return text if len(text) <= 160 else text[:157] + "..."


@dataclass
class _Reading:
    """One file on its way; `declared` is what its pickle says of each storage: (kind, numbers)."""

    name: str
    file: BinaryIO
    declared: dict[str, tuple[torch.dtype | None, int]] = field(default_factory=dict)

    def value(self) -> object:
        start = self.file.read(4)
        self.file.seek(0)
        try:
            return self._zipped() if start == b"PK\x03\x04" else self._stream()
        except UserError:
            raise
        except Exception as error:  # damaged files raise nearly every kind
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise UserError(
                f"{self.name} is damaged or was not written by torch.save ({brief(error)}); copy it again, or "
                f"{SAVE_AGAIN}"
            ) from error

    def _zipped(self) -> object:
        archive = _Archive(self.name, self.file)
        content = io.BytesIO(archive.pickle())
        self._look(content, 1)
        swapped = archive.record("byteorder", b"little").strip() == b"big"
        storages = {
            key: Stored(kind, _numbers(archive.numbers(f"data/{key}", count * _width(kind)), kind, swapped))
            for key, (kind, count) in self.declared.items()
        }
        content.seek(0)
        return Machine(self._given(storages)).run(content)

    def _stream(self) -> object:
        """The older form: five pickles, the fourth is the content and the fifth names what follows it."""
        content = io.BytesIO(self.file.read(LARGEST_PICKLE))
        (magic, _, system, _, keys), starts = self._look(content, 5)
        if magic != _MAGIC or not isinstance(system, dict) or system.get("little_endian") is not True:
            raise Unreadable("it does not begin as torch.save's files do")
        self.file.seek(content.tell())
        storages: Storages = {}
        for key in keys if isinstance(keys, list) else ():
            kind, count = self.declared[key]
            if int.from_bytes(_exactly(self.file, 8), "little") != count or key in storages:
                raise Unreadable("a storage of another length")
            storages[key] = Stored(kind, _numbers(_exactly(self.file, count * _width(kind)), kind, False))
        content.seek(starts[3])
        return Machine(self._given(storages)).run(content)

    def _look(self, content: io.BytesIO, pickles: int) -> tuple[list[object], list[int]]:
        """Run the pickles for what they declare and name: their values without numbers, and where each begins.

        UserError where they hold more than plain weights.
        """
        machine = Machine(self._declared)
        problem: Exception | None = None
        values: list[object] = []
        starts: list[int] = []
        try:
            for _ in range(pickles):
                starts.append(content.tell())
                values.append(machine.run(content))
        except Exception as error:
            problem = error
        if any("qtensor" in name or name.startswith("torch.per_") for name in machine.foreign):
            raise UserError(
                f"{self.name} holds quantised weights, which cannot be looked at; save those of the network as it was "
                "before it was quantised (float32): torch.save(model.state_dict(), PATH)."
            )
        if foreign := machine.foreign:  # what it names explains most
            shown = ", ".join(name[:80] for name in foreign[:4]) + (" ..." if len(foreign) > 4 else "")
            todo = _WHOLE_MODULE if any(name.startswith("torch.nn.modules.") for name in foreign) else SAVE_AGAIN
            todo = _LEARNER if any(name.startswith("fastai.learner.") for name in foreign) else todo
            raise UserError(
                f"{self.name} holds more than plain weights ({shown}), and reading that could run code; {todo}"
            )
        if problem is not None:
            raise problem
        return values, starts

    def _declared(self, given: tuple[Any, ...]) -> object:
        key, kind, count, _ = _storage_of(given)
        if self.declared.setdefault(key, (kind, count)) != (kind, count):
            raise Unreadable("a storage of two kinds")
        return Stored(kind, None)

    def _given(self, storages: Storages) -> Callable[[tuple[Any, ...]], object]:
        def given(identity: tuple[Any, ...]) -> object:
            key, kind, _, view = _storage_of(identity)
            values = storages[key].values
            if view is None or values is None:
                return storages[key]
            offset, count = view
            if not 0 <= offset <= offset + count <= len(values):
                raise Unreadable("a part beyond its storage")
            return Stored(kind, values[offset : offset + count])

        return given


def _storage_of(given: object) -> tuple[str, torch.dtype | None, int, tuple[int, int] | None]:
    """Key, kind, numbers, and the part (offset, numbers) that a persistent id of torch.save means."""
    if not isinstance(given, tuple) or len(given) not in (5, 6) or given[0] not in ("storage", b"storage"):
        raise Unreadable("something else than numbers beside the pickle")
    _, kind, key, _, count = given[:5]
    view = given[5] if len(given) == 6 else None
    part = (view[1], view[2]) if isinstance(view, tuple) and len(view) == 3 else None
    plain = isinstance(kind, StorageKind) and isinstance(key, str) and (view is None or part is not None)
    if not plain or any(type(number) is not int or number < 0 for number in (count, *(part or ()))):
        raise Unreadable("a storage without a name or length")
    return key, kind.kind, count, part


def _width(kind: torch.dtype | None) -> int:
    return kind.itemsize if kind is not None else 1


def _numbers(content: bytearray, kind: torch.dtype | None, swapped: bool) -> torch.Tensor:
    """The bytes (their own memory) as numbers (N)."""
    if not len(content):
        return torch.empty(0, dtype=kind or torch.uint8)
    if swapped and kind is not None:
        part = kind.itemsize // 2 if kind.is_complex else kind.itemsize
        np.frombuffer(content, f"u{part}").byteswap(inplace=True)
    return torch.from_numpy(np.frombuffer(content, np.uint8)).view(kind or torch.uint8)


def _exactly(file: BinaryIO, count: int) -> bytearray:
    """So many bytes of the file, from where it stands; they are counted before memory is taken for them."""
    if count > os.fstat(file.fileno()).st_size - file.tell():
        raise Unreadable("fewer numbers than it speaks of")
    content = bytearray(count)
    if file.readinto(content) != count:  # type: ignore[attr-defined]
        raise Unreadable("it became shorter while it was read")
    return content


class _Archive:
    """The zip that torch.save writes since 1.6: records below one folder, none of them packed."""

    def __init__(self, name: str, file: BinaryIO) -> None:
        self._name, self._file = name, file
        size = os.fstat(file.fileno()).st_size
        self._zip = open_archive(name, file)
        entries = self._zip.infolist()
        pickles = [entry.filename for entry in entries if entry.filename.rpartition("/")[2] == "data.pkl"]
        total = sum(entry.file_size for entry in entries)
        # torch.save stores without compression: more content than file means a bomb, or a file packed again.
        if total > size:
            raise UserError(f"{name} unpacks to more than it holds; unpack it first, or {SAVE_AGAIN}")
        if any(self._zip.getinfo(name).file_size > LARGEST_PICKLE for name in pickles):
            raise UserError(f"{name} keeps its numbers as something else than tensors; {AS_TENSORS}")
        if len(pickles) != 1 or len({entry.filename for entry in entries}) != len(entries):
            raise UserError(f"{name} is a zip archive without one set of weights; {SAVE_AGAIN}")
        self._folder = pickles[0].removesuffix("data.pkl")

    def pickle(self) -> bytes:
        """The pickle of the content."""
        return bytes(self._bytes(self._zip.getinfo(f"{self._folder}data.pkl")))

    def record(self, name: str, otherwise: bytes) -> bytes:
        """A small record, `otherwise` where there is none."""
        entry = self._zip.NameToInfo.get(f"{self._folder}{name}")
        return bytes(self._bytes(entry)) if entry is not None else otherwise

    def numbers(self, name: str, count: int) -> bytearray:
        """The bytes of a storage."""
        content = self._bytes(self._zip.getinfo(f"{self._folder}{name}"))
        if len(content) != count:
            raise Unreadable("a storage of another length than its record")
        return content

    def _bytes(self, entry: zipfile.ZipInfo) -> bytearray:
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size or entry.flag_bits & 1:
            raise Unreadable("a packed record")
        self._file.seek(entry.header_offset)
        head = _exactly(self._file, 30)
        if head[:4] != b"PK\x03\x04":
            raise Unreadable("a record that is not where it should be")
        self._file.seek(int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little"), os.SEEK_CUR)
        content = _exactly(self._file, entry.file_size)
        if entry.CRC and zlib.crc32(content) != entry.CRC:  # torch can be told to leave the checksums out
            raise Unreadable("numbers that differ from their checksum")
        return content


def open_archive(name: str, file: BinaryIO) -> zipfile.ZipFile:
    """The zip in a file; UserError where it is damaged, or its list of records alone would fill the memory."""
    file.seek(max(os.fstat(file.fileno()).st_size - 2**17, 0))
    tail = file.read()
    sizes = [
        int.from_bytes(tail[at + first : at + first + width], "little")
        for mark, first, width, unknown in ((b"PK\5\6", 12, 4, 2**32 - 1), (b"PK\6\6", 40, 8, 2**64 - 1))
        if (at := tail.rfind(mark)) >= 0 and tail[at + first : at + first + width] != unknown.to_bytes(width, "little")
    ]
    try:
        if max(sizes, default=0) > _LARGEST_DIRECTORY:
            raise Unreadable("far more records than weights need")
        return zipfile.ZipFile(file)
    except Exception as error:  # zipfile raises a dozen kinds for damaged archives
        raise UserError(f"{name} is cut short or damaged ({brief(error)}); copy or save it again.") from error
