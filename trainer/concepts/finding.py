"""Lesion and artifacts of a picture, each by what finds it best: the network, a rule, or both."""

import functools
import json
import threading
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage
from torch.nn import functional as F

import resources
from trainer.concepts.amounts import COUNTED
from trainer.concepts.network import FOUND, ConceptNetwork
from trainer.concepts.rules import by_rule
from trainer.concepts.rules.colors import of_picture
from trainer.concepts.rules.combs import as_ruler
from trainer.concepts.rules.lines import hats
from trainer.concepts.working_size import STEP
from trainer.files.errors import UserError
from trainer.files.safetensors_file import read_tensors

Floats = npt.NDArray[np.float32]

FILE = Path(resources.__file__).parent / "concepts" / "concepts.safetensors"
"""The bundled network."""

BY = {
    "lesion": "network",
    "hair": "larger",
    "ruler": "network",
    "reflection": "network",
    "bubble": "network",
    "ink": "network",
    "patch": "larger",
    "corner": "network",
}
"""What finds each concept, after the table of docs/concepts.md: "network", "rule", or the "larger" of both."""

MOST_BY_NETWORK = {"hair": COUNTED["hair"]}
"""What the network alone can say at most, where a rule tells pictures with an artifact from those without better."""

LEVELS = {"ruler": 0.1, "reflection": 0.1, "bubble": 0.05, "ink": 0.1}
"""The chance of the network that becomes 0.5 in the map: where Dice with drawings of taught kinds was best, on ten
pictures of those that taught. What nobody looked at teaches it to be shy."""

FLAT = 6
"""In a picture whose channels span no more of 255 there is nothing to be seen, and no network is asked."""

LEAST_LESION = 30
"""Pixels of the working size that a lesion has at least."""

SMALLER = 160 / 224
"""The smaller size at which the lesion is looked for as well."""

SOFTENED, OF_SUREST, LEAST_CHANCE = 2.0, 0.57, 0.4
"""The lesion's chances are softened by this sigma in pixels; a pixel is lesion from this share of the picture's surest
ones on, never below the last. Chosen on the tenth that `train-concepts --validate` keeps apart."""

_FLIPS: tuple[tuple[int, ...], ...] = ((), (-1,), (-2,), (-1, -2))
_LOADING = threading.Lock()


def find(rgb: npt.NDArray[np.uint8], *, lesion: bool = True) -> dict[str, Floats]:
    """Lesion and artifacts in a picture (H, W, 3) uint8 at the working size: (H, W) float32 in [0, 1] for each.

    Without `lesion` that is looked for less closely, which saves a third of the passes: for who has its mask.
    """
    if (np.ptp(rgb.reshape(-1, 3), axis=0) <= FLAT).all():
        return {name: np.zeros(rgb.shape[:2], np.float32) for name in FOUND}
    maps = by_network(rgb, bundled_network(), lesion=lesion)
    ruled = {name: way for name, way in BY.items() if way != "network"}
    for name, map in by_rule(rgb, tuple(ruled)).items():
        maps[name] = map if ruled[name] == "rule" else larger(name, maps[name], map)
    if maps["ink"].max() >= 0.5:
        maps["ink"], maps["ruler"] = as_ruler(maps["ink"], maps["ruler"], hats(of_picture(rgb))[0])
    return maps


def larger(name: str, by_network: Floats, by_rule: Floats) -> Floats:
    """The larger of both maps of a concept, the network's as far as `MOST_BY_NETWORK` lets it speak."""
    most = np.float32(MOST_BY_NETWORK.get(name, 1.0))
    return np.asarray(np.maximum(by_network * most, by_rule), dtype=np.float32)


def by_network(rgb: npt.NDArray[np.uint8], network: ConceptNetwork, *, lesion: bool = True) -> dict[str, Floats]:
    """What the network alone finds, the mean over the picture and its mirror images; the lesion is one whole piece.

    The `lesion` is looked for at a smaller size as well, where more of it is seen at once.
    """
    picture = torch.tensor(rgb).permute(2, 0, 1)[None].float() / 255
    size = picture.shape[-2:]
    small = [max(STEP, STEP * round(side * SMALLER / STEP)) for side in size]
    with torch.inference_mode():
        mean = _mean_of_mirrored(picture, network)
        spot = mean[0]
        if lesion:
            less = _mean_of_mirrored(F.interpolate(picture, small, mode="bilinear", antialias=True), network)[None, :1]
            spot = (spot + F.interpolate(less, size, mode="bilinear")[0, 0]) / 2
    maps = {name: map.numpy().astype(np.float32) for name, map in zip(FOUND, mean, strict=True)}
    for name, level in LEVELS.items():
        maps[name] = maps[name] * (1 - level) / (maps[name] * (1 - level) + (1 - maps[name]) * level)
    maps["lesion"] = one_piece(outlined(spot.numpy()))
    return maps


def outlined(chances: Floats) -> Floats:
    """The lesion's chances (H, W) softened, scaled so that 0.5 is `OF_SUREST` of what the surest pixels of them have.

    The surest are the top twentieth of what may be lesion at all: a faint lesion is cut lower than a clear one.
    """
    soft: Floats = ndimage.gaussian_filter(chances, SOFTENED)
    likely = soft[soft >= LEAST_CHANCE]
    if likely.size < LEAST_LESION:
        return np.asarray(np.minimum(soft, 0.49), dtype=np.float32)
    level = max(OF_SUREST * float(np.quantile(likely, 0.95)), LEAST_CHANCE)
    return np.asarray(np.clip(soft * (0.5 / level), 0, 1), dtype=np.float32)


def _mean_of_mirrored(picture: torch.Tensor, network: ConceptNetwork) -> torch.Tensor:
    chances = torch.sigmoid(network(torch.cat([picture.flip(axes) if axes else picture for axes in _FLIPS])))
    return torch.stack([map.flip(axes) if axes else map for map, axes in zip(chances, _FLIPS, strict=True)]).mean(0)


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
    inside = np.where(near, soft, np.float32(0))
    return np.where(filled, np.maximum(inside, np.float32(0.5)), inside).astype(np.float32)


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
        state = network.state_dict() | {name: value.float() for name, value in weights.items()}
        network.load_state_dict(state)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise UserError(f"{path.name} is no network that finds concepts; train one with train-concepts.") from error
    return network.eval()
