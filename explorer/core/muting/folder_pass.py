"""Runs the pictures of an index once with kept values, and muted networks from these."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from explorer.core.class_words import probabilities_told_apart
from explorer.core.errors import UserError
from explorer.core.index import FolderIndex
from explorer.core.index.folder_pictures import FolderPicture, Seen, seen
from explorer.core.muting.folder_means import FolderMeans
from explorer.core.muting.kept_pass import KeptPass
from explorer.core.muting.single_picture import replacements
from explorer.core.network.opening import Network
from explorer.core.progress import OnStep, no_step
from explorer.core.tags import FilterKey
from trainer.measures.prediction import Prediction

Numbers = npt.NDArray[np.float64]

KEPT_AT_ONCE = 384 << 20
"""Bytes of kept values, of which a layer's maps are about a third."""
LARGEST_BATCH = 16


@dataclass(frozen=True)
class FolderLogits:
    """`before` (N, K) of the network as it is and `after` (V, N, K) of V muted ones, for `rows` (N) of the index."""

    rows: npt.NDArray[np.intp]
    before: npt.NDArray[np.float32]
    after: npt.NDArray[np.float32]


def folder_logits(
    network: Network,
    index: FolderIndex,
    rows: Iterable[int],
    sets: Sequence[Sequence[FilterKey]],
    fill: str = "zero",
    *,
    on_step: OnStep = no_step,
) -> FolderLogits:
    """What the network says of some pictures of its index while each set of filters is muted.

    A picture that cannot be read where it was, or is another by now, is left out. A set that comes several times is
    computed once. UserError where no picture is left, or where the index is of another network.
    """
    wanted = list(rows)
    position_of = {filter_set: number for number, filter_set in enumerate(dict.fromkeys(map(frozenset, sets)))}
    positions = [position_of[frozenset(filter_set)] for filter_set in sets]
    sets = [sorted(filter_set) for filter_set in position_of]
    means = [(None if fill == "zero" else FolderMeans.of(network, index, on_step=on_step))]
    stand_ins = replacements(network, [key for keys in sets for key in keys], fill, means[0])
    read_rows: list[int] = []
    before, after = [], []
    for batch_rows, kept in kept_batches(network, index, wanted):
        on_step(len(read_rows), len(wanted))
        read_rows += batch_rows
        before.append(kept.logits)
        after.append(np.mean([kept.muted(sets, replaced) for replaced in stand_ins], axis=0, dtype=np.float32))
    return FolderLogits(np.array(read_rows, np.intp), np.concatenate(before), np.concatenate(after, axis=1)[positions])


def kept_batches(network: Network, index: FolderIndex, rows: Sequence[int]) -> Iterator[tuple[list[int], KeptPass]]:
    """Pictures of the index in batches, with their kept pass."""
    for batch_rows, batch in batches(network, index, rows):
        yield (
            batch_rows,
            KeptPass(network, torch.stack([network.input.normalise(view.crop) for view in batch])),
        )


def batches(network: Network, index: FolderIndex, rows: Sequence[int]) -> Iterator[tuple[list[int], list[Seen]]]:
    """Pictures of the index as the network sees them, as many at once as memory allows; UserError where none is."""
    index.check(network)
    root = Path(str(index.contents.facts.get("folder", "")))
    pictures = [
        FolderPicture(root / index.pictures[row], index.pictures[row], index.given[row], index.digests[row])
        for row in rows
    ]
    maps = sum(info.filters * info.height * info.width for info in network.layers)
    size = int(np.clip(KEPT_AT_ONCE // (3 * 4 * maps), 1, LARGEST_BATCH))
    row_of = {picture.name: row for picture, row in zip(pictures, rows, strict=True)}
    problems: list[str] = []
    readable = seen(pictures, network.input, problems)
    batch = list(itertools.islice(readable, size))
    if not batch:
        first = f" The first: {problems[0]}" if problems else ""
        raise UserError(f"None of the index's pictures can be read in {root}.{first}")
    while batch:
        yield [row_of[view.picture.name] for view in batch], batch
        batch = list(itertools.islice(readable, size))


def probabilities(network: Network, logits: npt.NDArray[np.floating]) -> Numbers:
    """The probabilities (..., K) of logits (..., K); of one output those of "not it" and "it" (..., 2)."""
    return probabilities_told_apart(Prediction(logits, network.output.independent).probabilities)


def log_odds(network: Network, logits: npt.NDArray[np.floating], scored: int) -> Numbers:
    """The score of a class in logits (...): the logarithm of p / (1 - p) of its probability, without rounding at 1."""
    plain = logits.astype(np.float64)
    if plain.shape[-1] == 1:
        return plain[..., 0] * (1 if scored else -1)
    if network.output.independent:
        return plain[..., scored]
    others = np.delete(plain, scored, axis=-1)
    highest = others.max(axis=-1)
    odds: Numbers = plain[..., scored] - highest - np.log(np.exp(others - highest[..., None]).sum(axis=-1))
    return odds
