"""Read the weights out of a file or a folder: plain tensors by name, and what the file says about them."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from trainer.files.errors import UserError
from trainer.networks import checkpoint as own_format
from trainer.networks.safetensors_file import MOST_TENSORS, check_names, read_tensors
from trainer.networks.torch_file import SAVE_AGAIN, brief, open_archive, read_pickle

if TYPE_CHECKING:
    from trainer.networks.onnx_import.network import OnnxNetwork

FOLDER_FILES = ("model.safetensors", "pytorch_model.bin", "model.bin", "pytorch_model.pth")
NESTED_UNDER = ("state_dict", "model_state_dict", "model", "net")
PREFIXES = ("module.", "_orig_mod.", "model.")
_LARGEST_CONFIG = 2**24


@dataclass(frozen=True)
class Weights:
    """Tensors by name, float32 or whole numbers, on the CPU, and what stood beside them.

    `name` is the network's: the file's without its ending, or the folder's; `file` is for messages.

    `classes` is empty where the file names none; `classes_note` says where in a training checkpoint they stood, and
    `notes` what is odd about the weights.
    `checkpoint` is there for our own files, `config` for folders with a config.json. `graph` is there for ONNX files,
    which have no tensors besides it.
    """

    name: str
    file: str
    tensors: dict[str, torch.Tensor]
    classes: tuple[str, ...] = ()
    classes_note: str = ""
    notes: tuple[str, ...] = ()
    checkpoint: own_format.Checkpoint | None = None
    config: dict[str, Any] = field(default_factory=dict)
    graph: "OnnxNetwork | None" = None

    def variants(self) -> Iterator[dict[str, torch.Tensor]]:
        """The tensors under their own names, then with each prefix removed that all of them have."""
        tensors = self.tensors
        yield tensors
        while prefix := next((start for start in PREFIXES if all(key.startswith(start) for key in tensors)), ""):
            tensors = {key.removeprefix(prefix): value for key, value in tensors.items()}
            if "" in tensors:
                return
            yield tensors


def read_weights(path: Path) -> Weights:
    """The weights in a file, or in a folder with config.json; UserError with what to do where there are none."""
    try:
        if path.is_dir():
            return _from_folder(path)
        if not path.exists():
            raise UserError(f"{path} does not exist.")
        if not path.is_file():
            raise UserError(f"{path} is not a file; choose the file that holds the network's weights.")
        if path.name in FOLDER_FILES and "architecture" in _config(path.parent):
            return _from_folder(path.parent, path)
        return _from_file(path, path.stem)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror or brief(error)}).") from error


def _from_folder(folder: Path, file: Path | None = None) -> Weights:
    if (folder / "saved_model.pb").exists() or (folder / "keras_metadata.pb").exists():
        raise UserError(f"{folder.name} is a TensorFlow or Keras model; only PyTorch networks can be opened.")
    if not (folder / "config.json").is_file():
        raise UserError(
            f"The folder {folder.name} has no config.json, which timm and the Hugging Face hub write; "
            "choose the file of weights itself."
        )
    config = _config(folder)
    file = file or next((folder / name for name in FOLDER_FILES if (folder / name).is_file()), None)
    if file is None:
        sharded = any(folder.glob("*.index.json"))
        why = "has its weights in several parts" if sharded else f"has no {' or '.join(FOLDER_FILES[:2])}"
        raise UserError(f"The folder {folder.name} {why}; save the network as one file of weights.")
    found = _from_file(file, folder.resolve().name)
    return replace(found, file=found.name, config=config)


def _config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    if not path.is_file():
        return {}
    try:
        if path.stat().st_size > _LARGEST_CONFIG:
            raise ValueError("it is too large")
        values = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(values, dict):
            raise ValueError("it is not one JSON object")
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is damaged ({brief(error)}); copy or save the folder again.") from error
    return values


def _from_file(path: Path, name: str) -> Weights:
    kind = _kind(path)
    if kind == "onnx":
        from trainer.networks.onnx_import.network import read_onnx  # few files need it

        graph = read_onnx(path)
        return Weights(name, path.name, {}, graph.classes, graph.classes_note, graph.notes, graph=graph)
    if kind == "safetensors":
        found: object = _safetensors(path)
    elif kind == "torch":
        found = read_pickle(path)
    else:
        raise UserError(f"{path.name} {kind}")
    checkpoint = found if isinstance(found, own_format.Checkpoint) else None
    tensors, extras = (checkpoint.weights, {}) if checkpoint else _state_dict(found, path.name)
    classes, source = (checkpoint.classes, "") if checkpoint else _classes(extras)
    note = f"The classes' names were taken from {source} in {path.name}." if source else ""
    notes = []
    plain = _plain(tensors, path)
    odd = [key for key, tensor in plain.items() if _not_finite(tensor)]
    if odd:
        notes.append(
            f"{len(odd)} of the weights hold NaN or infinite numbers (first {odd[0]}): the training failed, and "
            "maps may be empty."
        )
    return Weights(name, path.name, plain, classes, note, tuple(notes), checkpoint)


_NOT_PYTORCH = "; only PyTorch networks can be opened: export the weights to PyTorch first."
_SCRIPT = f"is a TorchScript archive, which is code; {SAVE_AGAIN}"
_EXPORTED = f"is an exported program (.pt2), which is code; {SAVE_AGAIN}"
_STARTS = (
    (b"\x89HDF\r\n\x1a\n", f"is an HDF5 file, as Keras writes it{_NOT_PYTORCH}"),
    (b"GGUF", f"is a GGUF file of a language model{_NOT_PYTORCH}"),
    (b"version https://git-lfs", "is only a pointer of Git LFS; fetch the real file with: git lfs pull."),
    (b"<", "is a web page, not a network; the download went wrong: download it again."),
    (b"\x1f\x8b", "is packed with gzip; unpack it first."),
    (b"7z\xbc\xaf", "is packed with 7-Zip; unpack it first."),
)


def _kind(path: Path) -> str:
    """ "safetensors", "torch", "onnx", or the rest of a sentence that says why it is refused; from its content."""
    with path.open("rb") as file:
        head = file.read(512)
    if not head:
        return "is empty; copy or save it again."
    for start, refusal in _STARTS:
        if head.startswith(start):
            return refusal
    if head.startswith(b"PK"):
        return _archive_kind(path)
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 2**40:
        return "safetensors"
    if head[4:8] == b"TFL3":
        return f"is a TensorFlow Lite model{_NOT_PYTORCH}"
    if path.suffix.lower() == ".onnx" or (head[:1] == b"\x08" and head[2:3] in b"\x12\x1a\x3a"):
        return "onnx"
    if head[257:262] == b"ustar":
        return f"is a tar archive; unpack it first, or {SAVE_AGAIN}"
    if head[:1] == b"\x80":
        return "torch"
    if path.suffix.lower() == ".safetensors":
        return "is not a whole safetensors file; copy or save it again."
    return f"is not a file of weights that can be read; {SAVE_AGAIN}"


def _archive_kind(path: Path) -> str:
    with path.open("rb") as file:
        names = open_archive(path.name, file).namelist()
    tails = {name.split("/", 1)[-1] for name in names}
    if "constants.pkl" in tails or any(tail.startswith("code/") for tail in tails):
        return _SCRIPT
    if "archive_format" in tails or "serialized_exported_program.json" in tails or path.suffix.lower() == ".pt2":
        return _EXPORTED
    if "model.weights.h5" in tails or path.suffix.lower() == ".keras":
        return f"is a Keras model{_NOT_PYTORCH}"
    if tails & {"data.pkl"}:
        return "torch"
    return f"is a zip archive without weights of torch.save; {SAVE_AGAIN}"


def _safetensors(path: Path) -> "own_format.Checkpoint | dict[str, torch.Tensor]":
    tensors, metadata = read_tensors(path)
    return own_format.described(path, tensors, metadata) if own_format.DESCRIPTION in metadata else tensors


def _state_dict(found: object, file: str) -> tuple[Mapping[str, torch.Tensor], dict[str, object]]:
    """The tensors by name, wherever training scripts put them, and everything that lies beside them."""
    if not isinstance(found, Mapping):
        raise UserError(f"{file} holds one {type(found).__name__}, not weights by name; {SAVE_AGAIN}")
    nested = [key for key in NESTED_UNDER if _has_tensors(found.get(key))]
    if len(nested) > 1:
        raise UserError(f"{file} holds several networks ({', '.join(nested)}); save the one to open alone.")
    inner = found[nested[0]] if nested else found
    if not nested and not _has_tensors(found):
        inside = ", ".join(str(key)[:40] for key in list(found)[:6]) or "nothing"
        raise UserError(f"{file} holds no weights by name (inside: {inside}); {SAVE_AGAIN}")
    extras = {str(key): value for key, value in found.items() if not nested or key != nested[0]}
    if any(not isinstance(key, str) or not key for key in inner):
        raise UserError(f"{file} holds tensors whose names are not text; {SAVE_AGAIN}")
    tensors = {key: value for key, value in inner.items() if isinstance(value, torch.Tensor)}
    return tensors, {key: value for key, value in extras.items() if not isinstance(value, torch.Tensor)}


def _has_tensors(value: object) -> bool:
    return isinstance(value, Mapping) and any(isinstance(inner, torch.Tensor) for inner in value.values())


def _plain(tensors: Mapping[str, torch.Tensor], path: Path) -> dict[str, torch.Tensor]:
    """The tensors as float32 or whole numbers with memory of their own; UserError for any other kind."""
    if not tensors:
        raise UserError(f"{path.name} holds no weights; {SAVE_AGAIN}")
    if len(tensors) > MOST_TENSORS:
        raise UserError(f"{path.name} holds {len(tensors):,} weights, more than any network here can have.")
    check_names(list(tensors), path.name)
    size, total = path.stat().st_size, 0
    for name, tensor in tensors.items():
        odd = ""
        if type(tensor) not in (torch.Tensor, torch.nn.Parameter) or tensor.layout != torch.strided:
            odd = "is not a plain tensor"
        elif tensor.device.type != "cpu" or tensor.is_quantized or tensor.is_complex():
            odd = f"is {tensor.dtype} on {tensor.device.type}"
        else:
            bytes_here = tensor.numel() * tensor.element_size()
            total += bytes_here
            # A view may repeat one number a billion times; shared weights may at most be counted twice.
            if bytes_here > tensor.untyped_storage().nbytes() or total > 2 * size + 2**20:
                odd = f"claims {bytes_here:,} bytes, more than the file holds"
        if odd:
            raise UserError(f"{path.name}: the weight {name[:80]} {odd}; save it as plain float32 tensors.")
    return {
        name: (tensor.detach().float() if tensor.is_floating_point() else tensor.detach()).contiguous()
        for name, tensor in tensors.items()
    }


def _not_finite(tensor: torch.Tensor) -> bool:
    # The sum is ten times faster than asking every number; it may also overflow, so it only raises the suspicion.
    return tensor.is_floating_point() and not tensor.sum().isfinite() and not bool(tensor.isfinite().all())


def _classes(extras: Mapping[str, object]) -> tuple[tuple[str, ...], str]:
    """The classes' names among a training checkpoint's extras, and the key under which they stood."""
    for key in ("classes", "class_names", "class_to_idx", "idx_to_class"):
        value = extras.get(key)
        if isinstance(value, Mapping):
            by_name = not all(isinstance(name, str) for name in value.values())
            names = _in_order([(right, left) if by_name else (left, right) for left, right in value.items()])
        else:
            names = tuple(value) if isinstance(value, list | tuple) else ()
        if names and all(isinstance(name, str) for name in names):
            return tuple(str(name) for name in names), f'"{key}"'
    return (), ""


def _in_order(pairs: list[tuple[object, object]]) -> tuple[object, ...]:
    """Names by their numbers, where these are 0, 1, 2 ... without a gap; JSON writes numbers as text."""
    by_number = {int(str(number)): name for number, name in pairs if re.fullmatch("[0-9]{1,9}", str(number)[:10])}
    whole = len(by_number) == len(pairs) and sorted(by_number) == list(range(len(pairs)))
    return tuple(by_number[number] for number in range(len(pairs))) if whole else ()
