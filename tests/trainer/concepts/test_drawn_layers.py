"""Drawn artifacts: the kinds that teach are not those that test, and a drawing lies in any picture."""

import numpy as np
import pytest
import torch

from trainer.concepts.drawn_layers import draw_all, draw_layers
from trainer.concepts.words import ARTIFACTS
from trainer.synthetic.kinds import TEACHING, TESTING

KINDS = [(name, kind) for name in ARTIFACTS for kind in (*TEACHING[name], *TESTING[name])]


def test_no_kind_both_teaches_and_tests():
    assert set(TEACHING) == set(TESTING) == set(ARTIFACTS)
    teaching, testing = ({kind for kinds in part.values() for kind in kinds} for part in (TEACHING, TESTING))
    assert not teaching & testing
    assert len(teaching) == sum(map(len, TEACHING.values())) == 20
    assert len(testing) == sum(map(len, TESTING.values())) == 10


@pytest.mark.parametrize(("name", "kind"), KINDS, ids=lambda value: getattr(value, "__name__", value))
def test_a_kind_draws_the_same_twice_and_is_to_be_seen_where_it_lies(name, kind):
    grey = np.full((112, 112, 3), 0.6, np.float32)
    seen = 0
    for seed in range(4):
        (rgb, coverage), (again, _) = (kind(np.random.default_rng(seed), grey.copy(), 2) for _ in range(2))
        assert (rgb == again).all()
        assert np.isfinite(rgb).all()
        assert 0 <= coverage.min() <= coverage.max() <= 1
        mask = coverage >= 0.2
        seen += mask.sum()
        if mask.any():
            changed = np.abs(rgb - grey).max(axis=2) > 0.01
            assert changed[mask].mean() > 0.6, seed
    assert seen > 20


def test_a_drawing_in_a_picture_is_what_drawing_into_it_gives():
    for name in ARTIFACTS:
        layers = draw_layers(TESTING[name][:1], 1, seed=3, size=96)
        picture = torch.rand(3, 96, 96)
        laid, covered = layers.lay(picture, Still())
        rgb, coverage = TESTING[name][0](np.random.default_rng([3, 0, 0]), picture.permute(1, 2, 0).numpy().copy(), 2)
        assert np.abs(laid.permute(1, 2, 0).numpy() - np.clip(rgb, 0, 1)).max() < 0.02, name
        assert (covered.numpy() <= (coverage >= 0.2)).all()


def test_of_a_larger_drawing_some_part_is_taken():
    layers = draw_all({"hair": TEACHING["hair"], "corner": TEACHING["corner"]}, 1, 0, 96)
    assert layers["corner"].factor.shape[-1] == 96
    assert layers["hair"].factor.shape[-1] == 224
    laid, covered = layers["hair"].lay(torch.full((3, 96, 96), 0.5), np.random.default_rng(0))
    assert laid.shape == (3, 96, 96)
    assert covered.shape == (96, 96)


class Still:
    """Chance that always says 0."""

    def integers(self, most):
        return 0
