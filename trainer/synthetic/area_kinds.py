"""More kinds of bubbles, reflections, ink, patches and corners, each drawn as `artifacts.py` draws its own."""

import numpy as np

from trainer.synthetic.artifacts import Layer
from trainer.synthetic.compositing import blurred, in_mask, mixed
from trainer.synthetic.noise_fields import Floats, Points, Stencil, curve, field, fractal, plane, smoothstep


def ring_bubbles(rng: np.random.Generator, rgb: Floats, skin_type: int) -> Layer:
    """Few large bubbles with thin bright and dark rims, partly double."""
    return _bubbles(rng, rgb, count=(1, 7), radius=(0.018, 0.085), rim=(0.05, 0.12), flat=(0.85, 1.0), crowd=0.4)


def foam(rng: np.random.Generator, rgb: Floats, skin_type: int) -> Layer:
    """Many small bubbles close together."""
    return _bubbles(rng, rgb, count=(15, 50), radius=(0.008, 0.022), rim=(0.15, 0.3), flat=(0.95, 1.0), crowd=0.10)


def oval_bubbles(rng: np.random.Generator, rgb: Floats, skin_type: int) -> Layer:
    """Pressed, oval bubbles with a broad dark rim."""
    return _bubbles(rng, rgb, count=(2, 9), radius=(0.02, 0.06), rim=(0.12, 0.25), flat=(0.5, 0.75), crowd=0.3)


def _bubbles(
    rng: np.random.Generator,
    rgb: Floats,
    *,
    count: tuple[int, int],
    radius: tuple[float, float],
    rim: tuple[float, float],
    flat: tuple[float, float],
    crowd: float,
) -> Layer:
    size = len(rgb)
    y, x = plane(size)
    covered = np.zeros((size, size), np.float32)
    middle, dark, bright = rng.uniform(0.05, 0.95, 2), rng.uniform(0.15, 0.45), rng.uniform(0.25, 0.7)
    for _ in range(int(rng.integers(*count))):
        reach = rng.uniform(*radius)
        centre = np.clip(middle + rng.normal(0, crowd, 2), 0, 1)
        turn, squeeze = rng.uniform(0, np.pi), rng.uniform(*flat)
        dy, dx = y - np.float32(centre[0]), x - np.float32(centre[1])
        along, across = dx * np.cos(turn) + dy * np.sin(turn), (dy * np.cos(turn) - dx * np.sin(turn)) / squeeze
        distance = np.hypot(along, across).astype(np.float32)
        disc = smoothstep(1 / size, -1 / size, distance - np.float32(reach))
        if (covered * disc).max() > 0.3:
            continue
        wide = max(rng.uniform(*rim) * reach, 1.1 / size)
        outer = np.exp(-(((distance - reach + wide * 0.6) / wide) ** 2)) * disc
        inner = np.exp(-(((distance - reach + wide * 2.2) / wide) ** 2)) * disc
        rgb = rgb * (1 + np.float32(rng.uniform(-0.05, 0.1)) * disc)[..., None]
        rgb = rgb * (1 - np.float32(dark) * outer)[..., None]
        side = 0.5 + 0.5 * np.cos(np.arctan2(dy, dx) - np.float32(rng.uniform(0, 6)))
        rgb = mixed(rgb, np.ones(3, np.float32), np.clip(bright * inner * (0.4 + 0.6 * side), 0, 1).astype(np.float32))
        covered = np.maximum(covered, disc)
    return rgb, covered


def dot_reflections(rng: np.random.Generator, rgb: Floats, skin_type: int) -> Layer:
    """Many tiny white points, crowded in some places."""
    size = len(rgb)
    stencil = Stencil(size)
    middles = rng.uniform(0.1, 0.9, (int(rng.integers(1, 5)), 2))
    for _ in range(int(rng.integers(10, 90))):
        point = middles[int(rng.integers(len(middles)))] + rng.normal(0, 0.09, 2)
        stencil.disc(point[0], point[1], rng.uniform(0.0022, 0.008))
    return _white(rng, rgb, in_mask(stencil.coverage()), (0.6, 1.0))


def streak_reflections(rng: np.random.Generator, rgb: Floats, skin_type: int) -> Layer:
    """Short bright dashes on the ridges of the skin, most of them in one direction."""
    size = len(rgb)
    stencil = Stencil(size)
    main, middle = rng.uniform(0, np.pi), rng.uniform(0.2, 0.8, 2)
    for _ in range(int(rng.integers(8, 50))):
        start, turn = middle + rng.normal(0, 0.16, 2), main + rng.normal(0, 0.4)
        ahead = np.array([np.sin(turn), np.cos(turn)]) * rng.uniform(0.006, 0.028)
        stencil.stroke(np.stack([start, start + ahead]), rng.uniform(0.004, 0.011))
    return _white(rng, rgb, in_mask(stencil.coverage()), (0.6, 1.0))


def glare(rng: np.random.Generator, rgb: Floats, skin_type: int) -> Layer:
    """Few irregular bright areas with soft edges and sharp kernels."""
    size = len(rgb)
    y, x = plane(size)
    near = np.zeros((size, size), np.float32)
    for _ in range(int(rng.integers(1, 4))):
        centre, wide = rng.uniform(0.15, 0.85, 2), rng.uniform(0.015, 0.05, 2)
        near += np.exp(-(((y - centre[0]) / wide[0]) ** 2) - ((x - centre[1]) / wide[1]) ** 2).astype(np.float32)
    level = np.minimum(near, 1) * 1.6 + 0.5 * fractal(rng, size, 30, 3, gain=0.8) - 0.9
    return _white(rng, rgb, in_mask(smoothstep(0.0, 0.5, level.astype(np.float32))), (0.75, 1.0))


def _white(rng: np.random.Generator, rgb: Floats, coverage: Floats, opacity: tuple[float, float]) -> Layer:
    return mixed(rgb, np.array([0.98, 0.98, 1.0], np.float32), coverage * np.float32(rng.uniform(*opacity))), coverage


def blue_ink(rng: np.random.Generator, rgb: Floats, skin_type: int) -> Layer:
    """Broad blue strokes, crumbled by the skin's texture."""
    return _strokes(rng, rgb, width=(0.012, 0.05), count=(1, 4), color=(1.2, 0.75, 0.25), crumbs=0.5, dots=False)


def black_ink(rng: np.random.Generator, rgb: Floats, skin_type: int) -> Layer:
    """Thin black lines of a pen."""
    return _strokes(rng, rgb, width=(0.006, 0.014), count=(1, 6), color=(1.6, 1.6, 1.5), crumbs=0.15, dots=False)


def dotted_ink(rng: np.random.Generator, rgb: Floats, skin_type: int) -> Layer:
    """Rows of blue-black dots."""
    return _strokes(rng, rgb, width=(0.014, 0.024), count=(2, 4), color=(1.5, 1.3, 0.7), crumbs=0.2, dots=True)


def green_ink(rng: np.random.Generator, rgb: Floats, skin_type: int) -> Layer:
    """Green-blue strokes of a felt tip."""
    return _strokes(rng, rgb, width=(0.012, 0.03), count=(2, 5), color=(1.3, 0.45, 0.55), crumbs=0.3, dots=False)


def _strokes(
    rng: np.random.Generator,
    rgb: Floats,
    *,
    width: tuple[float, float],
    count: tuple[int, int],
    color: tuple[float, float, float],
    crumbs: float,
    dots: bool,
) -> Layer:
    """`color` is what one layer of ink absorbs of red, green and blue."""
    size = len(rgb)
    stencil = Stencil(size)
    for _ in range(int(rng.integers(*count))):
        points, wide = _stroke_points(rng), rng.uniform(*width)
        if dots:
            for y, x in points[:: max(1, int(wide * 90))]:
                stencil.disc(y, x, wide / 2)
        else:
            stencil.stroke(points, wide * (1 + 0.15 * np.sin(np.linspace(0, 9, len(points)) + rng.uniform(0, 6))))
    drawn = blurred(stencil.coverage(), size * 0.003)
    ragged = drawn - np.float32(crumbs) * np.maximum(fractal(rng, size, 50, 2), 0) * (drawn > 0)
    coverage = in_mask(smoothstep(0.2, 0.6, ragged))
    amount = coverage * np.clip(0.8 + 0.3 * fractal(rng, size, 18, 3), 0.3, 1.4).astype(np.float32)
    absorbed = np.array(color, np.float32) * np.float32(rng.uniform(0.5, 1.1))
    return np.asarray(rgb * np.exp(-amount[..., None] * absorbed), dtype=np.float32), coverage


def _stroke_points(rng: np.random.Generator) -> Points:
    """A stroke near the picture's rim, or an arc around its middle."""
    if rng.random() < 0.5:
        turn = rng.uniform(0, 2 * np.pi) + np.linspace(0, rng.uniform(0.4, 2.0), 40)
        return 0.5 + rng.uniform(0.3, 0.52) * np.stack([np.sin(turn), np.cos(turn)], axis=1)
    side = rng.uniform(0, 2 * np.pi)
    start = 0.5 + 0.5 * np.array([np.sin(side), np.cos(side)]) * rng.uniform(0.6, 1.0)
    end = start + rng.normal(0, 0.22, 2)
    bends = rng.normal(0, 0.04, (2, 2))
    return curve(start, start + (end - start) / 3 + bends[0], start + (end - start) * 0.67 + bends[1], end, 40)


def block_patch(rng: np.random.Generator, rgb: Floats, skin_type: int) -> Layer:
    """A rectangular sticker at one edge, colored or as pale as plaster."""
    return _sheet(rng, rgb, ([0.85, 0.75, 0.62], [0.92, 0.92, 0.90], [0.18, 0.45, 0.70], [0.75, 0.20, 0.25]), sides=4)


def band_patch(rng: np.random.Generator, rgb: Floats, skin_type: int) -> Layer:
    """A many-sided green, violet or orange sticker."""
    return _sheet(rng, rgb, ([0.30, 0.60, 0.25], [0.50, 0.30, 0.65], [0.95, 0.55, 0.20]), sides=7)


def _sheet(rng: np.random.Generator, rgb: Floats, colors: tuple[list[float], ...], *, sides: int) -> Layer:
    size = len(rgb)
    y, x = plane(size)
    side, turn, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0, np.pi), rng.uniform(0.12, 0.26)
    middle = 0.5 + rng.uniform(0.38, 0.6) * np.array([np.sin(side), np.cos(side)])
    away = np.full_like(y, -1)
    for number in range(sides):
        normal = turn + 2 * np.pi * number / sides
        line = (y - np.float32(middle[0])) * np.sin(normal) + (x - np.float32(middle[1])) * np.cos(normal)
        away = np.maximum(away, (line - reach * rng.uniform(0.8, 1.3)).astype(np.float32))
    coverage = smoothstep(1.2 / size, -1.2 / size, away)
    tone = 1 + 0.05 * fractal(rng, size, 4, 3) + 0.02 * field(rng, size, 60)
    color = np.array(colors[int(rng.integers(len(colors)))], np.float32) * np.clip(tone, 0.6, 1.1)[..., None]
    rgb = rgb * (1 - 0.3 * smoothstep(0.02, -0.004, away))[..., None]
    return mixed(rgb, color.astype(np.float32), coverage * np.float32(0.97)), coverage


def far_corners(rng: np.random.Generator, rgb: Floats, skin_type: int) -> Layer:
    """Dark corners that are small, soft or only on one side."""
    return _frame(rng, rgb, radius=(0.58, 0.72), shift=0.12, power=2.0, soft=(0.01, 0.05))


def square_corners(rng: np.random.Generator, rgb: Floats, skin_type: int) -> Layer:
    """The frame of a field of view that is a square with round corners."""
    return _frame(rng, rgb, radius=(0.44, 0.53), shift=0.03, power=4.0, soft=(0.004, 0.02))


def _frame(
    rng: np.random.Generator,
    rgb: Floats,
    *,
    radius: tuple[float, float],
    shift: float,
    power: float,
    soft: tuple[float, float],
) -> Layer:
    y, x = plane(len(rgb))
    middle = 0.5 + rng.uniform(-shift, shift, 2)
    distance = (np.abs(y - middle[0]) ** power + np.abs(x - middle[1]) ** power) ** (1 / power)
    beyond = (distance - rng.uniform(*radius)).astype(np.float32)
    edge = rng.uniform(*soft)
    coverage = smoothstep(-edge, edge, beyond)
    rgb = rgb * (1 - np.float32(rng.uniform(0.1, 0.45)) * smoothstep(-0.15, 0.01, beyond))[..., None]
    shade = np.array([0.04, 0.035, 0.04], np.float32) * np.float32(rng.uniform(0.2, 2.2))
    return mixed(rgb, shade, coverage), coverage
