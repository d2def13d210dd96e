"""The loss of a run, and what the outputs of its network mean."""

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from trainer.networks.output_spec import OutputSpec
from trainer.training.recipe import Recipe


def output_of(recipe: Recipe, classes: int) -> OutputSpec:
    """How the outputs of the recipe's network are read: by softmax, or each or one alone by a sigmoid."""
    if recipe.learning.loss == "cross-entropy":
        return OutputSpec()
    return OutputSpec(pair=True) if classes == 2 else OutputSpec(meaning="independent-logits")


def width_of(recipe: Recipe, classes: int) -> int:
    """How many outputs the recipe's network has for so many classes."""
    return 1 if output_of(recipe, classes).pair else classes


def weights_of(recipe: Recipe, counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64] | None:
    """The weights (K) of classes with these counts (K), all over 0; None where the recipe weighs none.

    Of cross-entropy median(counts) / counts (Eigen & Fergus, 2015, section 4.3); of binary cross-entropy, for the
    pictures of each class alone, the number of all others over theirs, as PyTorch's pos_weight is meant.
    """
    if recipe.learning.imbalance != "weights":
        return None
    if recipe.learning.loss == "bce":
        return np.asarray((counts.sum() - counts) / counts, np.float64)
    return median_frequency(counts)


def median_frequency(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Weights of classes with these counts (K): median(counts) / counts (Eigen & Fergus, 2015, section 4.3)."""
    weights: npt.NDArray[np.float64] = np.median(counts) / counts
    return weights


class Loss:
    """The recipe's loss of a batch's outputs (n, width), with the weights (K) that `weights_of` gives."""

    def __init__(
        self, recipe: Recipe, classes: int, weights: npt.NDArray[np.float64] | None, device: torch.device
    ) -> None:
        self._binary, self._classes = recipe.learning.loss == "bce", classes
        self._smoothing = recipe.learning.smoothing
        self._alone = output_of(recipe, classes).pair
        self._weights = None if weights is None else torch.from_numpy(weights).float().to(device)

    def divisor(self, classes: torch.Tensor) -> torch.Tensor | None:
        """What the sum of losses of pictures of these classes (n) is divided by; None: their number."""
        return None if self._binary or self._weights is None else self._weights[classes].sum()

    def summed(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """The sum of the pictures' losses; `targets` are classes (n), or shares of them (n, K)."""
        if not self._binary:
            options = {"reduction": "sum", "label_smoothing": self._smoothing}
            return F.cross_entropy(outputs, targets, self._weights, **options)  # type: ignore[arg-type]
        shares = targets if targets.dim() == 2 else F.one_hot(targets, self._classes).to(outputs)
        shares = shares * (1 - self._smoothing) + self._smoothing / self._classes  # as cross_entropy smooths them
        weights = self._weights
        if self._alone:
            shares, weights = shares[:, 1:], None if weights is None else weights[1:]
        losses = F.binary_cross_entropy_with_logits(outputs, shares, pos_weight=weights, reduction="none")
        return losses.mean(1).sum()

    def right(self, outputs: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        """How many pictures have their own class as the most probable one."""
        predicted = (outputs[:, 0] > 0).long() if self._alone else outputs.argmax(1)
        return (predicted == classes).sum()


def chance_level(recipe: Recipe, counts: npt.NDArray[np.int64]) -> float:
    """The least mean loss of a network that answers the same to every picture, for classes with these counts (K)."""
    weights, evenly = weights_of(recipe, counts), recipe.learning.imbalance == "sampling"
    loss_of = Loss(recipe, len(counts), weights, torch.device("cpu"))
    shares = torch.from_numpy(np.full(len(counts), 1 / len(counts)) if evenly else counts / counts.sum()).float()
    classes = torch.arange(len(counts)).chunk(len(counts))
    divisors = [loss_of.divisor(alone) for alone in classes]
    divisor = sum(share if one is None else share * one for share, one in zip(shares, divisors, strict=True))
    answer = torch.zeros(1, width_of(recipe, len(counts)), requires_grad=True)
    optimiser = torch.optim.LBFGS([answer], max_iter=100, line_search_fn="strong_wolfe")

    def mean() -> torch.Tensor:
        optimiser.zero_grad()
        of_class = torch.stack([loss_of.summed(answer, alone) for alone in classes])
        loss: torch.Tensor = (of_class * shares).sum() / divisor
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(mean)  # type: ignore[no-untyped-call]
    return mean().item()
