"""What lies on the skin or comes from the instrument: hair, rulers, gel, reflections, corners, ink, patches."""

from collections.abc import Callable

import numpy as np

from trainer.synthetic.compositing import blurred, in_mask, mixed
from trainer.synthetic.noise_fields import Floats, Points, Stencil, curve, field, fractal, plane, smoothstep

Layer = tuple[Floats, Floats]
"""The picture (H, W, 3) with something drawn over it, and how much of each pixel that covers (H, W)."""

# Seven-segment strokes would look like a clock: these are the corners of plain engraved digits, (y, x) in a unit box.
DIGITS: dict[str, tuple[tuple[float, float], ...]] = {
    "0": ((0, 0.3), (0.2, 0), (0.8, 0), (1, 0.3), (1, 0.7), (0.8, 1), (0.2, 1), (0, 0.7), (0, 0.3)),
    "1": ((0.25, 0.2), (0, 0.6), (1, 0.6)),
    "2": ((0.2, 0), (0, 0.4), (0.15, 0.9), (0.4, 0.9), (1, 0), (1, 1)),
    "3": ((0, 0.1), (0, 0.9), (0.4, 0.4), (0.6, 0.9), (0.85, 0.9), (1, 0.5), (0.9, 0)),
    "4": ((1, 0.7), (0, 0.7), (0.7, 0), (0.7, 1)),
    "5": ((0, 0.9), (0, 0.1), (0.4, 0.1), (0.45, 0.7), (0.7, 0.95), (1, 0.6), (0.95, 0)),
}


def hair(rng: np.random.Generator, rgb: Floats, skin_type: int) -> Layer:
    """Curved, tapering hairs, dark or light, each with a faint shadow on the skin."""
    size = len(rgb)
    light = rng.random() < (0.22 if skin_type < 5 else 0.08)
    count = int(rng.integers(4, 17))
    width, main = rng.uniform(0.0030, 0.0050 if light else 0.0070), rng.uniform(0, 2 * np.pi)
    colour = np.array([0.93, 0.86, 0.74] if light else rng.choice([[0.10, 0.06, 0.06], [0.26, 0.15, 0.09]]), np.float32)
    stencil = Stencil(size)
    for _ in range(count):
        heading = main + rng.normal(0, 0.45 if rng.random() < 0.8 else 1.6)
        start = rng.uniform(-0.1, 1.1, 2)
        length, bow = rng.uniform(0.35, 1.2), rng.normal(0, 0.22, 2)
        ahead = np.array([np.sin(heading), np.cos(heading)]) * length
        aside = np.array([ahead[1], -ahead[0]])
        bends = start + ahead / 3 + aside * bow[0], start + ahead * 0.67 + aside * bow.mean()
        points = curve(start, *bends, start + ahead)
        t = np.linspace(0, 1, len(points))
        taper = np.clip(np.minimum(t * 12 + 0.5, (1 - t) * 1.6), 0.12, 1)
        stencil.stroke(points, width * rng.uniform(0.5, 1.25) * taper)
    coverage = in_mask(stencil.coverage())
    offset = max(1, round(size * 0.006))
    shadow = blurred(coverage, size * 0.004, offset)
    rgb = rgb * (1 - np.float32(0.22) * shadow[..., None])
    sheen = colour * (1 + np.float32(0.18) * np.tanh(field(rng, size, 14)))[..., None]
    opacity = rng.uniform(0.55, 0.75) if light else rng.uniform(0.80, 0.95)
    return mixed(rgb, sheen, coverage * np.float32(opacity)), coverage


def ruler(rng: np.random.Generator, rgb: Floats, skin_type: int) -> Layer:
    """Tick marks along one edge, every fifth longer, every tenth with a number."""
    size = len(rgb)
    side, tilt, inset = int(rng.integers(4)), rng.normal(0, 0.035), rng.uniform(0.035, 0.11)
    pitch, phase, first = rng.uniform(0.036, 0.062), int(rng.integers(10)), int(rng.integers(1, 4))
    inward, weight = rng.random() < 0.6, rng.uniform(0.0034, 0.0052)
    baseline = rng.random() < 0.3
    stencil = Stencil(size)

    def place(along: float, across: float) -> Points:
        down, right = across + inset + tilt * (along - 0.5), along
        return np.array([(down, right), (right, down), (1 - down, right), (right, 1 - down)][side])

    for number in range(-2, int(1.2 / pitch)):
        along, step = number * pitch, (number + phase) % 10
        length = 0.052 if step == 0 else 0.038 if step == 5 else 0.022
        ends = np.stack([place(along, 0), place(along, length if inward else length * 0.9)])
        stencil.stroke(ends, weight)
        if step == 0:
            digit = DIGITS[str((first + (number + phase) // 10) % len(DIGITS))]
            corner = place(along, length + 0.032)
            box = np.array([0.030, 0.019])
            stencil.stroke_all(corner + (np.array(digit) - 0.5) * box, weight * 0.85)
    if baseline:
        stencil.stroke(np.stack([place(-0.1, 0), place(1.1, 0)]), weight)
    coverage = stencil.coverage()
    return mixed(
        rgb, np.array([0.07, 0.06, 0.08], np.float32), coverage * np.float32(rng.uniform(0.72, 0.92))
    ), coverage


def gel(rng: np.random.Generator, rgb: Floats, skin_type: int) -> Layer:
    """Air bubbles in the contact gel: a bright rim in a darker one, a clear inside, a glint."""
    size = len(rgb)
    y, x = plane(size)
    covered = np.zeros((size, size), np.float32)
    fine = 1 / size
    middle = rng.uniform(0.12, 0.88, 2)
    for _ in range(int(rng.integers(5, 19))):
        radius = float(np.clip(rng.lognormal(-4.2, 0.6), 0.008, 0.06))
        centre = np.clip(middle + rng.normal(0, 0.2, 2), 0.02, 0.98)
        low = np.maximum(((centre - radius * 1.3) * size).astype(int), 0)
        high = ((centre + radius * 1.3) * size).astype(int) + 2
        window = (slice(low[0], high[0]), slice(low[1], high[1]))
        dy, dx = (y[window] - np.float32(centre[0])), (x[window] - np.float32(centre[1]))
        reach = np.hypot(dy, dx)
        disc = smoothstep(fine, -fine, reach - np.float32(radius))
        if disc.size == 0 or (covered[window] * disc).max() > 0.05:
            continue
        wide = max(0.14 * radius, 1.3 * fine)
        outer = np.exp(-(((reach - radius + wide * 0.6) / wide) ** 2))
        inner = np.exp(-(((reach - radius + wide * 2.3) / (wide * 1.1)) ** 2))
        facing = 0.65 + 0.35 * (-dy - dx) / np.maximum(reach, 1e-6) / np.float32(2**0.5)
        glint = np.exp(-(((dy + 0.42 * radius) ** 2 + (dx + 0.42 * radius) ** 2) / (0.16 * radius + 0.4 * fine) ** 2))
        part = rgb[window] * (1 + 0.06 * disc)[..., None] * (1 - 0.42 * outer * disc)[..., None]
        bright = np.clip(0.62 * inner * facing + 0.95 * glint, 0, 1) * disc
        rgb[window] = mixed(part, np.ones(3, np.float32), bright.astype(np.float32))
        covered[window] = np.maximum(covered[window], disc)
    return rgb, covered


def reflection(rng: np.random.Generator, rgb: Floats, skin_type: int) -> Layer:
    """Specular reflections of the lamp: clusters of small white spots with ragged edges."""
    size = len(rgb)
    y, x = plane(size)
    near = np.zeros((size, size), np.float32)
    for _ in range(int(rng.integers(2, 5))):
        centre, wide = 0.5 + rng.normal(0, 0.17, 2), rng.uniform(0.03, 0.075, 2)
        near += np.exp(-(((y - centre[0]) / wide[0]) ** 2) - ((x - centre[1]) / wide[1]) ** 2).astype(np.float32)
    spots = fractal(rng, size, 42, 3, gain=0.8)
    level = np.minimum(near, 1.0) * 2.3 + spots - 3.2
    coverage = in_mask(smoothstep(-0.14, 0.34, level))
    return mixed(rgb, np.array([0.985, 0.985, 1.0], np.float32), coverage * np.float32(0.96)), coverage


def corners(rng: np.random.Generator, rgb: Floats, skin_type: int) -> Layer:
    """The round dark frame of a dermatoscope's field of view."""
    size = len(rgb)
    y, x = plane(size)
    middle, radius = (
        0.5 + rng.uniform(-0.035, 0.035, 2),
        rng.choice([rng.uniform(0.47, 0.50), rng.uniform(0.53, 0.62)]),
    )
    reach = np.hypot(y - np.float32(middle[0]), x - np.float32(middle[1]))
    soft = rng.uniform(0.004, 0.022)
    coverage = smoothstep(-soft, soft, reach - np.float32(radius))
    fall = 1 - np.float32(rng.uniform(0.2, 0.45)) * smoothstep(-0.14, 0.01, reach - np.float32(radius))
    frame = np.array([0.030, 0.026, 0.028], np.float32) * np.float32(rng.uniform(0.4, 1.6))
    return mixed(rgb * fall[..., None], frame, coverage), coverage


def ink(rng: np.random.Generator, rgb: Floats, skin_type: int) -> Layer:
    """Violet strokes of a skin marker, uneven as ink on skin is."""
    size = len(rgb)
    stencil = Stencil(size)
    around, start = rng.random() < 0.5, rng.uniform(0, 2 * np.pi)
    for number in range(int(rng.integers(2, 5))):
        width = rng.uniform(0.016, 0.030)
        if around:  # an interrupted ring around what the surgeon means to cut out
            first = start + number * 1.6 + rng.normal(0, 0.1)
            turn = first + np.linspace(0, rng.uniform(0.5, 1.1), 24)
            reach = rng.uniform(0.40, 0.46)
            points = 0.5 + reach * np.stack([np.sin(turn), np.cos(turn)], axis=1)
        else:
            side = start + number * rng.uniform(0.5, 1.8)
            near = 0.5 + 0.50 * np.array([np.sin(side), np.cos(side)]) * rng.uniform(0.66, 0.88)
            away = near + rng.choice([-1, 1], 2) * rng.uniform(0.08, 0.24, 2)
            bend = rng.normal(0, 0.03, (2, 2))
            points = curve(near, near + (away - near) / 3 + bend[0], near + (away - near) * 0.67 + bend[1], away, 24)
        stencil.stroke(points, width * (1 + 0.12 * np.sin(np.linspace(0, 9, len(points)) + rng.uniform(0, 6))))
    drawn = blurred(stencil.coverage(), size * 0.004)
    ragged = np.float32(0.16) * fractal(rng, size, 40, 2) * smoothstep(0.0, 0.3, drawn)
    coverage = in_mask(smoothstep(0.22, 0.62, drawn + ragged))
    amount = coverage * np.clip(0.85 + 0.28 * fractal(rng, size, 18, 3), 0.35, 1.4).astype(np.float32)
    violet = np.array([1.05, 1.25, 0.34], np.float32) * np.float32(rng.uniform(0.75, 1.05))
    return np.asarray(rgb * np.exp(-amount[..., None] * violet), dtype=np.float32), coverage


def patch(rng: np.random.Generator, rgb: Floats, skin_type: int) -> Layer:
    """A round coloured sticker, partly in the picture, with its shadow."""
    size = len(rgb)
    y, x = plane(size)
    side, radius = rng.uniform(0, 2 * np.pi), rng.uniform(0.16, 0.25)
    reach = 0.5 + radius * rng.uniform(0.0, 0.35)
    middle = 0.5 + reach * np.array([np.sin(side), np.cos(side)])
    level = np.hypot(y - np.float32(middle[0]), (x - np.float32(middle[1])) * np.float32(rng.uniform(0.85, 1.15)))
    level = level - np.float32(radius)
    fine = 1.2 / size
    coverage = smoothstep(fine, -fine, level)
    colours = [
        [0.16, 0.36, 0.62],
        [0.20, 0.52, 0.36],
        [0.86, 0.70, 0.16],
        [0.80, 0.36, 0.14],
        [0.70, 0.16, 0.22],
    ]
    tone = 1 + 0.05 * fractal(rng, size, 3, 3) + 0.02 * field(rng, size, 80) - 0.25 * smoothstep(-0.05, 0.0, level)
    colour = np.array(rng.choice(colours), np.float32) * np.clip(tone, 0.5, 1.2)[..., None].astype(np.float32)
    rgb = rgb * (1 - 0.35 * smoothstep(0.022, -0.004, level))[..., None]
    return mixed(rgb, colour, coverage * np.float32(0.97)), coverage


ARTIFACTS: dict[str, Callable[[np.random.Generator, Floats, int], Layer]] = {
    "ink": ink,
    "hair": hair,
    "patch": patch,
    "ruler": ruler,
    "bubble": gel,
    "reflection": reflection,
    "corner": corners,
}
"""What draws each artifact, from the skin upwards: a later one lies over an earlier one."""

COVERING = ("patch", "corner")
"""Artifacts through which nothing below is seen."""

LIGHT_SKIN = 2
"""The Fitzpatrick type of the skin in most public pictures, told to what draws into a real one."""


def laid_into(rgb: Floats, artifact: str, rng: np.random.Generator) -> Floats:
    """A real picture (h, w, 3) in [0, 1], of any proportions, with one of `ARTIFACTS` drawn over it."""
    height, width = rgb.shape[:2]
    side = max(height, width)
    square = np.pad(rgb, ((0, side - height), (0, side - width), (0, 0)), mode="edge")
    drawn, _ = ARTIFACTS[artifact](rng, square.astype(np.float32), LIGHT_SKIN)
    return np.clip(drawn, 0, 1)[:height, :width].astype(np.float32)
