"""The result of a sweep as a file: more than its map, so that every filter's can be made of it."""

import numpy as np
import numpy.typing as npt

from explorer.core.attribution.attribution_map import Value
from explorer.core.attribution.occlusion.occluder import Occluder
from explorer.core.attribution.occlusion.sensitivity import Occlusion
from explorer.core.attribution.result_file import Description, packed_arrays


def settings_of(occluder: Occluder) -> dict[str, Value]:
    """A patch as the settings of the lens."""
    return {"size": occluder.size, "stride": occluder.stride, "fill": occluder.fill}


def packed(occlusion: Occlusion, described: Description) -> bytes:
    """An `.npz` with `drops`, `unoccluded`, `tops`, `lefts`, `map` (not for "all"), and `settings` as JSON."""
    about = {
        **described,
        "method": occlusion.method,
        "layers": {str(layer): [part.start, part.stop] for layer, part in occlusion.layers.items()},
    }
    columns: dict[str, npt.ArrayLike] = {
        "drops": occlusion.drops,
        "unoccluded": occlusion.unoccluded,
        "tops": np.array(occlusion.tops),
        "lefts": np.array(occlusion.lefts),
    }
    if occlusion.map is not None:
        columns["map"] = occlusion.map
    return packed_arrays(columns, about)
