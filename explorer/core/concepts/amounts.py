"""How much of each artifact there is in a picture, as one number: "is there any hair here"."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from trainer.concepts.words import ARTIFACTS


def artifact_scores(maps: Mapping[str, npt.NDArray[np.floating]]) -> dict[str, float]:
    """How much there is of each of `ARTIFACTS`, from the maps of `concept_maps`: share of the picture, in [0, 1]."""
    return {name: float(np.mean(maps[name])) for name in ARTIFACTS}
