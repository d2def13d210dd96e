"""How sure it is that there is some of each artifact in a picture: "is there any hair here"."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from trainer.concepts.amounts import amount
from trainer.concepts.words import ARTIFACTS


def artifact_scores(maps: Mapping[str, npt.NDArray[np.floating]]) -> dict[str, float]:
    """One number in [0, 1] for each of `ARTIFACTS`, from the maps of `concept_maps`: larger where more is to be seen.

    docs/concepts.md says how well it tells pictures with an artifact from those without.
    """
    return {name: amount(name, maps[name]) for name in ARTIFACTS}
