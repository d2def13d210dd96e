"""How concepts are found at present, as a key of what is kept of them."""

import functools
import hashlib

import numpy as np

from explorer.core.concepts.maps import concept_maps
from trainer.synthetic.picture import draw


@functools.cache
def finder_key() -> str:
    """A digest (hex) of the maps of one drawn picture: another where network, rules or levels are others."""
    digest = hashlib.sha256()
    for name, values in sorted(concept_maps(draw(1, size=96).rgb).items()):
        digest.update(name.encode())
        digest.update(np.round(values, 2).tobytes())
    return digest.hexdigest()
