"""The cast of a picture's light: the name under which scripts know it; `trainer.pictures.color_constancy` has it."""

from trainer.pictures.color_constancy import P, light_of, under_light

__all__ = ["P", "light_of", "under_light"]
