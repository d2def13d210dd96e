"""The maps of a picture: what is found in it, and what follows from where its lesion lies."""

import numpy as np
import numpy.typing as npt

from explorer.core.concepts.lesion_parts import border_ring, dark_part, parts_inside, uneven_part
from trainer.concepts.finding import find
from trainer.concepts.rules.colors import of_picture, ramp
from trainer.concepts.words import ARTIFACTS, CONCEPTS
from trainer.concepts.working_size import WorkingSize, working_size
from trainer.files.errors import UserError

Floats = npt.NDArray[np.float32]
Rgb = npt.NDArray[np.uint8]

SURE = (0.5, 0.9)
"""From and to what answer an artifact takes a pixel from the skin and from what is seen of the lesion."""


def concept_maps(rgb: Rgb, *, lesion: npt.ArrayLike | None = None) -> dict[str, Floats]:
    """How much each of `CONCEPTS` is to be seen at each pixel: (H, W) float32 in [0, 1] for every one of them.

    `rgb` is (H, W, 3) uint8 as `read_image` gives it. A `lesion` that is given, (H, W) of bool, 0 and 1 or [0, 1],
    is taken as it is, and wins over the one that would be found; border, dark, uneven and skin follow from it. A
    concept that is not there has a map near 0. The same picture gives the same maps.
    UserError where `rgb` is no such picture, or the given lesion has another size.
    """
    size, working_maps = _found(rgb, lesion)
    maps = {name: size.grown(map) for name, map in working_maps.items()}
    if lesion is not None:
        maps["lesion"] = _given(lesion, rgb)
    return {name: maps[name] for name in CONCEPTS}


def part_maps(rgb: Rgb, *, lesion: npt.ArrayLike | None = None) -> dict[str, Floats]:
    """The blue-grey, red and white parts inside the lesion, each (H, W) float32 in [0, 1]; as `concept_maps`."""
    size, working_maps = _found(rgb, lesion)
    colors = of_picture(size.shrunk(rgb))
    return {
        name: size.grown(map)
        for name, map in parts_inside(colors, working_maps["lesion"], working_maps["skin"]).items()
    }


def _found(rgb: Rgb, lesion: npt.ArrayLike | None) -> tuple[WorkingSize, dict[str, Floats]]:
    """All maps at the working size."""
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or not rgb.size:
        raise UserError(f"A picture is (H, W, 3) of uint8, not {rgb.shape} of {rgb.dtype}.")
    size = working_size(*rgb.shape[:2])
    small = size.shrunk(rgb)
    maps = find(small, lesion=lesion is None)
    if lesion is not None:
        maps["lesion"] = size.shrunk_map(_given(lesion, rgb))
    hidden = ramp(np.maximum(maps["patch"], maps["corner"]), *SURE)
    free = 1 - ramp(np.max([maps[name] for name in ARTIFACTS], axis=0), *SURE)
    spot = maps["lesion"]
    colors = of_picture(small)
    maps["skin"] = ((1 - spot) * free).astype(np.float32)
    maps["border"] = (border_ring(spot) * (1 - hidden)).astype(np.float32)
    maps["dark"] = dark_part(colors, spot, maps["skin"]) * free
    maps["uneven"] = uneven_part(colors, spot, free)
    return size, maps


def _given(lesion: npt.ArrayLike, rgb: Rgb) -> Floats:
    mask = np.asarray(lesion, dtype=np.float32)
    if mask.shape != rgb.shape[:2]:
        raise UserError(f"The given lesion is {mask.shape}, and the picture {rgb.shape[:2]}; they must be of one size.")
    if not np.isfinite(mask).all() or mask.min() < 0 or mask.max() > 1:
        raise UserError("A given lesion has values from 0 to 1.")
    return mask.copy()
