"""The small network that finds lesion and artifacts: a U-Net at a quarter of the working size."""

import torch
from torch import nn
from torch.nn import functional as F

FOUND = ("lesion", "hair", "ruler", "reflection", "bubble", "ink", "patch", "corner")
"""What its outputs mean, in their order."""

WIDTHS = (32, 40, 64, 96)
"""Channels at 1/4, 1/8, 1/16 and 1/32 of the working size."""

FOLD = 4
"""Pixels of a side that the first step folds into channels."""


def _block(into: int, out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(into, out, 3, padding=1, bias=False),
        nn.BatchNorm2d(out),
        nn.ReLU(inplace=True),
        nn.Conv2d(out, out, 3, padding=1, bias=False),
        nn.BatchNorm2d(out),
        nn.ReLU(inplace=True),
    )


class ConceptNetwork(nn.Module):
    """A U-Net (Ronneberger et al., 2015) whose first step folds 4 x 4 pixels into channels and whose last unfolds.

    In: (N, 3, H, W) RGB in [0, 1], H and W multiples of 32. Out: logits (N, 8, H, W), one for each of `FOUND`.
    Beside the colors it is shown how much darker and paler each pixel is than what is wider than a hair around it, so
    that thin lines need not be learned; nearly all work is done at a quarter of the size.
    """

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.down = nn.ModuleList(
            _block(into, out) for into, out in zip((5 * FOLD * FOLD, *widths[:-1]), widths, strict=True)
        )
        self.up = nn.ModuleList(
            _block(coarse + fine, fine) for coarse, fine in zip(widths[:0:-1], widths[-2::-1], strict=True)
        )
        self.mix = nn.Conv2d(widths[0] + 5 * FOLD * FOLD, 64, 1)
        self.last = nn.Conv2d(64, FOLD * FOLD * len(FOUND), 1)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """The logits."""
        seen = F.pixel_unshuffle(torch.cat([pictures - 0.5, *(hat * 4 for hat in hats(pictures))], dim=1), FOLD)
        value = seen
        skips = []
        for number, block in enumerate(self.down):
            value = block(F.max_pool2d(value, 2) if number else value)
            skips.append(value)
        skips.pop()
        for block in self.up:
            fine = skips.pop()
            value = block(torch.cat([F.interpolate(value, size=fine.shape[-2:], mode="bilinear"), fine], dim=1))
        mixed = F.relu(self.mix(torch.cat([value, seen], dim=1)))
        return F.pixel_shuffle(self.last(mixed), FOLD)


@torch.no_grad()
def hats(pictures: torch.Tensor, reach: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    """Bottom hat and top hat of the lightness, with squares of 2 `reach` + 1 pixels: (N, 1, H, W) each."""
    light = pictures.mean(dim=1, keepdim=True)

    def widest(values: torch.Tensor) -> torch.Tensor:
        return _largest_near(_largest_near(values, reach, -1), reach, -2)

    closing = -widest(-widest(light))
    opening = widest(-widest(-light))
    return closing - light, light - opening


def _largest_near(values: torch.Tensor, reach: int, axis: int) -> torch.Tensor:
    """The largest of the 2 `reach` + 1 values around each along an axis, as a max pooling, in a third of its time."""
    length = values.shape[axis]
    pad = (reach, reach) if axis == -1 else (0, 0, reach, reach)
    largest, covered, window = F.pad(values, pad, value=-torch.inf), 1, 2 * reach + 1
    while covered < window:  # the largest of 2, 4, 8 ... and then of all
        step = min(covered, window - covered)
        rest = largest.shape[axis] - step
        largest, covered = (
            torch.maximum(largest.narrow(axis, 0, rest), largest.narrow(axis, step, rest)),
            covered + step,
        )
    assert largest.shape[axis] == length
    return largest
