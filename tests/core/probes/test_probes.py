"""A probe changes what it says and nothing else; its control changes as much, there, in another shape."""

import numpy as np
import pytest

from explorer.core.probes.changes import CHANGES, DRAWN, changed, laid, painted_over, scrambled
from trainer.synthetic import draw


def picture(seed: int = 0, **concepts: frozenset[str]) -> np.ndarray:
    """A drawn picture in [0, 1]."""
    return (draw(seed, size=112, **({"concepts": frozenset()} | concepts)).rgb / 255).astype(np.float32)


@pytest.mark.parametrize("concept", DRAWN)
def test_a_control_changes_as_much_in_the_same_place(concept: str) -> None:
    plain = picture()
    with_it, control = laid(plain, concept, np.random.default_rng(1))
    drawn, dealt = np.abs(with_it - plain), np.abs(control - plain)

    assert drawn.mean() > 0
    assert dealt.mean() == pytest.approx(drawn.mean(), rel=0.15)  # where light is clipped, a little less
    assert not np.array_equal(with_it, control)
    far = ~_near(drawn.max(axis=2) > 0, 12)
    assert dealt[far].sum() == 0


def _near(mask: np.ndarray, reach: int) -> np.ndarray:
    from scipy.ndimage import binary_dilation

    return binary_dilation(mask, iterations=reach)


def test_a_wide_picture_keeps_its_size() -> None:
    wide = picture()[:80]

    for concept in DRAWN:
        assert all(one.shape == wide.shape for one in laid(wide, concept, np.random.default_rng(0)))
    assert all(one.shape == wide.shape for one in changed(wide, np.random.default_rng(0)).values())


def test_scrambling_keeps_every_pixel() -> None:
    plain = picture()

    np.testing.assert_allclose(
        np.sort(scrambled(plain, np.random.default_rng(0)).reshape(-1, 3).sum(1)), np.sort(plain.reshape(-1, 3).sum(1))
    )


def test_changes_are_what_they_are_called() -> None:
    plain = picture(3)
    found = changed(plain, np.random.default_rng(0))

    assert tuple(found) == CHANGES
    assert np.ptp(found["without color"], axis=2).max() < 1e-6
    np.testing.assert_array_equal(found["turned"], np.rot90(plain))
    assert np.abs(np.diff(found["blurred"], axis=0)).mean() < 0.5 * np.abs(np.diff(plain, axis=0)).mean()


def test_a_hair_is_painted_over() -> None:
    drawn, plain = draw(5, size=112, concepts=frozenset({"hair"})), picture(5)
    hairy = (drawn.rgb / 255).astype(np.float32)
    without = painted_over(hairy, drawn.masks["hair"].astype(np.float32))
    hair = drawn.masks["hair"]

    assert without is not None
    assert np.abs(without - plain)[hair].mean() < 0.5 * np.abs(hairy - plain)[hair].mean()
    assert painted_over(hairy, np.zeros((112, 112))) is None
    assert painted_over(hairy, np.ones((112, 112))) is None
