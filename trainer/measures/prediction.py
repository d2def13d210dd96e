"""From logits to probabilities, and to what a network predicts: the one place for both programs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Prediction:
    """The logits (K,) of one picture or (N, K) of several, and the probabilities that they mean.

    One logit alone is that of a logistic unit; several are compared by softmax, unless the classes are `independent`
    of each other, so that each has a logistic unit of its own. A network without class scores has K = 0.
    """

    logits: npt.NDArray[np.floating]
    independent: bool = False

    @property
    def probabilities(self) -> npt.NDArray[np.float64]:
        """One for each logit, in [0, 1]."""
        return self.tempered(1.0)

    def tempered(self, temperature: float) -> npt.NDArray[np.float64]:
        """The probabilities of the logits divided by `temperature` > 0 (Guo et al., ICML 2017, section 4.2)."""
        scaled = self.logits.astype(np.float64) / temperature
        if self.independent or self.logits.shape[-1] == 1:
            return np.asarray(np.exp(-np.logaddexp(0.0, -scaled)))
        powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True, initial=-np.inf))
        return np.asarray(powers / powers.sum(axis=-1, keepdims=True))

    @property
    def best(self) -> int | None:
        """The number of the most probable class of one picture; None where there are no classes."""
        return int(self.logits.argmax()) if self.logits.size else None


def tensor_probabilities(logits: "torch.Tensor", independent: bool = False) -> "torch.Tensor":
    """`Prediction.probabilities` (N, K) of logits (N, K) on their own device and in their own dtype."""
    return logits.sigmoid() if independent or logits.shape[1] == 1 else logits.softmax(1)
