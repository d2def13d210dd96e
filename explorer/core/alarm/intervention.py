"""What muting a finding's filters, and correcting a cast, do to the score: the network is run again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from explorer.core.alarm.artifacts import Artifact
from explorer.core.alarm.change import InterventionEffect, intervention_effect, side_difference
from explorer.core.alarm.class_score import ScoredPictures, class_scores
from explorer.core.alarm.finding import Finding
from explorer.core.arrays import RGB
from explorer.core.errors import UserError
from explorer.core.images import read_image
from explorer.core.index import FolderIndex
from explorer.core.muting.against_random import AgainstRandom
from explorer.core.muting.folder_pass import folder_logits
from explorer.core.muting.judged_pictures import second_half
from explorer.core.muting.random_sets import random_sets
from explorer.core.network.opening import Network
from explorer.core.progress import OnStep, no_step
from explorer.core.tags import FilterKey
from trainer.pictures.color_constancy import light_of, under_light

Logits = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]

CASTS = ("red share", "blue share")
"""What correcting the cast answers to."""
MOST = 800
"""Pictures on which the network is run again; of more, as many spread evenly."""
AT_ONCE = 16
RANDOM_SETS, RANDOM_PICTURES = 100, 300
"""Sets of other filters that are muted too, and on how many of the pictures."""
FEWEST_JUDGED = 5
"""Pictures of the class, and of the others, below which nothing is judged on a half."""


def measured_changes(
    finding: Finding,
    artifact: Artifact,
    pictures: ScoredPictures,
    network: Network,
    folder: Path,
    index: FolderIndex,
    *,
    draws: int = 1000,
    random_sets_wanted: int = RANDOM_SETS,
    on_step: OnStep = no_step,
) -> Finding:
    """The finding with what muting its top filters does and, for a cast, what correcting it does.

    The filters were chosen on the first half of the pictures and are judged on the second, against other sets of
    filters of their layers that are as relevant. A muted map is the mean that the filter answers over the folder,
    everywhere (`constant` of `core/muting`). Pictures that are gone or not as the index saw them do not count.
    """
    sides = artifact.sides(finding.sign)

    def measure(after: Logits, positions: Places) -> InterventionEffect:
        return intervention_effect(
            pictures.scores[positions],
            class_scores(after, pictures.class_index),
            artifact.values[positions],
            (sides[0][positions], sides[1][positions]),
            pictures.labels[positions],
            pictures.class_index,
            [pictures.units[row] for row in positions],
            draws=draws,
        )

    if finding.top:
        second = np.flatnonzero(second_half(pictures.units))
        unjudged = _unjudged(finding, pictures.labels[second] == pictures.class_index)
        if unjudged:
            finding = replace(finding, unjudged=unjudged)
        else:
            judged = second[_spread(len(second), MOST)]
            rows, keys = pictures.rows[judged], tuple(follower.key for follower in finding.top)
            folder_index = index.seen_from(folder)
            muted = folder_logits(network, folder_index, rows.tolist(), [keys], "constant", on_step=on_step)
            effect = measure(muted.after[0], judged[np.isin(rows, muted.rows)])
            random = None
            if random_sets_wanted and np.isfinite(effect.difference.value):
                few = judged[_spread(len(judged), RANDOM_PICTURES)]
                random = _against_random(network, folder_index, keys, few, pictures, sides, random_sets_wanted, on_step)
            finding = replace(finding, muting=replace(effect, random=random))
    if finding.artifact in CASTS:
        chosen = _spread(len(pictures.names), MOST)
        after, readable = _under_one_light(network, [folder / pictures.names[row] for row in chosen], on_step)
        if readable.any():
            finding = replace(finding, correction=measure(after, chosen[readable]))
    return finding


def _unjudged(finding: Finding, of_class: Mask) -> str:
    """Why the top filters cannot be judged on the second half, (N) of whose pictures are of the class; "" if they can.

    What was chosen on all pictures because it follows there would seem to do more on them than on others
    (Kriegeskorte et al., Nat. Neurosci. 12:535, 2009).
    """
    if not finding.chosen_on_half:
        return (
            "What muting them does is not measured: in one half of the pictures alone none follows it, and filters are "
            "not judged on the pictures that they were chosen on."
        )
    fewer = int(min(of_class.sum(), (~of_class).sum()))
    if fewer < FEWEST_JUDGED:
        return (
            f"What muting them does is not measured: the other half of the pictures has {fewer} of one side, and "
            f"it takes {FEWEST_JUDGED}."
        )
    return ""


def _against_random(
    network: Network,
    index: FolderIndex,
    keys: tuple[FilterKey, ...],
    positions: Places,
    pictures: ScoredPictures,
    sides: tuple[Mask, Mask],
    draws: int,
    on_step: OnStep,
) -> AgainstRandom:
    """The difference that muting makes between pictures with the artifact and without it, against other filters'."""
    sets = random_sets(keys, index.filters(), draws)
    rows = pictures.rows[positions]
    muted = folder_logits(network, index, rows.tolist(), [keys, *sets.sets], "constant", on_step=on_step)
    seen = positions[np.isin(rows, muted.rows)]
    before, here = pictures.scores[seen], (sides[0][seen], sides[1][seen])

    def difference(after: Logits) -> float:
        change = class_scores(after, pictures.class_index) - before
        have, lack = side_difference(change, here, pictures.labels[seen], np.ones((1, len(seen))))
        return float((have - lack)[0])

    return AgainstRandom.of([difference(after) for after in muted.after], sets, keys, index, len(seen))


def _under_one_light(network: Network, pictures: list[Path], on_step: OnStep) -> tuple[Logits, npt.NDArray[np.bool_]]:
    """The logits of pictures that all have the light that is usual among them, and which of them can be read (N,).

    Under grey light no picture would be what the network knows.
    """
    lights = [None if rgb is None else light_of(rgb) for rgb in map(_read, pictures)]
    usual = [light for light in lights if light is not None]
    readable = np.array([light is not None for light in lights])
    if not usual:
        return np.empty((0, 0), np.float32), readable
    light, logits = np.median(usual, axis=0), []
    for first in range(0, len(pictures), AT_ONCE):
        on_step(first, len(pictures))
        read = [_read(path) for path in pictures[first : first + AT_ONCE]]
        readable[first : first + AT_ONCE] &= [rgb is not None for rgb in read]
        prepared = [network.input.prepare(under_light(rgb, light)) for rgb in read if rgb is not None]
        if prepared:
            with torch.inference_mode():
                logits.append(network.logits(torch.stack(prepared)).float().cpu().numpy())
    return np.concatenate(logits) if logits else np.empty((0, 0), np.float32), readable


def _read(path: Path) -> RGB | None:
    try:
        return read_image(path)
    except UserError:
        return None


def _spread(count: int, most: int) -> npt.NDArray[np.intp]:
    """At most `most` of `count` places, evenly spread."""
    if count <= most:
        return np.arange(count)
    return np.unique(np.linspace(0, count - 1, most).round().astype(np.intp))
