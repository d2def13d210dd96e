"""What a network answers on the pictures of a folder: each filter's peak, and the logits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from explorer.core.arrays import RGB
from explorer.core.errors import UserError
from explorer.core.images import read_image
from explorer.core.index import FolderIndex
from explorer.core.network.forward_pass import whole_pass
from explorer.core.network.opening import Network
from explorer.core.progress import OnStep
from trainer.measures.prediction import Prediction

Numbers = npt.NDArray[np.float32]
AT_ONCE = 8


@dataclass(frozen=True, eq=False)
class FolderAnswers:
    """`peaks` (C, N) float32 of each layer: every filter's highest value on each picture; `logits` (N, K) float32.

    The classes may be `independent` of each other, as `Prediction` says.
    """

    classes: tuple[str, ...]
    peaks: tuple[Numbers, ...]
    logits: Numbers
    independent: bool = False

    @property
    def probabilities(self) -> npt.NDArray[np.float64]:
        """What the logits mean (N, K)."""
        return Prediction(self.logits, self.independent).probabilities

    @classmethod
    def of_index(cls, index: FolderIndex, pictures: Sequence[str]) -> "FolderAnswers":
        """Those of an index on some of its pictures, named as in it."""
        rows = [index.rows[name] for name in pictures]
        layers = range(len(index.contents.network.filters))
        return cls(
            index.classes,
            tuple(index.layer_answers(layer)[:, rows] for layer in layers),
            index.logits[rows],
            index.contents.network.independent,
        )


def answers_of(
    networks: Sequence[Network], paths: Sequence[Path], on_step: OnStep
) -> tuple[tuple[FolderAnswers, ...], tuple[Path, ...], tuple[str, ...]]:
    """What each network answers on the same pictures; those that were read, and a sentence for each that was not."""
    read: list[Path] = []
    unreadable: list[str] = []
    answers: list[list[tuple[list[Numbers], Numbers]]] = [[] for _ in networks]
    for done, pictures in _read(paths, read, unreadable):
        on_step(done, len(paths))
        for network, own_answers in zip(networks, answers, strict=True):
            batch = torch.stack([network.input.prepare(rgb) for rgb in pictures]).to(network.device)
            logits, maps = whole_pass(network, batch, network.layers)
            own_answers.append(
                ([layer_maps.amax((2, 3)).float().cpu().numpy() for layer_maps in maps], logits.float().cpu().numpy())
            )
    on_step(len(paths), len(paths))
    if not read:
        raise UserError(unreadable[0] if unreadable else "There is no picture to compare on.")
    return tuple(map(_joined, networks, answers)), tuple(read), tuple(unreadable)


def _joined(network: Network, parts: list[tuple[list[Numbers], Numbers]]) -> FolderAnswers:
    peaks = tuple(np.concatenate(layer).T for layer in zip(*(peaks for peaks, _ in parts), strict=True))
    logits = np.concatenate([logits for _, logits in parts])
    return FolderAnswers(network.classes, peaks, logits, network.output.independent)


def _read(paths: Sequence[Path], read: list[Path], unreadable: list[str]) -> Iterator[tuple[int, list[RGB]]]:
    """Pictures, some at once, and how many were begun before; paths go to `read`, or their trouble to `unreadable`."""
    batch: list[RGB] = []
    for number, path in enumerate(paths):
        try:
            batch.append(read_image(path))
            read.append(path)
        except UserError as error:
            unreadable.append(str(error))
        if batch and (len(batch) == AT_ONCE or number == len(paths) - 1):
            yield number, batch
            batch = []
