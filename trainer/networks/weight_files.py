"""Read the weights out of a file or a folder: plain tensors by name, and what the file says about them."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from trainer.files.errors import UserError
from trainer.files.safetensors_file import MOST_TENSORS, check_names, read_tensors
from trainer.networks import checkpoint as own_format
from trainer.networks.altered_weights import MERGED
from trainer.networks.candidate import OpeningQuestion
from trainer.networks.dotless_averages import with_dots
from trainer.networks.file_kinds import OF_TENSORFLOW, kind_of, network_file, saved_model
from trainer.networks.file_metadata import Said, StatedClasses, named_in, said_in
from trainer.networks.folded_weights import folded
from trainer.networks.saved_content import chosen
from trainer.networks.set_aside import beside
from trainer.networks.torch_file import SAVE_AGAIN, brief, read_pickle

if TYPE_CHECKING:
    from trainer.networks.onnx_import.network import OnnxNetwork

FOLDER_FILES = ("model.safetensors", "pytorch_model.bin", "model.bin", "pytorch_model.pth")
INDEX = ".index.json"
TOP = "."
"""The key of names that begin with no word of their own, where others in the same file do."""
_LARGEST_CONFIG = 2**24
_MOST_PARTS = 200


@dataclass(frozen=True)
class Weights:
    """Tensors by name, float32 or whole numbers, on the CPU, and what stood beside them.

    `name` is the network's: the file's without its ending, or the folder's; `file` is for messages.

    `said` is what the file says of classes and input, and `notes` what is odd about the weights. `inside` is the
    beginning of the names that the person chose, None where all are meant; `option` is what they choose it with.
    `checkpoint` is there for our own files, `config` for folders with a config.json, `graph` for ONNX files, which have
    no tensors besides it.
    """

    name: str
    file: str
    tensors: dict[str, torch.Tensor]
    said: Said = field(default_factory=Said)
    notes: tuple[str, ...] = ()
    checkpoint: own_format.Checkpoint | None = None
    config: dict[str, Any] = field(default_factory=dict)
    inside: str | None = None
    option: str = "--key"
    graph: "OnnxNetwork | None" = None

    def wants(self, prefix: str) -> bool:
        """Whether the network under this prefix may be meant."""
        return self.inside is None or prefix.rstrip(".") == self.inside


def several(weights: Weights, prefixes: Iterable[str]) -> OpeningQuestion:
    """What to ask where the names of one file hold several whole networks."""
    keys = tuple(dict.fromkeys(prefix.rstrip(".") or TOP for prefix in prefixes))
    return OpeningQuestion(
        f"{weights.file} holds several networks under the names {', '.join(keys[:8])}; say which to open "
        f"({weights.option} NAME).",
        "key",
        keys,
    )


def read_weights(path: Path, key: str | None = None, option: str = "--key") -> Weights:
    """The weights in a file, in a folder with config.json, or in that of a training run.

    UserError with what to do where there are none.

    `key` chooses where a file holds several; a OpeningQuestion names them and the `option` to choose with.
    """
    path = network_file(path)
    try:
        if path.is_dir():
            return replace(_from_folder(path, key, option), option=option)
        if not path.exists():
            raise UserError(f"{path} does not exist.")
        if not path.is_file():
            raise UserError(f"{path} is not a file; choose the file that holds the network's weights.")
        if path.name in OF_TENSORFLOW:
            of = path.absolute().parent
            raise UserError(f"{path.name} is a part of the folder {of.name}, and {of.name} {saved_model(of)}")
        if path.name in FOLDER_FILES and "architecture" in _config(path.parent):
            return replace(_from_folder(path.parent, key, option, path), option=option)
        return replace(
            _from_file(path, path.name.removesuffix(INDEX).rpartition(".")[0] or path.stem, key, option), option=option
        )
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror or brief(error)}).") from error


def _from_folder(folder: Path, key: str | None, option: str, file: Path | None = None) -> Weights:
    if refusal := saved_model(folder):
        raise UserError(f"{folder.name} {refusal}")
    if (folder / "adapter_config.json").is_file() and not (folder / "config.json").is_file():
        raise UserError(
            f"The folder {folder.name} holds a LoRA alone, without the network that it changes; merge them where "
            f"it was made: {MERGED}, where model is PeftModel.from_pretrained(NETWORK, FOLDER)."
        )
    indexes = sorted(folder.glob(f"*{INDEX}"))
    if not (folder / "config.json").is_file() and not indexes:
        raise UserError(
            f"The folder {folder.name} has no config.json, which timm and the Hugging Face hub write; "
            "choose the file of weights itself."
        )
    file = file or next((folder / name for name in FOLDER_FILES if (folder / name).is_file()), None)
    if file is None and indexes:
        file = indexes[0]
    if file is None:
        raise UserError(
            f"The folder {folder.name} has no {' or '.join(FOLDER_FILES[:2])}; save the network as one file of weights."
        )
    weights = _from_file(file, folder.resolve().name, key, option)
    return replace(weights, config=_config(folder))


def _config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    return _json(path) if path.is_file() else {}


def _json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _LARGEST_CONFIG:
            raise ValueError("it is too large")
        values = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(values, dict):
            raise ValueError("it is not one JSON object")
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is damaged ({brief(error)}); copy or save the folder again.") from error
    return values


def _from_file(path: Path, name: str, key: str | None, option: str) -> Weights:
    part = re.fullmatch(r"(.+)-\d{5}-of-\d{5}(\.\w+)", path.name)
    if part:  # one of several parts: what belongs together is opened together
        index = path.with_name(f"{part[1]}{part[2]}{INDEX}")
        if not index.is_file():
            raise UserError(
                f"{path.name} is one part of several; {index.name}, which names them all, is not beside it."
            )
        path = index
    if not path.name.endswith(INDEX) and kind_of(path) == "onnx":
        from trainer.networks.onnx_import.network import read_onnx  # few files need it

        graph = read_onnx(path)
        return Weights(name, path.name, {}, named_in(graph.model.notes), graph=graph)
    if path.name.endswith(INDEX):
        saved: object = _in_parts(path)
        size = sum(other.stat().st_size for other in path.parent.iterdir() if other.is_file())
    else:
        saved, size = _content(path), path.stat().st_size
    if isinstance(saved, own_format.Checkpoint):
        said = Said((StatedClasses(saved.classes),) if saved.classes else ())
        return Weights(name, path.name, _plain(saved.weights, path.name, size), said, checkpoint=saved)
    content = chosen(saved, path.name, key, option)
    tensors, computed = folded(with_dots(_plain(content.tensors, path.name, size)))
    notes = [*content.notes, *computed]
    broken = [name for name, tensor in tensors.items() if _not_finite(tensor)]
    if broken:
        notes.append(
            f"{len(broken)} of the weights hold NaN or infinite numbers (first {broken[0]}): the training failed, and "
            "maps may be empty."
        )
    notes += beside(content.extras, path.name)
    said = said_in(content.extras)
    return Weights(name, path.name, tensors, said, tuple(notes), inside=content.inside)


def _content(path: Path) -> object:
    """What a file holds: a checkpoint of our own, tensors by name, or whatever torch.save was given."""
    kind = kind_of(path)
    if kind == "safetensors":
        tensors, metadata = read_tensors(path)
        if '"found"' in metadata.get("concepts", ""):
            raise UserError(
                f"{path.name} is the network with which this program finds hair, rulers and other concepts in "
                "pictures, no classifier: it has no classes to look at. Open a network that you trained."
            )
        if own_format.DESCRIPTION in metadata:
            return own_format.described(path, tensors, metadata)
        return {**metadata, **tensors}
    if kind == "torch":
        return read_pickle(path)
    raise UserError(f"{path.name} {kind}")


def _in_parts(index: Path) -> dict[str, torch.Tensor]:
    """The tensors of all the files that an index names; they lie beside it."""
    parts = _json(index).get("weight_map")
    names = sorted(set(parts.values())) if isinstance(parts, dict) and all(map(_is_name, parts.values())) else []
    if not names or len(names) > _MOST_PARTS:
        raise UserError(f"{index.name} does not name the files that hold the weights; copy or save the folder again.")
    tensors: dict[str, torch.Tensor] = {}
    for name in names:
        path = index.with_name(name)
        if not path.is_file():
            raise UserError(f"{name}, which {index.name} names, is not beside it; copy the whole folder again.")
        content = _content(path)
        if not isinstance(content, Mapping):
            raise UserError(f"{name} holds no weights by name; copy or save the folder again.")
        tensors |= {key: value for key, value in content.items() if isinstance(value, torch.Tensor)}
    return tensors


def _is_name(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[\w.-]{1,200}", value) is not None and not value.startswith(".")


def _plain(tensors: Mapping[str, torch.Tensor], file: str, size: int) -> dict[str, torch.Tensor]:
    """The tensors as float32 or whole numbers with memory of their own; UserError for any other kind.

    `size` is that of the file or files, in bytes.
    """
    if not tensors:
        raise UserError(f"{file} holds no weights; {SAVE_AGAIN}")
    if len(tensors) > MOST_TENSORS:
        raise UserError(f"{file} holds {len(tensors):,} weights, more than any network here can have.")
    check_names(list(tensors), file)
    total = 0
    for name, tensor in tensors.items():
        fault = ""
        if type(tensor) not in (torch.Tensor, torch.nn.Parameter) or tensor.layout != torch.strided:
            fault = "is not a plain tensor"
        elif tensor.device.type != "cpu" or tensor.is_quantized or tensor.is_complex():
            fault = f"is {tensor.dtype} on {tensor.device.type}"
        else:
            bytes_here = tensor.numel() * tensor.element_size()
            total += bytes_here
            # A view may repeat one number a billion times; shared weights may at most be counted twice.
            if bytes_here > tensor.untyped_storage().nbytes() or total > 2 * size + 2**20:
                fault = f"claims {bytes_here:,} bytes, more than the file holds"
        if fault:
            raise UserError(f"{file}: the weight {name[:80]} {fault}; save it as plain float32 tensors.")
    return {
        name: (tensor.detach().float() if tensor.is_floating_point() else tensor.detach()).contiguous()
        for name, tensor in tensors.items()
    }


def _not_finite(tensor: torch.Tensor) -> bool:
    # The sum is ten times faster than asking every number; it may also overflow, so it only raises the suspicion.
    return tensor.is_floating_point() and not tensor.sum().isfinite() and not bool(tensor.isfinite().all())
