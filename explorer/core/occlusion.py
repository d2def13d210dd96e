"""The name of `explorer.core.attribution.occlusion` for scripts."""

from explorer.core.attribution.occlusion.occluder import Occluder
from explorer.core.attribution.occlusion.sensitivity import occlude

__all__ = ["Occluder", "occlude"]
