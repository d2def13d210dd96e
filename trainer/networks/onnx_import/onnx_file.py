"""Reads an ONNX file and the data that lies beside it, in bounded memory and time."""

import importlib.util
import json
import os
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import torch

from trainer.files.errors import UserError
from trainer.files.isolated_parser import NoAnswer, printed_apart
from trainer.files.own_files import open_found
from trainer.networks.onnx_import.model import Model, Node, Port
from trainer.networks.torch_file import brief

LARGEST = 2 << 30
"""Bytes of a file; the format's own limit, weights beside it apart."""
_MOST_MEMORY = 4 << 30
_MOST_BESIDE = 8 << 30
_PATIENCE = 60.0
_STORED: dict[str, Any] = {
    "FLOAT": np.float32,
    "DOUBLE": np.float64,
    "FLOAT16": np.float16,
    "BOOL": np.bool_,
    "BFLOAT16": np.uint16,
}
_STORED |= {f"{sign.upper()}INT{bits}": np.dtype(f"{sign}int{bits}") for sign in ("", "u") for bits in (8, 16, 32, 64)}


def read_model(path: Path, content: bytes | None = None) -> Model:
    """What an ONNX file holds, or one of this `content` would; UserError with what to do where it cannot be read.

    OSError where the file is not readable.
    """
    if importlib.util.find_spec("onnx") is None:
        raise UserError(
            f"{path.name} is an ONNX model, and reading one needs a library that is not installed: "
            'pip install "feature-map-explorer[onnx]"'
        )
    size = path.stat().st_size if content is None else len(content)
    if size > LARGEST:
        raise UserError(
            f"{path.name} has {size:,} bytes, more than an ONNX model can have ({LARGEST:,}); export it with its "
            "weights in a file beside it."
        )
    from trainer.networks.onnx_import import parsing_process

    try:
        content = path.read_bytes() if content is None else content
        answer = printed_apart(parsing_process, content, _PATIENCE + size / 2e7, str(_MOST_MEMORY + 6 * size))
        parsed, numbers = _parts(answer)
    except (NoAnswer, ValueError) as error:
        raise UserError(f"{path.name} is damaged or no ONNX model; copy or export it again.") from error
    if "problem" in parsed:
        raise UserError(f"{path.name} {parsed['problem']}")
    beside = _Beside(path)
    return Model(
        file=path.name,
        opset=parsed["opset"],
        nodes=tuple(
            Node(
                operator=node["operator"],
                domain=node["domain"],
                name=node["name"],
                inputs=tuple(node["inputs"]),
                outputs=tuple(node["outputs"]),
                attributes={name: _attribute(value, numbers, beside) for name, value in node["attributes"].items()},
                scope=node["scope"],
            )
            for node in parsed["nodes"]
        ),
        tensors={name: _tensor(name, record, numbers, beside) for name, record in parsed["tensors"].items()},
        inputs=tuple(_port(port) for port in parsed["inputs"]),
        outputs=tuple(_port(port) for port in parsed["outputs"]),
        notes=parsed["notes"],
        producer=parsed["producer"],
        mended=tuple(parsed["mended"]),
    )


def _port(record: dict[str, Any]) -> Port:
    return Port(record["name"], None if record["sides"] is None else tuple(record["sides"]), record["kind"])


def _parts(answer: bytes) -> tuple[dict[str, Any], list[memoryview]]:
    """The JSON object and the pieces of numbers behind it."""
    length = int.from_bytes(answer[:8], "little")
    parsed: dict[str, Any] = json.loads(answer[8 : 8 + length])
    rest, pieces = memoryview(answer)[8 + length :], []
    for size in parsed.get("pieces", ()):
        pieces.append(rest[:size])
        rest = rest[size:]
    if len(answer) < 8 or rest.nbytes:
        raise ValueError("the parser was cut short")
    return parsed, pieces


def _attribute(value: Any, numbers: list[memoryview], beside: "_Beside") -> Any:
    return _tensor("", value["tensor"], numbers, beside) if isinstance(value, dict) and "tensor" in value else value


def _tensor(name: str, record: dict[str, Any], numbers: list[memoryview], beside: "_Beside") -> torch.Tensor:
    if "refused" in record:
        raise UserError(
            f"{beside.model.name}: the tensor {name[:80]} holds numbers of the kind {record['refused']}, which are not "
            "read; export the network in float32."
        )
    if "external" in record:
        return beside.tensor(name, record)
    values = np.frombuffer(numbers[record["piece"]], record["kind"]).reshape(record["shape"]).copy()
    return torch.from_numpy(values)


class _Beside:
    """The data files beside a model: ordinary files in its very folder, each named by the model."""

    def __init__(self, model: Path) -> None:
        self.model = model
        self._left = _MOST_BESIDE

    def tensor(self, name: str, record: dict[str, Any]) -> torch.Tensor:
        """A tensor of which only the place is told; UserError for a file that is missing, elsewhere or too short."""
        external = record["external"]
        location = PurePosixPath(external.get("location", ""))
        if len(location.parts) != 1 or location.name in ("", "..") or "\\" in location.name or ":" in location.name:
            raise UserError(
                f"{self.model.name} takes its weights from {str(location)[:100]!r}, which is not a file beside it; "
                "export it again with its data in the same folder."
            )
        try:
            offset, length = int(external.get("offset") or 0), int(external.get("length") or record["bytes"])
        except ValueError:
            offset = length = -1
        self._left -= max(length, 0)
        if offset < 0 or length != record["bytes"] or self._left < 0:
            raise UserError(f"{self.model.name}: the place of the weights {name[:80]} is damaged; export it again.")
        content = self._read(location.name, offset, length)
        values = np.frombuffer(content, np.dtype(_STORED[record["kind"]]).newbyteorder("<")).reshape(record["shape"])
        if record["kind"] == "BFLOAT16":
            return torch.from_numpy((values.astype(np.uint32) << 16).view(np.float32))
        with np.errstate(all="ignore"):
            kind = np.bool_ if values.dtype == np.bool_ else np.float32 if values.dtype.kind == "f" else np.int64
            return torch.from_numpy(values.astype(kind))

    def _read(self, name: str, offset: int, length: int) -> bytes:
        path = self.model.parent / name
        try:
            with open(open_found(path, os.O_RDONLY), "rb") as file:
                if os.fstat(file.fileno()).st_size < offset + length:
                    raise UserError(
                        f"{name}, which holds weights of {self.model.name}, is cut short; copy both files again."
                    )
                file.seek(offset)
                return file.read(length)
        except FileNotFoundError as error:
            raise UserError(
                f"{self.model.name} keeps its weights in {name}, which is missing; put both files into one folder."
            ) from error
        except OSError as error:
            raise UserError(
                f"{name}, which holds weights of {self.model.name}, cannot be read ({error.strerror or brief(error)}); "
                "it has to be an ordinary file beside it, no link."
            ) from error
