"""The lesion of a drawn picture: its outline, its structures and its colours, and where each of them is."""

from dataclasses import dataclass

import numpy as np

from trainer.synthetic.noise_fields import Floats, Mask, cellular, field, fractal, near, plane, smoothstep
from trainer.synthetic.skin import absorb

VEIL = np.array([0.54, 0.54, 0.62], np.float32)
"""sRGB of the blue-white veil on the lightest skin."""

BORDER = 0.022
"""How far the ring around the outline reaches to either side, as a fraction of the picture's side."""


@dataclass(frozen=True)
class Lesion:
    """What a lesion adds to the skin; amounts (H, W), 0 outside its soft edge.

    `veil` in [0, 1] is how much of the skin the blue-white veil hides.
    """

    melanin: Floats
    blood: Floats
    deep: Floats
    veil: Floats
    mask: Mask
    border: Mask
    dark: Mask

    def over(self, rgb: Floats) -> Floats:
        """The lesion on skin `rgb` (H, W, 3)."""
        lit = absorb(rgb, self.melanin, self.blood, self.deep)
        veil = self.veil[..., None]
        shade = np.float32(0.12) + np.float32(0.95) * rgb.mean(axis=2, keepdims=True)
        return np.asarray(lit * (1 - veil) + veil * VEIL * shade, dtype=np.float32)


def lesion(rng: np.random.Generator, size: int, *, malignant: bool, dark: bool) -> Lesion:
    """A lesion near the picture's centre; a malignant one is larger, less regular and of more colours."""
    y, x = plane(size)
    rough = 1.0 if malignant else 0.0
    distance, radius, depth, angle = _outline(rng, size, y, x, malignant)
    softness = radius * (rng.uniform(0.12, 0.34) - 0.05 * rough) * (1 + 0.5 * np.tanh(field(rng, size, 3)))
    edge = smoothstep(-1.0, 1.0, (-distance / softness).astype(np.float32))
    mask = distance < 0

    warp = 0.35 / 30
    v, u = (np.clip(axis + warp * field(rng, size, 14), 0, 1).astype(np.float32) for axis in (y, x))
    clouds = field(rng, size, int(1.1 / radius) + 1)
    grain = fractal(rng, size, int(1.4 / radius), 5, gain=0.85)
    texture = _structure(rng, size, v, u, depth, angle, malignant)
    centre = rng.uniform(-0.25, 0.55)
    amount = rng.uniform(0.75, 1.25) if malignant else rng.uniform(0.50, 1.15)
    melanin = amount * (1 + centre * (depth - 0.4)) * (1 + (0.12 + 0.22 * rough) * clouds)
    melanin = np.clip(melanin * (1 + np.float32(rng.uniform(0.14, 0.26)) * grain + texture), 0.08, 3.2)
    blood = rng.choice([rng.uniform(0.0, 0.25), rng.uniform(0.2, 0.6)]) * (1 + 0.3 * field(rng, size, 6))
    deep = np.zeros_like(y)
    veil = np.zeros_like(y)

    chances = {"veil": 0.62, "pink": 0.55, "pale": 0.4} if malignant else {"veil": 0.0, "pink": 0.10, "pale": 0.12}
    parts = {name: rng.random() < chance for name, chance in chances.items()}
    if malignant and not any(parts.values()):
        parts["veil"] = True
    for name, drawn in parts.items():
        part = _blob(rng, size, y, x, depth, radius, eccentric=True)
        if not drawn:
            continue
        if name == "veil":
            veil = np.float32(rng.uniform(0.38, 0.68)) * part * (1 + 0.22 * grain)
        elif name == "pink":
            melanin *= 1 - np.float32(rng.uniform(0.5, 0.8)) * part
            blood += part * (rng.uniform(0.45, 1.0) + 0.18 * grain)
        else:
            melanin *= 1 - np.float32(rng.uniform(0.5, 0.8)) * part
    shadow = np.zeros_like(y)
    for _ in range(int(rng.integers(1, 4)) if malignant else 1):
        part = _blob(rng, size, y, x, depth, radius, eccentric=malignant, reach=(0.20, 0.52))
        shadow = np.maximum(shadow, part)
    if dark:
        deep += shadow * np.float32(rng.uniform(0.5, 1.05)) * np.maximum(1 + 0.28 * grain + texture, 0.3)
        melanin += 0.35 * shadow
        veil *= 1 - 0.85 * shadow
    return Lesion(
        melanin=(edge * melanin).astype(np.float32),
        blood=(edge * np.maximum(blood, 0)).astype(np.float32),
        deep=(edge * deep).astype(np.float32),
        veil=(edge * np.clip(veil, 0, 1)).astype(np.float32),
        mask=mask,
        border=near(mask, max(1, BORDER * size)) & near(~mask, max(1, BORDER * size)),
        dark=(shadow > 0.5) & (edge > 0.6) & mask if dark else np.zeros_like(mask),
    )


def _outline(
    rng: np.random.Generator, size: int, y: Floats, x: Floats, malignant: bool
) -> tuple[Floats, float, Floats, Floats]:
    """Signed distance to the outline (negative inside), mean radius, depth (0 at the outline, 1 at the centre), angle.

    The outline is a Fourier series of the radius over the angle on an ellipse, plus ragged noise.
    """
    radius = rng.uniform(0.20, 0.32) if malignant else rng.uniform(0.11, 0.23)
    middle = 0.5 + rng.uniform(-0.06, 0.06, 2)
    turn, flat = rng.uniform(0, np.pi), rng.uniform(0.66, 0.95) if malignant else rng.uniform(0.72, 0.98)
    dy, dx = y - np.float32(middle[0]), x - np.float32(middle[1])
    along = (np.float32(np.cos(turn)) * dx + np.float32(np.sin(turn)) * dy) * np.float32(flat**0.5)
    across = (np.float32(np.cos(turn)) * dy - np.float32(np.sin(turn)) * dx) / np.float32(flat**0.5)
    angle = np.arctan2(across, along)
    strength = rng.uniform(0.060, 0.105) if malignant else rng.uniform(0.018, 0.045)
    wave = np.zeros_like(y)
    for order in range(1, 12):
        size_of = strength * order**-0.9 * rng.standard_normal() * 1.5
        wave += np.float32(size_of) * np.cos(np.float32(order) * angle + np.float32(rng.uniform(0, 2 * np.pi)))
    limit = np.float32(radius) * (1 + np.clip(wave, -0.5, 0.5))
    reach = np.hypot(along, across)
    ragged = (0.115 if malignant else 0.065) * fractal(rng, size, int(1.0 / radius), 5, gain=0.72)
    level = reach / limit - 1 + ragged
    distance = level * limit
    depth = np.clip(1 - reach / limit, 0, 1)
    return distance.astype(np.float32), float(radius), depth.astype(np.float32), angle.astype(np.float32)


def _structure(
    rng: np.random.Generator, size: int, v: Floats, u: Floats, depth: Floats, angle: Floats, malignant: bool
) -> Floats:
    """Pigment network, globules, dots, streaks or none of them, as a relative change of the pigment.

    A benign lesion has one structure everywhere, a malignant one two of them in different parts.
    """
    kinds = rng.permutation(["network", "network", "globules", "dots", "streaks", "even"])[: 2 if malignant else 1]
    where = smoothstep(-0.5, 0.5, field(rng, size, 3)) if malignant else np.ones_like(v)
    total = np.zeros_like(v)
    for kind, share in zip(kinds, (where, 1 - where), strict=False):
        uneven = 0.45 if malignant else 0.36
        wide = 1 + 0.28 * field(rng, size, 12)
        seen = np.float32(rng.uniform(0.6, 1.0)) * smoothstep(-1.6, 0.8, field(rng, size, 5))
        if kind == "network":
            nearest, second, _ = cellular(rng, v, u, rng.uniform(40, 60), jitter=uneven)
            part = 1.15 * (1 - smoothstep(0.0, 0.62, (second - nearest) / np.maximum(wide, 0.4)) - 0.33)
            part *= 1 - 0.8 * depth
        elif kind in ("globules", "dots"):
            spacing = rng.uniform(26, 38) if kind == "globules" else rng.uniform(46, 66)
            nearest, _, number = cellular(rng, v, u, spacing, jitter=uneven)
            spot = smoothstep(-0.16, 0.16, 0.12 + 0.26 * number * wide - nearest)
            part = 0.75 * spot * (number > 0.15) - 0.22
        elif kind == "streaks":
            swing = 0.5 + 0.004 * field(rng, size, 14)
            nearest, _, number = cellular(
                rng, 0.16 * np.sin(angle) + swing, 0.16 * np.cos(angle) + swing, 96.0, jitter=0.45
            )
            part = (0.8 * smoothstep(0.75, 0.0, nearest) * number - 0.16) * smoothstep(0.6, 0.05, depth)
        else:
            part = np.zeros_like(v)
        total += share * seen * part.astype(np.float32)
    return total


def _blob(
    rng: np.random.Generator,
    size: int,
    y: Floats,
    x: Floats,
    depth: Floats,
    radius: float,
    *,
    eccentric: bool,
    reach: tuple[float, float] = (0.35, 0.75),
) -> Floats:
    """A region with a wavy, soft outline inside the lesion, (size, size) in [0, 1]."""
    inside = np.argwhere(depth >= min(0.35 if eccentric else 0.75, depth.max()))
    row, column = inside[int(rng.random() * len(inside))]  # the same place at every size
    away = np.hypot(y - y[row, 0], x - x[0, column]) / np.float32(radius * rng.uniform(*reach))
    level = 1 - away + 0.42 * fractal(rng, size, int(1.1 / radius), 5, gain=0.75)
    level = np.maximum(level, 0.9 - 2 * away)  # chance never takes the whole region away
    return smoothstep(-0.45, 0.45, level.astype(np.float32)) * smoothstep(0.0, 0.16, depth)
