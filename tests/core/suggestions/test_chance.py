"""What chance brings: other pictures' marks for every rule that reads them, moved maps for the picture's own edge."""

import numpy as np
import pytest

from explorer.core.alignment.grid import SIDE, inner
from explorer.core.alignment.marks import Marks, marks_of
from explorer.core.alignment.measure import RankedMaps, measure
from explorer.core.alignment.picture_edge import NEAR, NEAR_AREA, lines_of, share_near
from explorer.core.suggestions.aligning import narrow, stacked
from explorer.core.suggestions.chance import Draw, draw
from explorer.core.suggestions.suggest_tags import chance_facts, judged
from explorer.core.suggestions.suggestion import Suggestion
from explorer.core.suggestions.table import read_table
from explorer.core.tags import FilterKey

COUNT, SIZE = 30, 112


def at_the_edge(one: Draw | None, count: int = COUNT) -> tuple[Suggestion, ...]:
    """Of three filters over noise: along the picture's edge; anywhere; anywhere, with one bright line at the edge."""
    rng = np.random.default_rng(0)
    ring = np.zeros((SIDE, SIDE), np.float32)
    ring[:2] = ring[-2:] = ring[:, :2] = ring[:, -2:] = 1
    marks, found = noisy_marks(), []
    for place in range(count):
        maps = rng.random((3, SIDE, SIDE), np.float32)
        maps[0] = 0.05 * maps[0] + ring
        maps[2] *= 0.5
        maps[2, -2:] = 1
        ranked = RankedMaps(maps, np.zeros(3, np.float32), np.ones(3, np.float32), place)
        moved = one.moved[place] if one is not None else (0, 0)
        found.append(narrow(ranked.on(marks[place], [marks[place - 1]], moved)))
    return judged([FilterKey(0, row) for row in range(3)], stacked(found), marks[:count], {}, read_table())


def noisy_marks() -> list[Marks]:
    """Pictures of noise with round lesions."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:SIZE, :SIZE]
    found = []
    for _ in range(COUNT):
        middle, radius = rng.uniform(45, 67, 2), rng.uniform(12, 30)
        lesion = ((y - middle[0]) ** 2 + (x - middle[1]) ** 2 < radius**2).astype(np.float32)
        rgb = rng.integers(0, 255, (SIZE, SIZE, 3), dtype=np.uint8)
        found.append(marks_of(rgb, {"lesion": lesion, "skin": 1 - lesion}))
    return found


def test_answers_at_the_edge_of_moved_maps_are_no_finding() -> None:
    edge, *others = at_the_edge(None)

    assert edge.words == "artifact, edge"
    assert "% of what is shown lies there" in edge.reason
    assert [bar.what for bar in edge.chart.groups[1].bars] == ["along the edge", "its area"]
    assert [row.words for row in others] == ["nothing clear"] * 2  # a line is not most of what is seen
    assert [row.words for row in at_the_edge(draw(COUNT, 0))] == ["nothing clear"] * 3


def test_what_the_nearest_lacks_is_said_effect_or_certainty() -> None:
    assert "with 7 % of the effect that a suggestion needs" in at_the_edge(None)[1].reason
    few = at_the_edge(None, 5)[0]
    assert few.words == "nothing clear"
    assert "artifact, edge, strong enough, but on 4 pictures that may be chance" in few.reason


def test_the_share_near_the_edge_is_that_of_the_cells() -> None:
    rng = np.random.default_rng(0)
    maps = np.stack([np.ones((SIDE, SIDE)), *rng.random((2, SIDE, SIDE))]).astype(np.float32)
    maps[2, NEAR:-NEAR, NEAR:-NEAR] *= 0.1
    sums = inner(maps).sum(axis=1)

    found = share_near(lines_of(maps, np.ones((SIDE, SIDE), np.bool_))[None], sums[None])

    near = np.ones((SIDE, SIDE), np.bool_)
    near[NEAR:-NEAR, NEAR:-NEAR] = False
    np.testing.assert_allclose(found, maps[:, near].sum(axis=1) / maps.sum(axis=(1, 2)), atol=0.01)
    assert found[0] == pytest.approx(NEAR_AREA, abs=1e-3)


@pytest.mark.parametrize("count", [2, 3, 50])
def test_no_picture_keeps_its_marks_or_its_place(count: int) -> None:
    found = draw(count, 7)

    assert sorted(found.of) == list(range(count))
    assert all(of != place for place, of in enumerate(found.of))
    assert all(0 < step < SIDE for move in found.moved for step in move)
    assert found == draw(count, 7) != draw(count, 8)


def test_maps_that_stay_are_measured_as_ever() -> None:
    maps = np.random.default_rng(0).random((3, SIDE, SIDE), np.float32)
    foot, peak, (mine, other, *_) = np.zeros(3, np.float32), np.ones(3, np.float32), noisy_marks()
    ranked = RankedMaps(maps, foot, peak, 5)
    ranked.on(other, [mine], (3, 9))

    again, plain = ranked.on(mine, [other]), measure(maps, foot, peak, mine, [other], 5)

    assert again.keys() == plain.keys()
    for name in again:
        np.testing.assert_array_equal(again[name], plain[name])


def test_counts_are_over_filters_and_permutations() -> None:
    nothing, edge = Suggestion(FilterKey(0, 0), "", "", 0, ""), Suggestion(FilterKey(0, 1), "artifact", "edge", 1, "")

    assert chance_facts([[nothing, edge], [nothing, nothing]]) == {
        "permutations": 2,
        "share": 0.25,
        "most": 0.5,
        "words": {"artifact, edge": 1},
    }
