"""What a target (a class or a filter) leans on in one picture, as maps; every kind of such a map is a lens."""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from explorer.core.attribution.attribution_map import AttributionMap
    from explorer.core.attribution.registry import LENSES, attribute

__all__ = ["LENSES", "AttributionMap", "attribute"]

# Each module is read when it is first asked for: a thread that reads one waits for no other that reads the package.
__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "attribution_map": ["AttributionMap"],
        "registry": ["LENSES", "attribute"],
    },
)
