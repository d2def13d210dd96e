"""Resizing in bounds: of a very large result only the part that is asked for is ever made."""

import math

import numpy as np
import numpy.typing as npt
from PIL import Image

LARGEST = 1 << 24
"""Pixels of a resized picture that is made whole: some 70 MB. A picture of 1 x 65,535 whose shorter side becomes 224
would have 3,000,000,000."""


def bounded(height: int, width: int) -> tuple[int, int]:
    """(height, width) of at least 1, made smaller in its proportions where they are more than `LARGEST` pixels."""
    height, width = max(1, height), max(1, width)
    if height * width <= LARGEST:
        return height, width
    shorter, longer = sorted((height, width))
    shorter = max(1, min(shorter, round(math.sqrt(LARGEST * shorter / longer))))
    longer = min(longer, LARGEST // shorter)
    return (shorter, longer) if height <= width else (longer, shorter)


def resized_part(picture: Image.Image, size: tuple[int, int], part: tuple[int, int, int, int]) -> npt.NDArray[np.uint8]:
    """`picture` resized bilinearly to `size` (height, width), of which `part` (top, left, height, width) is cut out.

    (height, width, C) uint8; 0 beyond the picture. A result of up to `LARGEST` pixels
    is resized whole and then cut. Of a larger one only the part is made: its values may differ by 1 from those of the
    whole, because Pillow takes the part's place in single precision, and rarely by 2, because it rounds after either
    direction.
    """
    tall, wide = size
    top, left, height, width = part
    rows, columns = slice(max(top, 0), min(top + height, tall)), slice(max(left, 0), min(left + width, wide))
    answer = np.zeros((height, width, len(picture.getbands())), np.uint8)
    if rows.start < rows.stop and columns.start < columns.stop:
        answer[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = _cut(
            picture, size, rows, columns
        ).reshape(rows.stop - rows.start, columns.stop - columns.start, -1)
    return answer


def _cut(picture: Image.Image, size: tuple[int, int], rows: slice, columns: slice) -> npt.NDArray[np.uint8]:
    """These rows and columns of the resized picture."""
    tall, wide = size
    if picture.size == (wide, tall):
        return np.asarray(picture)[rows, columns]
    if tall * wide <= LARGEST:
        return np.asarray(picture.resize((wide, tall), Image.Resampling.BILINEAR))[rows, columns]
    from_x, to_x, first, last = _source(picture.width, wide, columns)
    from_y, to_y, top, bottom = _source(picture.height, tall, rows)
    window = picture.crop((first, top, last, bottom))  # so that places are small numbers
    box = (
        max(0.0, from_x - first),
        max(0.0, from_y - top),
        min(float(window.width), to_x - first),
        min(float(window.height), to_y - top),
    )
    inner = columns.stop - columns.start, rows.stop - rows.start
    return np.asarray(window.resize(inner, Image.Resampling.BILINEAR, box=box))


def _source(length: int, resized: int, cut: slice) -> tuple[float, float, int, int]:
    """Where a cut of a resized side lies in the side of `length`, and the whole pixels that are looked at for it."""
    step = length / resized
    reach = math.ceil(max(1.0, step)) + 1
    begin, end = cut.start * step, cut.stop * step
    return begin, end, max(0, math.floor(begin) - reach), min(length, math.ceil(end) + reach)
