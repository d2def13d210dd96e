"""What the network is to learn, and where nobody knows.

Only drawn artifacts have masks; real ones lie unmarked in the same pictures. Taken as background they would teach the
network to look away from real ones. So where the network itself takes a pixel of an unseen picture for an artifact,
that pixel is left out; pictures in which a person saw none teach what is no artifact, and the strongest pixels of a
picture that a person looked at have to say what was seen, wherever they are (multiple instance learning).
"""

import torch
from torch.nn import functional as F

from trainer.concepts.batches import Batch, said_of
from trainer.concepts.network import FOUND
from trainer.concepts.words import ARTIFACTS

DOUBTED = 0.2
"""From this answer on, a pixel of a picture that nobody looked at is left out where nothing is drawn."""

WEIGHT_IN_DOUBT = {
    "hair": 0.0,
    "reflection": 0.0,
    "bubble": 0.05,
    "ruler": 0.05,
    "ink": 0.1,
    "patch": 0.3,
    "corner": 0.1,
}
"""How much such a pixel still counts: more for what is rare in real pictures."""

STRONGEST = {"hair": 150, "ruler": 80, "reflection": 40, "bubble": 60, "ink": 150, "patch": 400, "corner": 200}
"""The pixels of a looked-at picture that have to say what was seen in it."""

DRAWN_WEIGHT = 3.0
"""Of a drawn pixel, against one of the background."""


def loss_of(logits: torch.Tensor, batch: Batch, lesion: float = 1.0) -> torch.Tensor:
    """The sum of the losses of lesion, by this weight, and artifacts, for logits (N, 8, S, S)."""
    targets = batch.targets.float()
    hidden = targets[:, [FOUND.index("patch"), FOUND.index("corner")]].amax(dim=1)
    total = lesion * _lesion(logits[:, 0], targets[:, 0])
    for name in ARTIFACTS:
        channel = FOUND.index(name)
        total = total + 0.5 * _artifact(name, logits[:, channel], targets[:, channel], said_of(batch, name), hidden)
    return total


def _lesion(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    chance = torch.sigmoid(logits)
    overlap = 2 * (chance * target).sum(dim=(1, 2)) + 50
    dice = 1 - overlap / (chance.sum(dim=(1, 2)) + target.sum(dim=(1, 2)) + 50)
    return F.binary_cross_entropy_with_logits(logits, target) + dice.mean()


def _artifact(
    name: str, logits: torch.Tensor, target: torch.Tensor, seen: torch.Tensor, hidden: torch.Tensor
) -> torch.Tensor:
    chance = torch.sigmoid(logits)
    unknown = (seen != 0)[:, None, None] & (target == 0) & (chance.detach() > DOUBTED)
    weight = torch.where(unknown, WEIGHT_IN_DOUBT[name], 1.0) * (1 + (DRAWN_WEIGHT - 1) * target)
    pixel_loss = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    loss = (pixel_loss * weight).mean() * 4
    drawn = target.flatten(1).any(dim=1)
    if drawn.any():
        counted = chance[drawn] * (weight[drawn] > 0.5)
        overlap = 2 * (counted * target[drawn]).sum(dim=(1, 2)) + 20
        loss = loss + 0.5 * (1 - overlap / (counted.sum(dim=(1, 2)) + target[drawn].sum(dim=(1, 2)) + 20)).mean()
    looked_at = seen >= 0
    if looked_at.any():
        free = torch.where((target[looked_at] > 0) | (hidden[looked_at] > 0), -20.0, logits[looked_at]).flatten(1)
        strongest = free.topk(STRONGEST[name], dim=1).values.mean(dim=1)
        loss = loss + 0.5 * F.binary_cross_entropy_with_logits(strongest, seen[looked_at].float())
    return loss
