"""From logits to probabilities."""

import numpy as np
import numpy.typing as npt


def softmax(logits: npt.NDArray[np.floating], temperature: float = 1.0) -> npt.NDArray[np.float64]:
    """Probabilities (N, classes) in float64 of logits (N, classes) divided by `temperature` > 0."""
    scaled = logits.astype(np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    answer: npt.NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return answer
