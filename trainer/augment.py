"""The augmentation of a batch: one independent draw per picture, on the device that trains."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F

LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class Augmentation:
    """How far pictures are changed; every draw is uniform and independent for each picture.

    `rotation` in turns (0.5 = any angle), `zoom` the largest enlargement, `shift` of the centre as a share of
    the side; `brightness` is added, `contrast` and `saturation` multiply the distance from the picture's mean
    and from its grey, `hue` in turns. What the turned picture leaves empty is filled with its mirror image.
    """

    rotation: float = 0.5
    zoom: float = 1.25
    shift: float = 0.08
    brightness: float = 0.1
    contrast: float = 0.2
    saturation: float = 0.2
    hue: float = 0.01

    def __call__(self, pictures: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Change pictures (N, 3, h, w) float32 in [0, 1]; the answer has the same shape and range."""
        return self._colours(self._geometry(pictures, generator), generator)

    def _geometry(self, pictures: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """One sampling for rotation, flip, zoom and shift together."""
        count = len(pictures)

        def uniform(low: float, high: float) -> torch.Tensor:
            drawn = torch.rand(count, generator=generator, device=generator.device)
            return (drawn * (high - low) + low).to(pictures.device)

        angle = uniform(-self.rotation, self.rotation) * 2 * math.pi
        scale = 1 / torch.exp(uniform(0, math.log(self.zoom)))
        flip = torch.where(uniform(0, 1) < 0.5, -1.0, 1.0)
        cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
        row_x = torch.stack([cos * flip, -sin, uniform(-self.shift, self.shift)], 1)
        row_y = torch.stack([sin * flip, cos, uniform(-self.shift, self.shift)], 1)
        grid = F.affine_grid(torch.stack([row_x, row_y], 1), list(pictures.shape), align_corners=False)
        return F.grid_sample(pictures, grid, mode="bilinear", padding_mode="reflection", align_corners=False)

    def _colours(self, pictures: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """One 3 x 3 matrix and one offset per picture: hue, then saturation, then contrast, then brightness."""
        count, device = len(pictures), pictures.device

        def factor(reach: float, centre: float) -> torch.Tensor:
            drawn = torch.rand(count, 1, 1, generator=generator, device=generator.device)
            return (centre + (drawn * 2 - 1) * reach).to(device)

        identity = torch.eye(3, device=device)
        grey = torch.tensor(LUMA, device=device).expand(3, 3)
        saturation = factor(self.saturation, 1.0)
        contrast = factor(self.contrast, 1.0)
        matrix = saturation * identity + (1 - saturation) * grey
        matrix = contrast * matrix @ hue_rotation(factor(self.hue, 0.0) * 2 * math.pi)
        mean = pictures.mean((2, 3)) @ torch.tensor(LUMA, device=device)
        offset = (1 - contrast[:, 0]) * mean[:, None] + factor(self.brightness, 0.0)[:, 0]
        changed = torch.baddbmm(offset[:, :, None].expand(-1, 3, 1), matrix, pictures.flatten(2))
        return changed.clamp_(0, 1).view_as(pictures)


def hue_rotation(angle: torch.Tensor) -> torch.Tensor:
    """Matrices (N, 3, 3) that turn colours by `angle` (N, 1, 1) radians about the grey axis (Rodrigues)."""
    identity = torch.eye(3, device=angle.device)
    across = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]], device=angle.device) / math.sqrt(3)
    along = torch.full((3, 3), 1 / 3, device=angle.device)
    return torch.cos(angle) * identity + torch.sin(angle) * across + (1 - torch.cos(angle)) * along
