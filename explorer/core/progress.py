"""How long work reports how far it is; see `trainer.files.progress`, which both programs share."""

from trainer.files.progress import Cancelled, OnStep, no_step

__all__ = ["Cancelled", "OnStep", "no_step"]
