"""Training of the concept network, and its file."""

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save as serialise

from trainer.concepts.batches import make_batch
from trainer.concepts.drawn_layers import draw_all
from trainer.concepts.loss import loss_of
from trainer.concepts.network import FOUND, ConceptNetwork
from trainer.concepts.pictures import Pictures
from trainer.concepts.working_size import SIDE
from trainer.files.atomic_files import cannot_write, replace_file
from trainer.synthetic.kinds import TEACHING

DESCRIPTION = "concepts"
"""The key of the metadata under which the file describes itself."""


@dataclass(frozen=True)
class Settings:
    """How the network is trained.

    `each` is the number of drawings of every kind, `seen` the share of looked-at pictures; all epochs but the last
    `whole` are at `small` pixels, where each takes half of the time.
    """

    seed: int = 0
    epochs: int = 9
    batch: int = 16
    rate: float = 4e-3
    decay: float = 1e-2
    each: int = 60
    seen: float = 0.25
    small: int = 160
    whole: int = 2


OnEpoch = Callable[[int, float, float], None]
"""Called with the epoch, its mean loss and the seconds since the start."""


def train_network(source: Pictures, settings: Settings, on_epoch: OnEpoch) -> ConceptNetwork:
    """A network trained on the pictures, with artifacts of the kinds that teach; the same for the same seed.

    One cycle of the learning rate (Smith and Topin, 2019) with AdamW; of every batch, the share `settings.seen` are
    pictures whose artifacts somebody looked at, where there are any.
    """
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    sides = [settings.small] * max(0, settings.epochs - settings.whole) + [SIDE] * min(settings.whole, settings.epochs)
    layers = {side: draw_all(TEACHING, settings.each, settings.seed + 1, side) for side in sorted(set(sides))}
    network = ConceptNetwork()
    optimiser = torch.optim.AdamW(network.parameters(), lr=settings.rate, weight_decay=settings.decay)
    steps = math.ceil(len(source) / settings.batch)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.rate, total_steps=steps * settings.epochs)
    seen = np.flatnonzero((source.said >= 0).any(dim=1).numpy())
    begun = time.monotonic()
    for epoch, side in enumerate(sides, start=1):
        network.train()
        order = rng.permutation(len(source))
        losses = []
        for start in range(0, len(order), settings.batch):
            rows = order[start : start + settings.batch].tolist()
            for place in range(round(settings.seen * len(rows)) if len(seen) else 0):
                rows[place] = int(rng.choice(seen))
            batch = make_batch(source, rows, layers[side], rng, side)
            loss = loss_of(network(batch.pictures), batch)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimiser.step()
            cycle.step()
            losses.append(float(loss.detach()))
        on_epoch(epoch, float(np.mean(losses)), time.monotonic() - begun)
    return network.eval()


def save_network(path: Path, network: ConceptNetwork, settings: Settings, source: str, licence: str) -> None:
    """Write the weights in half precision, with what they find and how they were trained; UserError where it cannot."""
    weights = {
        name: (value.half() if value.is_floating_point() else value).contiguous()
        for name, value in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    about = {"found": FOUND, "settings": asdict(settings), "source": source, "licence": licence}
    try:
        replace_file(path, serialise(weights, metadata={DESCRIPTION: json.dumps(about)}))
    except OSError as error:
        raise cannot_write(path, error) from error
