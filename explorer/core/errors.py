"""Errors for people; see `trainer.files.errors`, which both programs share."""

from trainer.files.errors import UserError

__all__ = ["UserError", "in_words"]


def in_words(error: BaseException) -> str:
    """What a person reads of an error: a `UserError` says it itself."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, MemoryError):
        return "There is not enough memory for this; close other programs and try again."
    return f"Something failed ({type(error).__name__}: {error})."
