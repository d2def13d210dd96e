"""Exporting overlays, against writing the same finished pictures with Pillow on all cores."""

import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from explorer.core.arrays import RGB
from explorer.core.export.run import cores, plan_export, run_export
from explorer.core.figures.encoding import PNG_LEVEL
from explorer.core.network.opening import open_network
from explorer.core.selection import choose_filters, parse_filters
from tests.bench.row import Row, rounds
from trainer.networks.architectures import ScratchCNN, initialise
from trainer.networks.checkpoint import Checkpoint, InputSpec, save

PICTURES, SIDE, TARGET = 6, 300, 0.7


def measure(repeats: int = 3) -> dict[str, object]:
    """All 64 filters of layer 7 on six pictures of 300 x 300: seconds of both, and how fast the export is beside.

    The baseline has nothing left to compute: finished RGB arrays and `Image.save(path)` as it is, in threads on all
    cores (they beat processes, which must be sent the arrays). "ratio_same_level" is the same with the export's
    own zlib level in the baseline too.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures = _pictures(folder)
        network = open_network(_network(folder), device="cpu")
        filters = choose_filters(parse_filters("7"), network.layers)
        run_export(plan_export(network, pictures, filters, folder / "first"))
        finished = [np.asarray(Image.open(path).convert("RGB")) for path in sorted((folder / "first").glob("*.png"))]

        ours, baseline, same_level = [], [], []
        for number in range(rounds(repeats)):
            out = folder / f"ours{number}"
            plan = plan_export(network, pictures, filters, out)
            ours.append(_seconds(partial(run_export, plan)))
            baseline.append(_seconds(partial(_write, finished, folder / f"plain{number}", None)))
            same_level.append(_seconds(partial(_write, finished, folder / f"same{number}", PNG_LEVEL)))
    return {
        "what": f"exporting {len(finished)} overlays of {SIDE} x {SIDE}, times the speed of Pillow on {cores()} cores",
        "ours": min(ours),
        "baseline": min(baseline),
        "ratio": min(baseline) / min(ours),
        "ratio_same_level": min(same_level) / min(ours),
        "target": TARGET,
    }


def rows() -> list[Row]:
    """The row of the table."""
    found = measure()
    ours, baseline, ratio = (float(str(found[name])) for name in ("ours", "baseline", "ratio"))
    return [Row("exporting overlays, speed of Pillow on all cores", ours, baseline, ratio, TARGET, at_most=False)]


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _write(finished: list[RGB], folder: Path, level: int | None) -> None:
    folder.mkdir()
    options: dict[str, Any] = {} if level is None else {"compress_level": level}

    def write(one: tuple[int, RGB]) -> None:
        Image.fromarray(one[1]).save(folder / f"{one[0]}.png", **options)

    with ThreadPoolExecutor(cores()) as pool:
        list(pool.map(write, enumerate(finished)))


def _pictures(folder: Path) -> list[Path]:
    """Smooth shapes with the noise of skin: as hard to compress as a photograph."""
    random = np.random.default_rng(0)
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    paths = []
    for number in range(PICTURES):
        middle, size = random.uniform(120, 180, 2), random.uniform(50, 90)
        lesion = np.hypot(rows - middle[0], columns - middle[1]) < size
        skin = np.array([214, 158, 140]) - lesion[..., None] * np.array([90, 85, 70])
        rgb = np.clip(skin + random.normal(0, 4, (SIDE, SIDE, 1)) + random.normal(0, 1.5, (SIDE, SIDE, 3)), 0, 255)
        paths.append(folder / f"picture{number}.png")
        Image.fromarray(rgb.astype(np.uint8)).save(paths[-1])
    return paths


def _network(folder: Path) -> Path:
    torch.manual_seed(0)
    module = ScratchCNN(2, bottleneck=16)
    initialise(module)
    path = folder / "network.safetensors"
    weights = module.state_dict()
    save(path, Checkpoint("scratch_cnn", ("benign", "malignant"), InputSpec(), weights, {"bottleneck": 16}))
    return path


if __name__ == "__main__":
    print(measure())
