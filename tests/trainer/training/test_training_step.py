from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.trainer.runs import CPU, cohort_in, small
from trainer.networks.architectures import build, head
from trainer.networks.input_spec import InputSpec
from trainer.training.data_loading import Batch, Pictures, Preparation, ahead, epoch, order_of, steps_of
from trainer.training.loss import median_frequency
from trainer.training.optimiser import optimiser_of
from trainer.training.recipe import Recipe
from trainer.training.training_step import Average, Step

REFERENCE = {"precision": "float32", "channels_last": False, "fused": False, "graph": False, "prefetch": False}


def test_the_paper_s_class_weights() -> None:
    assert median_frequency(np.array([928, 11_910])) == pytest.approx([6.917, 0.539], abs=5e-4)
    assert median_frequency(np.array([5, 5, 5])) == pytest.approx([1, 1, 1])


def made(recipe: Recipe, weights: np.ndarray | None = None) -> tuple[nn.Module, Step]:
    torch.manual_seed(0)
    module = build("lenet", 2, {"size": 32})
    preparation = Preparation(recipe, CPU)
    return module, Step(module, optimiser_of(module, recipe, CPU), recipe, CPU, preparation, 2, weights)


def batch(count: int = 8) -> Batch:
    random = torch.Generator().manual_seed(1)
    pictures = torch.rand(count, 3, 32, 32, generator=random)
    return Batch(pictures, torch.zeros(count, 15), torch.arange(count) % 2, ready=True)


def test_the_reference_step_is_the_plain_loop_s() -> None:
    recipe = small(**REFERENCE, learning_rate=0.01, smoothing=0.1, clip=0.5)
    module, step = made(recipe, np.array([2.0, 0.5]))
    other, _ = made(recipe)
    plain = torch.optim.Adam(other.parameters(), 0.01, recipe.learning.betas)
    some = replace(batch(), targets=torch.tensor([0, 0, 0, 0, 0, 1, 0, 1]))
    for _ in range(3):
        found = step(some, 0.01)
        loss = F.cross_entropy(other(some.pictures), some.targets, torch.tensor([2.0, 0.5]), label_smoothing=0.1)
        plain.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(other.parameters(), 0.5)
        plain.step()
        assert found.item() == pytest.approx(loss.item(), rel=1e-5)
    for ours, theirs in zip(module.parameters(), other.parameters(), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd"])
def test_fused_and_channels_last_compute_the_reference(name: str) -> None:
    found = []
    for changes in ({}, {"fused": True}, {"channels_last": True}):
        module, step = made(small(**{**REFERENCE, "optimiser": name, "weight_decay": 0.01, **changes}))
        losses = [step(batch(), 1e-2).item() for _ in range(4)]
        found.append((losses, torch.cat([weight.flatten() for weight in module.parameters()])))
    for losses, weights in found[1:]:
        assert losses == pytest.approx(found[0][0], rel=1e-4)
        assert torch.allclose(weights, found[0][1], atol=1e-4)


@pytest.mark.parametrize("name", ["scratch_cnn", "resnet18", "densenet121", "vgg11", "inception_v3"])
def test_learning_rates_grow_with_depth_alike_in_every_architecture(name: str) -> None:
    with torch.device("meta"):
        module = build(name, 2, {"size": 224} if name == "scratch_cnn" else {})
    optimiser = optimiser_of(module, small(depth_decay=0.1, fused=False), CPU)
    groups = optimiser.param_groups
    share_of = {id(weight): group["share"] for group in groups for weight in group["params"]}
    weights = list(module.parameters())
    assert len(share_of) == len(weights)  # each weight once
    shares = [share_of[id(weight)] for weight in weights]
    assert shares[0] == pytest.approx(0.1)
    assert shares[-1] == 1
    assert 6 <= len({round(share, 9) for share in shares}) <= 8
    middle = shares[len(shares) // 2]
    assert 0.2 < middle < 0.5  # sqrt(0.1) = 0.32 halfway
    assert [group["head"] for group in groups] == [False] * (len(groups) - 1) + [True]
    last = module.get_submodule(head(module))
    assert {id(weight) for weight in groups[-1]["params"]} == {id(weight) for weight in last.parameters()}


def test_the_head_can_learn_alone() -> None:
    module, step = made(small(**REFERENCE))
    before = {name: weight.detach().clone() for name, weight in module.named_parameters()}
    step(batch(), 1e-2, head_only=True)
    moved = {name for name, weight in module.named_parameters() if not torch.equal(weight, before[name])}
    assert {name.rpartition(".")[0] for name in moved} == {head(module)}
    step(batch(), 1e-2)
    assert all(not torch.equal(weight, before[name]) for name, weight in module.named_parameters())


def test_the_average_follows_and_none_is_the_network_itself() -> None:
    module = nn.Linear(1, 1)
    assert Average(module, 0.0).module is module
    average = Average(module, 0.9)
    start = module.weight.detach().clone()
    with torch.no_grad():
        module.weight += 1
    for step in (1000, 1001):
        average.follow(step)
    assert torch.allclose(average.module.weight, start + 1 - 0.9**2)


def test_every_picture_comes_once_or_every_class_equally_often() -> None:
    labels = (np.arange(1000) % 10 == 0).astype(np.int64)
    once = order_of(labels, small(batch=100), np.random.default_rng(0))
    assert sorted(once.ravel()) == list(range(1000))
    balanced = order_of(labels, small(batch=100, imbalance="sampling"), np.random.default_rng(0))
    assert labels[balanced].mean() == pytest.approx(0.5, abs=0.06)
    for recipe in (small(batch=96), small(batch=96, imbalance="sampling"), small(batch=5000)):
        assert len(order_of(labels, recipe, np.random.default_rng(0))) == steps_of(1000, recipe)


def test_an_epoch_follows_from_seed_and_number(tmp_path: Path) -> None:
    cohort, recipe = cohort_in(tmp_path), small(crop="random", size=28)
    pictures = Pictures(cohort, cohort.positions("train"), InputSpec((32, 32), "squash", 32), CPU)

    def all_of(recipe: Recipe, number: int) -> torch.Tensor:
        found = epoch(pictures, recipe, Preparation(recipe, CPU), CPU, number, slice(0, 8))
        return torch.cat([some.pictures for some in found]).float()

    assert torch.equal(all_of(recipe, 3), all_of(recipe, 3))
    assert not torch.equal(all_of(recipe, 3), all_of(recipe, 4))
    assert not torch.equal(all_of(recipe, 3), all_of(small(crop="random", size=28, seed=1), 3))


def test_kept_pictures_are_what_an_input_spec_sees(tmp_path: Path) -> None:
    cohort = cohort_in(tmp_path)
    for spec in (InputSpec((24, 24), "squash", 32), InputSpec((24, 24), "squash", 24)):
        for keep in ("yes", "no"):
            found = Pictures(cohort, np.arange(20), spec, CPU, keep=keep).fetch(torch.tensor([3, 17]))
            wanted = [spec.crop(picture) for picture in cohort.pictures(np.array([3, 17]))]
            assert np.array_equal(found.permute(0, 2, 3, 1), wanted)


def test_the_thread_ahead_keeps_order_and_passes_errors_on() -> None:
    assert list(ahead(iter(range(1, 20)))) == list(range(1, 20))

    def broken() -> object:
        yield 1
        raise OSError("gone")

    items = ahead(broken())  # type: ignore[arg-type]
    assert next(items) == 1
    with pytest.raises(OSError, match="gone"):
        next(items)


def test_processes_divide_by_the_weights_of_the_whole_batch() -> None:
    """Two halves of a batch whose classes are shared out unevenly, as DistributedDataParallel would average them."""
    recipe, weights = small(**REFERENCE), np.array([2.0, 0.5])
    whole = replace(batch(), targets=torch.tensor([0, 0, 0, 1, 1, 1, 1, 1]))
    halves = [replace(whole, pictures=whole.pictures[of], draws=whole.draws[of], targets=whole.targets[of])
              for of in (slice(0, 4), slice(4, 8))]  # fmt: skip
    mean = torch.stack([torch.from_numpy(weights)[half.targets].sum() for half in halves]).mean()

    def gradients(some: Batch, over_processes: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
        torch.manual_seed(0)
        module = build("lenet", 2, {"size": 32})
        step = Step(module, optimiser_of(module, recipe, CPU), recipe, CPU, Preparation(recipe, CPU), 2, weights,
                    over_processes=over_processes)  # fmt: skip
        step(some, 0.0)
        return torch.cat([weight.grad.flatten() for weight in module.parameters() if weight.grad is not None])

    alone = gradients(whole, lambda value: value)
    together = torch.stack([gradients(half, lambda value: mean.to(value)) for half in halves]).mean(0)
    assert torch.allclose(together, alone, atol=1e-6)
    assert not torch.allclose(torch.stack([gradients(half, lambda value: value) for half in halves]).mean(0), alone)


class HeavyBackwards(torch.autograd.Function):
    """Changes nothing; its backward pass has memory for four pictures."""

    @staticmethod
    def forward(ctx: object, values: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        return values.clone()

    @staticmethod
    def backward(ctx: object, gradient: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        if len(gradient) > 4:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return gradient


class Normed(nn.Module):
    """A small network with a batch norm and, where it is `heavy`, too little memory on the way back."""

    def __init__(self, heavy: bool) -> None:
        super().__init__()
        self.heavy = heavy
        self.convolution, self.norm, self.linear = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 2)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        values = self.norm(self.convolution(pictures))
        return self.linear((HeavyBackwards.apply(values) if self.heavy else values).mean((2, 3)))


def test_a_try_without_memory_counts_no_picture_and_leaves_batch_norms_as_they_were() -> None:
    """As a network that sees the two halves, and never the whole."""
    torch.manual_seed(0)
    plain, heavy = Normed(heavy=False), Normed(heavy=True)
    heavy.load_state_dict(plain.state_dict())
    recipe, said = small(**REFERENCE), list[str]()
    step = Step(heavy, optimiser_of(heavy, recipe, CPU), recipe, CPU, Preparation(recipe, CPU), 2, say=said.append)
    some = batch()
    with torch.no_grad():
        outputs = torch.cat([plain(half) for half in some.pictures.split(4)])
    step(some, 1e-3)
    assert len(said) == 1
    assert step.right.item() == (outputs.argmax(1) == some.targets).sum().item()
    for (name, ours), theirs in zip(heavy.named_buffers(), plain.buffers(), strict=True):
        assert torch.equal(ours, theirs), name
