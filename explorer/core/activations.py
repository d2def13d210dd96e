"""The name of `explorer.core.maps.activations` for scripts."""

from explorer.core.maps.activations import Activations, predict, record

__all__ = ["Activations", "predict", "record"]
