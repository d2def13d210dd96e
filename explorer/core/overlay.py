"""The name of `explorer.core.drawing.overlay` for scripts."""

from explorer.core.drawing.overlay import compose, in_picture, overlay

__all__ = ["compose", "in_picture", "overlay"]
