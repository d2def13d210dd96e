"""Drawn dermoscopy pictures with exact masks of everything in them."""

from trainer.synthetic.picture import SyntheticPicture, draw

__all__ = ["SyntheticPicture", "draw"]
