"""Making an index against the bare passes that it needs, and reading it against h5py."""

import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np
import torch
from PIL import Image

from explorer.core.index import build_index, open_index
from explorer.core.index.build import BuildOptions
from explorer.core.index.measuring import margin
from explorer.core.index.parts import folder_of
from explorer.core.network.opening import Network, open_network
from explorer.core.tags import FilterKey
from tests.bench.row import Row, side_by_side
from tests.core.index.synthetic_index import write_index
from trainer.networks.architectures import ScratchCNN, initialise
from trainer.networks.checkpoint import Checkpoint, InputSpec, save

PICTURES, SIDE, BATCH = 256, 224, 32
MANY = 100_000
KEY = FilterKey(0, 3)


def measure() -> list[Row]:
    """Ratios of the bare passes to ours (at least), of our reading to h5py's (at most), and memory in GB."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return [*_making(folder), _reading(folder), _memory(folder)]


def _making(folder: Path) -> list[Row]:
    torch.manual_seed(0)
    module = ScratchCNN(2)
    initialise(module)
    spec = InputSpec((SIDE, SIDE), "squash", SIDE)
    save(
        folder / "paper.safetensors", Checkpoint("scratch_cnn", ("benign", "malignant"), spec, module.state_dict(), {})
    )
    network = open_network(folder / "paper.safetensors", device="cpu")
    pictures = draw_pictures(folder / "pictures", PICTURES)
    decoded = torch.stack([network.input.prepare(np.asarray(Image.open(path))) for path in pictures]).split(BATCH)
    rows = []
    for relevance, title, bare in (
        ("", "index: the bare forward pass on decoded pictures / ours from files", _forward),
        ("margin", "index with relevance: forward and backward / ours", _forward_and_back),
    ):
        out, options = folder / f"index{relevance}.h5", BuildOptions(relevance)
        build_index(network, folder / "pictures", out, options=options)  # the scales are frozen from here on

        def again(out: Path = out, options: BuildOptions = options) -> None:
            out.unlink()
            for part in folder_of(out).glob("[0-9a-f]*.h5"):
                part.unlink()
            build_index(network, folder / "pictures", out, options=options)

        ours, theirs = side_by_side(again, lambda bare=bare: [bare(network, batch) for batch in decoded], 3)
        rows.append(Row(title, ours / PICTURES, theirs / PICTURES, theirs / ours, 0.6, at_most=False))
    return rows


def _forward(network: Network, batch: torch.Tensor) -> None:
    with torch.inference_mode():
        network.module(batch)


def _forward_and_back(network: Network, batch: torch.Tensor) -> None:
    margin(network.logits(batch.clone().requires_grad_())).sum().backward()


def _reading(folder: Path) -> Row:
    peaks = np.random.default_rng(0).random((8, MANY), np.float32)
    path = write_index(folder / "many.h5", peaks)
    with open_index(path) as index, h5py.File(path) as bare:

        def ours() -> None:
            index.peaks(KEY)
            index.strongest(KEY, 10)

        read, plain = side_by_side(ours, lambda: [bare["answers/peak"][3] for _ in range(2)], 15)
    return Row(
        f"index: a column and its ten strongest of {MANY:,} pictures / h5py's two reads", read, plain, read / plain, 1.5
    )


CHILD = """
import sys, resource
from explorer.core.index import build_index
from explorer.core.network.opening import open_network
from trainer.networks.checkpoint import InputSpec
model, pictures, out = sys.argv[1:]
build_index(open_network(model, device="cpu", input=InputSpec((32, 32), "squash", 32)), pictures, out)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def _memory(folder: Path) -> Row:
    """The peak of a process of its own: ResNet-50 has 26,560 filters; small pictures, since maps are of one batch."""
    from torchvision.models import resnet50

    torch.save(resnet50(num_classes=2).state_dict(), folder / "resnet50.pth")
    draw_pictures(folder / "small", 2000, 32)
    words = [sys.executable, "-c", CHILD, str(folder / "resnet50.pth"), str(folder / "small"), str(folder / "r.h5")]
    said = subprocess.run(words, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    peak = int(said.stdout) * 1024 / 1e9
    return Row("index: memory for 26,560 filters x 2,000 pictures, GB", peak, 1.5, peak / 1.5, 1.0)


def draw_pictures(folder: Path, count: int, side: int = SIDE) -> list[Path]:
    """Write so many smooth pictures of chance into a new folder."""
    folder.mkdir()
    drawn = np.random.default_rng(0)
    paths = [folder / f"{row:05d}.jpg" for row in range(count)]
    for path in paths:
        rough = Image.fromarray(drawn.integers(90, 220, (7, 7, 3), np.uint8))
        rough.resize((side, side), Image.Resampling.BICUBIC).save(path, quality=90)
    return paths
