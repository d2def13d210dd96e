"""The crop around a peak shows the pixels of the original picture that the filter saw."""

import numpy as np
import pytest

from explorer.core.index.peak_crop import peak_crop
from explorer.core.index.receptive_field import ReceptiveField
from trainer.networks.input_spec import Box, InputSpec


def field(size: int, spans: list[list[int]], resize_to: int = 0) -> ReceptiveField:
    lines = np.array(spans)
    return ReceptiveField(lines, lines, InputSpec((size, size), "shortest", resize_to or size))


def picture(height: int, width: int) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows, columns, rows * 0], axis=2).astype(np.uint8)


def test_it_is_the_receptive_field_in_the_original() -> None:
    found = peak_crop(picture(200, 200), field(100, [[0, 50], [40, 90]]), (0, 1))
    assert found is not None
    assert found.rgb.shape == (100, 100, 3)
    assert found.rgb[0, 0].tolist() == [0, 80, 0]
    assert found.rgb[-1, -1].tolist() == [99, 179, 0]
    assert found.part == pytest.approx(Box(0, 0.4, 0.5, 0.5))
    assert found.cell == pytest.approx(Box(0, 0.2, 1, 1))  # half of the map in each direction


def test_a_small_field_is_shown_with_what_is_around_it() -> None:
    found = peak_crop(picture(100, 100), field(100, [[start, start + 3] for start in range(98)]), (50, 50))
    assert found is not None
    assert found.rgb.shape == (33, 33, 3)  # 32, of whole pixels
    assert found.rgb[16, 16].tolist() == [51, 51, 0]


def test_it_ends_at_the_edge_and_is_no_larger_than_needed() -> None:
    found = peak_crop(picture(100, 180), field(100, [[0, 60], [60, 100]], 100), (1, 0), longest=20)
    assert found is not None
    assert found.rgb.shape == (13, 20, 3)
    assert found.part == pytest.approx(Box(0.6, 0, 0.4, 0.6))


def test_there_is_none_beyond_the_picture() -> None:
    assert peak_crop(picture(40, 40), field(400, [[0, 10], [190, 210]], 40), (0, 0)) is None
