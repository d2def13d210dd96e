"""Occlusion sensitivity: cover a part of the picture and see how a class's score or a filter's answer changes.

Zeiler and Fergus (2014), section 4.2. Exact: only what a patch can change is computed again, from the unoccluded pass;
where a network has no fixed graph, every patch runs through the whole network, and the result says so.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from explorer.core.arrays import RGB
from explorer.core.attribution.occlusion.evaluator import Scores
from explorer.core.attribution.occlusion.occluder import Occluder, averaged
from explorer.core.attribution.occlusion.recorded_sweep import sweep_of
from explorer.core.attribution.target import parse_target
from explorer.core.incremental.pace import Pace
from explorer.core.incremental.strided_positions import Starts
from explorer.core.network.opening import Network
from explorer.core.progress import OnStep, no_step

COARSE = 3
"""Of so many rows and columns one is measured for the first, rough map."""
FEW = 4
"""A sweep of so many batches takes a moment, and has no rough map, which would hold it up by a quarter."""


@dataclass(frozen=True)
class Occlusion:
    """The result of one sweep over a picture.

    `drops` (rows, columns) or for target "all" (rows, columns, filters) float32: the unoccluded value less the value
    with the patch at (tops[i], lefts[j]) of the network's input; positive = covering this lowers the target. `map`
    (H, W) is their mean for each pixel of the input; None for "all".
    `unoccluded` is the value, or the values (filters,). `method` says how it was computed.
    """

    target: str
    occluder: Occluder
    drops: Scores
    unoccluded: Scores
    tops: Starts
    lefts: Starts
    size: tuple[int, int]
    layers: Mapping[int, slice]
    method: str

    @cached_property
    def map(self) -> Scores | None:
        """The mean drop for each pixel of the network's input (H, W) float32."""
        return averaged(self.drops, self.tops, self.lefts, self.occluder, self.size) if self.drops.ndim == 2 else None


def occlude(
    network: Network,
    rgb: RGB,
    target: str,
    occluder: Occluder | None = None,
    *,
    on_step: OnStep | None = None,
    on_rough: Callable[[Occlusion], None] | None = None,
    pace: Pace | None = None,
) -> Occlusion:
    """Cover every part of a picture (H, W, 3) uint8 in turn and measure a target.

    `target`: "class:NAME" the class's logit, "probability:NAME", "filter:7:8" the peak of a filter's map,
    "filter:7:8:mean", "filter:7:8:at:ROW,COLUMN" of the map, or "all": the peaks of all filters of all layers.
    `on_rough` gets a first map of a ninth of the positions, where there are enough of them and the sweep takes longer
    than a moment. `pace` says how the device is kept busy; None takes what suits it. UserError for a target that the
    network lacks.
    """
    occluder, on_step = occluder or Occluder(), on_step or no_step
    parsed_target = parse_target(target, network)
    batch = network.input.prepare(rgb).unsqueeze(0).to(network.device)
    sweep = sweep_of(network, batch, occluder, parsed_target, pace)
    tops, lefts = (occluder.starts(side) for side in network.input.size)
    total = len(tops) * len(lefts)
    drops = np.full((len(tops), len(lefts), len(sweep.unoccluded)), np.nan, np.float32)
    done = 0

    def measured(tops: Starts, lefts: Starts, into: Scores) -> None:
        nonlocal done
        for rows, columns in _blocks(len(tops), len(lefts), sweep.positions_at_once):
            on_step(done, total)
            scores = sweep.measure(tops[rows], lefts[columns])
            into[rows, columns] = sweep.unoccluded - scores
            done += scores.shape[0] * scores.shape[1]

    def result(tops: Starts, lefts: Starts, drops: Scores) -> Occlusion:
        single = not parsed_target.every
        return Occlusion(
            target,
            occluder,
            drops[..., 0] if single else drops,
            sweep.unoccluded[0] if single else sweep.unoccluded,
            tops,
            lefts,
            network.input.size,
            parsed_target.layers,
            sweep.method,
        )

    batches = len(list(_blocks(len(tops), len(lefts), sweep.positions_at_once)))
    if on_rough is not None and batches > FEW and min(len(tops), len(lefts)) > COARSE:
        # Measured again below: neighbours share most of what they need, and leaving these out would take longer.
        coarse_tops, coarse_lefts = tops[1::COARSE], lefts[1::COARSE]
        total += len(coarse_tops) * len(coarse_lefts)
        coarse = np.full((len(coarse_tops), len(coarse_lefts), drops.shape[2]), np.nan, np.float32)
        measured(coarse_tops, coarse_lefts, coarse)
        on_rough(result(coarse_tops, coarse_lefts, coarse))
    measured(tops, lefts, drops)
    on_step(total, total)
    return result(tops, lefts, drops)


def _blocks(rows: int, columns: int, most: int) -> Iterator[tuple[slice, slice]]:
    """Blocks of at most `most` neighbouring positions."""
    wide = min(columns, most)
    tall = max(1, most // wide)
    for top in range(0, rows, tall):
        for left in range(0, columns, wide):
            yield slice(top, top + tall), slice(left, left + wide)


__all__ = ["Occluder", "Occlusion", "occlude"]
