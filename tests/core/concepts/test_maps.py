"""The laws of the maps: their range and size, that they are the same each time, and that a given lesion wins."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.core.concepts import CONCEPTS, artifact_scores, border_sides, concept_maps, part_maps, side_of
from explorer.core.errors import UserError
from trainer.concepts.words import ARTIFACTS
from trainer.synthetic import draw

SIZES = [(1, 1), (1, 90), (300, 2), (97, 131), (224, 224), (500, 333)]


def check(rgb, **given_lesion):
    maps = concept_maps(rgb, **given_lesion)
    assert tuple(maps) == CONCEPTS
    for name, map in maps.items():
        assert map.shape == rgb.shape[:2], name
        assert map.dtype == np.float32, name
        assert np.isfinite(map).all(), name
        assert 0 <= map.min() <= map.max() <= 1, name
    return maps


@pytest.mark.parametrize("size", SIZES)
def test_every_map_has_the_pictures_size_and_lies_within_0_and_1(size):
    random = np.random.default_rng(0)
    check(random.integers(0, 255, (*size, 3), np.uint8))


@given(st.integers(0, 255))
@settings(max_examples=3, deadline=None)
def test_a_picture_of_one_grey_has_no_lesion_and_no_artifacts(grey):
    rgb = np.full((70, 90, 3), grey, np.uint8)
    maps = check(rgb)
    for name in ("border", "uneven", "hair", "ruler", "reflection", "bubble"):
        assert maps[name].max() < 0.5, name


def test_the_same_picture_gives_the_same_maps():
    rgb = draw(4, size=150).rgb
    first, again = concept_maps(rgb), concept_maps(rgb.copy())
    assert all((first[name] == again[name]).all() for name in CONCEPTS)


def test_a_given_lesion_wins_and_what_follows_from_it_follows():
    rgb = draw(4, size=150, concepts=frozenset()).rgb
    mask = np.zeros((150, 150), bool)
    mask[20:60, 30:80] = True
    maps = check(rgb, lesion=mask)
    assert (maps["lesion"] == mask).all()
    assert maps["border"][40, 30] > 0.5
    assert maps["border"][40, 55] < 0.1
    assert maps["skin"][40, 55] < 0.1 < 0.9 < maps["skin"][140, 10]
    assert (check(rgb, lesion=np.zeros((150, 150)))["border"] == 0).all()
    assert (check(rgb, lesion=np.ones((150, 150)))["border"] == 0).all()


def test_where_the_frame_cuts_a_lesion_is_no_border():
    rgb = draw(4, size=150, concepts=frozenset()).rgb
    mask = np.zeros((150, 150), bool)
    mask[:80] = True
    border = check(rgb, lesion=mask)["border"]
    assert border[80, 20:130].min() > 0.5
    assert border[:60].max() == 0


@pytest.mark.parametrize(
    ("rgb", "lesion", "says"),
    [
        (np.zeros((4, 4), np.uint8), None, r"\(H, W, 3\) of uint8"),
        (np.zeros((4, 4, 3), np.float32), None, r"\(H, W, 3\) of uint8"),
        (np.zeros((4, 4, 3), np.uint8), np.zeros((4, 5)), "of one size"),
        (np.zeros((4, 4, 3), np.uint8), np.full((4, 4), 255), "from 0 to 1"),
        (np.zeros((4, 4, 3), np.uint8), np.full((4, 4), np.nan), "from 0 to 1"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(rgb, lesion, says):
    with pytest.raises(UserError, match=says):
        concept_maps(rgb, lesion=lesion)


def test_parts_lie_inside_the_lesion_and_scores_are_shares():
    rgb = draw(3, size=150, label="malignant").rgb
    maps = concept_maps(rgb)
    for name, part in part_maps(rgb).items():
        assert name in ("blue-grey", "red", "white")
        assert part.shape == (150, 150)
        assert part[maps["lesion"] < 0.05].max(initial=0) < 0.3
    assert all(0 <= score <= 1 for score in artifact_scores(maps).values())


def test_a_side_is_where_a_person_sees_it():
    mask = np.zeros((101, 101), bool)
    mask[40:61, 40:61] = True
    sides = border_sides(mask)
    places = {(50, 90): "right", (10, 50): "top", (50, 10): "left", (90, 50): "bottom", (10, 90): "upper right"}
    assert {place: side_of(sides[place]) for place in places} == places
    assert np.isnan(border_sides(np.zeros((5, 6)))).all()


def test_what_else_is_found_does_not_depend_on_a_given_lesion():
    drawing = draw(3, size=112, concepts=frozenset({"hair", "ruler"}))
    found, with_lesion = concept_maps(drawing.rgb), concept_maps(drawing.rgb, lesion=drawing.masks["lesion"])

    for name in ARTIFACTS:
        np.testing.assert_array_equal(with_lesion[name], found[name])
