"""Errors for people; see `trainer.errors`, which both programs share."""

from trainer.errors import UserError

__all__ = ["UserError"]
