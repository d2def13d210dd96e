"""Lesion and artifacts of a picture, each by what finds it best: the network, a rule, or both."""

import functools
import json
import threading
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage

import resources
from trainer.concepts.network import FOUND, ConceptNetwork
from trainer.concepts.rules import by_rule
from trainer.files.errors import UserError
from trainer.networks.safetensors_file import read_tensors

Floats = npt.NDArray[np.float32]

FILE = Path(resources.__file__).parent / "concepts" / "concepts.safetensors"
"""The bundled network."""

BY = {
    "lesion": "network",
    "hair": "network",
    "ruler": "network",
    "reflection": "network",
    "bubble": "network",
    "ink": "network",
    "patch": "network",
    "corner": "network",
}
"""What finds each concept, after the table of docs/concepts.md: "network", "rule", or the "larger" of both."""

LEAST_LESION = 30
"""Pixels of the working size that a lesion has at least."""

_FLIPS: tuple[tuple[int, ...], ...] = ((), (-1,), (-2,), (-1, -2))
_LOADING = threading.Lock()


def find(rgb: npt.NDArray[np.uint8]) -> dict[str, Floats]:
    """Lesion and artifacts in a picture (H, W, 3) uint8 at the working size: (H, W) float32 in [0, 1] for each."""
    maps = by_network(rgb, bundled_network())
    ruled = {name: way for name, way in BY.items() if way != "network"}
    for name, map in by_rule(rgb, tuple(ruled)).items():
        maps[name] = map if ruled[name] == "rule" else np.maximum(map, maps[name])
    return maps


def by_network(rgb: npt.NDArray[np.uint8], network: ConceptNetwork) -> dict[str, Floats]:
    """What the network alone finds, the mean over the picture and its mirror images; the lesion is one whole piece."""
    picture = torch.tensor(rgb).permute(2, 0, 1)[None].float() / 255
    with torch.inference_mode():
        mirrored = torch.cat([picture.flip(axes) if axes else picture for axes in _FLIPS])
        chances = torch.sigmoid(network(mirrored))
        mean = torch.stack([map.flip(axes) if axes else map for map, axes in zip(chances, _FLIPS, strict=True)]).mean(0)
    maps = {name: map.numpy().astype(np.float32) for name, map in zip(FOUND, mean, strict=True)}
    maps["lesion"] = one_piece(maps["lesion"])
    return maps


def one_piece(soft: Floats) -> Floats:
    """The largest piece of a soft map without its holes; nothing where it is smaller than `LEAST_LESION`."""
    pieces, count = ndimage.label(soft >= 0.5)
    if not count:
        return np.minimum(soft, np.float32(0.5))
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    if sizes.max() < LEAST_LESION:
        return np.minimum(soft, np.float32(0.49))
    chosen = pieces == int(sizes.argmax())
    filled = ndimage.binary_fill_holes(chosen)
    near = ndimage.binary_dilation(filled, iterations=3) & ((pieces == 0) | filled)
    kept = np.where(near, soft, np.minimum(soft, np.float32(0.49)) * 0)
    return np.where(filled, np.maximum(kept, np.float32(0.5)), kept).astype(np.float32)


def bundled_network() -> ConceptNetwork:
    """The network that comes with the program, read once; UserError where its file is damaged."""
    with _LOADING:
        return _bundled()


@functools.cache
def _bundled() -> ConceptNetwork:
    return load_network(FILE)


def load_network(path: Path) -> ConceptNetwork:
    """A network that `save_network` wrote, ready to find; UserError where the file holds another."""
    weights, metadata = read_tensors(path)
    try:
        if json.loads(metadata["concepts"])["found"] != list(FOUND):
            raise ValueError("it finds other things")
        network = ConceptNetwork()
        known = network.state_dict() | {name: value.float() for name, value in weights.items()}
        network.load_state_dict(known)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise UserError(f"{path.name} is no network that finds concepts; train one with train-concepts.") from error
    return network.eval()
