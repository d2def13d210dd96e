"""Places in equal steps: every place is in exactly one part, and a view shows what a copy would."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from explorer.core.incremental.strided_positions import matching, regular, step, views

starts = st.lists(st.integers(0, 20), min_size=1, max_size=14).map(lambda found: tuple(sorted(found)))


@given(starts)
def test_every_place_is_in_one_part_of_equal_steps(places: tuple[int, ...]) -> None:
    parts = regular(places)
    numbers = tuple(range(len(places)))
    assert sorted(number for part in parts for number in numbers[part]) == list(numbers)
    assert all(step(places[part]) is not None for part in parts)


@given(starts, st.data())
def test_matching_finds_every_offset(old: tuple[int, ...], data: st.DataObject) -> None:
    new = data.draw(st.lists(st.integers(-3, 9), min_size=len(old), max_size=len(old)))
    found = {}
    for part, offset in matching(old, tuple(new)):
        for place in range(len(old))[part]:
            assert place not in found
            found[place] = offset
    assert [found[place] for place in range(len(old))] == [a - b for a, b in zip(old, new, strict=True)]


@given(starts, starts, st.integers(1, 4), st.integers(1, 4))
def test_views_show_the_windows(tops: tuple[int, ...], lefts: tuple[int, ...], height: int, width: int) -> None:
    cells = torch.rand(25, 25, 3)
    seen = torch.full((len(tops), len(lefts), height, width, 3), -1.0)
    for part, view in views(cells, tops, lefts, (height, width)):
        assert (seen[part] == -1).all()
        seen[part] = view
    for i, top in enumerate(tops):
        for j, left in enumerate(lefts):
            assert torch.equal(seen[i, j], cells[top : top + height, left : left + width])
