"""Where in a picture a person sees lesion, border, hair, rulers, ink ...: one map each, at the picture's own size."""

from typing import TYPE_CHECKING

import lazy_loader

from trainer.concepts.words import ARTIFACTS, CONCEPTS

if TYPE_CHECKING:
    from explorer.core.concepts.amounts import artifact_scores
    from explorer.core.concepts.corrections import Corrections, change_corrections, read_corrections, write_corrections
    from explorer.core.concepts.maps import concept_maps, part_maps
    from explorer.core.concepts.masks import given_lesion, given_lesions
    from explorer.core.concepts.sides import SIDES, border_sides, side_of

__all__ = [
    "ARTIFACTS",
    "CONCEPTS",
    "SIDES",
    "Corrections",
    "artifact_scores",
    "border_sides",
    "change_corrections",
    "concept_maps",
    "given_lesion",
    "given_lesions",
    "part_maps",
    "read_corrections",
    "side_of",
    "write_corrections",
]

# Each module is read when it is first asked for: a thread that reads one waits for no other that reads the package.
__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "amounts": ["artifact_scores"],
        "corrections": ["Corrections", "change_corrections", "read_corrections", "write_corrections"],
        "maps": ["concept_maps", "part_maps"],
        "masks": ["given_lesion", "given_lesions"],
        "sides": ["SIDES", "border_sides", "side_of"],
    },
)
