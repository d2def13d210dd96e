"""Training of the concept network, and its file."""

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save as serialise
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, Dataset

from trainer.concepts.batches import Batch, make_batch
from trainer.concepts.drawn_layers import draw_all
from trainer.concepts.loss import loss_of
from trainer.concepts.network import FOUND, ConceptNetwork
from trainer.concepts.pictures import Pictures
from trainer.concepts.working_size import SIDE
from trainer.files.atomic_files import cannot_write, replace_file
from trainer.synthetic.kinds import TEACHING

CPU = torch.device("cpu")
DESCRIPTION = "concepts"
"""The key of the metadata under which the file describes itself."""


@dataclass(frozen=True)
class Settings:
    """How the network is trained.

    `each` is the number of drawings of every kind, `seen` the share of looked-at pictures; all epochs but the last
    `whole` are at `small` pixels, where each takes half of the time. With an `average` (0 to 1) the network is the
    moving average of its weights with that decay. `wide` is the share of batches that are changed far more, `lesion`
    the weight of its loss against an artifact's.
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
    average: float = 0.0
    wide: float = 0.0
    lesion: float = 1.0


OnEpoch = Callable[[int, float, float], None]
"""Called with the epoch, its mean loss and the seconds since the start."""


class Lessons(Dataset[Batch]):
    """The batches of a training by their number, the same for the same seed, whoever makes them.

    Of every batch, the share `settings.seen` are pictures whose artifacts somebody looked at, where there are any.
    """

    def __init__(self, source: Pictures, settings: Settings, processes: int = 0) -> None:
        self._source, self._settings = source, settings
        whole = min(settings.whole, settings.epochs)
        self._sides = [settings.small] * (settings.epochs - whole) + [SIDE] * whole
        self._layers = {
            side: draw_all(TEACHING, settings.each, settings.seed + 1, side, processes) for side in {*self._sides}
        }
        self._seen = np.flatnonzero((source.said >= 0).any(dim=1).numpy())
        self.steps = math.ceil(len(source) / settings.batch)

    def __len__(self) -> int:
        return self.steps * self._settings.epochs

    def __getitem__(self, number: int) -> Batch:
        settings, (epoch, step) = self._settings, divmod(number, self.steps)
        order = np.random.default_rng([settings.seed, epoch]).permutation(len(self._source))
        rng = np.random.default_rng([settings.seed, epoch, step])
        rows = order[step * settings.batch : (step + 1) * settings.batch]
        if len(self._seen):
            rows[: round(settings.seen * len(rows))] = rng.choice(self._seen, round(settings.seen * len(rows)))
        side = self._sides[epoch]
        return make_batch(self._source, rows.tolist(), self._layers[side], rng, side, settings.wide)


def train_network(
    source: Pictures,
    settings: Settings,
    on_epoch: OnEpoch,
    begin: ConceptNetwork | None = None,
    *,
    device: torch.device = CPU,
    processes: int = 0,
    computed: torch.dtype = torch.float32,
) -> ConceptNetwork:
    """A network trained on the pictures, with artifacts of the kinds that teach; the same for the same seed.

    One cycle of the learning rate (Smith and Topin, 2019) with AdamW. `begin` is a network to go on from. Batches are
    made by so many `processes` beside this one, which changes none of them; steps are `computed` in float32 or
    bfloat16. The network comes back on the CPU.
    """
    torch.manual_seed(settings.seed)
    lessons = Lessons(source, settings, processes)
    network = (begin or ConceptNetwork()).to(device).train()
    follow = get_ema_multi_avg_fn(settings.average)  # type: ignore[no-untyped-call]
    average = AveragedModel(network, multi_avg_fn=follow, use_buffers=True) if settings.average else None
    optimiser = torch.optim.AdamW(network.parameters(), lr=settings.rate, weight_decay=settings.decay)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.rate, total_steps=len(lessons))
    losses: list[torch.Tensor] = []
    started_at = time.monotonic()
    for step, lesson in enumerate(DataLoader(lessons, batch_size=None, num_workers=processes), start=1):
        batch = lesson.to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=computed == torch.bfloat16):
            logits = network(batch.pictures)
        loss = loss_of(logits.float(), batch, settings.lesion)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        cycle.step()
        if average is not None:
            average.update_parameters(network)
        losses.append(loss.detach())
        if step % lessons.steps == 0:
            on_epoch(step // lessons.steps, torch.stack(losses).mean().item(), time.monotonic() - started_at)
            losses.clear()
    if average is not None:
        network.load_state_dict(average.module.state_dict())
    return network.to(CPU).eval()


def mean_network(networks: Sequence[ConceptNetwork]) -> ConceptNetwork:
    """The network whose weights are the mean of theirs, ready to find.

    Of several that began with the same one it is often better than each (Wortsman et al., 2022).
    """
    states = [network.state_dict() for network in networks]
    mean = ConceptNetwork()
    mean.load_state_dict({name: torch.stack([state[name].float() for state in states]).mean(0) for name in states[0]})
    return mean.eval()


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
