"""Shuffled weights are the same weights elsewhere, the same in every run, and leave the network alone."""

from pathlib import Path

import numpy as np
import torch

from explorer.core.attribution.randomised import LikeShuffled, rank_correlation, shuffled
from tests.networks import open_small


def test_weights_are_shuffled_each_within_its_tensor(tmp_path: Path) -> None:
    network = open_small(tmp_path)
    before = {name: weights.clone() for name, weights in network.module.named_parameters()}
    once, again = shuffled(network), shuffled(network)
    for name, weights in once.module.named_parameters():
        assert torch.equal(network.module.get_parameter(name), before[name])
        assert torch.equal(weights.flatten().sort().values, before[name].flatten().sort().values)
        assert torch.equal(weights, again.module.get_parameter(name))
        assert weights.numel() < 10 or not torch.equal(weights, before[name])
    assert once.identity == again.identity != network.identity
    assert not any(weights.requires_grad for weights in once.module.parameters())


def test_ranks_are_compared_by_size() -> None:
    map = np.random.default_rng(0).normal(size=(6, 7)).astype(np.float32)
    assert rank_correlation(map, -2 * map) == 1
    assert np.isnan(rank_correlation(map, np.ones_like(map)))


def test_what_many_pictures_say_is_told() -> None:
    found = LikeShuffled.of([0.5, None, -0.25, float("nan"), 0.0])
    assert (found.pictures, found.nothing, found.median, found.lowest, found.highest) == (5, 2, 0.0, -0.25, 0.5)
    assert "median 0.00 (-0.25 to 0.50) over 5 pictures; of 2 nothing was shown" in found.sentence
    assert "Nothing was shown of 1" in LikeShuffled.of([None]).sentence
