"""Filters that were built by hand are named for what they were built for, and what is chance gets no name."""

import numpy as np
import pytest

from explorer.core.alignment.over_pictures import FEWEST
from explorer.core.index import open_index
from explorer.core.progress import no_step
from explorer.core.suggestions.chance import draw, measured_by_chance
from explorer.core.suggestions.mask_check import masks_fit
from explorer.core.suggestions.suggest_tags import judged
from explorer.core.suggestions.suggestion import NOTHING
from explorer.core.suggestions.table import read_table
from tests.core.suggestions.conftest import Run
from tests.core.suggestions.hand_built import NAMES

RIGHT = {
    "right edge": "border, right",
    "top edge": "border, top",
    "left edge": "border, left",
    "bottom edge": "border, bottom",
    "darkness": "color, dark",
    "redness": "color, red",
    "thin dark lines": "hair",
    "bright spots": "artifact, reflection",
    "ticks": "artifact, ruler",
    "pale": "color, pale",
    "pink": "color, pink",
    "constant": NOTHING,
    "silent": NOTHING,
}


@pytest.mark.parametrize("name", NAMES)
def test_each_is_named_right(run: Run, name: str) -> None:
    suggestion = run.suggested[name]

    assert suggestion.words == RIGHT[name], (suggestion, suggestion.runners_up)


def test_the_reason_has_its_numbers(run: Run) -> None:
    border, hair = run.suggested["bottom edge"], run.suggested["thin dark lines"]

    assert f"{border.times:.1f} x more on the bottom border than on" in border.reason
    assert border.low < border.effect < border.high
    assert "a drawn hair raises it in" in hair.reason
    assert "the control in" in hair.reason
    assert hair.p <= read_table().significant


def test_the_chart_shows_what_the_words_say(run: Run) -> None:
    border, hair, nothing = (run.suggested[name] for name in ("bottom edge", "thin dark lines", "silent"))

    answer, effect = border.chart.groups
    own, beside, skin, others = answer.bars
    assert (own.what, skin.what, others.what) == ("bottom border", "skin", "other pictures' rims")
    assert f"more on the bottom border than on the {beside.what}" in border.reason
    assert own.value == max(bar.value for bar in answer.bars)
    assert own.value / beside.value == pytest.approx(border.times, rel=0.2)
    assert np.argmax(border.chart.around) == 6  # the bottom
    assert effect.bars[0].value == border.effect
    assert effect.bars[1].value == border.held_out.effect
    drawn, control, more = hair.chart.groups[1].bars
    assert f"raises it in {100 * drawn.value:.0f} %" in hair.reason
    assert f"the control in {100 * control.value:.0f} %" in hair.reason
    assert more.value > 0.5
    assert nothing.chart.groups == ()


def permuted(run: Run, seed: int) -> list[str]:
    """The tags that are suggested when every picture has the marks of another."""
    draws = [draw(len(run.marks), seed)]
    with open_index(run.index) as index:
        ((folder, marks),) = measured_by_chance(run.network, index, run.pictures, run.marks, draws, no_step)
    rows = judged(run.keys, folder, marks, run.probes, read_table())
    return [row.words for row in rows if row.tag]


def test_with_the_marks_of_other_pictures_nothing_is_suggested(run: Run) -> None:
    assert permuted(run, 0) == []


@pytest.mark.soak
def test_in_twenty_permutations_at_most_one_in_twenty_filters_is_suggested(run: Run) -> None:
    found = [words for seed in range(20) for words in permuted(run, seed)]

    assert len(found) <= 0.05 * 20 * len(NAMES), found


def test_masks_of_other_pictures_are_noticed(run: Run) -> None:
    moved = [
        type(one)(**(vars(one) | {"sets": other.sets, "rim": other.rim}))
        for one, other in zip(run.marks, run.marks[7:] + run.marks[:7], strict=True)
    ]

    assert masks_fit(run.marks)
    assert not masks_fit(moved)


@pytest.mark.parametrize("count", [2, FEWEST - 1])
def test_few_pictures_conclude_nothing(run: Run, count: int) -> None:
    few = {name: values[:count] for name, values in run.folder.items()}
    rows = judged(run.keys, few, run.marks[:count], run.probes, read_table())

    assert not any(row.tag for row in rows)
