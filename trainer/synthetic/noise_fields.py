"""Noise, cells, outlines and strokes: the numpy pieces of which the drawn pictures are made.

Coordinates are fractions of the picture's side, so that a picture has the same composition at every size.
"""

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.floating[Any]]
Mask = npt.NDArray[np.bool_]
Points = npt.NDArray[np.float64]

OVERSAMPLING = 4


def plane(size: int) -> tuple[Floats, Floats]:
    """(y, x) of the pixels' centres, both (size, size), in [0, 1]."""
    axis = ((np.arange(size) + 0.5) / size).astype(np.float32)
    return np.repeat(axis[:, None], size, axis=1), np.repeat(axis[None, :], size, axis=0)


def smoothstep(low: float, high: float, values: Numbers) -> Floats:
    """0 at and before `low`, 1 at and beyond `high` (which may be the lower one), a smooth ramp between them."""
    ramp = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(ramp * ramp * (3 - 2 * ramp), dtype=np.float32)


def field(rng: np.random.Generator, size: int, cells: int, *, aspect: float = 1.0) -> Floats:
    """Smooth noise (size, size) of mean 0 and standard deviation about 1, with about `cells` bumps a side.

    `aspect` > 1 stretches the bumps along x.
    """
    rows, columns = 2 * cells + 8, max(2, round(2 * cells / aspect)) + 8
    grid = rng.standard_normal((rows, columns))
    for _ in range(2):  # a binomial kernel along each axis makes the noise round: no trace of the grid stays
        grid = (grid[:-4] + 4 * grid[1:-3] + 6 * grid[2:-2] + 4 * grid[3:-1] + grid[4:]).T / 16
    image = Image.fromarray((grid * 256 / 70).astype(np.float32))
    inner = (2, 2, columns - 6, rows - 6)
    return np.asarray(image.resize((size, size), Image.Resampling.BICUBIC, box=inner), dtype=np.float32)


def fractal(rng: np.random.Generator, size: int, cells: int, octaves: int, *, gain: float = 0.6) -> Floats:
    """Sum of `octaves` fields, each twice as fine as the one before and `gain` times as strong."""
    weights = gain ** np.arange(octaves)
    total = sum(weight * field(rng, size, cells * 2**octave) for octave, weight in enumerate(weights))
    return np.asarray(total / np.sqrt((weights**2).sum()), dtype=np.float32)


def cellular(
    rng: np.random.Generator, y: Numbers, x: Numbers, cells: float, *, jitter: float = 0.3
) -> tuple[Floats, Floats, Floats]:
    """Distances to the nearest and second nearest point of a jittered hexagonal grid, and the nearest's number.

    Distances are in units of the grid's spacing, 1 / `cells`; the number is one random value in [0, 1) a point.
    (Worley, 1996, with a hexagonal grid, because skin lines and pigment networks are honeycombs.)
    """
    side = int(np.ceil(cells * 1.16)) + 12
    table = rng.uniform(-jitter, jitter, (2, side * side)).astype(np.float32)
    numbers = rng.random(side * side).astype(np.float32)
    v, u = y * np.float32(cells * 1.1547) + 4, x * np.float32(cells) + 4
    row = np.floor(v).astype(np.int32)
    nearest, second = np.full_like(v, 9.0), np.full_like(v, 9.0)
    number = np.zeros_like(v)
    for down in (-1, 0, 1):
        line = np.clip(row + down, 0, side - 1)
        shift = (line % 2).astype(np.float32) / 2
        column = np.floor(u - shift).astype(np.int32)
        for across in (-1, 0, 1):
            cell = line * side + np.clip(column + across, 0, side - 1)
            dv = (line + 0.5 - v) * np.float32(0.866) + table[0].take(cell)
            du = column + (across + np.float32(0.5)) + shift - u + table[1].take(cell)
            distance = (dv * dv + du * du).astype(np.float32)
            closer = distance < nearest
            second = np.minimum(second, np.where(closer, nearest, distance))
            number = np.where(closer, numbers.take(cell), number)
            nearest = np.where(closer, distance, nearest)
    return np.sqrt(nearest), np.sqrt(second), number


def near(mask: Mask, reach: float) -> Mask:
    """The pixels of `mask` (H, W) and those within `reach` pixels of them."""
    height, width = mask.shape
    steps = int(reach)
    sums = np.zeros((height + 2 * steps, width + 2 * steps + 1), np.int32)
    sums[steps : steps + height, 1:] = np.pad(mask, ((0, 0), (steps, steps))).cumsum(axis=1)
    grown = np.zeros_like(mask)
    for down in range(-steps, steps + 1):
        half = int(np.sqrt(reach**2 - down**2))
        rows = sums[steps + down : steps + down + height]
        left, right = steps - half, steps + half + 1
        grown |= rows[:, right : right + width] > rows[:, left : left + width]
    return grown


def curve(start: Points, bend: Points, bend_again: Points, end: Points, steps: int = 48) -> Points:
    """(steps, 2) points (y, x) of a cubic Bezier curve."""
    t = np.linspace(0, 1, steps)[:, None]
    points: Points = (1 - t) ** 3 * start + 3 * (1 - t) ** 2 * t * bend + 3 * (1 - t) * t**2 * bend_again + t**3 * end
    return points


class Stencil:
    """Strokes and discs drawn finer than the picture and reduced, so that their edges are smooth."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._scale = size * OVERSAMPLING
        self._image = Image.new("L", (self._scale, self._scale))
        self._draw = ImageDraw.Draw(self._image)

    def stroke(self, points: Points, widths: Points | float) -> None:
        """Draw a line through `points` (n, 2) of `widths` (n,), with round ends; never thinner than can be seen."""
        across = np.gradient(points, axis=0)[:, ::-1] * (1, -1)
        across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-9)
        half = np.maximum(np.broadcast_to(widths, len(points)) / 2, 0.3 / self.size)[:, None]
        outline = np.concatenate([points + across * half, (points - across * half)[::-1]]) * self._scale
        self._draw.polygon([(float(x), float(y)) for y, x in outline], fill=255)
        for (y, x), radius in zip((points[0], points[-1]), (half[0, 0], half[-1, 0]), strict=True):
            self.disc(y, x, radius)

    def stroke_all(self, points: Points, width: float) -> None:
        """Draw straight lines from each of `points` (n, 2) to the next."""
        for ends in pairwise(points):
            self.stroke(np.stack(ends), width)

    def disc(self, y: float, x: float, radius: float) -> None:
        """Draw a filled circle."""
        top, left, reach = y * self._scale, x * self._scale, radius * self._scale
        self._draw.ellipse((left - reach, top - reach, left + reach, top + reach), fill=255)

    def coverage(self) -> Floats:
        """How much of each pixel is drawn on: (size, size) in [0, 1]."""
        reduced = self._image.reduce(OVERSAMPLING)
        return np.asarray(reduced, dtype=np.float32) / np.float32(255)
