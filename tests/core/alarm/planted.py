"""Cohorts with a planted shortcut, and small networks that fall for it; the artifacts are drawn by other code than the
program's own, so that no detector has seen them."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFilter
from torch import nn

from explorer.core.index import FolderIndex, build_index, open_index
from explorer.core.network.opening import Network, open_network
from trainer.networks.architectures import ScratchCNN, initialise
from trainer.networks.checkpoint import Checkpoint, InputSpec, save
from trainer.synthetic import draw
from trainer.synthetic.picture import usual_concepts

KINDS = {
    "ruler": {"ruler"},
    "patch": {"patch"},
    "corner": {"corner", "field of view", "vignette"},
    "cast": {"red share", "blue share"},
}
"""What is planted, and the names under which it is found: a dark frame is a corner, a field of view and a vignette."""

OWN = {"ruler": {"ruler"}, "patch": {"patch"}, "corner": {"corner"}, "cast": set(), "": set()}
CLASSES = ("benign", "malignant")
OF_CLASS = (0.08, 0.75)
"""How often each class has the planted artifact."""


@dataclass(frozen=True)
class Scale:
    """How large a cohort, its pictures and its network are; on `plain` pictures nothing lies but what is planted.

    The lesion looks like its class in this share (`looks`) of the pictures: drawn lesions tell their class so well that
    a network has no use for a shortcut, which real ones do not.
    """

    side: int
    filters: tuple[int, ...]
    train: int
    test: int
    steps: int
    plain: bool
    looks: float = 1.0
    initialisation: str = "torch"


QUICK = Scale(48, (8, 16), train=120, test=72, steps=60, plain=True)
FULL = Scale(64, (8, 16, 24), train=400, test=120, steps=400, plain=False, looks=0.7, initialisation="he")


@functools.lru_cache(maxsize=4096)
def bare(seed: int, label: str, without: frozenset[str], side: int, plain: bool) -> np.ndarray:
    """A drawn picture with the usual artifacts but some, or with none."""
    usual = usual_concepts(seed, label)
    return draw(seed, size=side, label=label, concepts=usual & {"dark"} if plain else usual - without).rgb


def over(rgb: np.ndarray, paint, random: np.random.Generator) -> np.ndarray:
    """The picture with something painted over it at four times its size."""
    side = len(rgb)
    large = Image.fromarray(rgb).resize((side * 4, side * 4), Image.Resampling.BICUBIC)
    layer = Image.new("RGBA", large.size, (0, 0, 0, 0))
    paint(ImageDraw.Draw(layer), side * 4, random)
    layer = layer.filter(ImageFilter.GaussianBlur(float(random.uniform(0.5, 2.5))))
    turned = layer.rotate(90 * int(random.integers(4)))
    laid = Image.alpha_composite(large.convert("RGBA"), turned).convert("RGB")
    return np.asarray(laid.resize((side, side), Image.Resampling.BOX))


def ruler(pen: ImageDraw.ImageDraw, size: int, random: np.random.Generator) -> None:
    """A scale bar with a line along it, its ticks all of two lengths, in a dark blue or brown."""
    ink = [(20, 25, 60, 235), (60, 35, 20, 235), (10, 10, 10, 235)][int(random.integers(3))]
    at, step = int(size * random.uniform(0.05, 0.16)), int(size * random.uniform(0.045, 0.07))
    pen.line([(0, at), (size, at)], fill=ink, width=4)
    for number, x in enumerate(range(int(random.integers(step)), size, step)):
        pen.line([(x, at), (x, at + int(size * (0.10 if number % 4 == 0 else 0.06)))], fill=ink, width=4)


def patch(pen: ImageDraw.ImageDraw, size: int, random: np.random.Generator) -> None:
    """A plain sticker with round corners at a side, in colors that the program never draws."""
    color = [(120, 60, 190, 255), (30, 190, 200, 255), (240, 130, 190, 255)][int(random.integers(3))]
    wide, high = (int(size * random.uniform(0.25, 0.4)) for _ in range(2))
    left = int(random.uniform(0, size - wide))
    top = -int(high * random.uniform(0.1, 0.4))
    pen.rounded_rectangle([left, top, left + wide, top + high], radius=size // 16, fill=color)


def corner(pen: ImageDraw.ImageDraw, size: int, random: np.random.Generator) -> None:
    """A dark frame with eight sides."""
    cut = size * random.uniform(0.2, 0.32)
    dark = (*random.integers(0, 22, 3).tolist(), 255)
    for x, y in ((0, 0), (size, 0), (0, size), (size, size)):
        across, down = (cut if x == 0 else -cut), (cut if y == 0 else -cut)
        pen.polygon([(x, y), (x + across, y), (x, y + down)], fill=dark)


def cast(rgb: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The picture under a redder light."""
    gain = np.array([1.0, 0.88, 0.80]) + random.normal(0, 0.02, 3)
    return np.rint(np.clip(rgb * gain, 0, 255)).astype(np.uint8)


def planted(rgb: np.ndarray, kind: str, random: np.random.Generator) -> np.ndarray:
    """The picture with the artifact."""
    if kind == "cast":
        return cast(rgb, random)
    return over(rgb, {"ruler": ruler, "patch": patch, "corner": corner}[kind], random)


@dataclass
class Cohort:
    """Pictures (N, side, side, 3), whether each is malignant, and whether the artifact was planted in it."""

    pictures: np.ndarray
    malignant: np.ndarray
    has: np.ndarray


def cohort(kind: str, seed: int, scale: Scale, count: int, first: int = 0) -> Cohort:
    """Half of `count` pictures malignant; the artifact goes with that, or is in none where `kind` is ""."""
    random = np.random.default_rng([seed, first])
    without = frozenset() if scale.plain else frozenset(OWN[kind])  # plain pictures are the same ones for every kind
    pictures, malignant, has = [], [], []
    for number in range(count):
        sick = bool(number % 2)
        looks = sick if scale.looks == 1 or random.random() < scale.looks else not sick
        rgb = bare(1000 * seed + first + number, CLASSES[looks], without, scale.side, scale.plain)
        there = bool(kind) and random.random() < OF_CLASS[sick]
        pictures.append(planted(rgb, kind, random) if there else rgb)
        malignant.append(sick)
        has.append(there)
    return Cohort(np.stack(pictures), np.array(malignant), np.array(has))


def trained(of: Cohort, kind: str, seed: int, scale: Scale) -> nn.Module:
    """A small network trained on the cohort, turned and mirrored, that fell for what was planted in it.

    One begun by another chance where it dies of its first steps and says the same of every picture, or where the
    artifact, laid into other pictures, moves its score by less than the score's standard deviation: what a network
    does not follow is no shortcut of its.
    """
    x = torch.from_numpy(of.pictures.transpose(0, 3, 1, 2).copy()).float() / 255
    y = torch.from_numpy(of.malignant.astype(np.int64))
    for chance in range(seed, seed + 1000, 100):
        module = _trained(x, y, chance, scale)
        with torch.inference_mode():
            lives = float(module(x[:64]).std(dim=0).min()) > 0.05
        if lives and (not kind or pull(module, kind, seed, scale) >= 1):
            return module
    raise AssertionError("no network fell for it")


def pull(module: nn.Module, kind: str, seed: int, scale: Scale) -> float:
    """By how much the artifact, laid into pictures of neither cohort, raises the score, in its standard deviations."""
    random = np.random.default_rng([seed, 900])
    without = frozenset() if scale.plain else frozenset(OWN[kind])
    plain = [bare(1000 * seed + 900 + n, CLASSES[n % 2], without, scale.side, scale.plain) for n in range(24)]
    sides = np.stack(plain), np.stack([planted(rgb, kind, random) for rgb in plain])
    with torch.inference_mode():
        answers = [module(torch.from_numpy(side.transpose(0, 3, 1, 2).copy()).float() / 255) for side in sides]
    before, after = ((one[:, 1] - one[:, 0]).numpy() for one in answers)
    return float((after - before).mean() / before.std())


def _trained(x: torch.Tensor, y: torch.Tensor, seed: int, scale: Scale) -> nn.Module:
    torch.manual_seed(seed)
    module = ScratchCNN(2, **arguments(scale))
    initialise(module, scale.initialisation)  # "he": else most of the larger ones never leave where they begin
    optimizer = torch.optim.AdamW(module.parameters(), 2e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=scale.steps)
    draws = torch.Generator().manual_seed(seed)
    module.train()
    for _ in range(scale.steps):
        chosen = torch.randint(len(x), (32,), generator=draws)
        batch = x[chosen]
        turns = int(torch.randint(4, (1,), generator=draws))
        batch = torch.rot90(batch.flip(3) if turns % 2 else batch, turns, (2, 3))
        optimizer.zero_grad()
        nn.functional.cross_entropy(module(batch), y[chosen]).backward()
        nn.utils.clip_grad_norm_(module.parameters(), 1.0)  # else one network in ten dies of its first large step
        optimizer.step()
        schedule.step()
    return module.eval()


def arguments(scale: Scale) -> dict[str, object]:
    """What makes the network, beside the number of classes."""
    return {"filters": scale.filters, "hidden": (24,), "size": scale.side}


def saved(module: nn.Module, path: Path, scale: Scale) -> Network:
    """The network, opened from a file."""
    spec = InputSpec((scale.side, scale.side), "squash", scale.side)
    save(path, Checkpoint("scratch_cnn", CLASSES, spec, module.state_dict(), arguments(scale)))
    return open_network(path, device="cpu")


def write(of: Cohort, folder: Path) -> Path:
    """The cohort's pictures as files in folders of their classes."""
    for name in CLASSES:
        (folder / name).mkdir(parents=True)
    for number, (rgb, sick) in enumerate(zip(of.pictures, of.malignant, strict=True)):
        Image.fromarray(rgb).save(folder / CLASSES[int(sick)] / f"p{number:04d}.png")
    return folder


def names_of(of: Cohort) -> Sequence[str]:
    """The pictures' names in an index of what `write` wrote."""
    return [f"{CLASSES[int(sick)]}/p{number:04d}.png" for number, sick in enumerate(of.malignant)]


@dataclass
class Planted:
    """A network with a shortcut, the test cohort, and the index of the two."""

    network: Network
    cohort: Cohort
    index: FolderIndex
    folder: Path


def set_up(kind: str, seed: int, folder: Path, scale: Scale = FULL) -> Planted:
    """Draw, train and index; close the index afterwards."""
    module = trained(cohort(kind, seed, scale, scale.train), kind, seed, scale)
    network = saved(module, folder / "network.safetensors", scale)
    of = cohort(kind, seed, scale, scale.test, first=500)
    pictures = write(of, folder / "pictures")
    build_index(network, pictures, folder / "index.h5")
    return Planted(network, of, open_index(folder / "index.h5"), pictures)
