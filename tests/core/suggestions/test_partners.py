"""The null of a concept that few pictures show, and who takes part in a suggestion."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np

from explorer.core.alignment.grid import SIDE
from explorer.core.alignment.marks import SETS, Marks, marks_of
from explorer.core.alignment.measure import measure
from explorer.core.alignment.over_pictures import answered_more
from explorer.core.suggestions.aligning import partners_of
from explorer.core.suggestions.suggest_tags import _probed, suggests

GREY = np.full((112, 112, 3), 128, np.uint8)
PATCH = SETS.index("patch")


def sticker_at_the_right(shown: bool) -> Marks:
    lesion, patch = np.zeros((2, 112, 112), np.float32)
    lesion[40:70, 20:50] = 1
    patch[30:80, 84:] = shown
    return marks_of(GREY, {"lesion": lesion, "patch": patch})


def test_a_position_is_no_answer_to_what_few_pictures_show() -> None:
    """A filter that answers at the right, whatever is there; where there are stickers, they are at the right."""
    marks = [sticker_at_the_right(number % 10 == 0) for number in range(120)]
    at_the_right = np.zeros((1, SIDE, SIDE), np.float32)
    at_the_right[:, :, 42:] = 1
    foot, peak = np.zeros(1, np.float32), np.ones(1, np.float32)
    found = [
        measure(at_the_right, foot, peak, one, partners.marks(marks), 0)
        for one, partners in zip(marks, partners_of(marks), strict=True)
    ]
    on, off, on_null, off_null = (
        np.stack([one[name][:, PATCH] for one in found]) for name in ("on", "off", "on_null", "off_null")
    )
    told = answered_more(on, off, on_null, off_null)
    assert told.n[0] == 12
    assert abs(told.effect[0]) < 0.05
    assert told.p[0] > 0.4


def test_without_a_null_nothing_is_concluded() -> None:
    on, off = np.full((20, 1), 0.9) + np.linspace(0, 0.01, 20)[:, None], np.full((20, 1), 0.1)
    unknown = np.full((20, 1), np.nan)
    assert answered_more(on, off, unknown, unknown).p[0] == 1
    assert answered_more(on, off, off, off).p[0] < 0.001


def test_partners_are_others_and_the_same_again() -> None:
    marks = [sticker_at_the_right(number in (1, 5)) for number in range(8)]
    partners = partners_of(marks)
    assert partners == partners_of(marks)
    assert [one.rows for one in partners[:2]] == [(1, 2), (2, 3)]
    assert partners[1].showing == {PATCH: 5}
    assert partners[5].showing == {PATCH: 1}
    assert not partners[0].showing
    assert partners[1].name([str(number) for number in range(8)]) == f"2 3 {PATCH}:5"
    alone = partners_of([sticker_at_the_right(number == 0) for number in range(3)])
    assert not alone[0].showing, "there is no other"


def test_what_is_held_out_is_not_probed_either_nor_a_lesion_twice() -> None:
    pictures = [SimpleNamespace(path=Path(f"{number}.png")) for number in range(12)]
    assert _probed(pictures, [""] * 12, 5) == [pictures[row] for row in (0, 1, 3, 4, 6)]
    two_of_each = [f"lesion {number // 2}" for number in range(12)]
    assert _probed(pictures, two_of_each, 9) == [pictures[row] for row in (0, 2, 6, 8)]
    assert suggests(np.arange(6)).tolist() == [True, True, False, True, True, False]
