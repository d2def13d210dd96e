"""Drawn artifacts as layers that can be laid into any picture.

Every artifact of `trainer.synthetic` changes each pixel by a product and a sum (hair and stickers cover, ink and
shadows absorb, reflections add), so that one drawing, kept as these two, can lie in many pictures, turned and mirrored.
"""

from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat

import numpy as np
import numpy.typing as npt
import torch

from trainer.concepts.working_size import SIDE
from trainer.synthetic.compositing import COVERED
from trainer.synthetic.kinds import Kind

BRIGHTEST = 1.25
"""The largest factor that a layer keeps."""

LEAST_CHANGE = 0.02
"""Where a layer changes neither black nor white by more, it is not to be seen."""


@dataclass(frozen=True)
class DrawnLayers:
    """Drawings of one artifact: `factor` and `added` (N, 3, H, W), `covered` (N, H, W), all uint8.

    A picture x in [0, 1] becomes x * factor * BRIGHTEST / 255 + added / 255; `covered` is 1 where the artifact lies.
    """

    factor: torch.Tensor
    added: torch.Tensor
    covered: torch.Tensor

    def __len__(self) -> int:
        return len(self.factor)

    def lay(self, picture: torch.Tensor, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """A drawing by chance, turned and mirrored: (picture with it, where it lies).

        The picture is (3, S, S) float32 in [0, 1], the place (S, S) bool; of a drawing that is larger, some part is
        taken.
        """
        number, turn, mirrored = int(rng.integers(len(self))), int(rng.integers(4)), bool(rng.integers(2))
        side, room = picture.shape[-1], self.factor.shape[-1] - picture.shape[-1]
        top, left = (int(rng.integers(room + 1)) for _ in range(2))
        parts = (
            part[..., top : top + side, left : left + side]
            for part in (self.factor[number], self.added[number], self.covered[number])
        )
        factor, added, covered = (torch.rot90(part.flip(-1) if mirrored else part, turn, (-2, -1)) for part in parts)
        laid = picture * (factor.float() * (BRIGHTEST / 255)) + added.float() / 255
        return laid.clamp(0, 1), covered.bool()


def draw_layers(kinds: tuple[Kind, ...], each: int, seed: int, size: int = SIDE) -> DrawnLayers:
    """`each` drawings of every kind, the same for the same seed."""
    factors, sums, covers = [], [], []
    for kind_index, kind in enumerate(kinds):
        for number in range(each):
            black, white = (
                kind(np.random.default_rng([seed, kind_index, number]), np.full((size, size, 3), shade, np.float32), 2)
                for shade in (0.0, 1.0)
            )
            factor = white[0] - black[0]
            changed = (np.abs(black[0]) > LEAST_CHANGE) | (np.abs(factor - 1) > LEAST_CHANGE)
            factors.append(_bytes(factor * (255 / BRIGHTEST)))
            sums.append(_bytes(black[0] * 255))
            covers.append(((white[1] >= COVERED) & changed.any(axis=2)).astype(np.uint8))
    stacked = (np.stack(values) for values in (factors, sums))
    factor_, added = (torch.from_numpy(values).permute(0, 3, 1, 2).contiguous() for values in stacked)
    return DrawnLayers(factor_, added, torch.from_numpy(np.stack(covers)))


AT_EDGES = ("ruler", "patch", "corner")
"""Artifacts that lie at the picture's edge: they are drawn for its size, not cut from a larger drawing."""


def draw_all(
    kinds: Mapping[str, tuple[Kind, ...]], each: int, seed: int, size: int = SIDE, processes: int = 0
) -> dict[str, DrawnLayers]:
    """Drawings of every artifact for pictures of `size` pixels, or of `SIDE` where parts of them do.

    With `processes` an artifact each is drawn beside this program.
    """
    own = (tuple(kinds.values()), [seed + 1000 * kind_index for kind_index in range(len(kinds))])
    sizes = [size if name in AT_EDGES else max(size, SIDE) for name in kinds]
    if not processes:
        return dict(zip(kinds, map(draw_layers, own[0], repeat(each), own[1], sizes), strict=True))
    with ProcessPoolExecutor(processes) as pool:
        return dict(zip(kinds, pool.map(draw_layers, own[0], repeat(each), own[1], sizes), strict=True))


def _bytes(values: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    return np.asarray(np.rint(np.clip(values, 0, 255)), dtype=np.uint8)
