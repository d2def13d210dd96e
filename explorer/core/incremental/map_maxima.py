"""The highest value of every filter's map while a window of it is another."""

import torch

from explorer.core.incremental.gathered_windows import places
from explorer.core.incremental.patch_windows import DeltaWindow, PaddedMap


class MaximaOutside:
    """The highest values of maps (C, H, W) outside of any window, looked up and not searched for again.

    Outside of a window lies what is above, below, left or right of it: four running maxima are all that is needed.
    """

    def __init__(self, maps: torch.Tensor) -> None:
        self._lines = tuple(_running(maps.amax(axis)) for axis in (2, 1))
        self.whole = maps.amax((1, 2))

    def peaks(self, window: DeltaWindow, around: PaddedMap) -> torch.Tensor:
        """The highest values (positions, C) of maps with the window's changes; `around` is -inf outside of them."""
        inside = window.on(around, window.frame).flat.amax((2, 3))
        return torch.maximum(inside, self.around(window))

    def around(self, window: DeltaWindow) -> torch.Tensor:
        """The highest values (positions, C) outside of every window."""
        sides = []
        spans = ((window.tops, window.height), (window.lefts, window.width))
        for (before, after), (starts, length) in zip(self._lines, spans, strict=True):
            most = len(before) - 1
            first, last = (
                places(tuple(min(max(start + more, 0), most) for start in starts), 1, before.device)[:, 0]
                for more in (0, length)
            )
            sides.append(torch.maximum(before[first], after[last]))
        return torch.maximum(sides[0][:, None], sides[1][None]).flatten(0, 1)


def _running(lines: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The maxima (n + 1, C) of values (C, n) before each place, and from each place on."""
    nothing = lines.new_full((len(lines), 1), -torch.inf)
    before = torch.cat([nothing, lines.cummax(1).values], 1)
    after = torch.cat([lines.flip(1).cummax(1).values.flip(1), nothing], 1)
    return before.T.contiguous(), after.T.contiguous()
