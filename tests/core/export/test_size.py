"""How large an export will be, before it is begun."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explorer.core.export.plan import plan_export
from explorer.core.export.size import size_of
from explorer.core.figures.single import FigureStyle
from explorer.core.images import read_image
from explorer.core.tags.book import FilterKey
from tests.networks import open_small


@pytest.mark.parametrize("ending", ["jpg", "png", "tif", "webp"])
@pytest.mark.parametrize("style", [FigureStyle(width_mm=40.0), FigureStyle(width_mm=40.0, beside=True), FigureStyle()])
def test_a_picture_that_is_turned_by_its_exif_counts_as_one_that_lies_so(
    ending: str, style: FigureStyle, tmp_path: Path
) -> None:
    lying = Image.fromarray(np.zeros((20, 60, 3), np.uint8))
    exif = lying.getexif()
    exif[0x0112] = 6
    lying.save(tmp_path / f"turned.{ending}", exif=exif)
    Image.fromarray(read_image(tmp_path / f"turned.{ending}")).save(tmp_path / f"upright.{ending}")
    network, filters = open_small(tmp_path), [FilterKey(0, 0)]
    sizes = {
        name: size_of(plan_export(network, [tmp_path / f"{name}.{ending}"], filters, tmp_path / "out", style)).bytes
        for name in ("turned", "upright")
    }
    assert sizes["turned"] == sizes["upright"]
