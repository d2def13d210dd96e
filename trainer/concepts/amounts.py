"""How much of an artifact there is in a picture, as one number: "is there any hair here"."""

import numpy as np
import numpy.typing as npt

ENOUGH = {"hair": 150, "ruler": 100, "reflection": 40, "bubble": 60, "ink": 200, "patch": 500, "corner": 200}
"""The pixels of 224 x 224 that have to answer for an artifact to be there, about as many as real ones cover."""

_PIXELS = 224 * 224


def amount(name: str, map: npt.NDArray[np.floating]) -> float:
    """How sure it is that there is some of the artifact in the picture, in [0, 1].

    The mean of the strongest pixels of its map (H, W) in [0, 1], as large a share of the picture as `ENOUGH` says.
    """
    count = max(1, round(map.size * ENOUGH[name] / _PIXELS))
    return float(np.partition(map.ravel(), map.size - count)[-count:].mean())
