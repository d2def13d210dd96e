"""An opened network: its module, layers and classes, and how a picture runs through it."""

from explorer.core.network.opening import Network, OpeningQuestion, find_device, open_network, weights_digest

__all__ = ["Network", "OpeningQuestion", "find_device", "open_network", "weights_digest"]
