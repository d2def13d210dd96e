"""What a target (a class or a filter) leans on in one picture, as maps; every kind of such a map is a lens."""

from explorer.core.attribution.attribution_map import AttributionMap
from explorer.core.attribution.registry import LENSES, attribute

__all__ = ["LENSES", "AttributionMap", "attribute"]
