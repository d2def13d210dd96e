"""A ruler whose ticks stand on a line is no ink, and neither strokes of ink nor hairs are such a ruler."""

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage

from explorer.core.concepts import artifact_scores, concept_maps
from tests.core.alarm.planted import over, ruler
from trainer.concepts.rules.colors import of_picture
from trainer.concepts.rules.combs import LINE, TURNS, _opened, _steps, as_ruler
from trainer.concepts.rules.lines import hats
from trainer.synthetic import draw

SIDE = 224


def on_skin(paint) -> tuple[np.ndarray, np.ndarray]:
    """A picture of plain skin with something painted on it, and where that lies."""
    picture = Image.new("RGB", (SIDE, SIDE), (214, 160, 138))
    paint(ImageDraw.Draw(picture))
    rgb = np.asarray(picture)
    return rgb, (rgb != (214, 160, 138)).any(axis=-1)


def comb(turn: float, ticks: int = 14, step: float = 13.0, length: float = 16.0):
    def paint(pen: ImageDraw.ImageDraw) -> None:
        way = np.array([np.cos(turn), np.sin(turn)])
        up = np.array([-way[1], way[0]])
        start = np.array([SIDE / 2, SIDE / 2]) - way * step * ticks / 2
        pen.line([*start, *(start + way * step * ticks)], fill=(30, 30, 60), width=3)
        for number in range(ticks):
            foot = start + way * step * (number + 0.5)
            pen.line([*foot, *(foot + up * length)], fill=(30, 30, 60), width=3)

    return paint


def moved(rgb: np.ndarray, mask: np.ndarray) -> tuple[float, float]:
    """Which shares of the painted pixels are ink and ruler, where a network calls all of it ink."""
    ink, found = as_ruler(mask.astype(np.float32), np.zeros(mask.shape, np.float32), hats(of_picture(rgb))[0])
    return float((ink[mask] >= 0.5).mean()), float((found[mask] >= 0.5).mean())


@pytest.mark.parametrize("turn", [0.0, np.pi / 4, np.pi / 2, 2.0])
def test_ticks_on_a_line_are_a_ruler_whichever_way_it_lies(turn: float) -> None:
    ink, found = moved(*on_skin(comb(turn)))
    assert found > 0.9, "line and ticks"
    assert ink < 0.1


def test_strokes_hairs_and_few_ticks_stay_what_they_are() -> None:
    def strokes(pen: ImageDraw.ImageDraw) -> None:
        random = np.random.default_rng(0)
        for _ in range(12):
            pen.line(
                [tuple(place) for place in random.uniform(10, 210, (3, 2))], fill=(40, 20, 90), width=4, joint="curve"
            )

    def crossing(pen: ImageDraw.ImageDraw) -> None:
        pen.line([(10, 110), (210, 110)], fill=(30, 20, 20), width=3)
        for x, lean in ((30, 20), (50, -15), (100, 8), (170, 30), (190, -22), (200, 3)):
            pen.line([(x, 100), (x + lean, 140 + lean)], fill=(30, 20, 20), width=3)

    for paint in (strokes, crossing, comb(0.0, ticks=3)):
        assert moved(*on_skin(paint)) == (1.0, 0.0)


def test_lines_are_those_of_an_opening() -> None:
    dark = np.random.default_rng(0).random((70, 90)) > 0.05
    for turn in range(TURNS):
        footprint = np.zeros((LINE, LINE), bool)
        for down, right in _steps(turn):
            footprint[LINE // 2 + down, LINE // 2 + right] = True
        assert (_opened(dark, _steps(turn)) == ndimage.binary_opening(dark, footprint)).all()


def test_a_scale_bar_in_a_small_picture_is_a_ruler() -> None:
    """Of a generator that taught nothing; before, the network called all of these ink."""
    random = np.random.default_rng(11)
    scores = []
    for seed in range(4):
        rgb = draw(90 + seed, size=64, label="benign", concepts=frozenset({"dark"})).rgb
        scores.append([artifact_scores(concept_maps(one)) for one in (rgb, over(rgb, ruler, random))])
    assert sum(with_it["ruler"] >= 0.5 for _, with_it in scores) >= 3, scores
    assert not any(without["ruler"] >= 0.5 for without, _ in scores)
