"""What the network is shown: turned, zoomed and recolored pictures with drawn artifacts in them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from trainer.concepts.drawn_layers import DrawnLayers
from trainer.concepts.network import FOUND
from trainer.concepts.pictures import Pictures
from trainer.concepts.words import ARTIFACTS

CHANCES = {"hair": 0.35, "ruler": 0.25, "reflection": 0.25, "bubble": 0.25, "ink": 0.2, "patch": 0.1, "corner": 0.15}
"""How often each artifact is drawn into a picture."""

UPWARDS = ("ink", "hair", "ruler", "bubble", "reflection", "patch", "corner")
"""The order in which they lie over each other; under the last two nothing is seen."""


@dataclass(frozen=True)
class Changes:
    """How far pictures are changed: `zoom` (least, most) and `stretch` as logarithms, `shift` in half sides, `cast`.

    `shade` is how often a round falling off of the light is laid over them.
    """

    zoom: tuple[float, float]
    stretch: float
    shift: float
    cast: float
    shade: float


USUAL = Changes((-0.25, 0.2), 0.18, 0.2, 0.18, 0.0)
WIDE = Changes((-0.6, 0.6), 0.3, 0.6, 0.28, 0.3)
"""As of other cameras: whole pictures, with the lesion anywhere."""


LEAST_SHOWN = 0.006
"""The share of a changed picture that a lesion covers at least to be measured."""


@dataclass(frozen=True)
class Batch:
    """`pictures` (N, 3, S, S) float32; `targets` (N, 8, S, S) bool, in the order of `FOUND`; `said` (N, 7)."""

    pictures: torch.Tensor
    targets: torch.Tensor
    said: torch.Tensor

    def to(self, device: torch.device) -> "Batch":
        """The same on a device."""
        return Batch(self.pictures.to(device), self.targets.to(device), self.said.to(device))


def make_batch(
    source: Pictures,
    rows: list[int],
    layers: Mapping[str, DrawnLayers],
    rng: np.random.Generator,
    side: int,
    wide: float = 0.0,
) -> Batch:
    """The pictures `rows`, turned, zoomed and recolored at `side` pixels, with artifacts drawn into them.

    The share `wide` of them is changed far more: lesions small or large, at the side or cut by the frame.
    """
    rgb, lesion = source.rgb[rows].float() / 255, source.lesion[rows].float()[:, None]
    changes = WIDE if wide and rng.random() < wide else USUAL
    rgb, lesion = _moved(rgb, lesion, rng, side, changes)
    rgb = _recolored(rgb, rng, changes)
    targets = torch.zeros(len(rows), len(FOUND), *rgb.shape[-2:], dtype=torch.bool)
    targets[:, 0] = lesion[:, 0] >= 0.5
    for index in range(len(rows)):
        for name in UPWARDS:
            if rng.random() >= CHANCES[name]:
                continue
            rgb[index], covered = layers[name].lay(rgb[index], rng)
            if name in ("patch", "corner"):
                targets[index, :, covered] = False
            targets[index, FOUND.index(name), covered] = True
    return Batch(_taken(rgb, rng), targets, source.said[rows])


def as_elsewhere(source: Pictures, seed: int) -> Pictures:
    """The pictures as other cameras might have taken them, `WIDE` changed, without those that then show no lesion."""
    rng = np.random.default_rng(seed)
    rgb, lesion = _moved(source.rgb.float() / 255, source.lesion.float()[:, None], rng, source.rgb.shape[-1], WIDE)
    rgb, inside = (_recolored(rgb, rng, WIDE) * 255).round().byte(), (lesion[:, 0] >= 0.5).byte()
    changed = Pictures(source.names, rgb, inside, source.said)
    return changed.only([share >= LEAST_SHOWN for share in inside.float().mean(dim=(1, 2)).tolist()])


def _moved(
    rgb: torch.Tensor, lesion: torch.Tensor, rng: np.random.Generator, side: int, changes: Changes
) -> tuple[torch.Tensor, torch.Tensor]:
    """Turned, mirrored, zoomed, stretched and shifted; a mirror lies where the picture ends."""
    count = len(rgb)
    closer = np.log(side / rgb.shape[-1]) * rng.random(count)  # at a small size, anything from a part to the whole
    turn = rng.uniform(0, 2 * np.pi, count) * (rng.random(count) < 0.5) + rng.integers(0, 4, count) * np.pi / 2
    zoom, stretch = np.exp(closer + rng.uniform(*changes.zoom, count)), np.exp(_either(rng, changes.stretch, count))
    flip = rng.choice([-1.0, 1.0], count)
    matrix = np.zeros((count, 2, 3))
    matrix[:, 0, 0], matrix[:, 0, 1] = np.cos(turn) * zoom * stretch * flip, -np.sin(turn) * zoom
    matrix[:, 1, 0], matrix[:, 1, 1] = np.sin(turn) * zoom * stretch * flip, np.cos(turn) * zoom
    matrix[:, :, 2] = _either(rng, changes.shift, (count, 2))
    grid = F.affine_grid(torch.from_numpy(matrix).float(), [count, 3, side, side], align_corners=False)
    both = torch.cat([rgb, lesion], dim=1)
    both = F.grid_sample(both, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    return both[:, :3], both[:, 3:]


def _either(rng: np.random.Generator, most: float, size: int | tuple[int, ...]) -> npt.NDArray[np.float64]:
    return rng.uniform(-most, most, size)


def _recolored(rgb: torch.Tensor, rng: np.random.Generator, changes: Changes) -> torch.Tensor:
    """Another cast, brightness, contrast and saturation, as other cameras have."""
    count = len(rgb)

    def some(low: float, high: float, channels: int = 1) -> torch.Tensor:
        return torch.from_numpy(rng.uniform(low, high, (count, channels, 1, 1))).float()

    rgb = rgb.clamp(0, 1) ** torch.exp(some(-0.3, 0.3))
    rgb = rgb * torch.exp(some(-changes.cast, changes.cast, 3)) * torch.exp(some(-0.2, 0.15))
    grey = rgb.mean(dim=1, keepdim=True)
    rgb = grey + (rgb - grey) * torch.exp(some(-0.5, 0.35))
    middle = rgb.mean(dim=(1, 2, 3), keepdim=True)
    rgb = ((rgb - middle) * torch.exp(some(-0.3, 0.25)) + middle).clamp(0, 1)
    return _shaded(rgb, rng) if changes.shade and rng.random() < changes.shade else rgb


def _shaded(rgb: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Darker towards the sides, by up to 0.7 in the corners."""
    across = torch.linspace(-1, 1, rgb.shape[-1])
    away = (across**2 + across[:, None] ** 2) / 2
    depth = torch.from_numpy(rng.uniform(0.1, 0.7, (len(rgb), 1, 1, 1))).float()
    return rgb * (1 - depth * away ** float(rng.uniform(0.7, 2)))


def _taken(rgb: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Some pictures blurred a little, all with a little noise."""
    soft = F.avg_pool2d(F.pad(rgb, (1, 1, 1, 1), mode="replicate"), 3, 1)
    share = torch.from_numpy(rng.uniform(0, 0.8, (len(rgb), 1, 1, 1)) * (rng.random((len(rgb), 1, 1, 1)) < 0.4)).float()
    rgb = rgb + (soft - rgb) * share
    noise = torch.from_numpy(rng.standard_normal(rgb.shape, np.float32)) * float(rng.uniform(0, 0.012))
    return (rgb + noise).clamp(0, 1)


def said_of(batch: Batch, name: str) -> torch.Tensor:
    """What was seen of an artifact in the pictures before anything was drawn: (N,), 1, 0 or -1."""
    return batch.said[:, ARTIFACTS.index(name)]
