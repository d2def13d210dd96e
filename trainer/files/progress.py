"""How long work reports how far it is, and how it is told to stop."""

from collections.abc import Callable

OnStep = Callable[[int, int], None]
"""Called with (done, total) after every step; raises `Cancelled` when the work is no longer wanted."""

OnStage = Callable[[str], None]
"""Called with the name of what is done from now on; its steps are counted anew."""


class Cancelled(Exception):  # noqa: N818 - nothing went wrong
    """Raised by an `OnStep` to end work that nobody waits for."""


def no_step(done: int, total: int) -> None:
    """Report nothing: the default where a caller wants no progress."""


def no_stage(name: str) -> None:
    """Name no stage: the default where a caller wants no progress."""
