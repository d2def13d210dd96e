"""What an artifact does to the score, before and after muting: the same pictures with and without it drawn."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from explorer.core.errors import UserError
from explorer.core.muting.folder_means import FolderMeans
from explorer.core.muting.folder_pass import batches, log_odds
from explorer.core.muting.judged_pictures import JudgedPictures
from explorer.core.muting.kept_pass import KeptPass
from explorer.core.muting.single_picture import replacements
from explorer.core.network.opening import Network
from explorer.core.progress import OnStep, no_step
from explorer.core.tags import FilterKey
from trainer.measures.bootstrap import Numbers
from trainer.measures.paired import Compared, Pair, Quantity, compared, weighted_mean
from trainer.synthetic.artifacts import ARTIFACTS, laid_into


@dataclass(frozen=True)
class ArtifactEffect:
    """By how many logits a drawn artifact moves the score of the class `scored`, on `pictures` pictures.

    Within class: the mean of the classes' mean effects, so that a class that is frequent here does not decide.
    """

    artifact: str
    scored: str
    pictures: int
    effect: Compared

    def as_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {"artifact": self.artifact, "class": self.scored, "pictures": self.pictures, **self.effect.as_dict()}


def drawn_artifact(crop: npt.NDArray[np.uint8], artifact: str, seed: int, digest: str) -> npt.NDArray[np.uint8]:
    """A picture (h, w, channels) uint8 with an artifact of `trainer.synthetic` over it.

    The same for the same seed and digest of the picture's file, whatever other pictures the folder has.
    """
    rgb = np.broadcast_to(crop, (*crop.shape[:2], 3)).astype(np.float32) / np.float32(255)
    rng = np.random.default_rng([seed, zlib.crc32(artifact.encode()), zlib.crc32(digest.encode())])
    drawn = np.rint(laid_into(rgb, artifact, rng) * 255).astype(np.uint8)
    return drawn if crop.shape[2] == 3 else drawn.mean(axis=2, keepdims=True).round().astype(np.uint8)


def artifact_effect(
    network: Network,
    judged: JudgedPictures,
    keys: Sequence[FilterKey],
    artifact: str,
    scored: tuple[int, str],
    *,
    fill: str = "zero",
    draws: int = 2000,
    seed: int = 0,
    on_step: OnStep = no_step,
) -> ArtifactEffect:
    """Draw an artifact into pictures and measure what it does.

    Score with less without it, of the network as it is and of the muted one, with paired bootstrap intervals over
    lesions. `scored` numbers and names the class. UserError for an artifact that nothing draws.
    """
    if artifact not in ARTIFACTS:
        raise UserError(f'No artifact is called "{artifact}"; those that can be drawn are {", ".join(ARTIFACTS)}.')
    stand_ins = replacements(network, keys, fill, None if fill == "zero" else FolderMeans.of(network, judged.index))
    index, rows = judged.index, judged.rows.tolist()
    read_rows: list[int] = []
    effects: list[Numbers] = []
    for batch_rows, crops in batches(network, index, rows):
        on_step(len(read_rows), len(rows))
        plain = [view.crop for view in crops]
        over = [
            drawn_artifact(view.crop, artifact, seed, index.digests[row])
            for row, view in zip(batch_rows, crops, strict=True)
        ]
        sides = []
        for pictures in (plain, over):
            kept = KeptPass(network, torch.stack([network.input.normalise(picture) for picture in pictures]))
            after = np.mean([kept.muted([keys], replaced)[0] for replaced in stand_ins], axis=0)
            sides.append([log_odds(network, logits, scored[0]) for logits in (kept.logits, after)])
        effects.append(np.subtract(sides[1], sides[0]).T)
        read_rows += batch_rows
    measured = judged.some(np.isin(judged.rows, read_rows))
    before, after = np.concatenate(effects).T
    pair = within_class(before, after, measured.labels)
    result = compared({"effect": Quantity(pair)}, measured.resamples(draws, seed))
    return ArtifactEffect(artifact, scored[1], len(read_rows), result["effect"])


def within_class(before: Numbers, after: Numbers, labels: npt.NDArray[np.int64]) -> Pair:
    """The mean over classes of the mean of each, before and after."""
    members = (labels[:, None] == np.unique(labels)).T

    def means(weights: Numbers) -> tuple[Numbers, Numbers]:
        side_means = [
            np.mean([weighted_mean(weights, side, mask) for mask in members], axis=0) for side in (before, after)
        ]
        return np.asarray(side_means[0]), np.asarray(side_means[1])

    return means
