"""The augmentation of a batch: one independent draw per picture, one pass on the device that trains.

What is drawn and what is done with it are apart: the numbers are drawn on the CPU, so that every device, every
number of processes and a resumed run change a picture alike, and `augment` is a pure function of them, so that a
CUDA graph can hold it. `trainer.training.recipe.Augmentation` says how each setting is read.
"""

import math

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from trainer.training.recipe import Augmentation

LUMA = (0.299, 0.587, 0.114)
PADDING = {"reflect": "reflection", "edge": "border", "black": "zeros"}
COLUMNS = (
    *("rotation", "flip_horizontal", "flip_vertical", "zoom", "shift_x", "shift_y", "crop_x", "crop_y"),
    *("hue", "saturation", "contrast", "brightness", "cutout_x", "cutout_y", "mixup"),
    *("stretch", "tint_red", "tint_green", "tint_blue", "corners", "corners_radius", "corners_edge"),
)


def draw(augmentation: Augmentation, count: int, random: np.random.Generator) -> npt.NDArray[np.float32]:
    """The random numbers of `count` pictures, (count, len(COLUMNS)) in [0, 1); mixup's are shares in [0.5, 1]."""
    draws = random.random((count, len(COLUMNS)), np.float32)
    if augmentation.mixup:
        share = random.beta(augmentation.mixup, augmentation.mixup, count)
        draws[:, COLUMNS.index("mixup")] = np.maximum(share, 1 - share)
    return draws


def augment(pictures: torch.Tensor, draws: torch.Tensor, augmentation: Augmentation, size: int) -> torch.Tensor:
    """Changed squares (N, 3, size, size) float32 in [0, 1] of pictures (N, 3, side, side) uint8 or in [0, 1]."""
    values = dict(zip(COLUMNS, draws.unbind(1), strict=True))
    if pictures.dtype == torch.uint8:
        pictures = pictures.float().div_(255)
    theta = geometry(values, augmentation, pictures.shape[-1], size)
    grid = sampling_grid(theta, size)
    padding = PADDING[augmentation.fill]
    squares = F.grid_sample(pictures, grid, mode="bilinear", padding_mode=padding, align_corners=False)
    if augmentation.hue != (0.0, 0.0):
        squares = turn_hue(squares, _between(values["hue"], augmentation.hue))
    brightness = _between(values["brightness"], augmentation.brightness)
    multiplied = augmentation.brightness_as == "multiplied"
    squares = change_light(
        squares,
        _between(values["saturation"], augmentation.saturation),
        1 + _between(values["contrast"], augmentation.contrast),
        torch.zeros_like(brightness) if multiplied else brightness,
        1 + brightness if multiplied else torch.ones_like(brightness),
    )
    if augmentation.tint:
        reach = (1 - augmentation.tint, 1 + augmentation.tint)
        tints = [_between(values[f"tint_{color}"], reach) for color in ("red", "green", "blue")]
        squares = squares.mul_(torch.stack(tints, 1)[:, :, None, None]).clamp_(0, 1)
    if augmentation.corners:
        darkened = values["corners"] < augmentation.corners
        squares = darken_corners(squares, darkened, values["corners_radius"], values["corners_edge"])
    if augmentation.cutout:
        squares = cut_out(squares, values["cutout_x"], values["cutout_y"], augmentation.cutout)
    return squares


def geometry(values: dict[str, torch.Tensor], augmentation: Augmentation, side: int, size: int) -> torch.Tensor:
    """Matrices (N, 2, 3) for `affine_grid`: where each square of `size` lies in its picture of `side`.

    A positive angle turns what is seen counterclockwise.
    """
    angle = _between(values["rotation"], augmentation.rotation) * 2 * math.pi
    low, high = augmentation.zoom
    scale = (size / side) * torch.exp(-_between(values["zoom"], (math.log(low), math.log(high))))
    mirror_x, mirror_y = (
        torch.where(values[name] < 0.5, -1.0, 1.0) if enabled else torch.ones_like(angle)
        for name, enabled in (
            ("flip_horizontal", augmentation.flip_horizontal),
            ("flip_vertical", augmentation.flip_vertical),
        )
    )
    spare = side - size
    centres = []
    for axis in "xy":
        if augmentation.crop == "random":
            start = torch.floor(values[f"crop_{axis}"] * (spare + 1)).clamp_(max=spare)
        else:
            start = torch.full_like(angle, round(spare / 2))  # half to even, as the centre cut of an InputSpec
        shift = _between(values[f"shift_{axis}"], (-augmentation.shift, augmentation.shift)) * 2
        centres.append((2 * start - spare) / side + shift)
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    # The root either way keeps the area; the stored picture's own axes are stretched, as squashing it did.
    wider = math.log(augmentation.stretch) / 2
    root = torch.exp(_between(values["stretch"], (-wider, wider)))
    row_x = torch.stack([cos * mirror_x / root, -sin * mirror_y / root, centres[0]], 1)
    row_y = torch.stack([sin * mirror_x * root, cos * mirror_y * root, centres[1]], 1)
    return torch.stack([row_x, row_y], 1)


def sampling_grid(theta: torch.Tensor, size: int) -> torch.Tensor:
    """What `affine_grid` gives for matrices (N, 2, 3), (N, size, size, 2), in a sixth of its time on a CPU."""
    centres = (torch.arange(size, device=theta.device) * 2 + 1) / size - 1
    across = theta[:, :, :1] * centres
    down = theta[:, :, 1:2] * centres + theta[:, :, 2:]
    return (across[:, :, None, :] + down[:, :, :, None]).permute(0, 2, 3, 1)


def turn_hue(pictures: torch.Tensor, turns: torch.Tensor) -> torch.Tensor:
    """Turn the hue of HSV of pictures (N, 3, h, w) by `turns` (N), at most 1/12 either way.

    Value and chroma stay, so each channel moves within the pixel's own least and greatest channel. On the hexagon
    of hues a channel moves exactly as far as the channel a third of the circle away has left a plateau, which gives
    the closed form below: no hue, no division, no case for each sector.
    """
    greatest, least = pictures.amax(1, keepdim=True), pictures.amin(1, keepdim=True)
    move = (greatest - least) * (turns.abs() * 6).view(-1, 1, 1, 1)
    channel = torch.arange(3, device=pictures.device)
    neighbour = torch.where((turns >= 0)[:, None], channel + 1, channel + 2) % 3
    other = pictures[torch.arange(len(pictures), device=pictures.device)[:, None], neighbour]
    return torch.clamp(other, least + move, greatest - move).sub_(other).add_(pictures).clamp_(least, greatest)


def change_light(
    pictures: torch.Tensor,
    saturation: torch.Tensor,
    contrast: torch.Tensor,
    brightness: torch.Tensor,
    gain: torch.Tensor,
) -> torch.Tensor:
    """Saturation, contrast, added brightness and gain (N each) of pictures (N, 3, h, w): one matrix and one offset."""
    # Filled where it is used: a CUDA graph allows no copy from the CPU.
    luma = torch.cat([torch.full((1,), share, device=pictures.device) for share in LUMA])
    saturation, contrast, gain = (values.view(-1, 1, 1) for values in (saturation, contrast, gain))
    matrix = contrast * (saturation * torch.eye(3, device=pictures.device) + (1 - saturation) * luma.expand(3, 3))
    grey = pictures.mean((2, 3)) @ luma
    offset = ((1 - contrast[:, 0, 0]) * grey + brightness).view(-1, 1, 1) * gain
    changed = torch.baddbmm(offset.expand(-1, 3, 1), matrix * gain, pictures.flatten(2))
    return changed.clamp_(0, 1).view_as(pictures)


def cut_out(pictures: torch.Tensor, x: torch.Tensor, y: torch.Tensor, side: float) -> torch.Tensor:
    """Fill a square of `side` (share of the width) around (x, y) in [0, 1] (N each) with the picture's mean color."""
    centres = (torch.arange(pictures.shape[-1], device=pictures.device) + 0.5) / pictures.shape[-1]
    across, down = ((centres - middle.view(-1, 1)).abs() < side / 2 for middle in (x, y))
    inside = (down[:, :, None] & across[:, None, :])[:, None]
    return torch.where(inside, pictures.mean((2, 3), keepdim=True), pictures)


def darken_corners(
    pictures: torch.Tensor, wanted: torch.Tensor, radius: torch.Tensor, edge: torch.Tensor
) -> torch.Tensor:
    """Darken what lies outside of a circle, in those pictures (N, 3, h, h) that are `wanted` (N) bool.

    `radius` in [0, 1) stands for 0.75 to 1.2 half widths (a corner is at 1.41), `edge` in [0, 1) for a fall from
    light to dark within 0.03 to 0.3 half widths.
    """
    coordinates = torch.linspace(-1, 1, pictures.shape[-1], device=pictures.device)
    inside = _between(radius, (0.75, 1.2)).view(-1, 1, 1) - torch.hypot(coordinates[:, None], coordinates)
    light = torch.sigmoid(inside * 6 / _between(edge, (0.03, 0.3)).view(-1, 1, 1))
    return pictures * torch.where(wanted.view(-1, 1, 1), light, torch.ones_like(light))[:, None]


def mix_up(pictures: torch.Tensor, targets: torch.Tensor, share: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Each picture (N, 3, h, w) mixed with the one before it, and so its class probabilities (N, K); `share` (N)."""
    wide = share.view(-1, 1, 1, 1).to(pictures.dtype)
    mixed = pictures * wide + pictures.roll(1, 0) * (1 - wide)
    return mixed, targets * share[:, None] + targets.roll(1, 0) * (1 - share[:, None])


def _between(drawn: torch.Tensor, reach: tuple[float, float]) -> torch.Tensor:
    """Numbers in [0, 1) as numbers within `reach`."""
    return drawn * (reach[1] - reach[0]) + reach[0]
