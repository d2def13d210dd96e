"""A network whose filters are built by hand, on drawn pictures whose masks are exact."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from explorer.core.network.opening import Network, open_network
from trainer.networks.input_spec import InputSpec
from trainer.synthetic import SyntheticPicture, draw

SIZE, KERNEL = 112, 15
NAMES = (
    "right edge", "top edge", "left edge", "bottom edge", "darkness", "redness", "thin dark lines", "bright spots",
    "ticks", "pale", "pink", "constant", "silent",
)  # fmt: skip
CODE = """
import torch
from torch import nn


class HandBuilt(nn.Module):
    def __init__(self):
        super().__init__()
        self.seen = nn.Conv2d(3, {filters}, {kernel}, padding={half}, padding_mode="replicate")
        self.line = nn.Linear({filters}, 2)

    def forward(self, x):
        return self.line(self.seen(x).relu().mean((2, 3)))


make = HandBuilt
"""


def hand_built(folder: Path) -> Network:
    """The network, opened from a file and its code."""
    weights = np.zeros((len(NAMES), 3, KERNEL, KERNEL), np.float32)
    bias = np.zeros(len(NAMES), np.float32)
    half = KERNEL // 2
    y, x = np.mgrid[-half : half + 1, -half : half + 1].astype(np.float32)
    wide = np.exp(-(x**2 + y**2) / 18)
    grey = np.full((3, 1, 1), 1 / 3, np.float32)
    for place, (down, right) in enumerate([(0, 1), (-1, 0), (0, -1), (1, 0)]):  # brighter in this direction
        slope = (x * right + y * down) * wide
        weights[place] = grey * slope / np.abs(slope).sum()
    mean = wide / wide.sum()
    weights[4], bias[4] = -grey * mean, 1
    weights[5] = np.array([1, -0.5, -0.5], np.float32)[:, None, None] * mean
    small, around = np.exp(-(x**2 + y**2) / 1.2), np.exp(-(x**2 + y**2) / 8)
    spot = small / small.sum() - around / around.sum()
    weights[6], weights[7] = -grey * spot, grey * spot
    waves = np.zeros_like(x)
    for pitch in (4.5, 5.5, 6.5):
        waves += np.cos(2 * np.pi * x / pitch) * np.exp(-(y**2) / 4) * (np.abs(x) <= half)
    weights[8] = -grey * (waves - waves.mean())
    weights[9] = grey * mean
    weights[10] = np.array([1, -1.3, 0.3], np.float32)[:, None, None] * mean
    bias[11], bias[12] = 0.4, -1
    torch.manual_seed(0)
    linear = nn.Linear(len(NAMES), 2)
    state = {"seen.weight": torch.from_numpy(weights), "seen.bias": torch.from_numpy(bias)}
    state |= {f"line.{name}": value.detach() for name, value in linear.named_parameters()}
    torch.save(state, folder / "hand_built.pt")
    (folder / "hand_built.py").write_text(CODE.format(filters=len(NAMES), kernel=KERNEL, half=half))
    return open_network(
        folder / "hand_built.pt",
        architecture=f"{folder / 'hand_built.py'}:make",
        classes=("benign", "malignant"),
        input=InputSpec((SIZE, SIZE), "squash", SIZE),
        device="cpu",
    )


def drawn(folder: Path, count: int, seed: int = 0) -> dict[str, SyntheticPicture]:
    """Pictures written into a folder, with hair, rulers, reflections and the rest each on a share of them."""
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, SyntheticPicture] = {}
    for row in range(count):
        concepts = {
            name for place, name in enumerate(("hair", "ruler", "reflection", "bubble")) if (row + place) % 3 == 0
        }
        picture = draw(seed * 1000 + row, size=SIZE, concepts=frozenset(concepts | {"dark"}))
        name = f"drawn{row:03d}.png"
        Image.fromarray(picture.rgb).save(folder / name)
        found[name] = picture
    return found
