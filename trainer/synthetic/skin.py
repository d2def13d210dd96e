"""Skin, as amounts of pigment and blood that absorb light.

Colours come from absorption (the law of Beer and Lambert, with absorbances fitted by eye to sRGB values of
dermoscopy pictures): melanin takes blue first and makes brown, blood takes green and makes pink.
"""

import numpy as np

from trainer.synthetic.noise_fields import Floats, cellular, field, fractal, plane, smoothstep

MELANIN = np.array([0.46, 0.80, 1.08], np.float32)
BLOOD = np.array([0.10, 0.62, 0.46], np.float32)
DEEP = np.array([1.00, 1.06, 0.92], np.float32)

TONES: dict[int, tuple[float, float, float]] = {
    1: (0.955, 0.845, 0.815),
    2: (0.925, 0.775, 0.715),
    3: (0.870, 0.690, 0.590),
    4: (0.760, 0.560, 0.445),
    5: (0.600, 0.420, 0.325),
    6: (0.450, 0.315, 0.260),
}
"""sRGB of skin under a dermatoscope by Fitzpatrick type, in [0, 1]."""


def absorb(rgb: Floats, melanin: Floats, blood: Floats, deep: Floats | None = None) -> Floats:
    """Light (H, W, 3) after melanin, blood and deep pigment (H, W) have taken their part of it."""
    density = melanin[..., None] * MELANIN + blood[..., None] * BLOOD
    if deep is not None:
        density += deep[..., None] * DEEP
    return rgb * np.exp(-density)


def skin(rng: np.random.Generator, size: int, skin_type: int) -> Floats:
    """Bare skin (size, size, 3) in [0, 1]: tone, light, blotches, skin lines, pores and freckles."""
    y, x = plane(size)
    tone = np.array(TONES[skin_type], np.float32)
    cast = np.float32(rng.normal(0, 0.05)) * np.array([-0.3, -0.35, 1.0], np.float32)  # warm or cold light
    tone = tone * (1 + cast) * np.float32(rng.uniform(0.98, 1.08))
    depth = np.float32(0.35 + 0.65 * tone.mean())  # what lies under melanin shows less through it
    blush, blotches = rng.uniform(0.0, 0.55), rng.uniform(0.03, 0.09)
    blood = depth * (blush + blotches * fractal(rng, size, 3, 5) + 0.03 * field(rng, size, 60))
    ridges = np.abs(fractal(rng, size, 6, 3)) + smoothstep(-0.9, 0.6, field(rng, size, 4))
    vessels = np.float32(rng.choice([0.0, 0.06, 0.13], p=[0.4, 0.4, 0.2]))
    blood += vessels * depth * smoothstep(0.16, 0.0, ridges)
    melanin = 0.035 * fractal(rng, size, 2, 3) + 0.012 * field(rng, size, 90)
    freckles = rng.choice([0.0, 0.05, 0.16], p=[0.45, 0.35, 0.2])
    melanin += np.float32(freckles) * smoothstep(0.9, 2.4, fractal(rng, size, 7, 3))

    swing = np.float32(0.010)
    v, u = (axis - 0.5 + swing * field(rng, size, 9) for axis in (y, x))
    angle = rng.uniform(0, np.pi)
    turn = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    along, across = 0.5 + (turn[0] * u + turn[1] * v) / 1.5, 0.5 + (turn[0] * v - turn[1] * u) / 2.4
    nearest, second, number = cellular(rng, across, along, rng.uniform(42, 72), jitter=0.42)
    furrows = 1 - smoothstep(0.0, 0.30, second - nearest)
    relief = np.float32(rng.uniform(0.02, 0.07)) * (0.6 + 0.4 * field(rng, size, 6))
    melanin += relief * (furrows - 0.25)
    pores = smoothstep(0.18, 0.06, nearest) * (number > 0.86)
    melanin += np.float32(rng.uniform(0.0, 0.12)) * pores

    light = 1 + np.float32(rng.uniform(0.02, 0.06)) * field(rng, size, 1)
    slope, reach = rng.uniform(-0.09, 0.09, 2), rng.uniform(0.05, 0.22)
    light += np.float32(slope[0]) * (y - 0.5) + np.float32(slope[1]) * (x - 0.5)
    light -= np.float32(reach) * ((y - 0.5) ** 2 + (x - 0.5) ** 2)
    light += 0.006 * field(rng, size, 110)
    blood = np.maximum(blood, 0).astype(np.float32)
    return absorb(tone * light[..., None], melanin.astype(np.float32), blood)
