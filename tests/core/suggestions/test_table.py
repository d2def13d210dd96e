"""The table from numbers to words: each named color lies where the concept of the same name looks for it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.core.concepts.lesion_parts import dark_part, parts_inside
from explorer.core.suggestions.table import read_table
from trainer.concepts.rules.colors import Colors

SKIN = np.array([70.0, 15.0, 18.0])
AWAY = 16.0
"""How far in Lab a place lies from the skin, or from the rest of its lesion."""
FINDS = {
    "dark": lambda colors, lesion, skin: dark_part(colors, lesion, skin),
    "blue-grey": lambda colors, lesion, skin: parts_inside(colors, lesion, skin)["blue-grey"],
    "red": lambda colors, lesion, skin: parts_inside(colors, lesion, skin)["red"],
}
"""The concepts that have the name of a color of the table."""
COLORS = read_table().colors
axis = st.floats(-3, 3, allow_nan=False)


def shown(concept: str, direction: tuple[float, float, float]) -> float:
    """How far a concept is seen in a patch of a lesion that differs from the skin in a direction of (L*, a*, b*)."""
    lesion = np.zeros((64, 64), np.float32)
    lesion[8:56, 8:56] = 1
    lab = np.tile(SKIN, (64, 64, 1))
    lab[24:40, 24:40] += AWAY * np.array(direction) / np.linalg.norm(direction)
    lightness, redness, yellowness = (lab[..., number].astype(np.float32) for number in range(3))
    colors = Colors(lightness, redness, yellowness, (float(SKIN[0]), float(SKIN[1]), float(SKIN[2])))
    return float(FINDS[concept](colors, lesion, 1 - lesion)[28:36, 28:36].mean())


@pytest.mark.parametrize("concept", FINDS)
def test_the_concept_of_its_name_sees_a_color_of_the_table(concept: str) -> None:
    own = [shown(concept, direction) for word, direction in COLORS if word == concept]

    assert own, "the table has no such color"
    assert min(own) > 0.25


@pytest.mark.parametrize(("word", "direction"), [color for color in COLORS if color[0] != "blue-grey"])
def test_no_other_color_of_the_table_is_blue_grey_to_the_concept(word: str, direction: tuple[float, ...]) -> None:
    assert shown("blue-grey", direction) == 0


@given(st.tuples(st.floats(0, 3), axis, axis))
def test_what_is_no_darker_is_never_called_blue_grey(hue: tuple[float, float, float]) -> None:
    assert read_table().color(np.array(hue)) != "blue-grey"


@given(st.tuples(axis, axis, axis))
def test_what_is_called_blue_grey_is_darker_and_less_colored(hue: tuple[float, float, float]) -> None:
    if read_table().color(np.array(hue)) == "blue-grey":
        assert hue[0] < 0
        assert min(hue[1:]) < 0


@pytest.mark.parametrize(
    ("hue", "word"),
    [
        ((1.04, -1.01, -0.89), "pale"),  # skin: lighter, less red and less yellow than the lesions
        ((1.08, -0.99, -0.85), "pale"),
        ((0.60, -0.98, -1.53), "pale"),
        ((0.72, 0.05, 0.25), "pale"),
        ((-0.8, -0.7, -1.0), "blue-grey"),
        ((-0.2, -0.6, -0.8), "blue-grey"),
        ((-1.16, 0.08, 0.48), "dark"),
        ((-3.41, -1.28, -0.77), "dark"),
        ((0.32, -0.22, 0.66), "yellow"),
    ],
)
def test_places_are_called_what_a_person_would_call_them(hue: tuple[float, float, float], word: str) -> None:
    assert read_table().color(np.array(hue)) == word
