"""What a file is, from its content: one of weights, or why it cannot be opened."""

from collections.abc import Sequence
from pathlib import Path

from trainer.networks.torch_file import SAVE_AGAIN, open_archive

_FROM_TENSORFLOW = (
    ", which is not opened; export it as ONNX, which is: python -m tf2onnx.convert {} --output network.onnx."
)
_KERAS = (
    ", which is not opened; export the network as ONNX, which is, in Keras 3: "
    'keras.models.load_model(PATH).export("network.onnx", format="onnx").'
)
_KERAS_WEIGHTS = (
    "holds the weights of a Keras network alone, without the network itself; build it as it was built in training, and "
    'model.load_weights(PATH), model.export("network.onnx", format="onnx") make the ONNX file that is opened.'
)
_WEIGHTS_OUT = "; take its weights out where you trust the file: torch.save({}, NEW_PATH)."
_SCRIPT = f"is a TorchScript archive, which is code{_WEIGHTS_OUT.format('torch.jit.load(PATH).state_dict()')}"
_EXPORTED = f"is an exported program (.pt2), which is code{_WEIGHTS_OUT.format('torch.export.load(PATH).state_dict')}"
_STARTS = (
    (b"\x89HDF\r\n\x1a\n", f"is an HDF5 file, as Keras writes it{_KERAS}"),
    (b"GGUF", "is a GGUF file of a language model; only networks of pictures can be opened."),
    (b"version https://git-lfs", "is only a pointer of Git LFS; fetch the real file with: git lfs pull."),
    (b"<", "is a web page, not a network; the download went wrong: download it again."),
    (b"\x1f\x8b", "is packed with gzip; unpack it first."),
    (b"7z\xbc\xaf", "is packed with 7-Zip; unpack it first."),
)


OF_TENSORFLOW = ("saved_model.pb", "keras_metadata.pb", "fingerprint.pb")
"""Files of a folder that TensorFlow writes."""
RUN_FILE = "network.safetensors"
"""The network in the folder of a training run."""


def network_file(path: Path) -> Path:
    """The network's file in the folder of a training run; every other path as it is."""
    file = path / RUN_FILE
    return file if file.is_file() and not (path / "config.json").exists() else path


def distinct_names(paths: Sequence[Path]) -> list[str]:
    """What to call each file: by its name, or with its folder's where two have one name."""
    names = [path.name for path in paths]
    if len(set(names)) == len(names):
        return names
    return [f"{path.resolve().parent.name}/{path.name}" for path in paths]


def saved_model(folder: Path) -> str:
    """The rest of a sentence that says why a folder of TensorFlow is refused; "" for other folders."""
    if not any((folder / name).exists() for name in OF_TENSORFLOW):
        return ""
    return f"is a TensorFlow or Keras model{_FROM_TENSORFLOW.format(f'--saved-model {folder.name}')}"


def kind_of(path: Path) -> str:
    """ "safetensors", "torch", "onnx", or the rest of a sentence that says why it is refused; from its content."""
    with path.open("rb") as file:
        head = file.read(512)
    if not head:
        return "is empty; copy or save it again."
    if path.name.endswith(".weights.h5"):
        return _KERAS_WEIGHTS
    for start, refusal in _STARTS:
        if head.startswith(start):
            return refusal
    if head.startswith(b"PK"):
        return _archive_kind(path)
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 2**40:
        return "safetensors"
    if head[4:8] == b"TFL3":
        return f"is a TensorFlow Lite model{_FROM_TENSORFLOW.format(f'--tflite {path.name}')}"
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
        return f"is a Keras model{_KERAS}"
    if tails & {"data.pkl"}:
        return "torch"
    return f"is a zip archive without weights of torch.save; {SAVE_AGAIN}"
