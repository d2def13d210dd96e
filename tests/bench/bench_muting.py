"""Muting filters from a kept pass against running the whole network with a hook."""

import time
from collections.abc import Callable
from pathlib import Path

import torch

from explorer.core.muting.kept_pass import KeptPass
from explorer.core.muting.whole_pass import muted_by_hooks
from explorer.core.network.opening import Network, open_network
from explorer.core.tags import FilterKey
from tests.bench.row import Row, side_by_side

DEMO = Path(__file__).parents[2] / "resources" / "demo" / "demo-scratch-cnn.safetensors"
PICTURES, BATCH = 50, 10


def measure() -> list[Row]:
    """Ratios of ours to a forward pass and to the plain loop (at most)."""
    network = open_network(DEMO, device="cpu")
    pictures = torch.rand(PICTURES, 3, *network.input.size, generator=torch.Generator().manual_seed(0))
    return [_one_filter(network, pictures[:1]), _every_filter(network, pictures)]


def _one_filter(network: Network, picture: torch.Tensor) -> Row:
    kept = KeptPass(network, picture)

    def forward() -> None:
        with torch.inference_mode():
            network.logits(picture)

    ours, whole = side_by_side(lambda: kept.muted([[FilterKey(7, 8)]]), forward, 61)
    return Row("muting: one filter of the last layer and its prediction / forward pass", ours, whole, ours / whole, 0.3)


def _every_filter(network: Network, pictures: torch.Tensor) -> Row:
    """Every filter of the network on every picture; the loop is measured for every eighth filter and scaled up.

    Both see the same batches; ours pays for its kept passes.
    """
    keys = [FilterKey(info.index, filter) for info in network.layers for filter in range(info.filters)]

    def ours() -> None:
        for batch in pictures.split(BATCH):
            KeptPass(network, batch).muted([[key] for key in keys])

    def loop() -> None:
        for batch in pictures.split(BATCH):
            for key in keys[::8]:
                muted_by_hooks(network, batch, [key])

    mine, theirs = _seconds(ours), _seconds(loop)
    theirs *= len(keys) / len(keys[::8])
    return Row(
        f"muting: all {len(keys)} filters on {PICTURES} pictures / plain loop", mine, theirs, mine / theirs, 0.35
    )


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
