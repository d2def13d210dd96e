"""Every kind of every artifact, and which of them teach and which test a network that finds artifacts."""

from collections.abc import Callable

import numpy as np

from trainer.synthetic import area_kinds, artifacts, line_kinds
from trainer.synthetic.noise_fields import Floats

Kind = Callable[[np.random.Generator, Floats, int], artifacts.Layer]

TEACHING: dict[str, tuple[Kind, ...]] = {
    "hair": (artifacts.hair, line_kinds.fine_hair, line_kinds.pale_hair, line_kinds.stubble),
    "ruler": (artifacts.ruler, line_kinds.faint_ruler, line_kinds.double_ruler),
    "reflection": (artifacts.reflection, area_kinds.dot_reflections, area_kinds.streak_reflections),
    "bubble": (artifacts.gel, area_kinds.ring_bubbles, area_kinds.foam),
    "ink": (artifacts.ink, area_kinds.blue_ink, area_kinds.black_ink),
    "patch": (artifacts.patch, area_kinds.block_patch),
    "corner": (artifacts.corners, area_kinds.far_corners),
}
"""The kinds with which a network may be trained."""

TESTING: dict[str, tuple[Kind, ...]] = {
    "hair": (line_kinds.thick_hair, line_kinds.curled_hair),
    "ruler": (line_kinds.blurred_ruler, line_kinds.dotted_ruler),
    "reflection": (area_kinds.glare,),
    "bubble": (area_kinds.oval_bubbles,),
    "ink": (area_kinds.dotted_ink, area_kinds.green_ink),
    "patch": (area_kinds.band_patch,),
    "corner": (area_kinds.square_corners,),
}
"""The kinds that are kept from training, to measure with."""
