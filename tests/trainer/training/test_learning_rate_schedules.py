import warnings
from itertools import pairwise

import pytest
import torch

from trainer.training.learning_rate_schedules import factor, one_cycle, warm_restarts
from trainer.training.presets import PRESETS
from trainer.training.recipe import Learning


def followed(make: object, steps: int) -> list[float]:
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 1.0)
    schedule = make(optimiser)  # type: ignore[operator]
    found = []
    for _ in range(steps):
        found.append(optimiser.param_groups[0]["lr"])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch wants a step of the optimiser in between
            schedule.step()
    return found


@pytest.mark.parametrize("steps", [20, 53, 1000])
def test_one_cycle_is_torch_s(steps: int) -> None:
    def make(optimiser: torch.optim.Optimizer) -> object:
        return torch.optim.lr_scheduler.OneCycleLR(
            optimiser, 1.0, total_steps=steps + 1, pct_start=0.1, cycle_momentum=False
        )

    assert followed(make, steps) == pytest.approx([one_cycle(step, steps + 1) for step in range(steps)], abs=1e-12)


@pytest.mark.parametrize(("cycle", "multiple"), [(1, 2), (3, 1), (2, 3)])
def test_warm_restarts_are_torch_s(cycle: int, multiple: int) -> None:
    def make(optimiser: torch.optim.Optimizer) -> object:
        return torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimiser, cycle, multiple)

    assert followed(make, 40) == pytest.approx([warm_restarts(epoch, cycle, multiple) for epoch in range(40)])


def test_cosine_restarts_with_each_cycle_and_falls_within_it() -> None:
    learning = Learning(schedule="cosine", cycle=1, cycle_factor=2)
    found = [factor(learning, step, 10) for step in range(70)]
    assert [step for step in range(70) if found[step] == 1] == [0, 10, 30]
    assert all(later < earlier for earlier, later in pairwise(found[30:]))


def test_constant_is_constant() -> None:
    assert {factor(Learning(), step, 10) for step in range(100)} == {1.0}


@pytest.mark.parametrize("name", [name for name, recipe in PRESETS.items() if recipe.learning.schedule != "constant"])
def test_every_recipe_ends_where_its_rate_is_almost_nothing(name: str) -> None:
    learning = PRESETS[name].learning
    assert factor(learning, 50 * learning.epochs - 1, 50) < 1e-4


@pytest.mark.parametrize("schedule", ["constant", "one-cycle", "cosine"])
def test_the_schedule_begins_where_the_head_has_learnt_alone(schedule: str) -> None:
    alone, whole = (Learning(schedule=schedule, epochs=7 + head, head_epochs=head) for head in (3, 0))
    assert [factor(alone, step, 10) for step in range(30)] == [1.0] * 30
    assert [factor(alone, 30 + step, 10) for step in range(70)] == [factor(whole, step, 10) for step in range(70)]
