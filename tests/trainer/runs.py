"""Small runs for tests: LeNet on drawn pictures."""

from pathlib import Path
from typing import Any

import torch

from tests.trainer.cohorts import drawn_cohort
from trainer.cohort.cohort import Cohort, open_cohort
from trainer.networks.checkpoint import load
from trainer.training.finish import Outcome
from trainer.training.presets import PRESETS
from trainer.training.recipe import Recipe
from trainer.training.train import Watch, train

CPU = torch.device("cpu")
SMALL = PRESETS["lenet"].with_settings(
    {"size": 32, "resize_to": 0, "batch": 8, "epochs": 2, "imbalance": "none"}, "the small recipe"
)


def small(**settings: Any) -> Recipe:
    """A recipe of a run that takes a second."""
    return SMALL.with_settings(settings, "the test")


def cohort_in(folder: Path, count: int = 40, **how: Any) -> Cohort:
    """A cohort of drawn pictures."""
    return open_cohort(drawn_cohort(folder / "cohort.h5", count, **how))


def trained(cohort: Cohort, out: Path, recipe: Recipe = SMALL, **how: Any) -> Outcome:
    """A finished run."""
    outcome = train(cohort, recipe, out, CPU, **how)
    assert outcome is not None
    return outcome


def weights_in(out: Path) -> dict[str, torch.Tensor]:
    """The weights of a run's network."""
    return load(out / "network.safetensors").weights


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    """Whether all weights are equal, bit for bit."""
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


class Stop(Watch):
    """Stands for a person or a machine that ends the run after an epoch, or in the middle of one."""

    def __init__(self, epoch: int, error: BaseException, pictures: int = 0) -> None:
        def step(number: int, done: int, total: int, loss: float) -> None:
            if number == epoch and 0 < pictures <= done:
                raise error

        def end(record: dict[str, Any]) -> None:
            if record["epoch"] == epoch and not pictures:
                raise error

        super().__init__(on_step=step, on_epoch=end)
