"""Lenses, muted filters and a folder's index on the device are those of a processor, and how quickly they come."""

import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from explorer.core.attribution import LENSES, attribute
from explorer.core.errors import UserError
from explorer.core.index import FolderIndex, build_index, open_index
from explorer.core.muting import muted_logits
from explorer.core.network.opening import Network
from explorer.core.tags import FilterKey
from tests.gpu.pairs import apart, pairs
from tests.gpu.proof import Proof

MOST = 1e-4
FEW_STEPS = {"integrated-gradients": {"steps": 8}, "class-model": {"steps": 4}, "occlusion": {"size": 16, "stride": 16}}
MEASURED = ("peak", "inside", "mean", "area", "area_inside")
"""What the index holds of every filter and picture that rounding changes only a little."""


def run(proof: Proof) -> None:
    """Lenses, muted filters and the index of each network."""
    for name, here, there in pairs(proof):
        pictures = _pictures(32 if proof.small else 512, here.input.size[0])
        lenses(proof, name, here, there, pictures[0])
        muting(proof, name, here, there, pictures[0])
        index(proof, name, here, there, pictures)


def lenses(proof: Proof, name: str, here: Network, there: Network, rgb: npt.NDArray[np.uint8]) -> None:
    """Every lens on one picture, for a class or, where a lens has none, for a filter of the last layer."""
    last = len(here.layers) - 1
    for lens in LENSES:
        few = FEW_STEPS.get(lens, {})
        try:
            wanted = attribute(here, rgb, lens, target="class:b", **few).map
            target = "class:b"
        except UserError:
            target = f"filter:{last}:1"
            wanted = attribute(here, rgb, lens, target=target, **few).map
        found = [attribute(there, rgb, lens, target=target, **few).map for _ in range(2)][-1]
        took = proof.seconds(
            lambda lens=lens, target=target, few=few: attribute(there, rgb, lens, target=target, **few)
        )
        # Rounding decides between two values that are all but equal, and a gradient then goes through the other one:
        # single places may differ by anything. 99 of 100 must not.
        proof.judge(f"{name}, {lens}: difference in 99 % of all places", apart(found, wanted, 0.99), most=MOST)
        proof.tell(f"{name}, {lens}: largest difference", apart(found, wanted))
        proof.tell(f"{name}, {lens}: time", took * 1000, "ms")


def muting(proof: Proof, name: str, here: Network, there: Network, rgb: npt.NDArray[np.uint8]) -> None:
    """The logits without a filter of the first, a middle and the last layer."""
    layers = sorted({0, len(here.layers) // 2, len(here.layers) - 1})
    far = [
        apart(muted_logits(there, rgb, [FilterKey(one, 1)]), muted_logits(here, rgb, [FilterKey(one, 1)]))
        for one in layers
    ]
    proof.judge(f"{name}, muted filters: largest difference of logits", max(far), most=MOST)
    took = proof.seconds(lambda: [muted_logits(there, rgb, [FilterKey(layers[-1], one)]) for one in range(8)])
    proof.tell(f"{name}, a muted filter of the last layer", took / 8 * 1000, "ms")


def index(proof: Proof, name: str, here: Network, there: Network, pictures: npt.NDArray[np.uint8]) -> None:
    """The index of a folder of pictures; a few of them on a processor too."""
    few = 16
    with tempfile.TemporaryDirectory() as name_of_folder:
        folder = Path(name_of_folder)
        for place, rgb in enumerate(pictures):
            Image.fromarray(rgb).save(folder / f"{place:04d}.png", compress_level=1)
        paths = sorted(folder.glob("*.png"))
        wanted = open_index(build_index(here, paths[:few], folder / "here.h5"))
        found = open_index(build_index(there, paths[:few], folder / "there.h5"))
        for column in MEASURED:
            layers = range(len(here.layers))
            # The areas count what lies above a threshold that is itself a value of a map: rounding moves it over.
            far = float(
                np.median([apart(_column(found, one, column), _column(wanted, one, column), 0.99) for one in layers])
            )
            proof.judge(f"{name}, index: difference of 99 % of {column}", far, most=MOST)
        took = proof.seconds(lambda: build_index(there, paths, folder / "all.h5"))
        proof.tell(f"{name}: pictures indexed, scales included", len(paths) / took, "pictures/s")


def _column(index: FolderIndex, layer: int, name: str) -> npt.NDArray[np.float32]:
    return np.asarray(index.layer_answers(layer, name), np.float32)


def _pictures(count: int, side: int) -> npt.NDArray[np.uint8]:
    """Soft blobs under noise: smooth ones alone have neighbours that are all but equal."""
    random = np.random.default_rng(0)
    coarse = random.integers(0, 255, (count, 8, 8, 3), np.uint8)
    large = [np.asarray(Image.fromarray(one).resize((side, side), Image.Resampling.BICUBIC)) for one in coarse]
    noise = random.normal(0, 12, (count, side, side, 3))
    return (np.stack(large) + noise).clip(0, 255).astype(np.uint8)
