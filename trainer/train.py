"""The training loop, read from top to bottom."""

import copy
import math
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from sklearn.metrics import roc_auc_score
from torch import nn

from trainer.augment import Augmentation
from trainer.checkpoint import Checkpoint, InputSpec
from trainer.cohort import Split
from trainer.errors import UserError
from trainer.network import build, initialise


@dataclass(frozen=True)
class Recipe:
    """Every setting of a run; all of it is written into the checkpoint.

    `learning_rate` falls along a half cosine to zero; `average` is the decay of the moving average of the
    weights that is kept (0 keeps the last weights); classes are drawn equally often.
    """

    epochs: int = 30
    batch: int = 32
    learning_rate: float = 5e-4
    weight_decay: float = 0.02
    smoothing: float = 0.05
    average: float = 0.99
    seed: int = 0
    architecture: str = "scratch_cnn"
    architecture_arguments: dict[str, Any] = field(default_factory=dict)
    augmentation: Augmentation = Augmentation()


@dataclass(frozen=True)
class Epoch:
    """What one epoch measured: mean training loss, and the AUC of the averaged weights on the validation part."""

    number: int
    loss: float
    auc: float
    pictures_per_second: float


def train(
    store: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.int64],
    split: Split,
    classes: tuple[str, ...],
    input_spec: InputSpec,
    recipe: Recipe,
    device: torch.device,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> Checkpoint:
    """Train on pictures (N, h, w, 3) uint8 with classes (N,); keep the epoch with the best validation AUC.

    The checkpoint's weights are half precision; its `training` holds the AUC of those very weights on the
    test part, with a 95 % bootstrap interval. UserError where the loss is no longer a number.
    """
    generator = torch.Generator().manual_seed(recipe.seed)
    torch.manual_seed(recipe.seed)
    module = build(recipe.architecture, len(classes), recipe.architecture_arguments)
    initialise(module)
    module.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = copy.deepcopy(module).eval()
    optimiser = torch.optim.AdamW(module.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay)
    pictures = torch.from_numpy(store).permute(0, 3, 1, 2)
    targets = torch.from_numpy(labels)
    steps = math.ceil(len(split.train) / recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        recipe.learning_rate,
        total_steps=steps * recipe.epochs,
        pct_start=0.1,
        cycle_momentum=False,
    )
    share = 1 / np.bincount(labels[split.train], minlength=len(classes))
    weights = torch.from_numpy(share[labels[split.train]])
    best, kept, history = -1.0, module, []
    for number in range(recipe.epochs):
        started, losses = time.perf_counter(), []
        module.train()
        order = torch.multinomial(weights, steps * recipe.batch, replacement=True, generator=generator)
        for chosen in order.view(steps, recipe.batch):
            positions = torch.from_numpy(split.train)[chosen]
            batch = input_batch(pictures[positions], input_spec, device, recipe.augmentation, generator)
            with torch.autocast(device.type, torch.bfloat16):
                loss = F.cross_entropy(module(batch), targets[positions].to(device), label_smoothing=recipe.smoothing)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(module.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            losses.append(loss.detach())
            # Early on the average would still be made of random weights: let it follow quickly.
            step = number * steps + len(losses)
            decay = min(recipe.average, step / (step + 10))
            with torch.no_grad():
                for slow, fast in zip(average.parameters(), module.parameters(), strict=True):
                    slow.lerp_(fast, 1 - decay)
        mean = torch.stack(losses).mean().item()
        if not math.isfinite(mean):
            raise UserError(f"The loss is no longer a number in epoch {number + 1}; lower --learning-rate.")
        scores = predict(average, pictures[split.validation], input_spec, device)
        measured = auc(labels[split.validation], scores)
        history.append(Epoch(number + 1, mean, measured, steps * recipe.batch / (time.perf_counter() - started)))
        on_epoch(history[-1])
        if measured > best:
            best, kept = measured, copy.deepcopy(average)
    kept = kept.half().float()
    scores = predict(kept, pictures[split.test], input_spec, device)
    low, high = auc_interval(labels[split.test], scores, recipe.seed)
    return Checkpoint(
        architecture=recipe.architecture,
        architecture_arguments=recipe.architecture_arguments,
        classes=classes,
        input=input_spec,
        weights={name: tensor.half().cpu() for name, tensor in kept.state_dict().items()},
        training={
            "recipe": asdict(recipe),
            "seed": recipe.seed,
            "parts": {part: len(positions) for part, positions in vars(split).items()},
            "auc_validation": round(best, 4),
            "auc_test": round(auc(labels[split.test], scores), 4),
            "auc_test_interval": [round(low, 4), round(high, 4)],
            "epochs": [asdict(epoch) for epoch in history],
            "versions": {"torch": torch.__version__, "python": platform.python_version()},
            "device": str(device),
        },
    )


def input_batch(
    pictures: torch.Tensor,
    input_spec: InputSpec,
    device: torch.device,
    augmentation: Augmentation | None = None,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """Pictures (N, 3, h, w) uint8 as the network's input on `device`, changed where an augmentation is given."""
    batch = pictures.to(device).float().div_(255)
    if augmentation is not None and generator is not None:
        batch = augmentation(batch, generator)
    mean, std = (torch.tensor(numbers, device=device).view(-1, 1, 1) for numbers in (input_spec.mean, input_spec.std))
    return ((batch - mean) / std).contiguous(memory_format=torch.channels_last)


def predict(
    module: nn.Module, pictures: torch.Tensor, input_spec: InputSpec, device: torch.device, batch: int = 64
) -> npt.NDArray[np.float32]:
    """Probabilities (N, classes) of pictures (N, 3, h, w) uint8, in float32."""
    module.eval()
    with torch.inference_mode():
        parts = [
            module(input_batch(pictures[start : start + batch], input_spec, device)).softmax(1).cpu()
            for start in range(0, len(pictures), batch)
        ]
    answer: npt.NDArray[np.float32] = torch.cat(parts).numpy()
    return answer


def auc(labels: npt.NDArray[np.int64], scores: npt.NDArray[np.float32]) -> float:
    """Area under the ROC curve: of the last class for two classes, the macro mean of one against the rest else."""
    if scores.shape[1] == 2:
        return float(roc_auc_score(labels, scores[:, 1]))
    return float(roc_auc_score(labels, scores, multi_class="ovr", labels=np.arange(scores.shape[1])))


def auc_interval(
    labels: npt.NDArray[np.int64], scores: npt.NDArray[np.float32], seed: int, draws: int = 2000
) -> tuple[float, float]:
    """The 2.5 and 97.5 % points of the AUC over bootstrap draws of the pictures (one picture a lesion)."""
    random = np.random.default_rng(seed)
    found: list[float] = []
    while len(found) < draws:
        chosen = random.integers(0, len(labels), len(labels))
        if len(np.unique(labels[chosen])) == scores.shape[1]:
            found.append(auc(labels[chosen], scores[chosen]))
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)
