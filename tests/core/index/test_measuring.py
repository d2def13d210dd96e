"""Relevance equals captum's, on networks that write over their maps too; quantiles equal numpy's in rank."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from captum.attr import LayerGradientXActivation
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torchvision.models import resnet18

from explorer.core.index.batch_layout import overwritten
from explorer.core.index.measuring import Measurer, margin
from explorer.core.index.sampling import spread
from explorer.core.index.schema import QUANTILES
from explorer.core.index.value_counts import OF_A_MAP, ValueCounts
from explorer.core.network.forward_pass import source
from explorer.core.network.opening import Network, open_network
from tests.conftest import EXAMPLES
from tests.networks import open_small
from trainer.networks.checkpoint import InputSpec


def opened(module: nn.Module, path: Path) -> Network:
    torch.manual_seed(0)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.normal_(0, 0.1)
            part.running_var.uniform_(0.5, 1.5)
    torch.save(module.state_dict(), path)
    return open_network(path, device="cpu", input=InputSpec((64, 64), "squash", 64))


@pytest.mark.parametrize("name", ["small", "resnet18"])
def test_relevance_is_gradient_times_activation(name: str, tmp_path: Path) -> None:
    network = {
        "small": lambda: open_small(tmp_path),
        "resnet18": lambda: opened(resnet18(num_classes=4), tmp_path / "resnet18.pth"),
    }[name]()
    spec = network.input
    batch = torch.rand(3, spec.channels, *spec.size, generator=torch.Generator().manual_seed(1))
    measured = Measurer(network, "margin").measure(batch, [torch.zeros(2, info.filters) for info in network.layers])
    parts = dict(network.module.named_modules())
    for part in network.module.modules():
        if isinstance(part, nn.ReLU):
            part.inplace = False  # captum keeps no copy of what is written over
    first = 0
    for info in network.layers:
        if info.index % 5 == 0:
            of_captum = LayerGradientXActivation(
                lambda pictures: margin(network.logits(pictures)), parts[source(info)[0]]
            )
            expected = of_captum.attribute(batch.clone().requires_grad_()).sum((2, 3)).detach().numpy().T
            found = measured.answers["relevance"][first : first + info.filters]
            np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * max(np.abs(expected).max(), 1e-9))
        first += info.filters


@pytest.mark.parametrize(("inplace", "expected"), [(True, {0}), (False, set())])
def test_what_is_written_over_is_known(tmp_path: Path, inplace: bool, expected: set[int]) -> None:
    network = open_small(tmp_path)
    parts = [nn.Conv2d(3, 4, 3), nn.ReLU(inplace=inplace), nn.Conv2d(4, 2, 3), nn.Flatten()]
    changed = dataclasses.replace(network, module=nn.Sequential(*parts).eval())
    assert overwritten(changed, {("0", 0): 0, ("2", 0): 1}) == expected


def test_a_class_of_independent_or_single_outputs_has_a_margin() -> None:
    assert margin(torch.tensor([[3.0, 1.0, 2.5]])).tolist() == [0.5]
    assert margin(torch.tensor([[-2.0], [1.0]])).tolist() == [2.0, 1.0]


@settings(EXAMPLES, max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from(["bell", "rectified", "heavy", "constant", "two values"]))
def test_quantiles_are_those_of_numpy_in_rank(seed: int, kind: str) -> None:
    drawn = np.random.default_rng(seed)
    maps = drawn.normal(size=(200, 2, 14, 14)).astype(np.float32)
    maps[:, 1] *= 1000
    if kind == "rectified":
        maps = np.maximum(maps, 0)
    elif kind == "heavy":
        maps = np.exp(maps / np.abs(maps).max() * 8)
    elif kind == "constant":
        maps = np.full_like(maps, drawn.normal())
    elif kind == "two values":
        maps = np.where(maps > 0.7, np.float32(3.25), np.float32(-1.5))
    counts = ValueCounts(2)
    batches = torch.from_numpy(maps).split(32)
    for batch in batches:
        counts.look(batch)
    for batch in batches:
        counts.add(batch)
    found = counts.distribution()
    for row in range(2):
        values = np.sort(maps[:, row].ravel())
        for quantile, share in zip(found.quantiles[row], QUANTILES, strict=True):
            below, to = (np.searchsorted(values, quantile, side) / len(values) for side in ("left", "right"))
            assert below - 0.001 <= share <= to + 0.001, (quantile, share, below, to)
        assert found.counts[row].sum() == len(values)
        assert (found.lowest[row], found.highest[row]) == (values[0], values[-1])


@settings(EXAMPLES, max_examples=15)
@given(
    st.integers(0, 10_000), st.sampled_from([(7, 7), (14, 9), (28, 28), (130, 120)]), st.sampled_from([0.0, 3.0, 50.0])
)
def test_quantiles_inside_leave_the_outermost_ring_out(seed: int, size: tuple[int, int], padded: float) -> None:
    """Whatever padding makes of the ring, which is half of a map of 7 x 7."""
    drawn = np.random.default_rng(seed)
    maps = drawn.normal(size=(60, 2, *size)).astype(np.float32)
    maps[:, 1] = np.maximum(maps[:, 1] - 1, 0)
    inner = maps[:, :, 1:-1, 1:-1].copy()
    maps += np.float32(padded)
    maps[:, :, 1:-1, 1:-1] = inner
    counts = ValueCounts(2)
    batches = torch.from_numpy(maps).split(16)
    for batch in batches:
        counts.look(batch)
    for batch in batches:
        counts.add(batch)
    found = counts.distribution()
    # Of large maps some values are taken; of few values each is a step of its own.
    apart = (0.001 if inner[0, 0].size <= OF_A_MAP else 0.003) + 2 / inner[:, 0].size
    for row in range(2):
        values = np.sort(inner[:, row].ravel())
        for quantile, share in zip(found.quantiles_inside[row], QUANTILES, strict=True):
            below, to = (np.searchsorted(values, quantile, side) / len(values) for side in ("left", "right"))
            assert below - apart <= share <= to + apart, (quantile, share, below, to)
        assert (found.lowest_inside[row], found.highest_inside[row]) == (values[0], values[-1])
        assert found.highest[row] == maps[:, row].max()


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (2, 1)])
def test_a_map_without_an_inside_is_all_inside(size: tuple[int, int]) -> None:
    maps = torch.rand(50, 3, *size, generator=torch.Generator().manual_seed(0))
    counts = ValueCounts(3)
    counts.look(maps)
    counts.add(maps)
    found = counts.distribution()
    assert (found.quantiles_inside == found.quantiles).all()
    assert (found.lowest_inside == found.lowest).all()
    assert (found.highest_inside == found.highest).all()


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["nv", "mel", ""])), min_size=1, max_size=60),
    st.integers(1, 30),
)
@settings(EXAMPLES, max_examples=50)
def test_a_sample_has_every_group_before_any_has_two_more(groups: list[tuple[int, str]], count: int) -> None:
    names = [f"{folder}/{row}.png" for row, (folder, _) in enumerate(groups)]
    given = [word for _, word in groups]
    chosen = spread(names, given, count)
    assert len(chosen) == len(set(chosen)) == min(count, len(names))
    assert chosen == spread(names, given, count)
    taken = {group: sum(groups[row] == group for row in chosen) for group in set(groups)}
    there = {group: groups.count(group) for group in taken}
    fewest = min((taken[group] for group in taken if taken[group] < there[group]), default=count)
    assert max(taken.values()) <= fewest + 1 or fewest == count


@pytest.mark.parametrize("without_gradients", [torch.no_grad, torch.inference_mode])
def test_relevance_is_measured_where_a_script_has_switched_gradients_off(
    tmp_path: Path, without_gradients: type
) -> None:
    network = open_small(tmp_path)
    thresholds = [torch.zeros(2, info.filters) for info in network.layers]
    batch = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    expected = Measurer(network, "margin").measure(batch, thresholds).answers["relevance"]
    with without_gradients():
        found = Measurer(network, "margin").measure(batch.detach().clone(), thresholds).answers["relevance"]
    np.testing.assert_array_equal(found, expected)
