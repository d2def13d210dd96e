"""How long work reports how far it is; see `trainer.files.progress`, which both programs share."""

from trainer.files.progress import Cancelled, OnStage, OnStep, no_stage, no_step

__all__ = ["Cancelled", "OnStage", "OnStep", "no_stage", "no_step"]
