import subprocess
import sys

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.conftest import ROOT
from trainer.networks.input_spec import InputSpec
from trainer.pictures import resizing
from trainer.pictures.resizing import LARGEST, bounded, resized_part

sides = st.integers(1, 90)
MODES = {"L": 1, "RGB": 3, "RGBA": 4}


def noise(height: int, width: int, mode: str = "RGB") -> Image.Image:
    random = np.random.default_rng(height * 100 + width)
    values = random.integers(0, 255, (height, width, MODES[mode]), np.uint8)
    return Image.fromarray(values[..., 0] if mode == "L" else values)


def cut_by_hand(picture: Image.Image, size: tuple[int, int], part: tuple[int, int, int, int]) -> np.ndarray:
    """Pillow's own resize of the whole and its own crop."""
    (height, width), (top, left, tall, wide) = size, part
    whole = picture if picture.size == (width, height) else picture.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(whole.crop((left, top, left + wide, top + tall))).reshape(tall, wide, -1)


places = st.integers(-40, 90)
parts = st.tuples(places, places, sides, sides)


@settings(max_examples=150)
@given(sides, sides, sides, sides, parts, st.sampled_from(sorted(MODES)))
def test_a_part_is_what_a_crop_of_the_whole_is(
    height: int, width: int, tall: int, wide: int, part: tuple[int, int, int, int], mode: str
) -> None:
    picture = noise(height, width, mode)
    found = resized_part(picture, (tall, wide), part)
    np.testing.assert_array_equal(found, cut_by_hand(picture, (tall, wide), part))


@settings(max_examples=300)
@example(19, 20, 180, 274, (0, 0, 76, 82))
@given(sides, sides, st.integers(1, 400), st.integers(1, 400), parts)
def test_a_part_that_is_made_alone_differs_by_rounding_only(
    height: int, width: int, tall: int, wide: int, part: tuple[int, int, int, int]
) -> None:
    picture = noise(height, width)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resizing, "LARGEST", 0)
        found = resized_part(picture, (tall, wide), part)
    wanted = cut_by_hand(picture, (tall, wide), part)
    assert np.abs(found.astype(int) - wanted).max() <= 2  # 1 of either direction


@pytest.mark.parametrize("resize", ["shortest", "squash"])
@pytest.mark.parametrize("to", [64, 224, 256])
def test_the_input_of_ordinary_pictures_is_to_the_bit_what_pillow_gives(resize: str, to: int) -> None:
    spec = InputSpec((224, 224), resize, to)
    for height in (30, 224, 225, 450, 601):
        for width in (33, 224, 256, 600, 1024):
            picture = noise(height, width)
            size = spec.resized(height, width)
            part = (*spec._offset(*size), *spec.size)
            np.testing.assert_array_equal(spec.crop(np.asarray(picture)), cut_by_hand(picture, size, part))


@given(st.integers(0, 10**8), st.integers(0, 10**8))
def test_bounded_keeps_the_proportions_and_the_bound(height: int, width: int) -> None:
    down, across = bounded(height, width)
    height, width = max(1, height), max(1, width)
    assert 1 <= down <= height
    assert 1 <= across <= width
    assert down * across <= LARGEST
    if height * width <= LARGEST:
        assert (down, across) == (height, width)
    elif min(down, across) >= 100:
        assert down / across == pytest.approx(height / width, rel=0.02)


THIN = """
import resource, sys
import numpy as np
from explorer.core.drawing.overlay import in_picture, overlay
from trainer.networks.input_spec import Box, InputSpec
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]), -1))
for shape in ((1, 65535, 3), (65535, 1, 3), (3, 40000, 3)):
    rgb = np.full(shape, 200, np.uint8)
    for spec in (InputSpec((224, 224), "shortest", 256), InputSpec((224, 224), "shortest", 2048), InputSpec()):
        assert (spec.crop(rgb) == 200).all()
        frame = spec.frame(*shape[:2])
        assert in_picture(overlay(np.ones((7, 7)), (64, 64)), frame, shape[:2])[..., 3].any()
drawn = in_picture(overlay(np.ones((7, 7)), (64, 64)), Box(-90_000, -90_000, 200_000, 200_000), (300, 400))
assert drawn[..., 3].all()
print("done")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is limited with Linux's own means")
def test_extreme_proportions_stay_in_bounds() -> None:
    done = subprocess.run(
        [sys.executable, "-c", THIN, str(1500 << 20)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        timeout=120,
    )
    assert done.stdout == "done\n", done.stderr
