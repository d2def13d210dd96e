"""More kinds of hairs and rulers, each drawn as `artifacts.py` draws its own."""

import numpy as np

from trainer.synthetic.artifacts import DIGITS, Layer
from trainer.synthetic.compositing import blurred, in_mask, mixed
from trainer.synthetic.noise_fields import Floats, Points, Stencil, curve, field


def fine_hair(rng: np.random.Generator, rgb: Floats, skin_type: int) -> Layer:
    """Very thin brown hairs, most of them in one direction."""
    return _hairs(
        rng, rgb, count=(6, 30), width=(0.0022, 0.0040), length=(0.12, 0.7), bow=0.15, spread=0.3,
        colors=([0.25, 0.16, 0.12], [0.35, 0.22, 0.16]), opacity=(0.45, 0.8),
    )  # fmt: skip


def pale_hair(rng: np.random.Generator, rgb: Floats, skin_type: int) -> Layer:
    """Thin pale hairs, as on sun-tanned skin and under polarised light."""
    return _hairs(
        rng, rgb, count=(3, 22), width=(0.0022, 0.0045), length=(0.08, 0.5), bow=0.25, spread=0.7,
        colors=([0.97, 0.88, 0.78], [0.95, 0.80, 0.62], [1.0, 0.95, 0.93]), opacity=(0.3, 0.75),
    )  # fmt: skip


def stubble(rng: np.random.Generator, rgb: Floats, skin_type: int) -> Layer:
    """Short dark shaved hairs."""
    return _hairs(
        rng, rgb, count=(6, 28), width=(0.0035, 0.0075), length=(0.05, 0.14), bow=0.06, spread=0.35,
        colors=([0.12, 0.08, 0.08], [0.28, 0.18, 0.15]), opacity=(0.5, 0.9),
    )  # fmt: skip


def thick_hair(rng: np.random.Generator, rgb: Floats, skin_type: int) -> Layer:
    """A few thick black hairs across the picture."""
    return _hairs(
        rng, rgb, count=(2, 8), width=(0.008, 0.013), length=(0.5, 1.3), bow=0.12, spread=0.5,
        colors=([0.10, 0.08, 0.10], [0.20, 0.12, 0.10]), opacity=(0.7, 0.95),
    )  # fmt: skip


def curled_hair(rng: np.random.Generator, rgb: Floats, skin_type: int) -> Layer:
    """Ginger, grey or white hairs that curl."""
    return _hairs(
        rng, rgb, count=(4, 14), width=(0.0035, 0.006), length=(0.2, 0.6), bow=0.9, spread=2.0,
        colors=([0.50, 0.28, 0.14], [0.38, 0.36, 0.38], [0.97, 0.95, 0.95]), opacity=(0.6, 0.85),
    )  # fmt: skip


def _hairs(
    rng: np.random.Generator,
    rgb: Floats,
    *,
    count: tuple[int, int],
    width: tuple[float, float],
    length: tuple[float, float],
    bow: float,
    spread: float,
    colors: tuple[list[float], ...],
    opacity: tuple[float, float],
) -> Layer:
    """`width` and `length` are fractions of the side, `bow` of the hair's own length, `spread` in radians."""
    size = len(rgb)
    stencil = Stencil(size)
    main, wide = rng.uniform(0, 2 * np.pi), rng.uniform(*width)
    for _ in range(int(rng.integers(*count))):
        heading, start = main + rng.normal(0, spread), rng.uniform(-0.1, 1.1, 2)
        ahead = np.array([np.sin(heading), np.cos(heading)]) * rng.uniform(*length)
        aside = np.array([ahead[1], -ahead[0]])
        bends = rng.normal(0, bow, 2)
        points = curve(
            start, start + ahead / 3 + aside * bends[0], start + ahead * 0.67 + aside * bends[1], start + ahead
        )
        t = np.linspace(0, 1, len(points))
        stencil.stroke(points, wide * rng.uniform(0.6, 1.2) * np.clip(np.minimum(t * 12 + 0.5, (1 - t) * 2), 0.2, 1))
    coverage = in_mask(stencil.coverage())
    color = np.array(colors[int(rng.integers(len(colors)))], np.float32)
    if rng.random() < 0.4:
        rgb = rgb * (1 - np.float32(0.15) * blurred(coverage, size * 0.004, max(1, round(size * 0.006)))[..., None])
    strength = np.float32(rng.uniform(*opacity)) * (1 + np.float32(0.2) * np.tanh(field(rng, size, 10)))
    return mixed(rgb, color, np.clip(coverage * strength, 0, 1).astype(np.float32)), coverage


def faint_ruler(rng: np.random.Generator, rgb: Floats, skin_type: int) -> Layer:
    """A fine scale near one edge, printed faintly in grey or brown, without numbers."""
    return _scale(
        rng, rgb, pitch=(0.014, 0.034), weight=(0.0028, 0.0042), lengths=(0.034, 0.028, 0.020), inset=(0.01, 0.13),
        opacity=(0.22, 0.6), color=(0.30, 0.24, 0.26), numbers=False, both=False, blur=0.0, dotted=False,
    )  # fmt: skip


def double_ruler(rng: np.random.Generator, rgb: Floats, skin_type: int) -> Layer:
    """Two scales on one line, a fine and a coarse one, with numbers."""
    return _scale(
        rng, rgb, pitch=(0.025, 0.045), weight=(0.0030, 0.0050), lengths=(0.06, 0.045, 0.028), inset=(0.05, 0.16),
        opacity=(0.5, 0.95), color=(0.06, 0.06, 0.09), numbers=True, both=True, blur=0.0, dotted=False,
    )  # fmt: skip


def blurred_ruler(rng: np.random.Generator, rgb: Floats, skin_type: int) -> Layer:
    """A bold scale out of focus, with numbers."""
    return _scale(
        rng, rgb, pitch=(0.035, 0.06), weight=(0.0050, 0.0080), lengths=(0.08, 0.055, 0.035), inset=(0.04, 0.14),
        opacity=(0.5, 0.9), color=(0.10, 0.09, 0.13), numbers=True, both=False, blur=0.004, dotted=False,
    )  # fmt: skip


def dotted_ruler(rng: np.random.Generator, rgb: Floats, skin_type: int) -> Layer:
    """Two lines of short marks at a right angle, blue-black, as on adhesive rulers."""
    return _scale(
        rng, rgb, pitch=(0.020, 0.040), weight=(0.0040, 0.0060), lengths=(0.022, 0.018, 0.014), inset=(0.03, 0.12),
        opacity=(0.5, 0.9), color=(0.10, 0.12, 0.30), numbers=False, both=False, blur=0.0, dotted=True,
    )  # fmt: skip


def _scale(
    rng: np.random.Generator,
    rgb: Floats,
    *,
    pitch: tuple[float, float],
    weight: tuple[float, float],
    lengths: tuple[float, float, float],
    inset: tuple[float, float],
    opacity: tuple[float, float],
    color: tuple[float, float, float],
    numbers: bool,
    both: bool,
    blur: float,
    dotted: bool,
) -> Layer:
    """`lengths` are those of every tenth, fifth and other mark; all are fractions of the side."""
    size = len(rgb)
    step, wide, depth = rng.uniform(*pitch), rng.uniform(*weight), rng.uniform(*inset)
    stencil = Stencil(size)
    first = int(rng.integers(4))
    for side in (first, (first + 1) % 4) if dotted else (first,):
        tilt, begin, end = rng.normal(0, 0.05), rng.uniform(-0.3, 0.3), rng.uniform(0.7, 1.3)

        def place(along: float, across: float, side: int = side, tilt: float = tilt) -> Points:
            down = across + depth + tilt * (along - 0.5)
            return np.array([(down, along), (along, down), (1 - down, along), (along, 1 - down)][side])

        for number in range(int(begin / step), int(end / step)):
            along = number * step
            length = lengths[0] if number % 10 == 0 else lengths[1] if number % 5 == 0 else lengths[2]
            stencil.stroke(np.stack([place(along, 0), place(along, length)]), wide)
            if both and number % 2 == 0:
                stencil.stroke(np.stack([place(along, 0), place(along, -length * 0.7)]), wide)
            if numbers and number % 10 == 0:
                digit = np.array(DIGITS[str(abs(number // 10) % len(DIGITS))]) - 0.5
                stencil.stroke_all(place(along, length + 0.034) + digit * np.array([0.036, 0.022]), wide * 0.9)
        if both:
            stencil.stroke(np.stack([place(begin, 0), place(end, 0)]), wide)
    coverage = stencil.coverage()
    if blur:
        coverage = blurred(coverage, size * blur)
    return mixed(rgb, np.array(color, np.float32), coverage * np.float32(rng.uniform(*opacity))), coverage
