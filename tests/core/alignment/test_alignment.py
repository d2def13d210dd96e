"""How well a map fits a concept: against scikit-learn, and by what must hold whatever the picture."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from explorer.core.alignment.areas import Ranked, area, overlap, pooled_area
from explorer.core.alignment.compass import compass
from explorer.core.alignment.grid import CELLS, SIDE, inner
from explorer.core.alignment.marks import SECTORS, SETS, marks_of
from explorer.core.alignment.measure import SIDED, measure
from explorer.core.alignment.over_pictures import FEWEST, answered_more, mean_over, signed_rank
from explorer.core.concepts import SIDES
from trainer.measures.multiple_testing import corrected

GREY = np.full((112, 112, 3), 128, np.uint8)


def disc(row: float, column: float, radius: float) -> np.ndarray:
    """A lesion in a picture of 112 pixels."""
    y, x = np.mgrid[:112, :112]
    return (np.hypot(y - row, x - column) < radius).astype(np.float32)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_areas_are_those_of_scikit_learn(seed: int) -> None:
    random = np.random.default_rng(seed)
    values = random.normal(size=(3, CELLS)).astype(np.float32)
    sets = random.random((11, CELLS)) < random.uniform(0.05, 0.6, (11, 1))
    counts = Ranked(values, seed).counts(sets)

    for row, cells in enumerate(sets):
        found = area(counts[row], Ranked(values, seed).counts([~cells])[0])
        exact = [roc_auc_score(cells, one) for one in values]
        assert found == pytest.approx(exact, abs=0.01)


def test_what_answers_the_same_everywhere_is_at_chance() -> None:
    cells = np.arange(CELLS) < CELLS // 3
    counts = Ranked(np.zeros((1, CELLS), np.float32), 3).counts([cells, ~cells])

    assert area(counts[0], counts[1])[0] == pytest.approx(0.5, abs=0.03)


def test_within_strata_a_shift_between_them_counts_for_nothing() -> None:
    random = np.random.default_rng(0)
    lesion, hair = np.arange(CELLS) < CELLS // 2, random.random(CELLS) < 0.2
    hair = np.where(lesion, hair, random.random(CELLS) < 0.01)  # most hair lies on the lesion, by chance
    values = (random.normal(size=CELLS) + 3 * lesion).astype(np.float32)[None]
    counts = Ranked(values).counts([hair & lesion, hair & ~lesion, ~hair & lesion, ~hair & ~lesion])

    assert area(counts[0] + counts[1], counts[2] + counts[3])[0] > 0.65
    assert pooled_area(counts[:2], counts[2:])[0] == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("side", range(SECTORS))
def test_the_compass_points_where_the_rim_answers(side: int) -> None:
    lesion = disc(56, 56, 25)
    marks = marks_of(GREY, {"lesion": lesion})
    there = np.zeros((1, SIDE, SIDE), np.float32)
    angle = side * np.pi / 4
    y, x = 27.5 - 12 * np.sin(angle), 27.5 + 12 * np.cos(angle)
    yy, xx = np.mgrid[:SIDE, :SIDE]
    there[0] = np.exp(-(((yy - y) ** 2 + (xx - x) ** 2) / 8))
    found = measure(there, np.zeros(1, np.float32), np.ones(1, np.float32), marks, [marks], 0)
    pointing = compass(found["sector"][None], found["sector_null"][None])

    assert SIDES[pointing.side[0]] == SIDES[side]
    assert pointing.concentration[0] > 0.7
    assert found["rim"][0, side] > 9 * found["rest"][0, side]
    assert found["rim"][0, side] > 9 * found["skin"][0, 0]
    assert found["side"][0, side] > 0.8


def test_a_ring_points_nowhere_and_beats_inside_and_outside() -> None:
    marks = marks_of(GREY, {"lesion": disc(50, 60, 25)})
    ring = np.zeros((1, SIDE, SIDE), np.float32)
    ring[:, 4:-4, 4:-4] = marks.rim.reshape(1, SIDE - 8, SIDE - 8)
    found = measure(ring, np.zeros(1, np.float32), np.ones(1, np.float32), marks, [marks], 0)
    pointing = compass(found["sector"][None], found["sector_null"][None])

    assert pointing.concentration[0] < 0.01
    assert found["rim"][0, SIDED - 1] == pytest.approx(1)
    assert found["skin"][0, 0] == pytest.approx(0)
    assert found["side"][0, SIDED - 1] > 0.95


def test_a_lesion_that_the_frame_cuts_is_not_whole() -> None:
    assert marks_of(GREY, {"lesion": disc(56, 56, 25)}).whole
    assert not marks_of(GREY, {"lesion": disc(2, 56, 25)}).whole
    assert not marks_of(GREY, {}).whole


def test_against_itself_nothing_is_gained() -> None:
    marks = marks_of(GREY, {"lesion": disc(50, 60, 25), "hair": disc(30, 30, 6)})
    maps = np.random.default_rng(0).normal(size=(5, SIDE, SIDE)).astype(np.float32)
    found = measure(maps, np.zeros(5, np.float32), np.ones(5, np.float32), marks, [marks, marks], 0)

    for name in ("area", "beyond", "side", "on", "off", "rim", "rest", "skin", "sector"):
        np.testing.assert_allclose(found[name], found[f"{name}_null"], rtol=1e-6)
    assert np.isnan(found["area"][:, SETS.index("ruler")]).all()


def test_what_is_inside_leaves_the_edge_of_the_picture_out() -> None:
    values = np.zeros((SIDE, SIDE))
    values[:4] = values[-4:] = values[:, :4] = values[:, -4:] = 1

    assert inner(values).sum() == 0


def test_a_set_is_covered_by_as_many_of_the_highest_cells() -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=(4, CELLS)).astype(np.float32)
    cells = random.random(CELLS) < 0.2
    values[0] += 3 * cells
    values[1] = cells
    counts = Ranked(values, 0).counts([cells])[0]
    for row, one in enumerate(values[[0, 2, 3]]):
        highest = np.zeros(CELLS, np.bool_)
        highest[np.argsort(one)[-cells.sum() :]] = True
        exact = (highest & cells).sum() / (highest | cells).sum()
        assert overlap(counts)[[0, 2, 3][row]] == pytest.approx(exact, abs=0.02)
    assert overlap(counts)[1] == pytest.approx(1, abs=0.06)


def test_p_is_wilcoxons_and_zeros_have_no_say() -> None:
    values = np.random.default_rng(0).normal(0.3, 1, (40, 3))
    values[:5, 1], values[:12, 2] = np.nan, 0
    exact = [
        stats.wilcoxon(
            values[5 * (row == 1) + 12 * (row == 2) :, row], alternative="greater", method="asymptotic"
        ).pvalue
        for row in range(3)
    ]

    assert signed_rank(values) == pytest.approx(exact)
    assert signed_rank(values[: FEWEST - 1]).tolist() == [1, 1, 1]
    assert signed_rank(np.zeros((40, 1))).tolist() == [1]


def test_the_mean_lies_within_its_interval() -> None:
    found = mean_over(np.random.default_rng(0).normal(0.3, 1, (400, 1)))
    exact = stats.ttest_1samp(np.random.default_rng(0).normal(0.3, 1, (400, 1)), 0).confidence_interval()

    assert found.low[0] == pytest.approx(exact.low[0], abs=0.03)
    assert found.high[0] == pytest.approx(exact.high[0], abs=0.03)


def test_what_other_pictures_places_give_as_well_is_no_effect() -> None:
    random = np.random.default_rng(0)
    on, off = random.uniform(0.4, 0.6, (60, 1)), random.uniform(0.0, 0.2, (60, 1))
    nothing = np.full_like(on, 0.1)

    beyond = answered_more(on, off, nothing, nothing)
    position = answered_more(on, off, random.permutation(on), random.permutation(off))

    assert beyond.effect[0] == pytest.approx((on.sum() - off.sum()) / (on.sum() + off.sum()))
    assert beyond.low[0] < beyond.effect[0] < beyond.high[0]
    assert beyond.p[0] < 1e-6
    assert position.effect[0] == pytest.approx(0, abs=1e-6)
    assert position.p[0] > 0.01


def test_a_loud_picture_counts_more_than_a_faint_one() -> None:
    on, off = np.array([[1.0], [0.0]]), np.array([[0.0], [0.01]])
    nothing = np.zeros_like(on)

    assert answered_more(on, off, nothing, nothing).effect[0] > 0.9


def test_correction_is_by_benjamini_and_yekutieli() -> None:
    p = np.array([[0.001, 0.2], [0.03, 1.0]])
    harmonic = 1 + 1 / 2 + 1 / 3 + 1 / 4

    assert corrected(p)[0, 0] == pytest.approx(0.001 * 4 * harmonic)
    assert corrected(p)[1, 0] == pytest.approx(0.03 * 2 * harmonic)
